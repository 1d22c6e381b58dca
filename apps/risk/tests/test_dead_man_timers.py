"""What trips by itself, what lets go by itself, and what has to be let go by people."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.db import transaction

from apps.eventlog import selectors as eventlog
from apps.eventlog.services import record
from apps.marketdata.selectors import stream_status
from apps.risk import selectors, services
from apps.risk.services import Cause, dead_man
from apps.risk.tests.conftest import MONDAY, OFFICER, check, codes
from qts.domain.errors import TransientError
from qts.domain.events import OrderRejected
from qts.domain.risk.states import TradingState
from qts.domain.values import Actor, ActorKind

BROKER = Actor(ActorKind.SYSTEM, "broker")


def held() -> list[tuple[str, str, str]]:
    return [(found.scope, found.cause, found.state) for found in selectors.holds()]


@pytest.fixture
def feed(account_id, monkeypatch):
    """Set the age of the market data as the reader would report it."""

    def set_age(age_ms):
        monkeypatch.setattr(dead_man, "stream_status", lambda: replace(stream_status(), age_ms=age_ms))

    return set_age


@pytest.mark.parametrize("age_ms", [60_001, None])
def test_late_data_hold_the_firm_until_they_are_back(feed, account_id, age_ms):
    feed(age_ms)
    services.watch_dead_man_timers(MONDAY)
    services.watch_dead_man_timers(MONDAY)
    assert held() == [("firm", "stale-feed", "REDUCING")]
    assert selectors.trading_state(account_id) is TradingState.REDUCING
    (breach,) = check(account_id, "BUY 100 SSI @ 25000")
    assert (breach.code, breach.detail) == ("KILL_SWITCH_ENGAGED", "firm (stale-feed)")
    assert check(account_id, "SELL 100 SSI @ 25000") == ()
    feed(60_000)
    services.watch_dead_man_timers(MONDAY)
    assert held() == []
    assert check(account_id, "BUY 100 SSI @ 25000") == ()
    states = [event.body["state"] for event in eventlog.history(topic="risk.tradingState.changed")]
    assert states == ["ACTIVE", "REDUCING"]


def test_a_store_that_does_not_answer_is_late_data_too(account_id, monkeypatch):
    def is_away():
        raise TransientError("no Valkey")

    monkeypatch.setattr(dead_man, "stream_status", is_away)
    services.watch_dead_man_timers(MONDAY)
    assert held() == [("firm", "stale-feed", "REDUCING")]


def test_at_night_silence_is_normal(feed, monkeypatch):
    feed(10_000_000)
    moment = dead_man.market_moment()
    monkeypatch.setattr(dead_man, "market_moment", lambda: replace(moment, session="CLOSED"))
    services.watch_dead_man_timers(MONDAY)
    assert held() == []


def test_a_timer_does_not_let_go_what_a_person_stopped(feed, account_id):
    feed(None)
    services.watch_dead_man_timers(MONDAY)
    services.engage_kill_switch(scope="firm", reason="storm", actor=OFFICER, now=MONDAY)
    assert selectors.trading_state(account_id) is TradingState.HALTED
    feed(0)
    services.watch_dead_man_timers(MONDAY)
    assert held() == []
    assert selectors.trading_state(account_id) is TradingState.HALTED


def compare(account_id, differences):
    apps.get_model("accounts", "Reconciliation").objects.create(
        account_id=account_id, compared_at=MONDAY, differences=differences
    )
    dead_man.watch_books(MONDAY)


def test_books_that_differ_hold_their_account_until_they_agree(account_id):
    compare(account_id, [{"what": "cash", "ours": 1, "theirs": 2}])
    assert held() == [(f"account:{account_id}", "books-differ", "REDUCING")]
    assert selectors.holds()[0].reason == "the broker has other figures: cash"
    assert codes(check(account_id, "BUY 100 SSI @ 25000")) == ["KILL_SWITCH_ENGAGED"]
    compare(account_id, [])
    assert held() == []


def reject(account_id, count):
    event = OrderRejected(
        order_id="o", account_id=str(account_id), symbol="SSI", side="BUY", order_type="LO", status="REJECTED",
        quantity=100, filled_quantity=0, price_vnd=25_000, reason="no", ts_market_ms=0,
    )  # fmt: skip
    with transaction.atomic():
        for _ in range(count):
            record(event, actor=BROKER, now=MONDAY)


def test_a_storm_of_rejections_stops_the_account_until_two_people_release_it(account_id):
    reject(account_id, 19)
    assert dead_man.watch_rejections(MONDAY) == []
    reject(account_id, 1)
    assert dead_man.watch_rejections(MONDAY) == [f"account:{account_id}"]
    assert dead_man.watch_rejections(MONDAY) == []
    (switch,) = selectors.kill_switches(engaged_only=True)
    assert (switch.reason, switch.allows_reducing) == ("20 orders rejected within 60 s", True)


def test_old_rejections_are_no_storm(account_id, settings):
    settings.REJECT_STORM_S = 0
    reject(account_id, 50)
    assert dead_man.watch_rejections(MONDAY) == []
    assert selectors.kill_switches() == []


def test_a_hold_leaves_working_orders_and_a_halt_does_not(account_id):
    services.hold(scope="firm", cause=Cause.STALE_FEED, reason="late", now=MONDAY)
    assert selectors.is_killed(account_id) is True
    assert selectors.is_to_be_cancelled(account_id) is False
    assert selectors.is_anything_stopped() is False
    services.hold(scope="symbol:SSI", cause=Cause.BOOKS_DIFFER, reason="x", now=MONDAY, state=TradingState.HALTED)
    assert selectors.is_to_be_cancelled(account_id, symbol="SSI") is True
    assert selectors.is_killed(account_id, reducing=True, symbol="SSI") is True
    assert selectors.is_killed(account_id, reducing=True, symbol="HPG") is False
