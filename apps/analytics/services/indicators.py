"""Indicators on every closed bar."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apps.analytics.models import IndicatorSnapshot
from apps.marketdata import selectors as marketdata
from qts.adapters.bus import publish_events
from qts.domain.events import BarClosed, IndicatorCalculated
from qts.domain.market import MINUTE_MS, TimedBar, Timeframe, window_of
from qts.domain.ports import Bus
from qts.quant.indicators import STANDARD_NAMES, IndicatorSet, parse_indicator, warm_up_bars

BarsBefore = Callable[[str, datetime, int], Sequence[TimedBar]]
WideBarsBefore = Callable[[str, Timeframe, datetime, int], Sequence[TimedBar]]


@dataclass(slots=True)
class _Track:
    """One symbol: its indicators after the bar that began at `ts_start_ms`, and before it."""

    ts_start_ms: int
    before: IndicatorSet
    after: IndicatorSet

    def covers(self, names: Sequence[str]) -> bool:
        return set(names) <= set(self.after.names)


def stored_bars_before(symbol: str, starts_at: datetime, limit: int) -> Sequence[TimedBar]:
    """The latest `limit` stored bars that began before `starts_at`, oldest first."""
    return marketdata.bars(symbol, until=starts_at, limit=limit)


def stored_wide_bars_before(symbol: str, timeframe: Timeframe, starts_at: datetime, limit: int) -> Sequence[TimedBar]:
    """The latest `limit` bars of that length, made of what is stored, that began before `starts_at`, oldest first."""
    return marketdata.wide_bars(symbol, timeframe, until=starts_at, limit=limit)


class IndicatorEngine:
    """Keeps the standard indicators of every symbol, and those that are asked for. A symbol is warmed from the stored
    bars when its first bar comes.

    A bar that is given again, or given out anew because a late match corrected it, replaces its former self. A bar
    older than that gets the values of its own time and changes nothing. After minutes without a bar, and when more is
    asked for, the symbol is warmed anew: another worker may have seen bars in between. One engine serves one thread.
    """

    def __init__(
        self,
        bars_before: BarsBefore = stored_bars_before,
        wide_bars_before: WideBarsBefore = stored_wide_bars_before,
    ) -> None:
        self._bars_before = bars_before
        self._wide_bars_before = wide_bars_before
        self._tracks: dict[str, _Track] = {}
        self._asked: Mapping[str, tuple[str, ...]] = {}

    def follow(self, asked: Mapping[str, Iterable[str]]) -> None:
        """From the next bar of each symbol on, these indicators too, by symbol; they replace what was asked before.

        Raises IndicatorUnknown for a name that means nothing.
        """
        wanted = {symbol: tuple(dict.fromkeys([*STANDARD_NAMES, *names])) for symbol, names in asked.items()}
        for name in {name for names in wanted.values() for name in names}:
            parse_indicator(name)
        self._asked = wanted

    def on_bar(self, bar: BarClosed) -> IndicatorCalculated:
        """No query for the minute that follows the last one; for any other one, and one for each wider timeframe."""
        names = self._asked.get(bar.symbol, STANDARD_NAMES)
        track = self._tracks.get(bar.symbol)
        known = track if track is not None and track.covers(names) else None
        if known is not None and bar.ts_start_ms == known.ts_start_ms + MINUTE_MS:
            before = known.after
        elif known is not None and bar.ts_start_ms == known.ts_start_ms:
            before = known.before
        else:
            before = self._warmed(bar, names)
        after = before.copy()
        after.update(bar)
        if track is None or bar.ts_start_ms >= track.ts_start_ms:
            self._tracks[bar.symbol] = _Track(bar.ts_start_ms, before, after)
        return IndicatorCalculated(
            symbol=bar.symbol,
            ts_start_ms=bar.ts_start_ms,
            values={name: format(value, ".12g") for name, value in after.values().items()},
            wal_position=bar.wal_position,
        )

    def _warmed(self, bar: BarClosed, names: Sequence[str]) -> IndicatorSet:
        """As it was before this bar."""
        asked: dict[Timeframe | None, list[str]] = {None: []}
        for name in names:
            asked.setdefault(parse_indicator(name).timeframe, []).append(name)
        minutes = self._bars_before(bar.symbol, _moment(bar.ts_start_ms), warm_up_bars(asked.pop(None)))
        last_ms = minutes[-1].ts_start_ms if minutes else bar.ts_start_ms
        wide = {
            timeframe: self._wide_bars_before(
                bar.symbol, timeframe, _moment(window_of(timeframe, last_ms)[0]), warm_up_bars(group)
            )
            for timeframe, group in asked.items()
            if timeframe is not None
        }
        return IndicatorSet(names, minutes, wide)

    def values(self, symbol: str) -> Mapping[str, float]:
        """After the latest bar that was given; empty before the first."""
        track = self._tracks.get(symbol)
        return track.after.values() if track else {}

    def values_before(self, symbol: str) -> Mapping[str, float]:
        """After the bar before the latest one."""
        track = self._tracks.get(symbol)
        return track.before.values() if track else {}


def record_indicators(calculated: Sequence[IndicatorCalculated], *, bus: Bus) -> None:
    """Store a batch in one statement and publish it. Safe to repeat: a symbol's minute is kept once, the last wins."""
    rows = {
        (event.symbol, event.ts_start_ms): IndicatorSnapshot(
            symbol=event.symbol,
            starts_at=_moment(event.ts_start_ms),
            values=event.values,
            wal_position=event.wal_position,
        )
        for event in calculated
    }
    IndicatorSnapshot.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["symbol", "starts_at"],
        update_fields=["values", "wal_position"],
    )
    publish_events(bus, calculated)


def prune_indicators(*, before: datetime) -> int:
    """Drop the values of bars that began before that moment; returns how many."""
    deleted, _ = IndicatorSnapshot.objects.filter(starts_at__lt=before).delete()
    return deleted


def _moment(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, tz=UTC)
