"""Odd lots, least and greatest quantities, the wide band, and a calendar that venues override."""

from datetime import date

import pytest

from qts.domain.market import (
    DayOverride,
    InvestorKind,
    TradingCalendar,
    admits_odd_lot,
    built_in_history,
    has_wide_band,
    is_odd_lot,
    position_limit,
    put_through_min_quantity,
    put_through_tick_vnd,
    round_lot,
    rule_book_on,
    settlement_day,
)
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session

RULES = rule_book_on(date(2026, 1, 5))

HOSE, HNX, UPCOM, VNFE = Exchange.HOSE, Exchange.HNX, Exchange.UPCOM, Exchange.VNFE
STOCK, FUTURE = InstrumentKind.STOCK, InstrumentKind.FUTURE


@pytest.mark.parametrize("exchange", [HOSE, HNX, UPCOM])
def test_less_than_a_hundred_shares_is_an_odd_lot(exchange):
    assert round_lot(RULES, exchange, STOCK) == 100
    assert [quantity for quantity in (-1, 0, 1, 99, 100, 101) if is_odd_lot(RULES, exchange, STOCK, quantity)] == [
        1,
        99,
    ]


def test_a_contract_is_never_an_odd_lot():
    assert round_lot(RULES, VNFE, FUTURE) == 1
    assert not any(is_odd_lot(RULES, VNFE, FUTURE, quantity) for quantity in (0, 1, 99))


def test_odd_lots_are_limit_orders_in_continuous_trading_and_the_two_auctions():
    admitted = {
        (session, kind)
        for session in Session
        for kind in OrderType
        if admits_odd_lot(RULES, Exchange.HOSE, session, kind)
    }
    assert admitted == {(session, OrderType.LO) for session in (Session.ATO, Session.CONTINUOUS, Session.ATC)}


def test_odd_lots_do_not_trade_on_the_first_day():
    assert not any(
        admits_odd_lot(RULES, Exchange.HOSE, session, kind, first_day=True) for session in Session for kind in OrderType
    )


def test_limits_of_positions_and_negotiated_trades():
    assert {kind.value: position_limit(RULES, kind) for kind in InvestorKind} == {
        "INDIVIDUAL": 5_000,
        "ORGANISATION": 10_000,
        "PROFESSIONAL": 20_000,
    }
    assert {exchange: put_through_min_quantity(RULES, exchange) for exchange in Exchange} == {
        HOSE: 20_000,
        HNX: 5_000,
        UPCOM: 1,
        VNFE: 1,
    }
    assert [put_through_tick_vnd(RULES, exchange) for exchange in Exchange] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("is_first", "suspended", "wide"), [(True, 0, True), (False, 0, False), (False, 25, False), (False, 26, True)]
)
def test_the_wide_band_is_for_the_first_day_and_the_return(is_first, suspended, wide):
    assert has_wide_band(RULES, Exchange.HOSE, is_first_trading_day=is_first, sessions_suspended=suspended) is wide


MONDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 28)


def test_a_venue_closes_alone():
    calendar = TradingCalendar(overrides=frozenset({DayOverride(MONDAY, is_open=False, exchange=HNX)}))
    assert [calendar.is_trading_day(MONDAY, exchange) for exchange in (HOSE, HNX, None)] == [True, False, True]
    assert calendar.next_trading_day(date(2026, 11, 20), HNX) == date(2026, 11, 24)
    assert calendar.next_trading_day(date(2026, 11, 20), HOSE) == MONDAY
    assert calendar.previous_trading_day(date(2026, 11, 24), HNX) == date(2026, 11, 20)
    assert calendar.add_trading_days(date(2026, 11, 20), 2, HNX) == date(2026, 11, 25)


def test_a_notice_for_all_venues_gives_way_to_one_of_a_venue():
    calendar = TradingCalendar(
        holidays=frozenset({MONDAY}),
        overrides=frozenset(
            {
                DayOverride(SATURDAY, is_open=True),
                DayOverride(SATURDAY, is_open=False, exchange=VNFE),
                DayOverride(MONDAY, is_open=True, exchange=UPCOM),
            }
        ),
    )
    assert [calendar.is_trading_day(SATURDAY, exchange) for exchange in (HOSE, VNFE, None)] == [True, False, True]
    assert [calendar.is_trading_day(MONDAY, exchange) for exchange in (HOSE, UPCOM, None)] == [False, True, False]
    # settlement counts the market's days: the opened Saturday is the second after Thursday
    assert settlement_day(built_in_history(), date(2026, 11, 26), calendar) == SATURDAY
