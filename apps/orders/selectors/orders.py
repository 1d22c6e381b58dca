"""Reading orders and their fills."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from apps.eventlog import selectors as eventlog
from apps.orders.models import Fill, Order
from apps.orders.selectors.types import FillView, HistoryEntry, OrderView
from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import WORKING, Status
from qts.domain.values import OrderType, Side

OPEN_STATUSES = tuple(sorted(WORKING))
_NARROWING = frozenset({"symbol", "side", "status", "order_type", "strategy_id", "trading_day"})


def orders(
    account_ids: Iterable[UUID],
    *,
    open_only: bool = False,
    by: str = "",
    since: date | None = None,
    until: date | None = None,
    limit: int = 200,
    **equal: Any,
) -> list[OrderView]:
    """The newest first. `by` is "hand" or "strategy"; `since` and `until` are trading days, both included; `equal` are
    symbol, side, status, order_type, strategy_id and trading_day, where empty narrows nothing."""
    rows = Order.objects.filter(account_id__in=list(account_ids), **_narrowing(equal))
    if open_only:
        rows = rows.filter(status__in=OPEN_STATUSES)
    if by:
        rows = rows.filter(strategy_id="") if by == "hand" else rows.exclude(strategy_id="")
    if since is not None:
        rows = rows.filter(trading_day__gte=since)
    if until is not None:
        rows = rows.filter(trading_day__lte=until)
    return [order_view(row) for row in rows.order_by("-recorded_at", "-id")[:limit]]


def _narrowing(equal: dict[str, Any]) -> dict[str, Any]:
    unknown = equal.keys() - _NARROWING
    if unknown:
        raise TypeError(f"orders are not chosen by {', '.join(sorted(unknown))}")
    return {name: value for name, value in equal.items() if value}


def orders_by_id(order_ids: Collection[UUID]) -> list[OrderView]:
    """The newest first; unknown ids are left out."""
    return [order_view(row) for row in Order.objects.filter(id__in=order_ids).order_by("-recorded_at", "-id")]


def order(order_id: UUID) -> OrderView | None:
    row = Order.objects.filter(id=order_id).first()
    return None if row is None else order_view(row)


def is_named(client_order_id: str, account_ids: Collection[UUID]) -> bool:
    """Whether one of the accounts has an order of that name."""
    return Order.objects.filter(account_id__in=account_ids, client_order_id=client_order_id).exists()


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


def working_order_ids(
    *,
    account_id: UUID | None = None,
    strategy_id: str = "",
    symbol: str = "",
    side: str = "",
    connection_id: UUID | None = None,
) -> list[UUID]:
    """All of them, or those of one account, strategy, symbol, side or connection."""
    rows = Order.objects.filter(status__in=OPEN_STATUSES)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    if strategy_id:
        rows = rows.filter(strategy_id=strategy_id)
    if symbol:
        rows = rows.filter(symbol=symbol)
    if side:
        rows = rows.filter(side=side)
    if connection_id is not None:
        rows = rows.filter(connection_id=connection_id)
    return list(rows.order_by("id").values_list("id", flat=True))


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
            quantity=record.body["quantity"],
            price_vnd=record.body["price_vnd"],
            wanted_quantity=record.body.get("wanted_quantity"),
            wanted_price_vnd=record.body.get("wanted_price_vnd"),
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


def order_view(row: Order) -> OrderView:
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
        wanted_quantity=row.wanted_quantity,
        wanted_price_vnd=row.wanted_price_vnd,
        release_at=row.release_at,
        replaces=row.replaces_id,
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
