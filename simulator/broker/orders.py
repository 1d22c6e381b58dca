"""A customer's order as the broker keeps it."""

from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from qts.domain.values import OrderType, Side


class OrderStatus(StrEnum):
    """SSI's codes, as far as the simulator uses them (FC Trading Specs v2.4)."""

    READY = "RS"
    QUEUED = "QU"
    PARTIALLY_FILLED = "PF"
    FILLED = "FF"
    WAITING_CANCEL = "WC"
    WAITING_MODIFY = "WM"
    CANCELLED = "CL"
    PARTLY_FILLED_REST_CANCELLED = "FFPC"
    REJECTED = "RJ"
    EXPIRED = "EX"


OPEN_STATUSES: Final = frozenset(
    {
        OrderStatus.READY,
        OrderStatus.QUEUED,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.WAITING_CANCEL,
        OrderStatus.WAITING_MODIFY,
    }
)


class Amendment(msgspec.Struct):
    """What a ModifyOrder asked for; one of the two differs from the order."""

    price_vnd: int
    quantity: int


class ClientOrder(msgspec.Struct):
    """Prices in VND (of a future: per contract), times in milliseconds of market time.

    `price_vnd` is 0 without a limit; `resting_vnd` is where an open order stands in the book. `unique_id` is the
    requestID of the last action, `request_id` that of the order itself.
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

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def open_quantity(self) -> int:
        """What may still trade."""
        return self.quantity - self.filled_quantity if self.is_open else 0

    @property
    def average_vnd(self) -> float:
        """For display: the broker sends it as a double."""
        return self.filled_value_vnd / self.filled_quantity if self.filled_quantity else 0.0
