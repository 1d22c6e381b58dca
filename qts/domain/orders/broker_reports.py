"""What a broker says about orders, in one form whatever its wire looks like. Prices VND, quantities shares, times UTC."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """The state of one order as the broker sees it, from its order stream (`notify_id`) or its order book (None).

    `request_id` is the requestID of the action that caused the report, `placed_by_request_id` that of the order itself
    ("" where the broker does not say). `filled_quantity` is the running total. `status_code` is the broker's own.
    """

    notify_id: int | None
    broker_order_id: str
    request_id: str
    placed_by_request_id: str
    account_number: str
    symbol: str
    side: str
    order_type: str
    quantity: int
    price_vnd: int
    filled_quantity: int
    cancelled_quantity: int
    status_code: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReport:
    """One fill. It says neither how much is filled in all nor what became of the order."""

    notify_id: int
    broker_order_id: str
    request_id: str
    account_number: str
    symbol: str
    side: str
    quantity: int
    price_vnd: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalReport:
    """A request that was refused after the broker had taken it; some refusals carry no number (`notify_id` 0)."""

    notify_id: int
    request_id: str
    broker_order_id: str
    code: str
    message: str


BrokerReport = OrderReport | MatchReport | RefusalReport
