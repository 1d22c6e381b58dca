"""How far a day's master data has come, what each load found different, and which securities were not told."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Count, Max, Q, Sum

from apps.marketdata.models import (
    HistoryBackfill,
    IndexMember,
    MarketIndex,
    MasterDataChange,
    MasterDataLoad,
    MasterDataPart,
    Security,
)

Kind = MasterDataPart.Kind
_REFUSED = Count("id", filter=~Q(refusal=""))


@dataclass(frozen=True, slots=True)
class LoadStep:
    """`total` is what is known to be asked by now; `found` are the differences, or the days that came."""

    kind: str
    answered: int
    total: int
    found: int
    refused: int


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """`finished_at` is None until the day's load is whole, `last_at` until the broker has answered something."""

    day: date
    steps: tuple[LoadStep, ...]
    last_at: datetime | None
    finished_at: datetime | None

    @property
    def answered(self) -> int:
        return sum(step.answered for step in self.steps)

    @property
    def total(self) -> int:
        return sum(step.total for step in self.steps)


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """Of one kind of history: how many symbols were begun, the days of the one that is behind most, and refusals."""

    kind: str
    symbols: int
    least_from: date
    bars: int
    refused: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class MasterChange:
    trading_day: date
    subject: str
    field: str
    before: str
    after: str
    changed_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class IndexView:
    """`updated_at` is when the index itself last changed, not its members."""

    code: str
    name: str
    exchange: str
    member_count: int
    updated_at: datetime


def takes_orders(told_on: date | None, day: date) -> bool:
    """Whether its master data lets a security trade on that day; every one's does where arming is not asked for."""
    return told_on == day or not settings.ARMING_IS_NEEDED


def unarmed_symbols(day: date) -> list[str]:
    """Of the listed securities those that take no order, in order. One query."""
    if not settings.ARMING_IS_NEEDED:
        return []
    rows = Security.objects.filter(is_active=True).exclude(told_on=day)
    return list(rows.order_by("symbol").values_list("symbol", flat=True))


def load_progress(day: date) -> LoadProgress:
    """Four queries, whatever is listed."""
    rows = MasterDataPart.objects.filter(trading_day=day)
    figures = {"answers": Count("id"), "differences": Sum("found"), "refusals": _REFUSED}
    counted = rows.values_list("kind").annotate(**figures).order_by("kind")
    told = {Kind(kind): figures for kind, *figures in counted}
    finished_at = MasterDataLoad.objects.filter(trading_day=day).values_list("finished_at", flat=True).first()
    answered = {kind: told[kind][0] if kind in told else 0 for kind in Kind}
    totals = answered if finished_at else _totals()
    steps = [LoadStep(kind, answered[kind], totals[kind], *told.get(kind, (0, 0, 0))[1:]) for kind in Kind]
    last_at = rows.aggregate(newest=Max("answered_at"))["newest"]
    return LoadProgress(day, tuple(steps), last_at, finished_at)


def _totals() -> dict[MasterDataPart.Kind, int]:
    """Of a load under way. A finished one asked what it asked: a symbol whose days are all there is not asked for."""
    members = MarketIndex.objects.filter(is_active=True).count()
    days = Security.objects.filter(is_active=True).count()
    return {Kind.SECURITIES: 1, Kind.INDICES: 1, Kind.MEMBERS: members, Kind.DAYS: days}


def backfill_progress() -> list[BackfillProgress]:
    """Of each kind that was begun."""
    figures = {"symbols": Count("id"), "least_from": Max("done_from"), "bars": Sum("bar_count"), "refused": _REFUSED}
    told = HistoryBackfill.objects.values_list("kind").annotate(**figures, newest=Max("asked_at")).order_by("kind")
    return [BackfillProgress(*row) for row in told]


def master_changes(*, day: date | None = None, subject: str = "", limit: int) -> list[MasterChange]:
    """The newest first."""
    rows = MasterDataChange.objects.all()
    if day is not None:
        rows = rows.filter(trading_day=day)
    if subject:
        rows = rows.filter(subject=subject)
    newest = rows.order_by("-recorded_at", "-id").values_list(*MasterChange.__dataclass_fields__)[:limit]
    return [MasterChange(*row) for row in newest]


def master_loads(*, limit: int) -> list[tuple[date, datetime, int, int]]:
    """Day, moment, securities and how many of them differed; the newest first. One that came to no end is not among
    them."""
    rows = MasterDataLoad.objects.order_by("-trading_day")
    return list(rows.values_list("trading_day", "finished_at", "securities", "changed")[:limit])


def index_views() -> list[IndexView]:
    """The listed ones, by code."""
    rows = MarketIndex.objects.filter(is_active=True).annotate(member_count=Count("members")).order_by("code")
    return [IndexView(*row) for row in rows.values_list(*IndexView.__dataclass_fields__)]


def indices_by_symbol() -> dict[str, list[str]]:
    """The codes of the listed indices that hold each symbol, in order. One query."""
    found: dict[str, list[str]] = {}
    rows = IndexMember.objects.filter(index__is_active=True).order_by("symbol", "index_id")
    for symbol, code in rows.values_list("symbol", "index_id"):
        found.setdefault(symbol, []).append(code)
    return found
