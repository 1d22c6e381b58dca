"""The calendar of the simulated exchanges: weekdays less Vietnam's public holidays."""

from datetime import date
from functools import cache
from typing import Final

import holidays

from qts.domain.market import TradingCalendar

_YEARS: Final = range(2000, 2036)


@cache
def vietnam_calendar() -> TradingCalendar:
    return TradingCalendar(frozenset(holidays.country_holidays("VN", years=_YEARS)))


def day_text(day: date) -> str:
    """As the wire writes a date."""
    return day.strftime("%d/%m/%Y")
