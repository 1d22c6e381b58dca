"""Reading indicator values and patterns."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from apps.analytics.models import DetectedPattern, IndicatorSnapshot

HISTORY_MAX = 5_000


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """Indicator values (decimal text by name) of one symbol after the minute that began at `starts_at`."""

    symbol: str
    starts_at: datetime
    values: Mapping[str, str]
    wal_position: str


_FIELDS = ("symbol", "starts_at", "values", "wal_position")


def latest_indicators(symbols: Sequence[str]) -> dict[str, IndicatorView]:
    """The newest values of each symbol in one query; a symbol without any is left out."""
    rows = IndicatorSnapshot.objects.filter(symbol__in=symbols).order_by("symbol", "-starts_at").distinct("symbol")
    return {row[0]: IndicatorView(*row) for row in rows.values_list(*_FIELDS)}


def indicators_at(symbol: str, starts_at: datetime) -> IndicatorView | None:
    """The values after the bar that began at `starts_at`."""
    row = IndicatorSnapshot.objects.filter(symbol=symbol, starts_at=starts_at).values_list(*_FIELDS).first()
    return IndicatorView(*row) if row else None


def indicator_history(
    symbol: str, *, since: datetime | None = None, until: datetime | None = None, limit: int = 500
) -> list[IndicatorView]:
    """The latest `limit` values with since <= start < until, oldest first."""
    rows = IndicatorSnapshot.objects.filter(symbol=symbol)
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    newest = rows.order_by("-starts_at").values_list(*_FIELDS)[: min(limit, HISTORY_MAX)]
    return [IndicatorView(*row) for row in reversed(newest)]


Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class PatternView:
    """`direction` is 1 where it speaks for higher prices; `points` are (start of the bar in ms, price) in order."""

    id: int
    symbol: str
    timeframe: str
    pattern: str
    direction: int
    confirmed_at: datetime
    level_vnd: int
    target_vnd: int | None
    strength_percent: int
    points: tuple[tuple[int, int], ...]
    wal_position: str

    @property
    def position(self) -> Position:
        """Where it stands in the list: what `before` asks for."""
        return self.confirmed_at, self.id


def patterns(
    *,
    symbols: Collection[str] | None = None,
    names: Collection[str] = (),
    timeframe: str = "",
    direction: int = 0,
    since: datetime | None = None,
    until: datetime | None = None,
    before: Position | None = None,
    limit: int = 100,
) -> list[PatternView]:
    """Newest first, since <= confirmed < until; what is not asked for is not looked at. No symbols means none."""
    rows = DetectedPattern.objects.all()
    if symbols is not None:
        rows = rows.filter(symbol__in=symbols)
    if names:
        rows = rows.filter(pattern__in=names)
    if timeframe:
        rows = rows.filter(timeframe=timeframe)
    if direction:
        rows = rows.filter(direction=direction)
    if since is not None:
        rows = rows.filter(confirmed_at__gte=since)
    if until is not None:
        rows = rows.filter(confirmed_at__lt=until)
    if before is not None:
        rows = rows.filter(Q(confirmed_at__lt=before[0]) | Q(confirmed_at=before[0], id__lt=before[1]))
    newest = rows.order_by("-confirmed_at", "-id")[: min(limit, HISTORY_MAX)]
    return [
        PatternView(
            **{name: getattr(row, name) for name in PatternView.__dataclass_fields__ if name != "points"},
            points=tuple((ts_ms, price_vnd) for ts_ms, price_vnd in row.points),
        )
        for row in newest
    ]
