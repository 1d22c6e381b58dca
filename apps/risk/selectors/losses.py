"""Profit and drawdown through time, and the breaches and alerts of a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Sum

from apps.risk.models import EquityPoint, LimitAlert

POINTS_MAX = 600
BPS = 10_000


@dataclass(frozen=True, slots=True)
class EquityMoment:
    """`drawdown_bps` is how far the equity lies under the highest one until then, of this history."""

    at: datetime
    equity_vnd: int
    day_pnl_vnd: int
    drawdown_bps: int


@dataclass(frozen=True, slots=True)
class AlertView:
    account_id: UUID
    code: str
    level_percent: int
    limit: int
    actual: int
    raised_at: datetime


def equity_history(account_ids: Collection[UUID], *, since: datetime) -> list[EquityMoment]:
    """The minutes in which every one of the accounts was valued, oldest first, thinned to a screen's width."""
    rows = (
        EquityPoint.objects.filter(account_id__in=account_ids, at__gte=since)
        .order_by("at")
        .values_list("at")
        .annotate(Sum("equity_vnd"), Sum("day_pnl_vnd"), Count("account_id"))
    )
    peak = 0
    moments = []
    for at, equity, day_pnl, count in rows:
        if count < len(account_ids):
            continue
        peak = max(peak, equity)
        moments.append(EquityMoment(at, equity, day_pnl, (peak - equity) * BPS // peak if peak > 0 else 0))
    step = -(-len(moments) // POINTS_MAX) or 1
    return moments[::-1][::step][::-1]  # thinned from the newest, which stays


def alerts(account_ids: Collection[UUID], day: date) -> list[AlertView]:
    """Newest first."""
    rows = LimitAlert.objects.filter(account_id__in=account_ids, trading_day=day).order_by("-raised_at", "-id")
    return [
        AlertView(row.account_id, row.code, row.level_percent, row.limit, row.actual, row.raised_at) for row in rows
    ]
