"""The public holidays of Vietnam as a trading calendar, seeded from the `holidays` package.

The exchanges announce each year's closures; swapped working days (a Saturday worked for a free Monday) are not trading
days. Days that a notice changes are kept as rows by the market-data app, this is where those rows begin.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache

import holidays

from qts.domain.market import TradingCalendar

YEARS = range(2000, 2036)


@cache
def _calendar(years: tuple[int, ...]) -> TradingCalendar:
    return TradingCalendar(frozenset(vietnam_holidays(years)))


def vietnam_calendar(years: Iterable[int] = YEARS) -> TradingCalendar:
    """The trading calendar of the given years; a day of any other year counts as a working day."""
    return _calendar(tuple(years))


def vietnam_holidays(years: Iterable[int]) -> dict[date, str]:
    """Public holidays, substituted days off among them, with their English names."""
    return dict(_holidays(tuple(years)))


@cache
def _holidays(years: tuple[int, ...]) -> dict[date, str]:
    """Working the lunar dates out takes milliseconds, and every order and every page asks."""
    return dict(holidays.country_holidays("VN", years=years))
