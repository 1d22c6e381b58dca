"""The built-in calendar beside the library that its years ahead were worked out with, which learns of new decrees."""

from datetime import date

import holidays

from qts.domain.market import built_in_history

SEEN = range(2009, 2026)  # these are the days without trading, whatever the decrees said
SWAPPED = {  # closed without being a public holiday: the working days were swapped, or Tet was longer
    date(2009, 1, 30), date(2010, 9, 3), date(2011, 1, 31), date(2011, 2, 1), date(2011, 4, 11), date(2012, 12, 31),
    date(2014, 1, 28), date(2014, 2, 5),
}  # fmt: skip


def test_the_years_differ_from_the_librarys_by_the_swapped_days_of_years_seen_alone():
    library = {day for day in holidays.country_holidays("VN", years=range(2000, 2036)) if day.weekday() < 5}
    library = {day for day in library if day >= date(2000, 7, 28)}
    assert built_in_history().calendar.holidays ^ library == SWAPPED
    assert {day.year for day in SWAPPED} <= set(SEEN)
