"""Rules as dated rows: each day under its own, a later change touches no earlier day, and nonsense is refused."""

import json
import pickle
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import (
    FIRST_TRADING_DAY,
    Band,
    PloMatching,
    RuleHistory,
    RuleRow,
    RuleSubject,
    RuleWrong,
    TradingCalendar,
    admits_odd_lot,
    built_in_history,
    max_order_quantity,
    next_admission,
    order_types,
    plo_matching,
    price_band,
    round_lot,
    row_json,
    row_of_json,
    rows_beyond_the_built_in,
    rule_book_on,
    sellable_at,
    session_at,
    session_schedule,
    tick_ladder,
    tick_size_vnd,
)
from qts.domain.market.rule_rows import row_of
from qts.domain.market.sessions import VIETNAM
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session

HOSE, HNX, STOCK = Exchange.HOSE, Exchange.HNX, InstrumentKind.STOCK
A_DAY = timedelta(days=1)
TOMORROW = date(2026, 11, 24)
TODAY = TOMORROW - A_DAY


def rule(subject: RuleSubject, value, *, exchange=HOSE, kind=None, day=TOMORROW) -> RuleRow:
    return row_of((subject, exchange, kind), day, value, "a notice")


def with_rows(*rows: RuleRow) -> RuleHistory:
    return built_in_history().with_rows(rows)


def refusals(*rows: RuleRow) -> str:
    with pytest.raises(RuleWrong) as refused:
        with_rows(*rows)
    return " ".join(refused.value.problems)


# (what is asked, the last day of the old rule, its answer, the answer from the next day on)
CHANGES = [
    (lambda day: round_lot(rule_book_on(day), HOSE, STOCK), date(2021, 1, 3), 10, 100),
    (
        lambda day: price_band(rule_book_on(day), HOSE, STOCK, 100_000),
        date(2013, 1, 14),
        Band(105_000, 95_000),
        Band(107_000, 93_000),
    ),
    (
        lambda day: price_band(rule_book_on(day), HNX, STOCK, 20_000),
        date(2013, 1, 14),
        Band(21_400, 18_600),
        Band(22_000, 18_000),
    ),
    (lambda day: tick_size_vnd(rule_book_on(day), HOSE, STOCK, 30_000), date(2016, 9, 11), 100, 50),
    (lambda day: tick_size_vnd(rule_book_on(day), HOSE, STOCK, 120_000), date(2016, 9, 11), 1_000, 100),
    (lambda day: tick_size_vnd(rule_book_on(day), HOSE, STOCK, 9_000), date(2016, 9, 11), 100, 10),
    (
        lambda day: plo_matching(rule_book_on(day), HNX),
        date(2025, 5, 4),
        (PloMatching.AT_ONCE, None),
        (PloMatching.COLLECTED, time(14, 55)),
    ),
    (lambda day: admits_odd_lot(rule_book_on(day), HOSE, Session.ATO, OrderType.LO), date(2025, 5, 4), False, True),
    (lambda day: len(session_schedule(rule_book_on(day), HOSE, restricted=True)), date(2025, 5, 4), 5, 18),
]


@pytest.mark.parametrize(("asked", "last_day", "before", "after"), CHANGES)
def test_a_day_has_the_rules_of_its_day(asked, last_day, before, after):
    assert asked(last_day) == before
    assert asked(last_day + A_DAY) == after
    assert asked(date(2026, 11, 23)) == after


def test_bought_shares_sell_at_noon_since_the_day_on_which_they_first_did():
    calendar = TradingCalendar()
    arrivals = [sellable_at(built_in_history(), day, calendar) for day in (date(2022, 8, 24), date(2022, 8, 25))]
    assert [f"{moment:%m-%d %H:%M}" for moment in arrivals] == ["08-26 16:30", "08-29 13:00"]


def test_there_are_rules_of_every_day_of_trading_and_of_none_before():
    assert rule_book_on(FIRST_TRADING_DAY).effective_from == FIRST_TRADING_DAY
    with pytest.raises(LookupError, match="2000-07-28"):
        rule_book_on(FIRST_TRADING_DAY - A_DAY)


def test_days_between_two_changes_share_one_book_and_its_version():
    book = rule_book_on(date(2025, 5, 5))
    assert rule_book_on(date(2025, 12, 31)) is book
    assert rule_book_on(TODAY).boards == book.boards  # a year's calendar is another book
    assert rule_book_on(date(2025, 5, 4)).version != book.version
    assert len({rule_book_on(day).version for day in built_in_history().change_days}) == 41


def test_a_change_of_tomorrow_touches_tomorrow_and_not_today():
    changed = with_rows(rule(RuleSubject.LOT, 10))
    assert changed.on(TODAY) == rule_book_on(TODAY)
    assert changed.on(TODAY).version == rule_book_on(TODAY).version
    assert round_lot(changed.on(TODAY), HOSE, STOCK) == 100
    assert round_lot(changed.on(TOMORROW), HOSE, STOCK) == 10
    assert changed.on(TOMORROW).version != changed.on(TODAY).version
    assert [row.name for row in changed.changes_after(TODAY) if row.exchange] == ["LOT HOSE from 2026-11-24"]
    assert round_lot(built_in_history().on(TOMORROW), HOSE, STOCK) == 100  # and the history it was made of is as it was


def test_a_row_of_one_kind_goes_before_that_of_every_kind():
    changed = with_rows(rule(RuleSubject.ORDER_MAX, 1_000, exchange=HNX, kind=InstrumentKind.ETF))
    asked = [max_order_quantity(changed.on(TOMORROW), HNX, kind) for kind in (STOCK, InstrumentKind.ETF)]
    assert asked == [500_000, 1_000]


def test_a_session_that_moves_moves_for_admission_too():
    early = [["CONTINUOUS", "08:30", "11:30"], ["BREAK", "11:30", "13:00"], ["CONTINUOUS", "13:00", "15:00"]]
    changed = with_rows(rule(RuleSubject.TIMETABLE, early, exchange=Exchange.UPCOM))
    evening = datetime(2026, 11, 23, 16, tzinfo=VIETNAM)
    at = next_admission(changed, Exchange.UPCOM, OrderType.LO, evening, TradingCalendar())
    assert f"{at:%m-%d %H:%M}" == "11-24 08:30"
    assert session_at(changed.on(TODAY), Exchange.UPCOM, time(8, 45)) is Session.PRE_OPEN
    assert session_at(changed.on(TOMORROW), Exchange.UPCOM, time(8, 45)) is Session.CONTINUOUS


def test_a_source_is_no_part_of_what_is_ruled():
    row = next(row for row in built_in_history().rows if row.subject is RuleSubject.LOT)
    told_otherwise = with_rows(replace(row, source="another paper"))
    assert told_otherwise.version == built_in_history().version
    assert told_otherwise.rows != built_in_history().rows


def test_a_withdrawn_row_lets_the_one_before_it_hold():
    krx = [row for row in built_in_history().rows if row.effective_from == date(2025, 5, 5)]
    [odd] = [row for row in krx if row.subject is RuleSubject.ODD_LOTS and row.exchange is HOSE]
    changed = with_rows(replace(odd, value="null"))
    assert not admits_odd_lot(changed.on(TODAY), HOSE, Session.ATO, OrderType.LO)
    assert rows_beyond_the_built_in(changed) == [replace(odd, value="null")]
    assert built_in_history().with_rows(rows_beyond_the_built_in(changed)) == changed


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (rule(RuleSubject.LOT, 0), "no whole number"),
        (rule(RuleSubject.LOT, 1.5), "no whole number"),
        (rule(RuleSubject.LOT, True), "no whole number"),
        (rule(RuleSubject.LOT, 300), "largest order 500,000 is no multiple of the lot 300"),
        (rule(RuleSubject.LOT, 100, exchange=None), "ruled for one venue"),
        (rule(RuleSubject.SETTLEMENT, {"trading_days": 1, "sellable_from": "13:00"}), "for the whole market"),
        (rule(RuleSubject.BAND, {"daily_percent": 7, "wide_percent": 5, "wide_after_sessions": 25}), "no narrower"),
        (rule(RuleSubject.BAND, {"daily_percent": 7}), "needs the fields"),
        (
            rule(RuleSubject.BAND, {"daily_percent": 7, "wide_percent": 20, "wide_after_sessions": 25}, kind=STOCK),
            "same for every kind",
        ),
        (rule(RuleSubject.TICKS, [[0, 10], [10_005, 50]], kind=STOCK), "not a multiple of the steps"),
        (rule(RuleSubject.TICKS, [[10, 10]], kind=STOCK), "begins at 0"),
        (rule(RuleSubject.TICKS, [[0, 10], [0, 20]], kind=STOCK), "rise"),
        (rule(RuleSubject.TICKS, [[0, 10]], kind=InstrumentKind.FUTURE), "no FUTURE is listed on HOSE"),
        (
            rule(RuleSubject.TIMETABLE, [["ATO", "09:00", "09:15"], ["ATC", "09:30", "09:45"]]),
            "the next begins at 09:30",
        ),
        (rule(RuleSubject.TIMETABLE, [["ATO", "09:15", "09:00"]]), "ends before it begins"),
        (rule(RuleSubject.TIMETABLE, [["PLO", "09:00", "09:15"]]), "nothing says what PLO admits"),
        (rule(RuleSubject.TIMETABLE, [["NOON", "09:00", "09:15"]]), "not readable"),
        (rule(RuleSubject.TIMETABLE, [["ATO", "09:00:30", "09:15"]]), "no time like"),
        (rule(RuleSubject.TIMETABLE, []), "needs a session"),
        (
            rule(RuleSubject.ODD_LOTS, {"types": ["LO"], "sessions": ["PLO"], "first_day": False}, exchange=HNX),
            "but no LO",
        ),
        (
            rule(RuleSubject.AFTER_HOURS, {"matching": "collected", "collected_until": "15:30"}, exchange=HNX),
            "outside of their session",
        ),
        (rule(RuleSubject.AFTER_HOURS, {"matching": "collected"}, exchange=HNX), "gathered until some time"),
        (
            rule(RuleSubject.ADMISSIONS, {"CONTINUOUS": {"types": ["LO"], "cancel": False, "amend": ["LO"]}}),
            "may be cancelled",
        ),
        (rule(RuleSubject.REFERENCE, "GUESS"), "not readable"),
        (replace(rule(RuleSubject.LOT, 10), source=" "), "names its source"),
        (rule(RuleSubject.LOT, 100, day=FIRST_TRADING_DAY - A_DAY), "there is no"),
    ],
)
def test_what_no_exchange_could_mean_is_refused_with_its_reason(row, said):
    assert said in refusals(row)


def test_a_hole_and_a_contradiction_are_named():
    rows = built_in_history().rows
    without = [row for row in rows if row.scope != (RuleSubject.LOT, Exchange.UPCOM, None)]
    with pytest.raises(RuleWrong, match="there is no LOT UPCOM STOCK"):
        RuleHistory(without)
    with pytest.raises(RuleWrong, match="LOT HOSE from 2021-01-04: two rows say it"):
        RuleHistory([*rows, rule(RuleSubject.LOT, 10, day=date(2021, 1, 4))])
    with pytest.raises(RuleWrong, match="no rules"):
        RuleHistory([])


def test_every_problem_is_told_not_the_first_one():
    found = refusals(rule(RuleSubject.LOT, 0), rule(RuleSubject.REFERENCE, "GUESS", exchange=HNX))
    assert "LOT HOSE" in found
    assert "REFERENCE HNX" in found


def test_rows_survive_json_and_processes():
    history = built_in_history()
    again = RuleHistory(row_of_json(json.loads(json.dumps(row_json(row)))) for row in history.rows)
    assert again.rows == history.rows
    copied = pickle.loads(pickle.dumps(history))  # noqa: S301  # made right here
    assert copied == history
    assert copied.on(TODAY) == history.on(TODAY)


@pytest.mark.parametrize(
    "told", [{}, {"subject": "LOT"}, [], None, {"subject": "X", "effective_from": "2026-01-01", "value": 1}]
)
def test_what_is_no_row_is_refused(told):
    with pytest.raises(RuleWrong, match="no row of a rule"):
        row_of_json(told)


@given(
    first=st.dates(FIRST_TRADING_DAY, date(2030, 1, 1)),
    lot=st.sampled_from([1, 10, 50, 500]),
    offset=st.integers(-900, 900),
)
def test_a_row_holds_from_its_day_on_and_never_before(first, lot, offset):
    changed = with_rows(rule(RuleSubject.LOT, lot, exchange=HNX, day=first))
    asked = max(first + timedelta(days=offset), FIRST_TRADING_DAY)
    assert round_lot(changed.on(asked), HNX, STOCK) == (lot if asked >= first else 100)
    assert price_band(changed.on(asked), HNX, STOCK, 20_000) == price_band(rule_book_on(asked), HNX, STOCK, 20_000)


def test_a_form_learns_types_and_steps_from_the_book():
    assert [one.value for one in order_types(rule_book_on(TODAY), HNX)] == ["LO", "MTL", "MOK", "MAK", "ATC", "PLO"]
    assert tick_ladder(rule_book_on(TODAY), HOSE, STOCK) == [(0, 10), (10_000, 50), (50_000, 100)]
