"""Quantities of an order, in shares or contracts."""

from qts.domain.errors import RuleCode
from qts.domain.market.rule_book import RuleBook
from qts.domain.market.rule_terms import InvestorKind
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session


def round_lot(rules: RuleBook, exchange: Exchange, kind: InstrumentKind) -> int:
    return rules.boards[exchange].lots[kind]


def max_order_quantity(rules: RuleBook, exchange: Exchange, kind: InstrumentKind) -> int:
    """Of one order."""
    return rules.boards[exchange].order_max[kind]


def put_through_min_quantity(rules: RuleBook, exchange: Exchange) -> int:
    """The least quantity of a negotiated trade; 1 where the venue names none."""
    return rules.boards[exchange].put_through.min_quantity


def position_limit(rules: RuleBook, investor: InvestorKind) -> int:
    """Contracts on the VN30 index that one investor may hold, over all months together."""
    return rules.position_limits[investor]


def is_odd_lot(rules: RuleBook, exchange: Exchange, kind: InstrumentKind, quantity: int) -> bool:
    """Less than a round lot: trades in a book of its own."""
    return 0 < quantity < round_lot(rules, exchange, kind)


def admits_odd_lot(
    rules: RuleBook, exchange: Exchange, session: Session, order_type: OrderType, *, first_day: bool = False
) -> bool:
    """By type and session, and by whether it is the security's first trading day."""
    odd = rules.boards[exchange].odd_lots
    return (odd.on_first_day or not first_day) and order_type in odd.types and session in odd.sessions


def quantity_refusal(
    rules: RuleBook, exchange: Exchange, kind: InstrumentKind, quantity: int, order_type: OrderType
) -> RuleCode | None:
    """Why the exchange refuses the quantity, or None. An odd lot is taken in its own order types only."""
    if quantity <= 0:
        return RuleCode.QUANTITY_NOT_POSITIVE
    if quantity > max_order_quantity(rules, exchange, kind):
        return RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX
    if is_odd_lot(rules, exchange, kind, quantity):
        return None if order_type in rules.boards[exchange].odd_lots.types else RuleCode.QUANTITY_OFF_LOT
    if quantity % round_lot(rules, exchange, kind):
        return RuleCode.QUANTITY_OFF_LOT
    return None
