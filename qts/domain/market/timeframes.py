"""Bars wider than a minute: which window of the trading day a bar belongs to, and when the window is over.

Windows lie on the clock of Ho Chi Minh City (09:15, 09:30 ...). The lunch break cuts the one that it falls into, so
that none holds matches of before and after it. Integers only, no clock: a window is over with its last minute's bar or,
where that minute had no match, with the first bar of a later one, so nothing is known before its time.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol, Self

from qts.domain.market.bars import MINUTE_MS

DAY_MS: Final = 1_440 * MINUTE_MS
VIETNAM_AHEAD_MS: Final = 420 * MINUTE_MS  # no daylight saving since 1975
LUNCH_MS: Final = (11 * 60 + 30) * MINUTE_MS  # of the day; all exchanges
DAY_OVER_MS: Final = (15 * 60 + 1) * MINUTE_MS  # the last matches, of UPCOM and after hours, bear 15:00 at the latest


class Timeframe(StrEnum):
    """The lengths of bars that indicators and patterns are told of; the value is what stands behind the @ of a name."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "60m"
    DAY = "1d"

    @property
    def length_ms(self) -> int:
        return DAY_MS if self is Timeframe.DAY else int(self.value[:-1]) * MINUTE_MS


class TimedBar(Protocol):
    """A bar that knows when it began; prices in VND."""

    @property
    def ts_start_ms(self) -> int: ...
    @property
    def open_vnd(self) -> int: ...
    @property
    def high_vnd(self) -> int: ...
    @property
    def low_vnd(self) -> int: ...
    @property
    def close_vnd(self) -> int: ...
    @property
    def volume(self) -> int: ...


@dataclass(slots=True)
class WideBar:
    """What matched from `ts_start_ms` until just before `ts_end_ms`."""

    ts_start_ms: int
    ts_end_ms: int
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int

    def add(self, bar: TimedBar) -> None:
        self.high_vnd = max(self.high_vnd, bar.high_vnd)
        self.low_vnd = min(self.low_vnd, bar.low_vnd)
        self.close_vnd = bar.close_vnd
        self.volume += bar.volume


def window_of(timeframe: Timeframe, ts_ms: int) -> tuple[int, int]:
    """(start, end) of the window that holds this moment. A day ends at 15:01, and a moment after it lies outside."""
    of_day_ms = (ts_ms + VIETNAM_AHEAD_MS) % DAY_MS
    midnight_ms = ts_ms - of_day_ms
    if timeframe is Timeframe.DAY:
        return midnight_ms, midnight_ms + DAY_OVER_MS
    start_ms = of_day_ms - of_day_ms % timeframe.length_ms
    end_ms = start_ms + timeframe.length_ms
    if of_day_ms < LUNCH_MS < end_ms:
        end_ms = LUNCH_MS
    elif start_ms < LUNCH_MS <= of_day_ms:  # a match that bears the very end of the morning
        start_ms = LUNCH_MS
    return midnight_ms + start_ms, midnight_ms + end_ms


class BarWidener:
    """Bars of one symbol in order of time into wider ones; `bar_ms` is how long those that come in are.

    A bar of a window that is over already, and one after the day's end, changes nothing.
    """

    def __init__(self, timeframe: Timeframe, bar_ms: int = MINUTE_MS) -> None:
        self.timeframe: Final = timeframe
        self._bar_ms: Final = bar_ms
        self._open: WideBar | None = None
        self._over_until_ms = 0

    def add(self, bar: TimedBar) -> list[WideBar]:
        """The windows that this bar shows to be over, oldest first: none, the one before, its own, or both."""
        start_ms, end_ms = window_of(self.timeframe, bar.ts_start_ms)
        closed = []
        if self._open is not None and start_ms > self._open.ts_start_ms:
            closed.append(self._close(self._open))
        if bar.ts_start_ms < end_ms and bar.ts_start_ms >= self._over_until_ms:
            self._take(bar, start_ms, end_ms)
        if self._open is not None and bar.ts_start_ms + self._bar_ms >= self._open.ts_end_ms:
            closed.append(self._close(self._open))
        return closed

    def close_until(self, ts_ms: int) -> WideBar | None:
        """The open window, if it ended at or before this moment of the market's time."""
        if self._open is None or self._open.ts_end_ms > ts_ms:
            return None
        return self._close(self._open)

    def copy(self) -> Self:
        twin = type(self)(self.timeframe, self._bar_ms)
        twin._open = None if self._open is None else replace(self._open)
        twin._over_until_ms = self._over_until_ms
        return twin

    def _take(self, bar: TimedBar, start_ms: int, end_ms: int) -> None:
        if self._open is not None:
            if self._open.ts_start_ms == start_ms:
                self._open.add(bar)
            return
        prices = (bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd)
        self._open = WideBar(start_ms, end_ms, *prices, bar.volume)

    def _close(self, bar: WideBar) -> WideBar:
        self._open = None
        self._over_until_ms = bar.ts_end_ms
        return bar
