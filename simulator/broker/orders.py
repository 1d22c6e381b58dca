"""A customer's order as the broker keeps it."""

from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from qts.domain.values import OrderType, Side


class OrderStatus(StrEnum):
    """SSI's codes (FC Trading Specs v2.4, order status)."""

    WAITING_APPROVAL = "WA"
    EARLY = "IAV"  # entered before the session that takes it
    READY = "RS"
    SENT = "SD"
    QUEUED = "QU"
    PARTIALLY_FILLED = "PF"
    FILLED = "FF"
    WAITING_CANCEL = "WC"
    WAITING_MODIFY = "WM"
    CANCELLED = "CL"
    PARTLY_FILLED_REST_CANCELLED = "FFPC"
    REJECTED = "RJ"
    EXPIRED = "EX"
    STOP_EARLY = "SOI"
    STOP_WAITING = "SOR"
    STOP_TRIGGERED = "SOS"


_ENDED: Final = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.PARTLY_FILLED_REST_CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    }
)
AT_BROKER: Final = frozenset(
    {OrderStatus.WAITING_APPROVAL, OrderStatus.EARLY, OrderStatus.STOP_EARLY, OrderStatus.STOP_WAITING}
)
"""Not at the exchange yet; such an order can be taken back at any time."""


class Amendment(msgspec.Struct):
    """What a ModifyOrder asked for; one of the two differs from the order."""

    price_vnd: int
    quantity: int


class StopKind(StrEnum):
    """When a stop order goes to the exchange. Trailing ones follow the price by their step."""

    DOWN = "D"  # the last price falls to the stop price
    UP = "U"
    TRAILING_UP = "V"  # the last price rises a step above the lowest one since the order came
    TRAILING_DOWN = "E"


class Stop(msgspec.Struct):
    """`extreme_vnd` is the price that a trailing stop counts from, 0 before the first match that it saw."""

    kind: StopKind
    price_vnd: int
    step_vnd: int = 0
    extreme_vnd: int = 0

    def is_triggered(self, last_vnd: int) -> bool:
        """Looks at one match, and remembers it."""
        match self.kind:
            case StopKind.DOWN:
                return last_vnd <= self.price_vnd
            case StopKind.UP:
                return last_vnd >= self.price_vnd
            case StopKind.TRAILING_UP:
                self.extreme_vnd = min(self.extreme_vnd or last_vnd, last_vnd)
                return last_vnd >= self.extreme_vnd + self.step_vnd
            case StopKind.TRAILING_DOWN:
                self.extreme_vnd = max(self.extreme_vnd, last_vnd)
                return last_vnd <= self.extreme_vnd - self.step_vnd


class ClientOrder(msgspec.Struct):
    """Prices in VND (of a future: per contract), times in milliseconds of market time.

    `price_vnd` is 0 without a limit; what is left of an MTL gets one by resting. `resting_vnd` is where an open order
    stands in the book. `unique_id` is the requestID of the last action, `request_id` that of the order itself.
    """

    order_id: str
    day: date
    customer_id: str
    account: str
    request_id: str
    unique_id: str
    symbol: str
    market: str
    side: Side
    order_type: OrderType
    price_vnd: int
    quantity: int
    channel: str
    ip_address: str
    input_ms: int
    modified_ms: int
    status: OrderStatus = OrderStatus.READY
    resting_vnd: int = 0
    filled_quantity: int = 0
    filled_value_vnd: int = 0
    cancelled_quantity: int = 0
    error_code: str = ""
    error_text: str = ""
    amendment: Amendment | None = None
    stop: Stop | None = None
    room_held: int = 0  # of the foreign room, for what is still to be bought

    @property
    def is_open(self) -> bool:
        return self.status not in _ENDED

    @property
    def reject_code(self) -> str:
        """Why the order came to nothing; a refused change of a live order is only its last error."""
        return self.error_code if self.status is OrderStatus.REJECTED else ""

    @property
    def open_quantity(self) -> int:
        """What may still trade."""
        return self.quantity - self.filled_quantity if self.is_open else 0

    @property
    def average_vnd(self) -> float:
        """For display: the broker sends it as a double."""
        return self.filled_value_vnd / self.filled_quantity if self.filled_quantity else 0.0
