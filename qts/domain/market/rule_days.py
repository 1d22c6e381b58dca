"""The trading calendar that the rows say: each year's days by the row that is in force on them, so that a day of last
year is asked of last year's rows."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from qts.domain.errors import Said
from qts.domain.market.calendar import FIRST_TRADING_DAY, DayOverride, TradingCalendar
from qts.domain.market.rule_rows import RuleRow, RuleSubject, row_of
from qts.domain.market.rule_terms import CalendarRule
from qts.domain.market.rule_values import value_of
from qts.domain.values import Exchange

_SATURDAY: Final = 5


def calendar_of_rows(rows: Iterable[RuleRow]) -> TradingCalendar:
    """Of rows in the order of their days; those of other rules are left out."""
    closed: set[date] = set()
    overrides: set[DayOverride] = set()
    by_venue: dict[Exchange | None, list[RuleRow]] = {}
    for row in rows:
        if row.subject is RuleSubject.CALENDAR:
            by_venue.setdefault(row.exchange, []).append(row)
    for venue, told in by_venue.items():
        for row, until in zip(told, [*(one.effective_from for one in told[1:]), date.max], strict=True):
            rule: CalendarRule = value_of(row)
            mine = {day for day in rule.closed if row.effective_from <= day < until}
            overrides |= {DayOverride(day, True, venue) for day in rule.opened if row.effective_from <= day < until}
            if venue is None:
                closed |= mine
            else:
                overrides |= {DayOverride(day, False, venue) for day in mine}
    return TradingCalendar(frozenset(closed), frozenset(overrides))


def wrong_days(row: RuleRow, rule: CalendarRule) -> Iterator[tuple[date, str]]:
    """Days that the row cannot speak of, and why."""
    for day in sorted(rule.closed | rule.opened):
        if day < row.effective_from:
            yield day, Said("is before the row holds")
        elif row.exchange is None and day in rule.closed and day.weekday() >= _SATURDAY:
            yield day, Said("is closed anyway: it is a day of a week-end")
        elif row.exchange is None and day in rule.opened and day.weekday() < _SATURDAY:
            yield day, Said("is open anyway: it is a weekday that the row does not close")


def row_with_day(
    rows: Iterable[RuleRow], day: date, *, is_open: bool, exchange: Exchange | None, source: str
) -> RuleRow:
    """The year's row with one day decided otherwise: of the whole market, or of one venue that differs from it."""
    scope = RuleSubject.CALENDAR, exchange, None
    of_year = [row for row in rows if row.scope == scope and row.effective_from.year == day.year]
    known = [row for row in of_year if row.effective_from <= day][-1:]
    since = known[0].effective_from if known else max(FIRST_TRADING_DAY, date(day.year, 1, 1))
    rule: CalendarRule = value_of(known[0]) if known else CalendarRule(frozenset(), frozenset())
    closed, opened = set(rule.closed) - {day}, set(rule.opened) - {day}
    if exchange is not None or is_open is (day.weekday() >= _SATURDAY):  # else it is so without being said
        (opened if is_open else closed).add(day)
    value = {"closed": sorted(map(str, closed)), "open": sorted(map(str, opened))}
    return row_of(scope, since, value, source)
