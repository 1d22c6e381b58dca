"""What a person types into the ticket, as an order for the API; and what the gate's answer means for the ticket."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import msgspec

from qts.tui import formats, wire, wording
from qts.tui.errors import Trouble
from qts.tui.language import _

_PRICE = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,2}))?")


class Typo(Trouble):
    """What was typed is no number that can be sent."""


@dataclass(frozen=True, slots=True)
class Draft:
    account_id: str
    symbol: str
    side: str
    order_type: str
    quantity: int
    price_vnd: int | None

    def body(self, confirmations: dict[str, int] | None = None) -> dict[str, Any]:
        return {
            "account_id": self.account_id,
            "symbol": self.symbol,
            "side": self.side,
            "order_type": self.order_type,
            "quantity": self.quantity,
            "price_vnd": self.price_vnd,
            "confirmations": confirmations or {},
        }

    @property
    def value_vnd(self) -> int | None:
        """A future's price is already that of one contract."""
        return None if self.price_vnd is None else self.price_vnd * self.quantity

    def in_words(self, kind: str) -> str:
        """BUY 300 SSI LO @ 25.30."""
        price = f" @ {formats.price(self.price_vnd, kind)}" if self.price_vnd else ""
        return f"{wording.side(self.side)} {formats.quantity(self.quantity)} {self.symbol} {self.order_type}{price}"


def read_quantity(text: str) -> int:
    """Digits alone: a comma may be a thousand here and a decimal there."""
    typed = text.strip()
    if not (typed.isascii() and typed.isdigit() and int(typed) > 0):
        raise Typo(_("Quantity: a whole number above zero, digits only."))
    return int(typed)


def read_price(text: str, kind: str) -> int:
    """As the board shows it, '25.3' for 25,300 VND or '1280.5' points of a future."""
    typed = _PRICE.fullmatch(text.strip())
    cents = int(typed[1]) * 100 + int((typed[2] or "").ljust(2, "0")) if typed else 0
    if cents == 0:
        raise Typo(_("Price: as on the board, digits and a point, such as 25.30."))
    return cents * formats.cent_vnd(kind)


class Verdict(Enum):
    PASSES = auto()
    TO_BE_TYPED_AGAIN = auto()  # price or quantity once more, and it passes
    REFUSED = auto()


def verdict(breaches: Sequence[wire.Breach]) -> Verdict:
    if not breaches:
        return Verdict.PASSES
    is_soft = all(breach.code in wording.TYPED_AGAIN for breach in breaches)
    return Verdict.TO_BE_TYPED_AGAIN if is_soft else Verdict.REFUSED


def typed_again(breaches: Sequence[wire.Breach]) -> tuple[str, ...]:
    """Which of price and quantity have to be typed once more."""
    asked = {wording.TYPED_AGAIN[breach.code] for breach in breaches}
    return tuple(name for name in ("price", "quantity") if name in asked)


def confirmations(breaches: Sequence[wire.Breach], *, price_vnd: int, quantity: int) -> dict[str, int]:
    """What was typed again, for each refusal that asks for it."""
    typed = {"price": price_vnd, "quantity": quantity}
    return {breach.code: typed[wording.TYPED_AGAIN[breach.code]] for breach in breaches}


def breaches_of(context: dict[str, Any]) -> list[wire.Breach]:
    """Out of the API's refusal of an order; raises `msgspec.ValidationError` for another shape."""
    return msgspec.convert(context.get("breaches", []), list[wire.Breach])
