"""Orders as typed. The forms read numbers; whether they are allowed is the gate's business."""

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _

from apps.accounts.selectors import AccountView
from qts.domain.errors import RuleCode
from qts.domain.orders.conditional import ConditionalKind, ConditionalTerms
from qts.domain.orders.slicing import SliceKind, SliceTerms
from qts.domain.risk import RULES, SOFT_CODES, Typed
from qts.domain.values import OrderType, Side

PLAIN = re.compile(r"-?\d+([.,]\d*)?")
GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
GROUPED_BY_POINTS = re.compile(r"-?\d{1,3}(\.\d{3})+,\d+")  # Vietnam's own way, where a comma tells which it is
GROUPED_WHOLE = re.compile(r"-?\d{1,3}([.,\u00a0 ]\d{3})+|-?\d+")
QUANTITY_DIGITS_MAX = 15
CONFIRM_PREFIX = "confirm_"  # of the fields that answer soft refusals


def read_price_vnd(text: str, unit_vnd: int) -> int:
    """25.30, 25,30, 1,280.50 or 1.280,50 in units of `unit_vnd`, as whole VND. Raises ValueError for anything else. The
    ticket's script reads in the same way."""
    cleaned = text.strip()
    if GROUPED.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    elif GROUPED_BY_POINTS.fullmatch(cleaned):
        cleaned = cleaned.replace(".", "").replace(",", ".")
    elif PLAIN.fullmatch(cleaned):
        cleaned = cleaned.replace(",", ".")
    else:
        raise ValueError(f"not a number: {text!r}")
    vnd = Decimal(cleaned) * unit_vnd
    if vnd != vnd.to_integral_value() or abs(vnd) >= 10**QUANTITY_DIGITS_MAX:
        raise ValueError(f"not whole VND: {text!r}")
    return int(vnd)


def read_quantity(text: str) -> int:
    """100, 1,200 or 1.200 whole shares. Raises ValueError for fractions and anything else."""
    cleaned = text.strip()
    digits = re.sub(r"[.,\u00a0 ]", "", cleaned)
    if not GROUPED_WHOLE.fullmatch(cleaned) or len(digits) > QUANTITY_DIGITS_MAX:
        raise ValueError(f"not whole shares: {text!r}")
    return int(digits)


class TicketForm(forms.Form):
    """`unit_vnd`: the VND behind one unit of the price as typed (1,000; 100,000 for a future).

    Negative numbers pass: the gate refuses them with its code and records the refusal.
    """

    symbol = forms.CharField(max_length=20, widget=forms.HiddenInput)
    account = forms.UUIDField()
    side = forms.ChoiceField(choices=[(side, side) for side in Side])
    order_type = forms.ChoiceField(choices=[(kind, kind) for kind in OrderType])
    quantity = forms.CharField(max_length=24)
    price = forms.CharField(max_length=24, required=False)
    client_order_id = forms.UUIDField(widget=forms.HiddenInput)
    dialog = forms.BooleanField(required=False, widget=forms.HiddenInput)
    hold = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, mine: list[AccountView], unit_vnd: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._mine = {account.id: account for account in mine}
        self._unit_vnd = unit_vnd

    @classmethod
    def blank(cls, *, mine: list[AccountView], unit_vnd: int, **initial: Any) -> "TicketForm":
        """A fresh ticket. Its client order id is made here, once: sending it twice makes one order."""
        given = {"side": Side.BUY, "order_type": OrderType.LO, "client_order_id": uuid4(), **initial}
        return cls(initial=given, mine=mine, unit_vnd=unit_vnd)

    def own_account(self) -> AccountView | None:
        """The account of a ticket without mistakes that its user may trade. Sending does not ask this: there the
        service refuses, with its code and on record."""
        if not self.is_valid():
            return None
        found = self._mine.get(self.cleaned_data["account"])
        if found is None:
            self.add_error("account", _("You have no such account to trade."))
        return found

    def clean_quantity(self) -> int:
        try:
            return read_quantity(self.cleaned_data["quantity"])
        except ValueError as error:
            raise forms.ValidationError(_("Type whole shares, for example 1,200.")) from error

    def clean(self) -> dict[str, Any]:
        """`price_vnd` is None for every type but LO: what stands in the field of a market order is not a price."""
        cleaned = dict(super().clean() or {})
        typed = cleaned.get("price", "").strip()
        cleaned["price_vnd"] = None
        if cleaned.get("order_type") == OrderType.LO and typed:
            try:
                cleaned["price_vnd"] = read_price_vnd(typed, self._unit_vnd)
            except ValueError:
                self.add_error("price", _("Type a price as on the board, for example 25.30."))
        cleaned["confirmations"] = self._confirmations()
        return cleaned

    def _confirmations(self) -> dict[RuleCode, int]:
        """What was typed once more for a soft refusal, by its code; what is no number confirms nothing."""
        found = {}
        for code in SOFT_CODES:
            typed = str(self.data.get(f"{CONFIRM_PREFIX}{code}", "")).strip()[:24]
            is_price = RULES[code].typed is Typed.PRICE
            with suppress(ValueError):
                found[code] = read_price_vnd(typed, self._unit_vnd) if is_price else read_quantity(typed)
        return found


class AmendForm(forms.Form):
    """A new price and quantity as typed; both are shown filled in, so an empty one is a mistake."""

    quantity = forms.CharField(max_length=24)
    price = forms.CharField(max_length=24)
    client_order_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    replaces = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, unit_vnd: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._unit_vnd = unit_vnd

    @classmethod
    def of(cls, quantity: int, price_vnd: int | None, unit_vnd: int) -> "AmendForm":
        """What holds, or was asked for last."""
        units, rest = divmod(price_vnd or 0, unit_vnd)
        price = f"{units}.{rest * 100 // unit_vnd:02d}" if price_vnd else ""
        return cls(initial={"quantity": quantity, "price": price}, unit_vnd=unit_vnd)

    def clean_quantity(self) -> int:
        try:
            quantity = read_quantity(self.cleaned_data["quantity"])
        except ValueError as error:
            raise forms.ValidationError(_("Type whole shares, for example 1,200.")) from error
        if quantity <= 0:
            raise forms.ValidationError(_("Type whole shares, for example 1,200."))
        return quantity

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        try:
            cleaned["price_vnd"] = read_price_vnd(cleaned.get("price", ""), self._unit_vnd)
        except ValueError:
            cleaned["price_vnd"] = 0
        if cleaned["price_vnd"] <= 0 and "price" in cleaned:
            self.add_error("price", _("Type a price as on the board, for example 25.30."))
        cleaned["client_order_id"] = cleaned.get("client_order_id") or uuid4()
        return cleaned


class PlanForm(forms.Form):
    """What QTS keeps, as typed; prices as on the board."""

    PRICES: tuple[str, ...] = ()

    def __init__(self, *arguments: Any, unit_vnd: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._unit_vnd = unit_vnd

    def _number(self, name: str, read: Callable[[str], int]) -> int | None:
        typed = str(self.cleaned_data.get(name) or "").strip()
        if not typed:
            return None
        try:
            return read(typed)
        except ValueError:
            is_price = name in self.PRICES
            said = _("Type a price as on the board, for example 25.30.") if is_price else None
            self.add_error(name, said or _("Type whole shares, for example 1,200."))
            return None


class ConditionalForm(PlanForm):
    """A conditional order as typed. What its kind needs is the service's business."""

    symbol = forms.CharField(max_length=20, widget=forms.HiddenInput)
    account = forms.UUIDField()
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in ConditionalKind])
    side = forms.ChoiceField(choices=[(side, side) for side in Side])
    quantity = forms.CharField(max_length=24)
    valid_until = forms.DateField()
    client_order_id = forms.UUIDField(widget=forms.HiddenInput)
    stop = forms.CharField(max_length=24, required=False)
    limit = forms.CharField(max_length=24, required=False)
    target = forms.CharField(max_length=24, required=False)
    trail = forms.CharField(max_length=24, required=False)
    step = forms.CharField(max_length=24, required=False)
    entry = forms.CharField(max_length=24, required=False)
    then_side = forms.ChoiceField(choices=[("", ""), *((side, side) for side in Side)], required=False)
    then_quantity = forms.CharField(max_length=24, required=False)
    then = forms.CharField(max_length=24, required=False)

    PRICES = ("stop", "limit", "target", "trail", "step", "entry", "then")

    def clean(self) -> dict[str, Any]:
        """Each price as whole VND under its name with `_vnd`, None where nothing was typed."""
        cleaned = dict(super().clean() or {})
        for name in self.PRICES:
            cleaned[f"{name}_vnd"] = self._number(name, lambda text: read_price_vnd(text, self._unit_vnd))
        for name in ("quantity", "then_quantity"):
            cleaned[name] = self._number(name, read_quantity)
        return cleaned

    def to_terms(self) -> ConditionalTerms:
        """Of a form without mistakes."""
        typed = self.cleaned_data
        return ConditionalTerms(
            kind=ConditionalKind(typed["kind"]),
            symbol=typed["symbol"],
            side=Side(typed["side"]),
            quantity=typed["quantity"],
            valid_until=typed["valid_until"],
            client_order_id=str(typed["client_order_id"]),
            then_side=Side(typed["then_side"]) if typed["then_side"] else None,
            then_quantity=typed["then_quantity"],
            **{f"{name}_vnd": typed[f"{name}_vnd"] for name in self.PRICES},
        )


class SlicedForm(PlanForm):
    """A large order in parts as typed."""

    symbol = forms.CharField(max_length=20, widget=forms.HiddenInput)
    account = forms.UUIDField()
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in SliceKind])
    side = forms.ChoiceField(choices=[(side, side) for side in Side])
    quantity = forms.CharField(max_length=24)
    price = forms.CharField(max_length=24, required=False)
    show_quantity = forms.CharField(max_length=24, required=False)
    slices = forms.IntegerField(required=False)
    minutes = forms.IntegerField(required=False)
    client_order_id = forms.UUIDField(widget=forms.HiddenInput)

    PRICES = ("price",)

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        cleaned["price_vnd"] = self._number("price", lambda text: read_price_vnd(text, self._unit_vnd))
        for name in ("quantity", "show_quantity"):
            cleaned[name] = self._number(name, read_quantity)
        return cleaned

    def to_terms(self) -> SliceTerms:
        """Of a form without mistakes."""
        typed = self.cleaned_data
        return SliceTerms(
            kind=SliceKind(typed["kind"]),
            symbol=typed["symbol"],
            side=Side(typed["side"]),
            quantity=typed["quantity"],
            price_vnd=typed["price_vnd"],
            client_order_id=str(typed["client_order_id"]),
            show_quantity=typed["show_quantity"],
            slices=typed["slices"],
            minutes=typed["minutes"],
        )
