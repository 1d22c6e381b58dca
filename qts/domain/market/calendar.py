"""Trading days: Monday to Friday except the holidays, and days that one venue or all of them decide otherwise."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from qts.domain.values import Exchange

_ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
FIRST_TRADING_DAY: Final = date(2000, 7, 28)  # of the first exchange; nothing can have happened before


@dataclass(frozen=True, slots=True)
class DayOverride:
    """A notice of the exchange that goes before week-ends and holidays; `exchange` None means every venue."""

    day: date
    is_open: bool
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """`holidays` are the closed weekdays; a Saturday worked in exchange for a holiday is not a trading day.

    Asked for a venue, it answers by that venue's own override, then by one for all venues. Asked without one, it
    answers for the market as a whole.
    """

    holidays: frozenset[date] = frozenset()
    overrides: frozenset[DayOverride] = frozenset()

    def is_trading_day(self, day: date, exchange: Exchange | None = None) -> bool:
        if self.overrides:
            decided = {one.exchange: one.is_open for one in self.overrides if one.day == day}
            for venue in (exchange, None):
                if venue in decided:
                    return decided[venue]
        return day.weekday() < _SATURDAY and day not in self.holidays

    def next_trading_day(self, day: date, exchange: Exchange | None = None) -> date:
        """The first trading day after `day`."""
        day += _ONE_DAY
        while not self.is_trading_day(day, exchange):
            day += _ONE_DAY
        return day

    def previous_trading_day(self, day: date, exchange: Exchange | None = None) -> date:
        """The last trading day before `day`."""
        day -= _ONE_DAY
        while not self.is_trading_day(day, exchange):
            day -= _ONE_DAY
        return day

    def add_trading_days(self, day: date, count: int, exchange: Exchange | None = None) -> date:
        """`count` trading days after `day`; 0 gives `day` itself. Raises ValueError for a negative count."""
        if count < 0:
            raise ValueError("count must not be negative")
        for _ in range(count):
            day = self.next_trading_day(day, exchange)
        return day
