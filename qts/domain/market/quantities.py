"""Quantities of an order, in shares or contracts.

Source: the trading rules of HOSE and HNX, the position limits of the derivatives clearing house, and for odd lots in
the auctions the exchanges' common system (KRX) of 2025-05-05.
"""

from enum import StrEnum
from typing import Final

from qts.domain.errors import RuleCode
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session

_MAX_SHARES: Final = 500_000
_MAX_CONTRACTS: Final = 500
_ODD_LOT_SESSIONS: Final = frozenset({Session.ATO, Session.CONTINUOUS, Session.ATC})
_PUT_THROUGH_MIN: Final = {Exchange.HOSE: 20_000, Exchange.HNX: 5_000}


class InvestorKind(StrEnum):
    """Who holds a derivatives account: the clearing house limits positions by it."""

    INDIVIDUAL = "INDIVIDUAL"
    ORGANISATION = "ORGANISATION"
    PROFESSIONAL = "PROFESSIONAL"


_POSITION_LIMITS: Final = {
    InvestorKind.INDIVIDUAL: 5_000,
    InvestorKind.ORGANISATION: 10_000,
    InvestorKind.PROFESSIONAL: 20_000,
}


def _by_contract(exchange: Exchange, kind: InstrumentKind) -> bool:
    return exchange is Exchange.VNFE or kind is InstrumentKind.FUTURE


def round_lot(exchange: Exchange, kind: InstrumentKind) -> int:
    return 1 if _by_contract(exchange, kind) else 100


def max_order_quantity(exchange: Exchange, kind: InstrumentKind) -> int:
    """500,000 on HOSE by rule; the same is assumed for HNX and UPCOM. 500 contracts for a future."""
    return _MAX_CONTRACTS if _by_contract(exchange, kind) else _MAX_SHARES


def put_through_min_quantity(exchange: Exchange) -> int:
    """The least quantity of a negotiated trade; 1 where the venue names none."""
    return _PUT_THROUGH_MIN.get(exchange, 1)


def position_limit(investor: InvestorKind) -> int:
    """Contracts on the VN30 index that one investor may hold, over all months together."""
    return _POSITION_LIMITS[investor]


def is_odd_lot(exchange: Exchange, kind: InstrumentKind, quantity: int) -> bool:
    """Less than a round lot: trades in a book of its own."""
    return 0 < quantity < round_lot(exchange, kind)


def admits_odd_lot(session: Session, order_type: OrderType, *, first_day: bool = False) -> bool:
    """Limit orders only, in continuous trading and the auctions at open and close; not on the first trading day."""
    return not first_day and order_type is OrderType.LO and session in _ODD_LOT_SESSIONS


def quantity_refusal(exchange: Exchange, kind: InstrumentKind, quantity: int, order_type: OrderType) -> RuleCode | None:
    """Why the exchange refuses the quantity, or None. An odd lot is taken as a limit order only."""
    if quantity <= 0:
        return RuleCode.QUANTITY_NOT_POSITIVE
    if quantity > max_order_quantity(exchange, kind):
        return RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX
    if is_odd_lot(exchange, kind, quantity):
        return None if order_type is OrderType.LO else RuleCode.QUANTITY_OFF_LOT
    if quantity % round_lot(exchange, kind):
        return RuleCode.QUANTITY_OFF_LOT
    return None
