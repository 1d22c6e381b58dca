"""Patterns on every closed bar of every symbol.

The desk reads the closed minutes by itself, beside what serves the strategies, and acknowledges them when what they
confirm is stored. A symbol is warmed from the stored bars before it is followed, a few at a time, so that strategies do
not wait for it; what its bars confirmed today is told then, and what is known already changes nothing. So a crash, a
restart or a gap in the bus loses no pattern of the day.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from apps.analytics.models import DetectedPattern
from apps.marketdata import selectors as marketdata
from qts.adapters.bus import decode, publish_events
from qts.domain.events import BarClosed, PatternDetected
from qts.domain.market import MINUTE_MS, TimedBar, Timeframe, window_of
from qts.domain.ports import Bus
from qts.quant.patterns import PatternWatch, Seen

GROUP: Final = "patterns"  # of the bus; one consumer, since its owner holds a lease
BATCH_MAX: Final = 25  # 10 ms of work where all of them end a quarter of an hour: strategies wait as long
WARM_UP_S: Final = 0.02  # of each turn, for symbols that are new
MINUTES_BEFORE: Final = 500
WIDE_BEFORE: Final = {
    Timeframe.FIVE_MINUTES: 300,
    Timeframe.QUARTER: 300,
    Timeframe.HOUR: 100,
    Timeframe.DAY: 120,
}
# So long after its end a window is over though no bar has followed: a minute's bar is stored half a second after it,
# and the market's clock may run sixty times as fast as ours.
LATE_MS: Final = 2 * MINUTE_MS

Key = tuple[str, str, str, int, int]


@dataclass(slots=True)
class _Track:
    """One symbol, after the bar that began at `ts_start_ms`; windows are closed up to `closed_ms`."""

    watch: PatternWatch
    ts_start_ms: int = -1
    closed_ms: int = 0
    prices: tuple[int, ...] = ()
    wal_position: str = ""

    def take(self, symbol: str, bar: marketdata.Bar | BarClosed, *, tells: bool = True) -> list[PatternDetected]:
        before = self.wal_position
        self.ts_start_ms, self.prices, self.wal_position = bar.ts_start_ms, _prices(bar), bar.wal_position
        return [
            _detected(symbol, seen, before if seen.ts_confirmed_ms <= bar.ts_start_ms else bar.wal_position)
            for seen in self.watch.update(bar, tells=tells)
        ]

    def close_until(self, symbol: str, ts_ms: int) -> list[PatternDetected]:
        self.closed_ms = ts_ms
        return [_detected(symbol, seen, self.wal_position) for seen in self.watch.close_until(ts_ms)]


class PatternDesk:
    """One thread's."""

    def __init__(self, clock: Callable[[], datetime] = marketdata.market_now) -> None:
        self._clock = clock
        self._tracks: dict[str, _Track] = {}
        self._strangers: dict[str, None] = {}  # in the order in which they came
        self._minute_ms = 0
        self._has_more = False

    @property
    def is_behind(self) -> bool:
        """Whether another turn is due at once."""
        return self._has_more or bool(self._strangers)

    def turn(self, bus: Bus) -> int:
        """Take what has come, without waiting for more; returns how many patterns were new."""
        deliveries = bus.consume([BarClosed.topic], group=GROUP, consumer=GROUP, count=BATCH_MAX, block_ms=0)
        events = [decode(one.topic, one.body) for one in deliveries]
        found = [one for event in events if isinstance(event, BarClosed) for one in self.on_bar(event)]
        self._has_more = len(deliveries) == BATCH_MAX
        if not self._has_more:  # behind a backlog no window is over
            found += self.on_clock()
            found += self.warm_up(WARM_UP_S)
        new = record_patterns(found, bus=bus) if found else 0
        bus.acknowledge(GROUP, deliveries)
        return new

    def on_bar(self, bar: BarClosed) -> list[PatternDetected]:
        """What it confirms; nothing yet for a symbol that is not warm. A bar given again changes nothing, one that was
        corrected or that comes after its window was closed makes its symbol start again from the stored bars."""
        track = self._tracks.get(bar.symbol)
        if track is None:
            self._strangers[bar.symbol] = None
            return []
        if bar.ts_start_ms <= track.ts_start_ms:
            if bar.ts_start_ms == track.ts_start_ms and _prices(bar) != track.prices:
                self._forget(bar.symbol)
            return []
        if bar.ts_start_ms < track.closed_ms:
            self._forget(bar.symbol)
            return []
        found = []
        if bar.ts_start_ms > track.ts_start_ms + MINUTE_MS:
            missing = marketdata.bars(
                bar.symbol, since=_moment(track.ts_start_ms + MINUTE_MS), until=_moment(bar.ts_start_ms)
            )
            found = [one for minute in missing for one in track.take(bar.symbol, minute)]
        return found + track.take(bar.symbol, bar)

    def on_clock(self) -> list[PatternDetected]:
        """Once a minute of the market's: windows that no bar has followed."""
        until_ms = _ms(self._clock()) - LATE_MS
        if until_ms // MINUTE_MS == self._minute_ms:
            return []
        self._minute_ms = until_ms // MINUTE_MS
        return [one for symbol, track in self._tracks.items() for one in track.close_until(symbol, until_ms)]

    def warm_up(self, seconds_max: float) -> list[PatternDetected]:
        """Some of those that wait; at least one, and then as many as fit into the time."""
        ends = time.monotonic() + seconds_max
        found = []
        while self._strangers:
            symbol = next(iter(self._strangers))
            del self._strangers[symbol]
            found += self._warm(symbol)
            if time.monotonic() >= ends:
                break
        return found

    def _warm(self, symbol: str) -> list[PatternDetected]:
        now = self._clock()
        minutes = marketdata.bars(symbol, until=now, limit=MINUTES_BEFORE)
        if len(minutes) == MINUTES_BEFORE:  # the first day is not whole
            first_day_ms = _day_ms(minutes[0])
            minutes = [one for one in minutes if _day_ms(one) != first_day_ms] or minutes
        if not minutes:
            return []
        since = _moment(_day_ms(minutes[0]))
        wide = {
            timeframe: marketdata.wide_bars(symbol, timeframe, until=since, limit=limit)
            for timeframe, limit in WIDE_BEFORE.items()
        }
        today_ms, _ = window_of(Timeframe.DAY, _ms(now))
        track = self._tracks[symbol] = _Track(PatternWatch(wide))
        return [one for minute in minutes for one in track.take(symbol, minute, tells=minute.ts_start_ms >= today_ms)]

    def _forget(self, symbol: str) -> None:
        del self._tracks[symbol]
        self._strangers[symbol] = None


def record_patterns(detected: Sequence[PatternDetected], *, bus: Bus) -> int:
    """Store and publish those that are new; returns how many. Safe to repeat; published at least once."""
    with transaction.atomic():
        known = _known_keys(detected)
        new = {_key(one): one for one in detected if _key(one) not in known}
        DetectedPattern.objects.bulk_create([_row(one) for one in new.values()], ignore_conflicts=True)
        publish_events(bus, list(new.values()))
    return len(new)


def prune_patterns(*, before: datetime) -> int:
    """Drop those that were confirmed before that moment; returns how many."""
    deleted, _ = DetectedPattern.objects.filter(confirmed_at__lt=before).delete()
    return deleted


def _known_keys(detected: Iterable[PatternDetected]) -> set[Key]:
    events = list(detected)
    moments = [one.ts_confirmed_ms for one in events]
    rows = DetectedPattern.objects.filter(
        symbol__in={one.symbol for one in events},
        confirmed_at__gte=_moment(min(moments)),
        confirmed_at__lte=_moment(max(moments)),
    ).values_list("symbol", "timeframe", "pattern", "direction", "confirmed_at")
    return {(*row[:4], _ms(row[4])) for row in rows}


def _key(event: PatternDetected) -> Key:
    return event.symbol, event.timeframe, event.pattern, event.direction, event.ts_confirmed_ms


def _row(event: PatternDetected) -> DetectedPattern:
    return DetectedPattern(
        symbol=event.symbol,
        timeframe=event.timeframe,
        pattern=event.pattern,
        direction=event.direction,
        confirmed_at=_moment(event.ts_confirmed_ms),
        level_vnd=event.level_vnd,
        target_vnd=event.target_vnd or None,
        strength_percent=event.strength_percent,
        points=[list(point) for point in event.points],
        wal_position=event.wal_position,
    )


def _detected(symbol: str, seen: Seen, wal_position: str) -> PatternDetected:
    pattern = seen.pattern
    return PatternDetected(
        symbol=symbol,
        timeframe=seen.timeframe.value,
        pattern=pattern.name,
        direction=pattern.direction,
        ts_confirmed_ms=seen.ts_confirmed_ms,
        level_vnd=round(pattern.level),
        target_vnd=round(pattern.target or 0),
        strength_percent=round(100 * pattern.strength),
        points=tuple((ts_ms, round(price)) for ts_ms, price in pattern.points),
        wal_position=wal_position,
    )


def _prices(bar: TimedBar) -> tuple[int, ...]:
    return bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd, bar.volume


def _day_ms(bar: TimedBar) -> int:
    return window_of(Timeframe.DAY, bar.ts_start_ms)[0]


def _moment(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=ts_ms)


def _ms(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, tz=UTC)) // timedelta(milliseconds=1)
