"""Columns of minutes into columns of wider bars, whole histories at once: the twin of `BarWidener`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qts.domain.market import MINUTE_MS, Timeframe
from qts.domain.market.timeframes import DAY_MS, DAY_OVER_MS, LUNCH_MS, VIETNAM_AHEAD_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class WideColumns:
    """`columns` are open, high, low, close and volume of the windows that are over; `known` is how many of them are
    over at each of the bars that they were made of."""

    ts_start_ms: Ints
    columns: Sequence[Floats]
    known: Ints

    def spread(self, values: Floats) -> Floats:
        """One value a window, as each bar sees it: that of the last window that is over, NaN before the first."""
        return np.concatenate([[np.nan], values])[self.known]


def widened(timeframe: Timeframe, ts_start_ms: Any, columns: Sequence[Any], bar_ms: int = MINUTE_MS) -> WideColumns:
    """The bars are one symbol's, in order of time, `bar_ms` long."""
    ts = np.asarray(ts_start_ms, dtype=np.int64)
    starts, ends = _windows(timeframe, ts)
    inside = np.flatnonzero(ts < ends)
    if not len(inside):
        return WideColumns(ts[:0], [np.empty(0)] * len(columns), np.zeros(len(ts), dtype=np.int64))
    firsts = np.flatnonzero(np.diff(starts[inside], prepend=-1))  # positions in `inside`
    lasts = inside[np.append(firsts[1:], len(inside)) - 1]
    over_at = np.where(ts[lasts] + bar_ms >= ends[lasts], lasts, lasts + 1)
    is_over = over_at < len(ts)
    opened, high, low, closed, volume = (np.asarray(column, dtype=np.float64)[inside] for column in columns)
    grouped = [
        opened[firsts],
        np.maximum.reduceat(high, firsts),
        np.minimum.reduceat(low, firsts),
        closed[np.append(firsts[1:], len(inside)) - 1],
        np.add.reduceat(volume, firsts),
    ]
    known = np.searchsorted(over_at, np.arange(len(ts)), side="right").astype(np.int64)
    return WideColumns(starts[lasts][is_over], [column[is_over] for column in grouped], known)


def _windows(timeframe: Timeframe, ts: Ints) -> tuple[Ints, Ints]:
    """`window_of` of each."""
    of_day = (ts + VIETNAM_AHEAD_MS) % DAY_MS
    midnight = ts - of_day
    if timeframe is Timeframe.DAY:
        return midnight, midnight + DAY_OVER_MS
    starts = of_day - of_day % timeframe.length_ms
    ends = starts + timeframe.length_ms
    is_cut = (starts < LUNCH_MS) & (ends > LUNCH_MS)
    ends = np.where(is_cut & (of_day < LUNCH_MS), LUNCH_MS, ends)
    starts = np.where(is_cut & (of_day >= LUNCH_MS), LUNCH_MS, starts)
    return midnight + starts, midnight + ends
