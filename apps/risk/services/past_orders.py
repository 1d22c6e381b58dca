"""What the officers' what-if asks of the orders. They live above this app, so they say at start-up who answers."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from qts.domain.errors import Breach
from qts.domain.values import OrderType, Side


@dataclass(frozen=True, slots=True)
class PastOrder:
    """One order as it was recorded. `user_id` is empty where no person ordered; `ended_at` is None while it works."""

    id: UUID
    account_id: UUID
    account_number: str
    symbol: str
    exchange: str
    side: Side
    order_type: OrderType
    quantity: int
    price_vnd: int | None
    strategy_id: str
    user_id: str
    trading_day: date
    submitted_at: datetime
    ended_at: datetime | None
    is_denied: bool
    filled_quantity: int
    filled_value_vnd: int
    breaches: tuple[Breach, ...]

    @property
    def is_working(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class PastOrders:
    """In the order in which they came; `left_out` counts the older ones that were too many."""

    orders: tuple[PastOrder, ...]
    left_out: int


class PastOrdersReader(Protocol):
    """All that were submitted since then or still work, of one account or of all; the newest where they are many."""

    def __call__(self, *, since: datetime, account_id: UUID | None, at_most: int) -> PastOrders: ...


_readers: list[PastOrdersReader] = []


def ask_for_past_orders(reader: PastOrdersReader) -> None:
    """Called once, when the app that owns the orders is ready."""
    _readers[:] = [reader]


def past_orders_reader() -> PastOrdersReader:
    """Raises LookupError when no app has offered itself."""
    if not _readers:
        raise LookupError("nobody tells about past orders")
    return _readers[0]
