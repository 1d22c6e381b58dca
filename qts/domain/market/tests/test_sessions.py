from datetime import UTC, date, datetime, time
from itertools import pairwise

import pytest

from qts.domain.market import (
    VIETNAM,
    TradingCalendar,
    admits,
    built_in_history,
    may_cancel,
    quantity_refusal,
    rule_book_on,
    sellable_at,
    session_at,
    session_bounds,
    session_schedule,
    settlement_day,
    to_vietnam,
)
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session

RULES = rule_book_on(date(2026, 1, 5))

HOSE, HNX, UPCOM, VNFE = Exchange.HOSE, Exchange.HNX, Exchange.UPCOM, Exchange.VNFE


@pytest.mark.parametrize(
    ("exchange", "at", "session"),
    [
        (HOSE, "08:59:59.999999", Session.PRE_OPEN),
        (HOSE, "09:00:00", Session.ATO),
        (HOSE, "09:14:59.999999", Session.ATO),
        (HOSE, "09:15:00", Session.CONTINUOUS),
        (HOSE, "11:30:00", Session.BREAK),
        (HOSE, "13:00:00", Session.CONTINUOUS),
        (HOSE, "14:30:00", Session.ATC),
        (HOSE, "14:45:00", Session.CLOSED),
        (HNX, "09:00:00", Session.CONTINUOUS),
        (HNX, "14:45:00", Session.PLO),
        (HNX, "15:00:00", Session.CLOSED),
        (UPCOM, "14:59:59", Session.CONTINUOUS),
        (VNFE, "08:45:00", Session.ATO),
        (VNFE, "09:00:00", Session.CONTINUOUS),
    ],
)
def test_session_by_schedule(exchange, at, session):
    assert session_at(RULES, exchange, time.fromisoformat(at)) is session


def test_an_aware_moment_is_read_in_vietnam():
    assert session_at(RULES, HOSE, datetime(2026, 11, 23, 2, 15, tzinfo=UTC)) is Session.CONTINUOUS
    assert session_at(RULES, HOSE, datetime(2026, 11, 23, 2, 15)) is Session.PRE_OPEN  # noqa: DTZ001 a local time is meant
    assert to_vietnam(datetime(2026, 11, 23, 2, 15, tzinfo=UTC)).hour == 9
    with pytest.raises(ValueError, match="time zone"):
        to_vietnam(datetime(2026, 11, 23, 2, 15))  # noqa: DTZ001 that it is refused is the point


@pytest.mark.parametrize("exchange", list(Exchange))
def test_a_schedule_has_neither_gap_nor_overlap(exchange):
    spans = session_schedule(RULES, exchange)
    assert all(before.end == after.start for before, after in pairwise(spans))
    assert session_bounds(RULES, exchange) == (spans[0].start, spans[-1].end)


ADMITTED = {
    (HOSE, Session.ATO): "ATO LO",
    (HOSE, Session.CONTINUOUS): "LO MTL",
    (HOSE, Session.ATC): "ATC LO",
    (HNX, Session.CONTINUOUS): "LO MTL MOK MAK",
    (HNX, Session.ATC): "ATC LO",
    (HNX, Session.PLO): "PLO",
    (UPCOM, Session.CONTINUOUS): "LO",
    (VNFE, Session.ATO): "ATO LO",
    (VNFE, Session.CONTINUOUS): "LO MTL MOK MAK",
    (VNFE, Session.ATC): "ATC LO",
}


@pytest.mark.parametrize("exchange", list(Exchange))
def test_admission_of_every_type_in_every_session_that_occurs(exchange):
    occurring = {span.session for span in session_schedule(RULES, exchange)} | {
        Session.PRE_OPEN,
        Session.CLOSED,
        Session.HALT,
    }
    for session in occurring:
        admitted = {order_type for order_type in OrderType if admits(RULES, exchange, session, order_type)}
        assert admitted == set(ADMITTED.get((exchange, session), "").split())


def test_orders_are_cancelled_in_continuous_trading_only():
    for exchange in Exchange:
        assert [session for session in Session if may_cancel(RULES, exchange, session)] == [Session.CONTINUOUS]


@pytest.mark.parametrize(
    ("exchange", "quantity", "order_type", "refusal"),
    [
        (HOSE, 0, OrderType.LO, "QUANTITY_NOT_POSITIVE"),
        (HOSE, -100, OrderType.LO, "QUANTITY_NOT_POSITIVE"),
        (HOSE, 100, OrderType.LO, None),
        (HOSE, 99, OrderType.LO, None),
        (HOSE, 99, OrderType.MTL, "QUANTITY_OFF_LOT"),
        (HOSE, 150, OrderType.LO, "QUANTITY_OFF_LOT"),
        (HOSE, 500_000, OrderType.LO, None),
        (HOSE, 500_100, OrderType.LO, "QUANTITY_EXCEEDS_EXCHANGE_MAX"),
        (VNFE, 1, OrderType.ATO, None),
        (VNFE, 500, OrderType.LO, None),
        (VNFE, 501, OrderType.LO, "QUANTITY_EXCEEDS_EXCHANGE_MAX"),
    ],
)
def test_quantity(exchange, quantity, order_type, refusal):
    kind = InstrumentKind.FUTURE if exchange is VNFE else InstrumentKind.STOCK
    assert quantity_refusal(RULES, exchange, kind, quantity, order_type) == refusal


def test_trades_settle_two_trading_days_later():
    calendar = TradingCalendar(frozenset({date(2026, 11, 24)}))
    assert calendar.next_trading_day(date(2026, 11, 20)) == date(2026, 11, 23)  # over a week-end
    assert calendar.next_trading_day(date(2026, 11, 23)) == date(2026, 11, 25)  # over a holiday
    assert calendar.previous_trading_day(date(2026, 11, 25)) == date(2026, 11, 23)
    assert settlement_day(built_in_history(), date(2026, 11, 20), calendar) == date(2026, 11, 25)
    assert sellable_at(built_in_history(), date(2026, 11, 20), calendar) == datetime(
        2026, 11, 25, 13, 0, tzinfo=VIETNAM
    )
    assert calendar.add_trading_days(date(2026, 11, 20), 0) == date(2026, 11, 20)
    with pytest.raises(ValueError, match="negative"):
        calendar.add_trading_days(date(2026, 11, 20), -1)
