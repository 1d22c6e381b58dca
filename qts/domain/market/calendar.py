"""Trading days: Monday to Friday except the holidays given."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """`holidays` are the closed weekdays; a swapped working Saturday is not a trading day (section 11 of the rules)."""

    holidays: frozenset[date] = frozenset()

    def is_trading_day(self, day: date) -> bool:
        return day.weekday() < _SATURDAY and day not in self.holidays

    def next_trading_day(self, day: date) -> date:
        """The first trading day after `day`."""
        day += _ONE_DAY
        while not self.is_trading_day(day):
            day += _ONE_DAY
        return day

    def previous_trading_day(self, day: date) -> date:
        """The last trading day before `day`."""
        day -= _ONE_DAY
        while not self.is_trading_day(day):
            day -= _ONE_DAY
        return day

    def add_trading_days(self, day: date, count: int) -> date:
        """`count` trading days after `day`; 0 gives `day` itself. Raises ValueError for a negative count."""
        if count < 0:
            raise ValueError("count must not be negative")
        for _ in range(count):
            day = self.next_trading_day(day)
        return day
