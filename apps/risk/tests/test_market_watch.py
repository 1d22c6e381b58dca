"""Halts and falls of the market: what is held, for how long, and what is none."""

import pytest

from apps.eventlog import selectors as eventlog
from apps.marketdata.selectors import told_sessions
from apps.risk import selectors, services
from apps.risk.services import market_watch
from apps.risk.tests.conftest import MONDAY, check, codes
from qts.domain.errors import TransientError
from qts.domain.risk.states import TradingState


def held() -> list[tuple[str, str, str]]:
    return [(found.scope, found.cause, found.state) for found in selectors.holds()]


def told(market, **sessions):
    for symbol, session in sessions.items():
        market.session(symbol, session)
    services.watch_markets(MONDAY)


def test_a_market_that_is_halted_takes_no_purchase_until_it_trades_again(market, account_id):
    told(market, SSI="HALT", HPG="HALT")
    services.watch_markets(MONDAY)
    assert held() == [("exchange:HOSE", "market-halt", "REDUCING")]
    assert selectors.trading_state(account_id, exchange="HOSE") is TradingState.REDUCING
    assert selectors.trading_state(account_id, exchange="HNX") is TradingState.ACTIVE
    assert selectors.market_stop({"exchange:HOSE"}) == "HOSE halted its market"
    assert selectors.market_stop({"exchange:HNX", "symbol:SSI"}) == ""
    told(market, SSI="CONTINUOUS", HPG="CONTINUOUS")
    assert (held(), selectors.market_stop({"exchange:HOSE"})) == ([], "")
    states = [event.body["state"] for event in eventlog.history(topic="risk.tradingState.changed")]
    assert states == ["ACTIVE", "REDUCING"]


def test_one_halted_security_is_no_halted_market(market, account_id):
    told(market, SSI="HALT", HPG="CONTINUOUS")
    assert held() == [("symbol:SSI", "market-halt", "REDUCING")]
    assert "KILL_SWITCH_ENGAGED" in codes(check(account_id, "BUY 100 SSI @ 25000"))
    assert selectors.is_to_be_cancelled(account_id, symbol="SSI") is False  # people decide about their own orders
    told(market, SSI="HALT", HPG="HALT")
    assert held() == [("exchange:HOSE", "market-halt", "REDUCING")]


def test_a_standing_suspension_is_no_halt(market, account_id):
    market.session("HPG", "HALT", status="S")
    told(market, SSI="CONTINUOUS")
    assert held() == []
    assert [one.symbol for one in told_sessions(MONDAY)] == ["SSI"]


def test_what_was_said_on_another_day_does_not_count(market, account_id):
    told(market, SSI="HALT", HPG="HALT")
    services.watch_markets(MONDAY.replace(day=10))
    assert held() == []


def test_where_nobody_said_anything_nothing_is_halted(market, account_id):
    services.watch_markets(MONDAY)
    assert held() == []


@pytest.mark.parametrize(
    ("code", "value", "scope"),
    [
        ("VNINDEX", 95_000, "exchange:HOSE"),
        ("HNXIndex", 94_000, "exchange:HNX"),
        ("HNXUpcomIndex", 60_000, "exchange:UPCOM"),
    ],
)
def test_an_index_that_fell_as_far_as_it_may_holds_its_exchange(market, account_id, code, value, scope):
    market.index(code, value)
    services.watch_markets(MONDAY)
    assert held() == [(scope, "market-fall", "REDUCING")]
    assert selectors.holds()[0].reason == f"{code} fell {(100_000 - value) / 1000:.2f} %"


@pytest.mark.parametrize(("code", "value", "prior"), [
    ("VNINDEX", 95_001, 100_000), ("VN30", 60_000, 100_000), ("VNINDEX", 110_000, 100_000), ("VNINDEX", 90_000, 0),
    ("VNINDEX", 0, 100_000),
])  # fmt: skip
def test_what_is_no_fall(market, account_id, code, value, prior):
    market.index(code, value, prior)
    services.watch_markets(MONDAY)
    assert held() == []


def test_a_fall_is_over_well_above_the_line_and_not_at_it(market, account_id):
    for value, is_held in [(94_900, True), (95_400, True), (95_990, True), (96_000, False), (95_400, False)]:
        market.index("VNINDEX", value)
        services.watch_markets(MONDAY)
        assert bool(held()) is is_held, value


def test_a_halt_and_a_fall_are_two_reasons_and_go_one_by_one(market, account_id):
    market.index("VNINDEX", 90_000)
    told(market, SSI="HALT", HPG="HALT")
    assert [cause for _, cause, _ in held()] == ["market-fall", "market-halt"]
    market.index("VNINDEX", 99_000)
    services.watch_markets(MONDAY)
    assert [cause for _, cause, _ in held()] == ["market-halt"]


def test_a_store_that_does_not_answer_changes_nothing(market, account_id, monkeypatch):
    told(market, SSI="HALT", HPG="HALT")

    def is_away(now):
        raise TransientError("no Valkey")

    monkeypatch.setattr(market_watch, "told_sessions", is_away)
    services.watch_markets(MONDAY)
    assert held() == [("exchange:HOSE", "market-halt", "REDUCING")]
