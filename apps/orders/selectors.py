"""Reading orders. Times are market time unless their name says wall."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, Q, Sum, Value, When

from apps.eventlog import selectors as eventlog
from apps.orders.models import Discrepancy, Fill, ForeignOrder, GatewayState, Intent, Order, StreamPosition
from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import WORKING, Status
from qts.domain.values import OrderType, Side

OPEN_STATUSES = tuple(sorted(WORKING))
_IntentCounts = dict[UUID, tuple[int, int]]


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


def orders(
    account_ids: Iterable[UUID],
    *,
    open_only: bool = False,
    symbol: str = "",
    strategy_id: str = "",
    trading_day: date | None = None,
    limit: int = 200,
) -> list[OrderView]:
    """The newest first."""
    rows = Order.objects.filter(account_id__in=list(account_ids))
    if open_only:
        rows = rows.filter(status__in=OPEN_STATUSES)
    if symbol:
        rows = rows.filter(symbol=symbol)
    if strategy_id:
        rows = rows.filter(strategy_id=strategy_id)
    if trading_day is not None:
        rows = rows.filter(trading_day=trading_day)
    return [_order_view(row) for row in rows.order_by("-recorded_at", "-id")[:limit]]


def orders_by_id(order_ids: Collection[UUID]) -> list[OrderView]:
    """The newest first; unknown ids are left out."""
    return [_order_view(row) for row in Order.objects.filter(id__in=order_ids).order_by("-recorded_at", "-id")]


def order(order_id: UUID) -> OrderView | None:
    row = Order.objects.filter(id=order_id).first()
    return None if row is None else _order_view(row)


def fills(
    account_ids: Iterable[UUID], *, order_id: UUID | None = None, trading_day: date | None = None, limit: int = 500
) -> list[FillView]:
    """The newest first."""
    rows = Fill.objects.select_related("order").filter(order__account_id__in=list(account_ids))
    if order_id is not None:
        rows = rows.filter(order_id=order_id)
    if trading_day is not None:
        rows = rows.filter(trading_day=trading_day)
    return [
        FillView(
            id=row.id,
            order_id=row.order_id,
            account_id=row.order.account_id,
            symbol=row.order.symbol,
            side=Side(row.order.side),
            quantity=row.quantity,
            price_vnd=row.price_vnd,
            matched_at=row.matched_at,
            trading_day=row.trading_day,
        )
        for row in rows.order_by("-recorded_at", "-notify_id")[:limit]
    ]


def strategy_exposures(strategy_ids: Collection[str]) -> dict[tuple[str, str], StrategyExposure]:
    """What each strategy's own orders add up to, by (strategy id, symbol), in one query."""
    sign = Case(When(side=Side.BUY, then=Value(1)), default=Value(-1))
    remaining = F("quantity") - F("filled_quantity")
    rows = (
        Order.objects.filter(strategy_id__in=strategy_ids)
        .exclude(status=Status.DENIED)
        .values_list("strategy_id", "symbol")
        .annotate(
            held=Sum(sign * F("filled_quantity")),
            working=Sum(sign * remaining, filter=Q(status__in=OPEN_STATUSES), default=0),
        )
    )
    return {(strategy_id, symbol): StrategyExposure(held, working) for strategy_id, symbol, held, working in rows}


def strategy_days(strategy_ids: Collection[str], day: date) -> list[StrategyDay]:
    """What each strategy's own matches made of it until the end of that day, by symbol, in one query."""
    sign, of_day = Case(When(side=Side.BUY, then=Value(1)), default=Value(-1)), Q(trading_day=day)
    rows = (
        Order.objects.filter(strategy_id__in=strategy_ids, filled_quantity__gt=0, trading_day__lte=day)
        .values_list("strategy_id", "symbol")
        .annotate(
            held=Sum(sign * F("filled_quantity")),
            bought=Sum(sign * F("filled_quantity"), filter=of_day, default=0),
            paid_vnd=Sum(sign * F("filled_value_vnd"), filter=of_day, default=0),
        )
        .order_by("strategy_id", "symbol")
    )
    return [StrategyDay(*row) for row in rows]


def working_order_ids(
    *, account_id: UUID | None = None, strategy_id: str = "", symbol: str = "", connection_id: UUID | None = None
) -> list[UUID]:
    """All of them, or those of one account, strategy, symbol or connection."""
    rows = Order.objects.filter(status__in=OPEN_STATUSES)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    if strategy_id:
        rows = rows.filter(strategy_id=strategy_id)
    if symbol:
        rows = rows.filter(symbol=symbol)
    if connection_id is not None:
        rows = rows.filter(connection_id=connection_id)
    return list(rows.order_by("id").values_list("id", flat=True))


def broker_connection_status() -> list[BrokerConnectionStatus]:
    """One entry for each connection that a gateway or an order stream has ever run for."""
    gateways = {row.connection_id: row for row in GatewayState.objects.all()}
    streams = {row.connection_id: row for row in StreamPosition.objects.all()}
    counts = _intent_counts()
    open_discrepancies = dict(
        Discrepancy.objects.filter(resolved_at__isnull=True)
        .values_list("connection_id")
        .annotate(number=Count("id"))
        .order_by()
    )
    return [
        _connection_status(key, gateways.get(key), streams.get(key), counts, open_discrepancies.get(key, 0))
        for key in sorted(gateways.keys() | streams.keys())
    ]


def foreign_orders(*, trading_day: date, limit: int = 200) -> list[ForeignOrderView]:
    names = ForeignOrderView.__slots__
    rows = ForeignOrder.objects.filter(trading_day=trading_day).values(*names)[:limit]
    return [ForeignOrderView(**row) for row in rows]


def open_discrepancies(*, limit: int = 200) -> list[DiscrepancyView]:
    names = DiscrepancyView.__slots__
    rows = Discrepancy.objects.filter(resolved_at__isnull=True).values(*names)[:limit]
    return [DiscrepancyView(**row) for row in rows]


def order_history(order_id: UUID) -> list[HistoryEntry]:
    """Every recorded step of one order, the oldest first; empty for an order that does not exist."""
    row = Order.objects.filter(id=order_id).first()
    if row is None:
        return []
    return [
        HistoryEntry(
            topic=record.topic,
            status=record.body["status"],
            reason=record.body["reason"],
            actor=record.actor,
            filled_quantity=record.body["filled_quantity"],
            fill_quantity=record.body.get("fill_quantity"),
            fill_price_vnd=record.body.get("fill_price_vnd"),
            occurred_at=record.occurred_at,
            recorded_at_wall=record.recorded_at,
        )
        for record in eventlog.history_between(
            key=str(row.account_id),
            first_id=row.first_event_id,
            last_id=row.last_event_id,
            holding={"order_id": str(order_id)},
        )
    ]


def _order_view(row: Order) -> OrderView:
    return OrderView(
        id=row.id,
        account_id=row.account_id,
        connection_id=row.connection_id,
        client_order_id=row.client_order_id,
        symbol=row.symbol,
        exchange=row.exchange,
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        quantity=row.quantity,
        price_vnd=row.price_vnd,
        status=Status(row.status),
        filled_quantity=row.filled_quantity,
        filled_value_vnd=row.filled_value_vnd,
        reason=row.reason,
        breaches=tuple(breach_from(stored) for stored in row.breaches),
        cancel_wanted=row.cancel_wanted,
        strategy_id=row.strategy_id,
        decision_id=row.decision_id,
        actor=f"{row.actor_kind}:{row.actor_id}",
        request_id=row.request_id,
        broker_order_id=row.broker_order_id,
        trading_day=row.trading_day,
        submitted_at=row.submitted_at,
        sent_at=row.sent_at,
        accepted_at=row.accepted_at,
        updated_at=row.updated_at,
    )


def breach_from(stored: dict[str, Any]) -> Breach:
    return Breach(RuleCode(stored["code"]), stored["limit"], stored["actual"], stored["detail"])


def _connection_status(
    connection_id: UUID,
    gateway: GatewayState | None,
    stream: StreamPosition | None,
    counts: _IntentCounts,
    discrepancy_count: int,
) -> BrokerConnectionStatus:
    return BrokerConnectionStatus(
        connection_id=connection_id,
        circuit=gateway.circuit if gateway else "",
        gateway_trouble=gateway.trouble if gateway else "",
        gateway_seen_at_wall=gateway.seen_at if gateway else None,
        last_sent_at_wall=gateway.last_sent_at if gateway else None,
        stream_state=stream.state if stream else "",
        stream_trouble=stream.trouble if stream else "",
        stream_seen_at_wall=stream.seen_at if stream else None,
        reconciled_at_wall=stream.reconciled_at if stream else None,
        waiting_count=counts.get(connection_id, (0, 0))[0],
        unknown_count=counts.get(connection_id, (0, 0))[1],
        discrepancy_count=discrepancy_count,
    )


def _intent_counts() -> _IntentCounts:
    """Connection -> how many intents wait to be sent, and how many may have arrived and are being looked for."""
    rows = (
        Intent.objects.filter(state__in=[Intent.State.READY, Intent.State.UNKNOWN])
        .values_list("connection_id")
        .annotate(
            waiting=Count("id", filter=Q(state=Intent.State.READY)),
            unknown=Count("id", filter=Q(state=Intent.State.UNKNOWN)),
        )
        .order_by()
    )
    return {connection_id: (waiting, unknown) for connection_id, waiting, unknown in rows}
