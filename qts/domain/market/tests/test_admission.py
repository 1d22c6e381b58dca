"""When an order that is entered too early goes out."""

from datetime import date, datetime

import pytest

from qts.domain.market import TradingCalendar, built_in_history, may_change_later, next_admission, rule_book_on
from qts.domain.market.sessions import VIETNAM
from qts.domain.values import Exchange, OrderType

RULES = rule_book_on(date(2026, 1, 5))

CALENDAR = TradingCalendar(holidays=frozenset({date(2026, 11, 24)}))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("exchange", "order_type", "entered", "goes_out"),
    [
        ("HOSE", "LO", "23T08:00:00", "23T09:00:00"),
        ("HOSE", "LO", "23T10:00:00", "23T10:00:00"),
        ("HOSE", "LO", "23T12:00:00", "23T13:00:00"),
        ("HOSE", "LO", "23T14:44:59", "23T14:44:59"),
        ("HOSE", "LO", "23T14:45:00", "25T09:00:00"),  # the 24th is a holiday
        ("HOSE", "LO", "21T10:00:00", "23T09:00:00"),  # entered on a Saturday
        ("HOSE", "MTL", "23T09:05:00", "23T09:15:00"),
        ("HOSE", "ATC", "23T09:05:00", "23T14:30:00"),
        ("HOSE", "ATO", "23T09:15:00", "25T09:00:00"),
        ("HNX", "PLO", "23T10:00:00", "23T14:45:00"),
        ("HNX", "LO", "23T08:59:59", "23T09:00:00"),
        ("UPCOM", "LO", "23T15:00:00", "25T09:00:00"),
        ("VNFE", "LO", "23T08:00:00", "23T08:45:00"),
        ("UPCOM", "ATO", "23T10:00:00", None),
        ("HOSE", "PLO", "23T10:00:00", None),
    ],
)
def test_the_first_moment_that_takes_it(exchange, order_type, entered, goes_out):
    found = next_admission(built_in_history(), Exchange(exchange), OrderType(order_type), moment(entered), CALENDAR)
    assert found == (None if goes_out is None else moment(goes_out))


@pytest.mark.parametrize(
    ("exchange", "at", "later"),
    [
        ("HOSE", "09:00:00", True), ("HOSE", "12:00:00", True), ("HOSE", "12:59:59", True), ("HOSE", "13:00:00", False),
        ("HOSE", "14:35:00", False), ("UPCOM", "14:35:00", False), ("VNFE", "08:50:00", True),
    ],
)  # fmt: skip
def test_whether_a_session_that_takes_changes_is_still_to_come(exchange, at, later):
    assert may_change_later(RULES, Exchange(exchange), moment(f"23T{at}")) is later
