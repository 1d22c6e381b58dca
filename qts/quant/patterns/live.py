"""All patterns of one symbol as its minutes close, on every length of bar."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from qts.domain.market import MINUTE_MS, BarWidener, TimedBar, Timeframe, WideBar
from qts.quant.patterns.candles import CANDLES_ENOUGH, COMMONPLACE, candle_patterns
from qts.quant.patterns.chart import ChartScanner, Pattern

# A minute's candle of this market is one or two ticks tall: on recorded days each of them completes a pattern.
CANDLE_TIMEFRAMES: Final = frozenset({Timeframe.QUARTER, Timeframe.HOUR, Timeframe.DAY})


class Seen(NamedTuple):
    """`ts_confirmed_ms` is the end of the bar that confirms it: nobody could know before."""

    timeframe: Timeframe
    ts_confirmed_ms: int
    pattern: Pattern


class PatternWatch:
    """Fed closed minutes, oldest first. `wide` are bars of wider timeframes before the first of them, oldest first; the
    minutes begin where a window of each of those timeframes begins."""

    def __init__(self, wide: Mapping[Timeframe, Iterable[TimedBar]] | None = None) -> None:
        self._frames: Final = [_Frame(timeframe) for timeframe in Timeframe]
        for frame in self._frames:
            for bar in (wide or {}).get(frame.timeframe, ()):
                frame.take(bar, 0, tells=False)

    def update(self, bar: TimedBar, *, tells: bool = True) -> list[Seen]:
        """What this minute confirms, and the windows that it shows to be over; `tells=False` only remembers."""
        return [seen for frame in self._frames for seen in frame.update(bar, tells=tells)]

    def close_until(self, ts_ms: int) -> list[Seen]:
        """What the windows that ended by this moment of the market's time confirm, whether or not a minute followed."""
        return [seen for frame in self._frames for seen in frame.close_until(ts_ms)]


class _Frame:
    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe: Final = timeframe
        self._widener = None if timeframe is Timeframe.MINUTE else BarWidener(timeframe)
        self._scanner = ChartScanner()
        self._rows: deque[tuple[int, int, int, int, int]] = deque(maxlen=CANDLES_ENOUGH)

    def update(self, bar: TimedBar, *, tells: bool) -> list[Seen]:
        if self._widener is None:
            return self.take(bar, bar.ts_start_ms + MINUTE_MS, tells=tells)
        return [seen for one in self._widener.add(bar) for seen in self.take(one, one.ts_end_ms, tells=tells)]

    def close_until(self, ts_ms: int) -> list[Seen]:
        closed: WideBar | None = None if self._widener is None else self._widener.close_until(ts_ms)
        return [] if closed is None else self.take(closed, closed.ts_end_ms, tells=True)

    def take(self, bar: TimedBar, ends_ms: int, *, tells: bool) -> list[Seen]:
        found = self._scanner.update(
            bar.ts_start_ms, float(bar.high_vnd), float(bar.low_vnd), float(bar.close_vnd), float(bar.volume)
        )
        if self.timeframe in CANDLE_TIMEFRAMES:
            self._rows.append((bar.ts_start_ms, bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd))
            if tells:
                found = found + self._candles()
        return [Seen(self.timeframe, ends_ms, one) for one in found] if tells else []

    def _candles(self) -> list[Pattern]:
        starts, *prices = np.array(self._rows, dtype=np.int64).T
        found = candle_patterns(starts, prices, since=len(self._rows) - 1)
        return [one for one in found if one.name not in COMMONPLACE]
