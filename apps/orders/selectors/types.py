"""What the reading functions return. Times are market time unless their name says wall."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from qts.domain.errors import Breach
from qts.domain.orders import WORKING, Status
from qts.domain.values import OrderType, Side


@dataclass(frozen=True, slots=True)
class OrderView:
    id: UUID
    account_id: UUID
    connection_id: UUID
    client_order_id: str
    symbol: str
    exchange: str
    side: Side
    order_type: OrderType
    quantity: int
    price_vnd: int | None
    status: Status
    filled_quantity: int
    filled_value_vnd: int
    reason: str
    breaches: tuple[Breach, ...]
    cancel_wanted: bool
    wanted_quantity: int | None
    wanted_price_vnd: int | None
    release_at: datetime | None
    replaces: UUID | None
    strategy_id: str
    decision_id: UUID | None
    actor: str
    request_id: str
    broker_order_id: str
    trading_day: date
    submitted_at: datetime
    sent_at: datetime | None
    accepted_at: datetime | None
    updated_at: datetime

    @property
    def remaining_quantity(self) -> int:
        return self.quantity - self.filled_quantity

    @property
    def average_fill_vnd(self) -> int | None:
        """Whole VND, rounded to nearest, halves up; for display only."""
        if self.filled_quantity == 0:
            return None
        return (2 * self.filled_value_vnd + self.filled_quantity) // (2 * self.filled_quantity)

    @property
    def is_working(self) -> bool:
        return self.status in WORKING

    @property
    def may_be_cancelled(self) -> bool:
        """Whether asking makes sense; the session may still forbid it."""
        return self.is_working and self.status is not Status.CANCEL_PENDING and not self.cancel_wanted

    @property
    def may_be_amended(self) -> bool:
        """Whether asking makes sense; the session, the market and the account may still forbid it."""
        return self.may_be_cancelled and self.status is not Status.AMEND_PENDING and self.order_type is OrderType.LO

    @property
    def amendment_waits(self) -> bool:
        """Asked for, not sent: for the exchange's confirmation of the order, or for a session that takes changes."""
        return self.wanted_quantity is not None and self.status is not Status.AMEND_PENDING

    @property
    def cancel_waits(self) -> bool:
        return self.cancel_wanted and self.is_working

    @property
    def is_held(self) -> bool:
        """Recorded and not sent: for a session that takes it, or for the end of the order that it replaces."""
        return self.status is Status.PENDING and self.release_at is not None


@dataclass(frozen=True, slots=True)
class StrategyExposure:
    """Signed shares or contracts: what a strategy's fills add up to, and what its working orders may still add."""

    held_quantity: int
    working_quantity: int


@dataclass(frozen=True, slots=True)
class StrategyDay:
    """`bought_quantity` and `paid_vnd` are net of what was sold on the day, without fees and taxes."""

    strategy_id: str
    symbol: str
    held_quantity: int
    bought_quantity: int
    paid_vnd: int

    def profit_vnd(self, mark_vnd: int, reference_vnd: int) -> int:
        """Of the day: what it holds now, less what it held when the day began and what it has paid since."""
        return (
            self.held_quantity * mark_vnd - (self.held_quantity - self.bought_quantity) * reference_vnd - self.paid_vnd
        )


@dataclass(frozen=True, slots=True)
class StrategyBook:
    """All that a strategy's matches in a symbol came to. Paid sums are net of what was sold, without fees and taxes;
    `costs_vnd` are those, `day_...` of the day alone."""

    symbol: str
    fill_count: int
    held_quantity: int
    paid_vnd: int
    costs_vnd: int
    day_bought_quantity: int
    day_paid_vnd: int
    day_costs_vnd: int

    def profit_vnd(self, mark_vnd: int) -> int:
        """Since its first match, at the mark and net of costs."""
        return self.held_quantity * mark_vnd - self.paid_vnd - self.costs_vnd

    def day_profit_vnd(self, mark_vnd: int, reference_vnd: int) -> int:
        held_before = self.held_quantity - self.day_bought_quantity
        gained = self.held_quantity * mark_vnd - held_before * reference_vnd - self.day_paid_vnd
        return gained - self.day_costs_vnd


@dataclass(frozen=True, slots=True)
class FillView:
    id: UUID
    order_id: UUID
    account_id: UUID
    symbol: str
    side: Side
    quantity: int
    price_vnd: int
    matched_at: datetime
    trading_day: date


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step of an order: what happened, by whom, in market time and on the wall clock."""

    topic: str
    status: str
    reason: str
    actor: str
    quantity: int
    price_vnd: int
    wanted_quantity: int | None
    wanted_price_vnd: int | None
    filled_quantity: int
    fill_quantity: int | None
    fill_price_vnd: int | None
    occurred_at: datetime
    recorded_at_wall: datetime


@dataclass(frozen=True, slots=True)
class BrokerConnectionStatus:
    """What an operator sees of one connection; wall-clock times."""

    connection_id: UUID
    circuit: str
    gateway_trouble: str
    gateway_seen_at_wall: datetime | None
    last_sent_at_wall: datetime | None
    stream_state: str
    stream_trouble: str
    stream_seen_at_wall: datetime | None
    reconciled_at_wall: datetime | None
    waiting_count: int
    unknown_count: int
    discrepancy_count: int


@dataclass(frozen=True, slots=True)
class ForeignOrderView:
    account_number: str
    broker_order_id: str
    symbol: str
    side: str
    order_type: str
    quantity: int
    filled_quantity: int
    price_vnd: int
    broker_status: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class DiscrepancyView:
    id: int
    connection_id: UUID
    order_id: UUID | None
    kind: str
    subject: str
    detail: str
    noticed_at: datetime
