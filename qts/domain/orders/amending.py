"""What may be changed of an order that was recorded: quantity or price, and only what has not traded."""

from dataclasses import dataclass
from typing import Final

from qts.domain.errors import Breach, RuleCode
from qts.domain.orders.life import Status
from qts.domain.values import OrderType

# The exchange has it or may soon have it; an amendment that comes too early waits.
_AMENDABLE: Final = frozenset(
    {Status.PENDING, Status.SENT, Status.UNKNOWN, Status.QUEUED, Status.OPEN, Status.PARTIALLY_FILLED}
)


@dataclass(frozen=True, slots=True)
class Terms:
    """`quantity` is the whole order, filled shares included."""

    quantity: int
    price_vnd: int


def amend_refusal(
    *, order_type: OrderType, status: Status, current: Terms, wanted: Terms, filled_quantity: int
) -> Breach | None:
    """Why the order cannot be changed so, whatever the session, the market and the account say.

    The exchange takes a new price or a new quantity, never both at once; an order that was never sent takes both.
    """
    if status not in _AMENDABLE:
        return Breach(RuleCode.ORDER_NOT_AMENDABLE, detail=f"it is {status}")
    if order_type is not OrderType.LO:
        return Breach(RuleCode.ORDER_NOT_AMENDABLE, detail=f"it is an {order_type} order")
    if wanted.quantity <= filled_quantity:
        return Breach(RuleCode.QUANTITY_NOT_ABOVE_FILLED, limit=filled_quantity, actual=wanted.quantity)
    changes = (wanted.quantity != current.quantity) + (wanted.price_vnd != current.price_vnd)
    if changes == 0:
        return Breach(RuleCode.AMEND_CHANGES_NOTHING)
    return Breach(RuleCode.AMEND_CHANGES_BOTH) if changes > 1 and status is not Status.PENDING else None
