"""Chart patterns, bar by bar, each told once: at the bar that confirms it.

A bar that cannot be (no price, a high below its low, no number) begins everything anew, and so does a leap of more than
30 % from one close to the next, which no exchange's band allows on an ordinary day: it is a split, an ex-rights day or
wrong data. No pattern reaches across either. A minute without a match is no gap: it has no bar.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from qts.quant.patterns.shapes import (
    CHART_PATTERNS,
    LEVEL,
    SWINGS_KEPT,
    TOUCHES_MIN,
    Forming,
    Level,
    broken_level,
    forming,
    level_at,
)
from qts.quant.patterns.swings import Swing, ZigZag

Floats = NDArray[np.float64]
RANGE_BARS: Final = 14  # of the average true range, whose mean is plain: it forgets what is older
VOLUME_BARS: Final = 20
SWING_RANGES: Final = 3.0  # a swing is at least so many average true ranges
SWING_SHARE_MIN: Final = 0.004  # and so much of the price: less is two ticks and their cost
LEVEL_SHARE: Final = 1 / 6  # of the threshold of a swing: so far from each other touches of a level may be
HEIGHT_RANGES_FULL: Final = 6.0  # a pattern so many average true ranges high is as large as strength counts
VOLUME_FULL: Final = 2.0  # times the average, at the bar that leaves the shape
TOUCHES_FULL: Final = 5
LEAP_MAX: Final = 0.3
SAID: Final = 100.0  # what a pattern's indicator shows at the bar that confirms it, as TA-Lib's candles do


@dataclass(frozen=True, slots=True)
class Pattern:
    """What was found at the bar numbered `place`; `ts_ms` is when that bar began.

    `direction` is 1 where it speaks for higher prices and -1 for lower ones. `level` is the price that it is about, at
    that bar: the neckline, the side of the triangle, the support. `target` is the measured one, None where there is no
    measure. `points` are the (start, price) of the swings that make it, in order, and of the bar that confirms it.

    `strength` of a chart pattern is the plain mean of three numbers from 0 to 1: how alike what has to be alike is
    (1 - difference / the most allowed), how high it is (height / 6 average true ranges), and the volume of the bar that
    leaves it (volume / twice the mean of 20 bars). A level has no such bar; there the third is touches / 5. The three
    are what T. Bulkowski, Encyclopedia of Chart Patterns (2nd ed., 2005), finds to matter in most patterns (symmetry,
    height, breakout volume); their equal weights are our own, and no probability. Of a candle it is TA-Lib's number,
    100 or more is 1.
    """

    name: str
    direction: int
    place: int
    ts_ms: int
    level: float
    target: float | None
    strength: float
    points: tuple[tuple[int, float], ...]


class ChartScanner:
    """Fed one symbol's bars of one length, oldest first."""

    _close: float | None
    _ranges: deque[float]
    _volumes: deque[float]
    _zigzag: ZigZag
    _swings: deque[Swing]
    _forming: list[Forming]  # of the newest swing
    _levels: dict[int, Forming]  # the last support and resistance, by the direction out of them

    def __init__(self) -> None:
        self._place = -1
        self._begin()

    @property
    def is_ready(self) -> bool:
        """Whether it has seen enough to know what a swing is."""
        return len(self._ranges) == RANGE_BARS

    def update(self, ts_ms: int, high: float, low: float, close: float, volume: float) -> list[Pattern]:
        """What this bar confirms."""
        self._place += 1
        if not (0 < low <= close <= high < inf):
            self._begin()
            return []
        before = self._close
        if before is not None and abs(close / before - 1) > LEAP_MAX:
            self._begin()
            before = None
        if before is not None:
            self._ranges.append(max(high, before) - min(low, before))
        self._volumes.append(volume)
        self._close = close
        range_mean = sum(self._ranges) / RANGE_BARS if self.is_ready else None
        threshold = None if range_mean is None else max(SWING_RANGES * range_mean, SWING_SHARE_MIN * close)
        swing = self._zigzag.take((self._place, ts_ms, high, low), threshold)
        if range_mean is None or threshold is None:
            return []
        found = self._after_swing(swing, threshold, range_mean, ts_ms) if swing else []
        return found + self._left(ts_ms, close, volume, range_mean)

    def copy(self) -> Self:
        twin = type(self)()
        twin._place, twin._close = self._place, self._close
        twin._ranges, twin._volumes = self._ranges.copy(), self._volumes.copy()
        twin._zigzag = self._zigzag.copy()
        twin._swings = self._swings.copy()
        twin._forming, twin._levels = self._forming.copy(), self._levels.copy()
        return twin

    def _begin(self) -> None:
        self._close = None
        self._ranges = deque(maxlen=RANGE_BARS)
        self._volumes = deque(maxlen=VOLUME_BARS)
        self._zigzag = ZigZag()
        self._swings = deque(maxlen=SWINGS_KEPT)
        self._forming, self._levels = [], {}

    def _after_swing(self, swing: Swing, threshold: float, range_mean: float, ts_ms: int) -> list[Pattern]:
        self._swings.append(swing)
        swings = list(self._swings)
        self._forming = forming(swings)
        tolerance = LEVEL_SHARE * threshold
        level = level_at(swings, tolerance) if len(swings) >= 2 * TOUCHES_MIN - 1 else None
        if level is None:
            return []
        self._levels[-level.direction] = broken_level(level, tolerance)
        return [self._level(level, range_mean, ts_ms)]

    def _level(self, level: Level, range_mean: float, ts_ms: int) -> Pattern:
        size = _share(abs(level.far_side - level.price), HEIGHT_RANGES_FULL * range_mean)
        return Pattern(
            name=LEVEL[level.direction],
            direction=level.direction,
            place=self._place,
            ts_ms=ts_ms,
            level=level.price,
            target=level.far_side,
            strength=(level.likeness + size + _share(len(level.points), TOUCHES_FULL)) / 3,
            points=tuple((one.ts_ms, one.price) for one in level.points),
        )

    def _left(self, ts_ms: int, close: float, volume: float, range_mean: float) -> list[Pattern]:
        """The shapes that this close leaves; they are told and forgotten, and so are those that have failed."""
        if not self._forming and not self._levels:
            return []
        place = self._place
        waiting = [*self._forming, *self._levels.values()]
        done = [one for one in waiting if one.is_broken_by(place, close) and not one.has_failed(place, close)]
        names_done = {one.name for one in done}
        self._forming = [
            one for one in self._forming if one.name not in names_done and not one.has_failed(place, close)
        ]
        self._levels = {
            way: one for way, one in self._levels.items() if one not in done and not one.has_failed(place, close)
        }
        return [self._confirmed(one, (ts_ms, close), volume, range_mean) for one in done]

    def _confirmed(self, shape: Forming, at: tuple[int, float], volume: float, range_mean: float) -> Pattern:
        level = shape.line.at(self._place)
        size = _share(shape.height, HEIGHT_RANGES_FULL * range_mean)
        weight = _share(volume, VOLUME_FULL * sum(self._volumes) / len(self._volumes))
        return Pattern(
            name=shape.name,
            direction=shape.direction,
            place=self._place,
            ts_ms=at[0],
            level=level,
            target=max(0.0, level + shape.direction * shape.height),
            strength=(shape.likeness + size + weight) / 3,
            points=(*((one.ts_ms, one.price) for one in shape.points), at),
        )


def chart_patterns(ts_start_ms: Any, columns: Sequence[Any]) -> list[Pattern]:
    """All of a history: `columns` are open, high, low, close and volume of the bars that began at `ts_start_ms`."""
    scanner = ChartScanner()
    rows = _rows(ts_start_ms, columns[1:])
    return [found for row in rows for found in scanner.update(*row)]


def pattern_columns(*columns: Any) -> tuple[Floats, ...]:
    """High, low, close and volume into one column for each of CHART_PATTERNS: 100 or -100 where it is confirmed, 0
    elsewhere, NaN before there is enough to see one."""
    scanner = ChartScanner()
    told = np.zeros((len(CHART_PATTERNS), len(columns[0])))
    for place, row in enumerate(_rows(range(len(columns[0])), columns)):
        told[:, place] = _told(scanner, scanner.update(*row))
    return tuple(told)


class PatternStream:
    """The same, bar by bar, in the way of TA-Lib's streams."""

    def __init__(self, *columns: Any) -> None:
        self._scanner = ChartScanner()
        self.value: tuple[float, ...] = ()
        for row in zip(*columns, strict=True):
            self.update(*row)

    def update(self, high: float, low: float, close: float, volume: float) -> tuple[float, ...]:
        self.value = _told(self._scanner, self._scanner.update(0, float(high), float(low), float(close), float(volume)))
        return self.value

    def copy(self) -> Self:
        twin = type(self)()
        twin._scanner, twin.value = self._scanner.copy(), self.value
        return twin


_NOTHING: Final = (0.0,) * len(CHART_PATTERNS)
_NOT_YET: Final = (nan,) * len(CHART_PATTERNS)


def _told(scanner: ChartScanner, found: Sequence[Pattern]) -> tuple[float, ...]:
    if not scanner.is_ready:
        return _NOT_YET
    if not found:
        return _NOTHING
    directions = {one.name: one.direction for one in found}
    return tuple(SAID * directions.get(name, 0) for name in CHART_PATTERNS)


def _rows(ts_start_ms: Any, columns: Sequence[Any]) -> Any:
    lists = [np.asarray(column, dtype=np.float64).tolist() for column in columns]
    return zip(np.asarray(ts_start_ms, dtype=np.int64).tolist(), *lists, strict=True)


def _share(part: float, whole: float) -> float:
    return min(1.0, part / whole) if whole > 0 else 0.0
