"""The trading calendar out of dated rows: each day by the row of its own time, a venue apart where it has its own."""

from datetime import date

import pytest

from qts.domain.market import RuleHistory, RuleRow, RuleSubject, RuleWrong, built_in_history, row_with_day
from qts.domain.market.rule_rows import row_of
from qts.domain.values import Exchange

HOSE, HNX = Exchange.HOSE, Exchange.HNX


def row(since: str, closed: list[str], opened: tuple[str, ...] = (), exchange: Exchange | None = None) -> RuleRow:
    scope = RuleSubject.CALENDAR, exchange, None
    return row_of(scope, date.fromisoformat(since), {"closed": closed, "open": list(opened)}, "a notice")


def trades(history: RuleHistory, day: str, exchange: Exchange | None = None) -> bool:
    return history.calendar.is_trading_day(date.fromisoformat(day), exchange)


@pytest.mark.parametrize(
    "closed",
    ["2012-12-31", "2014-01-28", "2020-01-23", "2025-05-02", "2026-02-18", "2026-04-27", "2026-11-24", "2027-02-08"],
)
def test_holidays_that_come_with_qts(closed):
    assert not trades(built_in_history(), closed)
    assert trades(built_in_history(), "2025-12-31")


def test_a_later_row_of_a_year_holds_from_its_day_and_leaves_the_days_before_as_they_were():
    history = built_in_history().with_rows([row("2026-09-10", ["2026-09-15"])])
    assert not trades(history, "2026-09-02")  # by the row of 1 January
    assert not trades(history, "2026-09-15")
    assert trades(history, "2026-11-24")  # the later row does not say it
    assert history.on(date(2026, 9, 9)).version == built_in_history().on(date(2026, 9, 9)).version
    assert history.on(date(2026, 9, 10)).version != built_in_history().on(date(2026, 9, 10)).version


def test_last_years_day_is_asked_of_last_years_row():
    history = built_in_history().with_rows([row("2026-01-01", [])])
    assert trades(history, "2026-11-24")
    assert not trades(history, "2025-09-02")


def test_a_venue_alone_may_close_and_a_saturday_may_trade():
    history = built_in_history().with_rows(
        [row("2026-06-01", ["2026-06-05"], exchange=HOSE), row("2026-10-01", [], ("2026-10-03",))]
    )
    assert [trades(history, "2026-06-05", venue) for venue in (HOSE, HNX, None)] == [False, True, True]
    assert [trades(history, "2026-10-03", venue) for venue in (HOSE, HNX, None)] == [True, True, True]
    assert not trades(history, "2026-10-10")
    assert history.calendar.next_trading_day(date(2026, 10, 2)) == date(2026, 10, 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (row("2026-06-01", ["2026-05-29"]), "before the row holds"),
        (row("2026-06-01", ["2026-06-06"]), "day of a week-end"),
        (row("2026-06-01", [], ("2026-06-05",)), "a weekday that the row does not close"),
        (row("2026-06-01", ["2026-06-09", "2026-06-08"]), "in their order"),
        (row("2026-06-01", ["2026-06-08", "2026-06-08"]), "in their order"),
        (row("2026-06-01", ["yesterday"]), "not readable"),
        (row("2026-06-01", ["2026-06-08"], ("2026-06-08",)), "closed and open"),
    ],
)
def test_what_no_calendar_could_say_is_refused(wrong, said):
    with pytest.raises(RuleWrong, match=said):
        built_in_history().with_rows([wrong])


def test_there_is_a_calendar_of_every_day():
    with pytest.raises(RuleWrong, match="there is no CALENDAR"):
        built_in_history().with_rows([RuleRow(RuleSubject.CALENDAR, None, None, date(2000, 7, 28), "null", "")])


def test_one_day_is_decided_otherwise_in_the_row_of_its_year():
    rows = built_in_history().rows
    closed = row_with_day(rows, date(2026, 11, 25), is_open=False, exchange=None, source="a storm")
    assert closed.effective_from == date(2026, 1, 1)
    stormy = built_in_history().with_rows([closed])
    differing = stormy.calendar.holidays ^ built_in_history().calendar.holidays
    assert differing == {date(2026, 11, 25)}
    back = row_with_day(stormy.rows, date(2026, 11, 25), is_open=True, exchange=None, source="it passed")
    assert built_in_history().with_rows([back]).calendar == built_in_history().calendar
    saturday = row_with_day(rows, date(2026, 11, 28), is_open=True, exchange=None, source="a notice")
    assert trades(built_in_history().with_rows([saturday]), "2026-11-28")
    alone = row_with_day(rows, date(2026, 11, 25), is_open=False, exchange=HOSE, source="an outage")
    history = built_in_history().with_rows([alone])
    assert [trades(history, "2026-11-25", venue) for venue in (HOSE, HNX)] == [False, True]


def test_of_a_year_that_nobody_knows_every_weekday_counts():
    closed = row_with_day(built_in_history().rows, date(2040, 1, 2), is_open=False, exchange=None, source="a notice")
    assert closed.effective_from == date(2040, 1, 1)
    history = built_in_history().with_rows([closed])
    assert [trades(history, day) for day in ("2036-01-01", "2040-01-02", "2040-01-03")] == [True, False, True]
