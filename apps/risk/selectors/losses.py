"""Profit and drawdown through time, and the breaches and alerts of a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Sum

from apps.eventlog import selectors as eventlog
from apps.eventlog.selectors import LoggedEvent
from apps.risk.models import EquityPoint, LimitAlert
from qts.domain.errors import RuleCode
from qts.domain.events import LimitBreached
from qts.domain.market import to_vietnam
from qts.domain.risk import RULES, Unit

POINTS_MAX = 600
BREACHES_MAX = 20
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


@dataclass(frozen=True, slots=True)
class BreachView:
    """A limit that an order, or the account by itself, went over; `actor` is "kind:id" of who did or noticed it."""

    id: int
    account_id: UUID
    code: RuleCode
    limit: int
    actual: int
    unit: Unit
    help_vi: str
    help_en: str
    actor: str
    at: datetime


def breaches(account_ids: Collection[UUID], day: date) -> list[BreachView]:
    """The latest of a day, newest first."""
    wanted = {str(account_id) for account_id in account_ids}
    key = next(iter(wanted)) if len(wanted) == 1 else ""
    told = eventlog.history(topic=LimitBreached.topic, key=key, limit=BREACHES_MAX)
    return [_breach(event) for event in told if event.key in wanted and to_vietnam(event.occurred_at).date() == day]


def _breach(event: LoggedEvent) -> BreachView:
    code = RuleCode(event.body["code"])
    rule = RULES[code]
    return BreachView(
        id=event.id,
        account_id=UUID(event.key),
        code=code,
        limit=event.body["limit"],
        actual=event.body["actual"],
        unit=rule.unit,
        help_vi=rule.help_vi,
        help_en=rule.help_en,
        actor=event.actor,
        at=event.occurred_at,
    )
