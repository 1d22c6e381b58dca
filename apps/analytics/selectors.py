"""Reading indicator values, patterns, and what other programs have published."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite

import numpy as np
from django.db.models import Q

from apps.analytics.models import DetectedPattern, IndicatorSnapshot, SourceSignal
from apps.marketdata.selectors import bars_of_length
from qts.domain.market import Timeframe, window_of
from qts.domain.strategy import PublishedSignal
from qts.quant.indicators import COLUMNS, batch_values, lies_on_prices, warm_up_bars

HISTORY_MAX = 5_000
SIGNALS_MAX = 20_000
VALID_S_MAX = 30 * 86_400


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


@dataclass(frozen=True, slots=True)
class IndicatorSeries:
    """One indicator over the stored bars: (start of the bar in ms, value), from where there is enough history on.

    `is_price`: its values are VND, to be drawn among the candles.
    """

    name: str
    is_price: bool
    points: tuple[tuple[int, float], ...]


def indicator_series(
    symbol: str, names: Sequence[str], timeframe: Timeframe, *, now: datetime, limit: int
) -> list[IndicatorSeries]:
    """Over the latest `limit` bars of that length, the one that is open at `now` included as far as it is stored.

    Raises IndicatorUnknown for a name that means nothing.
    """
    first_after = datetime.fromtimestamp(window_of(timeframe, round(now.timestamp() * 1_000))[1] / 1_000, tz=UTC)
    plain = [name.partition("@")[0] for name in names]
    found = bars_of_length(symbol, timeframe, until=first_after, limit=limit + warm_up_bars(plain))
    rows = [(bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd, bar.volume) for bar in found]
    starts = [bar.ts_start_ms for bar in found]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    values = batch_values(names, columns, np.array(starts, dtype=np.int64), timeframe.length_ms)
    return [
        IndicatorSeries(
            name,
            lies_on_prices(name),
            tuple((at, float(value)) for at, value in zip(starts, values[name], strict=True) if isfinite(value))[
                -limit:
            ],
        )
        for name in names
    ]


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


def standing_signals(symbols: Collection[str], now: datetime) -> list[PublishedSignal]:
    """What a board knew by now if it had never been off, oldest first; the latest SIGNALS_MAX of them.

    Also those that are over: an earlier one that still holds does not come back after them.
    """
    rows = SourceSignal.objects.filter(
        symbol__in=list(symbols), known_at__gte=now - timedelta(seconds=VALID_S_MAX), known_at__lte=now
    )
    return [_published(row) for row in reversed(rows.order_by("-known_at", "-id")[:SIGNALS_MAX])]


def latest_signals(symbol: str, source: str, now: datetime, *, limit: int) -> list[PublishedSignal]:
    """What was published about a symbol by now, newest first."""
    rows = SourceSignal.objects.filter(symbol=symbol, source=source, known_at__lte=now)
    return [_published(row) for row in rows.order_by("-known_at", "-id")[:limit]]


def recorded_signals(symbols: Collection[str], since: datetime, until: datetime) -> list[PublishedSignal]:
    """All that became known, since <= known < until, oldest first: what a backtest is fed with.

    Raises ValueError for more than SIGNALS_MAX."""
    rows = SourceSignal.objects.filter(symbol__in=list(symbols), known_at__gte=since, known_at__lt=until)
    found = [_published(row) for row in rows.order_by("known_at", "id")[: SIGNALS_MAX + 1]]
    if len(found) > SIGNALS_MAX:
        raise ValueError(f"there are more than {SIGNALS_MAX:,} signals: take fewer symbols or days")
    return found


def _published(row: SourceSignal) -> PublishedSignal:
    return PublishedSignal(
        signal_id=row.public_id,
        source=row.source,
        symbol=row.symbol,
        name=row.name,
        direction=row.direction,
        strength_percent=row.strength_percent,
        value=float(row.value),
        ts_made_ms=round(row.made_at.timestamp() * 1_000),
        ts_known_ms=round(row.known_at.timestamp() * 1_000),
        valid_s=row.valid_s,
        reason=row.reason,
    )
