"""How the broker connections are, and what the broker said that does not fit."""

from datetime import date
from uuid import UUID

from django.db.models import Count, Q

from apps.orders.models import Discrepancy, ForeignOrder, GatewayState, Intent, StreamPosition
from apps.orders.selectors.types import BrokerConnectionStatus, DiscrepancyView, ForeignOrderView

_IntentCounts = dict[UUID, tuple[int, int]]


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
