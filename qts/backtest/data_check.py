"""What is wrong with the bars themselves: holes, and jumps that no price band allows."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from qts.backtest.statements import Say, Statement
from qts.backtest.table import BarTable
from qts.backtest.venue import EPOCH
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS

HOLE_WEEKDAYS_MIN: Final = 8  # the longest new-year holidays take seven
JUMP_SHARE_MIN: Final = 0.31  # of a day; no exchange's band reaches so far, but on a first day of trading
TOLD_MAX: Final = 3  # of each symbol and kind


def data_doubts(table: BarTable) -> Iterator[Statement]:
    for place, symbol in enumerate(table.symbols):
        rows = table.place == place
        days = (table.ts_start_ms[rows] + VIETNAM_AHEAD_MS) // DAY_MS
        yield from _holes(symbol, days)
        yield from _jumps(symbol, days, table.open_vnd[rows], table.close_vnd[rows])


def _holes(symbol: str, days: Any) -> Iterator[Statement]:
    seen = np.unique(days)
    wide = np.flatnonzero(np.diff(seen) > HOLE_WEEKDAYS_MIN)[:TOLD_MAX]
    for at in wide.tolist():
        first, last = _date(int(seen[at])) + timedelta(days=1), _date(int(seen[at + 1]))
        missing = int(np.busday_count(first, last))
        if missing >= HOLE_WEEKDAYS_MIN:
            yield Statement(Say.HOLE, symbol=symbol, days=missing, since=first.isoformat())


def _jumps(symbol: str, days: Any, open_vnd: Any, close_vnd: Any) -> Iterator[Statement]:
    """At the first bar of a day, against the last one of the day before."""
    starts = np.flatnonzero(days[1:] != days[:-1]) + 1
    shares = open_vnd[starts] / close_vnd[starts - 1] - 1
    for at in np.flatnonzero(np.abs(shares) >= JUMP_SHARE_MIN)[:TOLD_MAX].tolist():
        day = _date(int(days[starts[at]])).isoformat()
        yield Statement(Say.JUMP, symbol=symbol, share=float(shares[at]), day=day)


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)
