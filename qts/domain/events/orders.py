"""The life of an order: each event carries the order as it is after the change."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.events.base import Event, published


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(Event):
    """What every order event carries: the order as it is after the change."""

    key_field: ClassVar[str] = "account_id"
    order_id: str
    account_id: str
    symbol: str
    side: str
    order_type: str
    status: str
    quantity: int
    filled_quantity: int
    price_vnd: int  # 0 for orders without a limit price
    reason: str = ""
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSubmitted(OrderEvent):
    topic: ClassVar[str] = "order.order.submitted"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(OrderEvent):
    """Refused by our own gate; nothing was sent and nothing reserved. `reason` holds the codes, comma separated."""

    topic: ClassVar[str] = "order.order.denied"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent(OrderEvent):
    topic: ClassVar[str] = "order.order.sent"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(OrderEvent):
    topic: ClassVar[str] = "order.order.acceptedByExchange"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(OrderEvent):
    """One fill; `filled_quantity` is the running total after it."""

    topic: ClassVar[str] = "order.order.filled"
    fill_id: str
    fill_quantity: int
    fill_price_vnd: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderEvent):
    """No more of it will trade: cancelled by request, or expired at the end of its session or day."""

    topic: ClassVar[str] = "order.order.cancelled"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRequested(OrderEvent):
    topic: ClassVar[str] = "order.order.cancelRequested"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmendRequested(OrderEvent):
    """`quantity` and `price_vnd` are still those that hold; what was asked for is in `wanted_...`."""

    topic: ClassVar[str] = "order.order.amendRequested"
    wanted_quantity: int
    wanted_price_vnd: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended(OrderEvent):
    """The exchange has the new price or quantity, or the order had not been sent yet."""

    topic: ClassVar[str] = "order.order.amended"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyResolved(Event):
    """A person decided about a difference with the broker. `order_id` is empty where it was about no order."""

    topic: ClassVar[str] = "order.discrepancy.resolved"
    key_field: ClassVar[str] = "connection_id"
    connection_id: str
    discrepancy_id: int
    kind: str
    subject: str
    order_id: str
    resolution: str
    reason: str
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderEvent):
    topic: ClassVar[str] = "order.order.rejectedByExchange"


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown(OrderEvent):
    """It may have reached the broker; its reservation stays until the broker has been asked."""

    topic: ClassVar[str] = "order.order.unknown"
