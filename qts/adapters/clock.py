"""The only place that reads the machine's clock for market time."""

import time
from datetime import UTC, date, datetime

from qts.domain.market import Schedule, built_in_history, parse_clock, to_vietnam
from qts.domain.ports import MarketClock


class _ScheduledClock:
    """A schedule is a pure function of wall time; this gives it the wall time."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def now(self) -> datetime:
        return self.at(time.time())

    def at(self, wall_s: float) -> datetime:
        return self._schedule.at(wall_s).astimezone(UTC)

    def wall_at(self, moment: datetime) -> float:
        return self._schedule.wall_at(moment)

    def trading_day(self) -> date:
        return to_vietnam(self.now()).date()


def market_clock(spec: str) -> MarketClock:
    """The clock that `MARKET_CLOCK` describes: `wall`, or `affine:` as `qts.domain.market.clock` documents it.

    Raises ValueError when the text is neither.
    """
    return _ScheduledClock(parse_clock(spec, built_in_history().calendar))
