"""How much cash an order holds back, from its acceptance to its last fill."""

from qts.domain.portfolio.fees import FeeSchedule, floor_share
from qts.domain.values import OrderType


def bounding_price_vnd(*, order_type: OrderType, price_vnd: int | None, ceiling_vnd: int) -> int:
    """The dearest price a purchase can trade at: its limit, or the ceiling for every type without one."""
    return price_vnd if order_type is OrderType.LO and price_vnd is not None else ceiling_vnd


def cash_needed_vnd(*, quantity: int, price_vnd: int, fees: FeeSchedule) -> int:
    """A purchase is paid in full before it is sent: its value and its fee, at the dearest possible price."""
    value = quantity * price_vnd
    return value + fees.fee_vnd(value)


def reservation_left_vnd(*, amount_vnd: int, quantity: int, filled_quantity: int, cost_vnd: int) -> int:
    """What stays reserved for the rest of an order after a fill that cost `cost_vnd` (value and fee).

    The share of the rest rounded up, but never more than is left after the fill was paid: so the fill takes no
    buying power that was free before it, and the rest still covers its own dearest fills, fee roundings included.
    """
    rest = amount_vnd - floor_share(amount_vnd, filled_quantity, quantity)
    return max(0, min(rest, amount_vnd - cost_vnd)) if filled_quantity < quantity else 0
