"""What was in doubt and what came of it; what differs from the broker, with both versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.orders.models import Discrepancy, Intent
from apps.orders.selectors.orders import order_view
from apps.orders.selectors.types import OrderView


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """One request to the broker of which it was once not known whether it arrived; wall-clock times. `outcome` is the
    intent's state, UNKNOWN while nobody knows."""

    order: OrderView
    kind: str
    request_id: str
    doubt: str
    doubted_at_wall: datetime
    outcome: str
    evidence: str
    settled_at_wall: datetime | None

    @property
    def is_open(self) -> bool:
        return self.outcome == Intent.State.UNKNOWN

    @property
    def seconds(self) -> float | None:
        if self.settled_at_wall is None or self.is_open:
            return None
        return max(0.0, (self.settled_at_wall - self.doubted_at_wall).total_seconds())


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """`order` is ours as it is now, `broker_report` the broker's last word on it; None where it is about no order."""

    id: int
    connection_id: UUID
    kind: str
    subject: str
    detail: str
    noticed_at: datetime
    resolved_at: datetime | None
    resolved_by: str
    resolution: str
    order: OrderView | None
    broker_report: dict[str, Any] | None


def outcomes(*, open_only: bool = False, limit: int = 200) -> list[OutcomeView]:
    """What nobody knows yet first, then the newest."""
    rows = Intent.objects.select_related("order").filter(doubted_at__isnull=False)
    if open_only:
        rows = rows.filter(state=Intent.State.UNKNOWN)
    views = [_outcome(row) for row in rows.order_by("-doubted_at")[:limit]]
    return sorted(views, key=lambda view: not view.is_open)


def differences(*, resolved: bool = False, limit: int = 200) -> list[DifferenceView]:
    """The newest first."""
    rows = Discrepancy.objects.select_related("order").filter(resolved_at__isnull=not resolved)
    return [_difference(row) for row in rows.order_by("-id")[:limit]]


def difference(discrepancy_id: int) -> DifferenceView | None:
    row = Discrepancy.objects.select_related("order").filter(id=discrepancy_id).first()
    return None if row is None else _difference(row)


def _outcome(row: Intent) -> OutcomeView:
    if row.doubted_at is None:
        raise ValueError(f"{row} was never in doubt")
    return OutcomeView(
        order=order_view(row.order),
        kind=row.kind,
        request_id=row.request_id,
        doubt=row.doubt,
        doubted_at_wall=row.doubted_at,
        outcome=row.state,
        evidence=row.evidence,
        settled_at_wall=row.answered_at,
    )


def _difference(row: Discrepancy) -> DifferenceView:
    return DifferenceView(
        id=row.id,
        connection_id=row.connection_id,
        kind=row.kind,
        subject=row.subject,
        detail=row.detail,
        noticed_at=row.noticed_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        resolution=row.resolution,
        order=order_view(row.order) if row.order else None,
        broker_report=row.order.broker_report if row.order else None,
    )
