"""The order ticket: type, preview, confirm, send. Each step is a fragment in the place of the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveQuote, SecurityView
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.portal.forms import CONFIRM_PREFIX, TicketForm
from apps.portal.views import wording
from apps.portal.views.access import TRADERS, page
from apps.portal.views.market import quotes_of, shown_unit_vnd, tick_table
from apps.portal.views.refusals import refusals
from apps.sso.selectors import actor_of
from qts.domain.errors import Breach, RuleCode
from qts.domain.market import admits, order_types, session_at
from qts.domain.orders import OrderRequest
from qts.domain.orders.conditional import ConditionalKind
from qts.domain.portfolio import bounding_price_vnd
from qts.domain.risk import RULES, SOFT_CODES, Typed
from qts.domain.values import OrderType, Session, Side


@dataclass(frozen=True, slots=True)
class Cost:
    """What an order would cost or bring at most, in VND. `price_vnd` is the limit, or the dearest price it may meet."""

    price_vnd: int
    value_vnd: int
    fee_vnd: int
    tax_vnd: int
    total_vnd: int
    is_buy: bool
    available: int
    left: int
    quantity_max: int


@require_GET
@page(*TRADERS)
def ticket(request: HttpRequest) -> HttpResponse:
    """A blank ticket for ?symbol=, optionally with ?side= and ?price_vnd=."""
    security, quote = _market(request.GET.get("symbol", ""))
    mine = accounts.accounts_to_trade(request.user)
    unit_vnd = shown_unit_vnd(security.kind)
    asked = request.GET.get("price_vnd", "")
    price_vnd = int(asked) if asked.isdecimal() and len(asked) < 16 else quote.last_vnd or quote.reference_vnd
    initial = {
        "symbol": security.symbol,
        "side": Side.SELL if request.GET.get("side") == Side.SELL else Side.BUY,
        "account": request.GET.get("account") or (mine[0].id if mine else None),
        "price": f"{price_vnd // unit_vnd}.{price_vnd % unit_vnd * 100 // unit_vnd:02d}" if price_vnd else "",
        "quantity": security.lot_size,
        "dialog": request.GET.get("dialog", ""),
    }
    form = TicketForm.blank(mine=mine, unit_vnd=unit_vnd, **initial)
    return _show_form(request, form, security, quote)


@require_POST
@page(*TRADERS)
def edit(request: HttpRequest) -> HttpResponse:
    """Back from the confirmation or a refusal, with everything as it was typed; after a refusal it is a new order."""
    form, security, quote = _posted(request, client_order_id=str(uuid4()))
    return _show_form(request, form, security, quote)


@require_POST
@page(*TRADERS)
def preview(request: HttpRequest) -> HttpResponse:
    form, security, quote = _posted(request)
    account = form.own_account()
    if account is None:
        return render(request, "portal/ticket/preview.html", {"form": form, "security": security})
    state = accounts.account_state(account.id, marketdata.market_now())
    context = {"form": form, "security": security, "cost": _cost(form, state, quote, security), "quote": quote}
    return render(request, "portal/ticket/preview.html", context)


@require_POST
@page(*TRADERS)
def confirm(request: HttpRequest) -> HttpResponse:
    form, security, quote = _posted(request)
    account = form.own_account()
    if account is None:
        return _show_form(request, form, security, quote, status=422)
    state = accounts.account_state(account.id, marketdata.market_now())
    context = {
        "form": form,
        "security": security,
        "account": account,
        "order": form.cleaned_data,
        "order_type_label": wording.order_type_label(form.cleaned_data["order_type"]),
        "cost": _cost(form, state, quote, security),
    }
    return render(request, "portal/ticket/confirm.html", context)


@require_POST
@page(*TRADERS)
def submit(request: HttpRequest) -> HttpResponse:
    form, security, quote = _posted(request)
    if not form.is_valid():
        return _show_form(request, form, security, quote, status=422)
    typed = form.cleaned_data
    submission = order_services.submit_order(
        account_id=typed["account"],
        request=OrderRequest(
            symbol=security.symbol,
            side=Side(typed["side"]),
            order_type=OrderType(typed["order_type"]),
            quantity=typed["quantity"],
            price_vnd=typed["price_vnd"],
            client_order_id=str(typed["client_order_id"]),
            holds=typed["hold"],
            confirmations=tuple(sorted(typed["confirmations"].items())),
        ),
        actor=actor_of(request.user),
        now=marketdata.market_now(),
    )
    recorded = orders.order(submission.order_id) if submission.order_id else None
    context = {
        "form": form,
        "security": security,
        "submission": submission,
        "held_until": recorded.release_at if recorded else None,
        "order": typed,
        "refusals": refusals(submission.breaches),
        "soft_asks": _soft_asks(submission.breaches, typed["confirmations"], request),
        "next_client_order_id": uuid4(),
    }
    status = 200 if submission.accepted else 422
    response = render(request, "portal/ticket/result.html", context, status=status)
    return trigger_client_event(response, "qts:orders")


@dataclass(frozen=True, slots=True)
class SoftAsk:
    """What is to be typed once more; `typed_before` was, and stays with the order."""

    code: str
    wants_price: bool
    typed_before: str = ""

    @property
    def field(self) -> str:
        return f"{CONFIRM_PREFIX}{self.code}"


def _soft_asks(breaches: tuple[Breach, ...], confirmed: Mapping[RuleCode, int], request: HttpRequest) -> list[SoftAsk]:
    """Empty where anything else stands in the order's way as well: that has to go first."""
    if not breaches or not all(breach.code in SOFT_CODES for breach in breaches):
        return []
    asked = {breach.code: RULES[breach.code].typed is Typed.PRICE for breach in breaches}
    before = [SoftAsk(code, False, request.POST[f"{CONFIRM_PREFIX}{code}"]) for code in confirmed if code not in asked]
    return [*(SoftAsk(code, wants_price) for code, wants_price in asked.items()), *before]


def _market(symbol: str) -> tuple[SecurityView, LiveQuote]:
    security = marketdata.security(symbol)
    if security is None:
        raise Http404
    return security, quotes_of([symbol])[symbol]


def _posted(request: HttpRequest, client_order_id: str = "") -> tuple[TicketForm, SecurityView, LiveQuote]:
    """What was typed. `client_order_id` is for a form that brings none; one that is sent must bring its own, or sending
    it twice would make two orders."""
    security, quote = _market(request.POST.get("symbol", ""))
    mine = accounts.accounts_to_trade(request.user)
    typed = request.POST.copy()
    typed.setdefault("client_order_id", client_order_id)
    return TicketForm(typed, mine=mine, unit_vnd=shown_unit_vnd(security.kind)), security, quote


def _show_form(
    request: HttpRequest, form: TicketForm, security: SecurityView, quote: LiveQuote, status: int = 200
) -> HttpResponse:
    session, rules = _session(security, quote), marketdata.rules_at(marketdata.market_now())
    context = {
        "form": form,
        "security": security,
        "quote": quote,
        "accounts": accounts.accounts_to_trade(request.user),
        "order_types": [
            (one.value, wording.order_type_label(one.value), admits(rules, security.exchange, session, one))
            for one in order_types(rules, security.exchange)
        ],
        "unit_vnd": shown_unit_vnd(security.kind),
        "ticks": tick_table(security),
        "session": session,
        "other_kinds": _other_kinds(),
    }
    return render(request, "portal/ticket/form.html", context, status=status)


def _other_kinds() -> list[tuple[str, str]]:
    """(address, label) of the forms that take over what stands in the ticket."""
    conditional = reverse("portal:conditional-new")
    return [
        (f"{conditional}?kind={ConditionalKind.BRACKET}", _("Bracket")),
        (f"{conditional}?kind={ConditionalKind.STOP}", _("Conditional")),
        (reverse("portal:sliced-new"), _("Sliced")),
    ]


def _session(security: SecurityView, quote: LiveQuote) -> Session:
    """The exchange's own word where it gave one, else its schedule."""
    if quote.session in Session.__members__:
        return Session(quote.session)
    now = marketdata.market_now()
    return session_at(marketdata.rules_at(now), security.exchange, now)


def _cost(form: TicketForm, state: AccountState, quote: LiveQuote, security: SecurityView) -> Cost:
    typed: dict[str, Any] = form.cleaned_data
    is_buy = typed["side"] == Side.BUY
    dearest = bounding_price_vnd(
        order_type=OrderType(typed["order_type"]),
        price_vnd=typed["price_vnd"],
        ceiling_vnd=quote.ceiling_vnd if is_buy else quote.floor_vnd,
    )
    price_vnd, quantity = max(0, dearest), max(0, typed["quantity"])
    fees = accounts.fee_schedule()
    value_vnd = price_vnd * quantity
    fee_vnd = fees.fee_vnd(value_vnd)
    tax_vnd = 0 if is_buy else fees.sale_tax_vnd(value_vnd)
    total_vnd = value_vnd + fee_vnd if is_buy else value_vnd - fee_vnd - tax_vnd
    available = state.buying_power_vnd if is_buy else state.position(security.symbol).sellable_quantity
    most = _most(state, security, Side(typed["side"]), price_vnd, quote)
    return Cost(
        price_vnd=price_vnd,
        value_vnd=value_vnd,
        fee_vnd=fee_vnd,
        tax_vnd=tax_vnd,
        total_vnd=total_vnd,
        is_buy=is_buy,
        available=available,
        left=available - (total_vnd if is_buy else quantity),
        quantity_max=most,
    )


def _most(state: AccountState, security: SecurityView, side: Side, price_vnd: int, quote: LiveQuote) -> int:
    """As the broker will answer; 0 while a price is missing."""
    if not price_vnd:
        return 0
    known = {**accounts.quotes_for(state, security.symbol), security.symbol: quote}
    try:
        found = accounts.max_quantity(
            state, security.symbol, side, price_vnd=price_vnd, lot=security.lot_size, quotes=known
        )
    except LookupError:
        return 0
    return found.quantity
