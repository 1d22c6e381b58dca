"""Quantities of an order (vietnam-market-rules, section 6), in shares or contracts."""

from typing import Final

from qts.domain.errors import RuleCode
from qts.domain.values import Exchange, InstrumentKind, OrderType

_MAX_SHARES: Final = 500_000
_MAX_CONTRACTS: Final = 500


def _by_contract(exchange: Exchange, kind: InstrumentKind) -> bool:
    return exchange is Exchange.VNFE or kind is InstrumentKind.FUTURE


def round_lot(exchange: Exchange, kind: InstrumentKind) -> int:
    return 1 if _by_contract(exchange, kind) else 100


def max_order_quantity(exchange: Exchange, kind: InstrumentKind) -> int:
    """500,000 on HOSE by rule; the same is assumed for HNX and UPCOM. 500 contracts for a future."""
    return _MAX_CONTRACTS if _by_contract(exchange, kind) else _MAX_SHARES


def is_odd_lot(exchange: Exchange, kind: InstrumentKind, quantity: int) -> bool:
    """Less than a round lot: trades in a book of its own."""
    return 0 < quantity < round_lot(exchange, kind)


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
