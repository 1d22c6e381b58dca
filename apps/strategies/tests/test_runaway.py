"""A strategy that emits a flood is off before its eleventh order, whatever the signals behind it are."""

import time

import pytest

from apps.orders import selectors as orders
from apps.risk import selectors as risk
from apps.risk.services import engage_kill_switch, note_answer, pace_strategy, stop_losing_strategy
from apps.strategies import handlers, selectors
from apps.strategies.models import Decision, Strategy
from apps.strategies.services import StrategyRefused, start_strategy
from apps.strategies.services.decisions import Cause, Conclusion, decide
from apps.strategies.tests.conftest import NOW, TRADER
from qts.adapters.sandbox.host import StrategyHost
from qts.domain.events import KillSwitchChanged
from qts.domain.strategy import Context, TargetPosition, Tick
from qts.domain.strategy.sizing import Proposal
from qts.domain.values import OrderType, Side

SIGNALS = 500


@pytest.fixture
def strategy(strategy_id):
    return Strategy.objects.get(id=strategy_id)


def emit(strategy, number, *, price_vnd=25_000):
    cause = Cause(
        event_key=f"tick:{number}", trigger={}, indicators={}, indicators_previous={}, wal_position="0:0",
        ts_received_ns=0, held=0, working=0, at_ms=0, intent={},
    )  # fmt: skip
    answer = Proposal(Side.BUY, 100, OrderType.LO, price_vnd)
    return decide(strategy, Conclusion(symbol="SSI", signal="flood", reasoning={}, answer=answer), cause, NOW)


def orders_of(strategy):
    return orders.orders([strategy.account_id], strategy_id=str(strategy.id))


def stopped() -> list[tuple[str, str]]:
    return [(switch.scope, switch.reason) for switch in risk.kill_switches(engaged_only=True)]


def stand_still(monkeypatch):
    moment = time.time_ns()
    monkeypatch.setattr("apps.strategies.services.decisions.time.time_ns", lambda: moment)


def test_a_flood_is_over_after_ten_orders(strategy, monkeypatch):
    stand_still(monkeypatch)  # all within one second, however slow this machine is
    for number in range(SIGNALS):
        emit(strategy, number)
    assert len(orders_of(strategy)) == 10
    assert Decision.objects.count() == 11  # the one that was too many says why; the rest is not even recorded
    assert stopped() == [(f"strategy:{strategy.id}", "runaway: more than 10 orders in a second")]
    assert selectors.strategy(strategy.id).status == "FAILED"
    with pytest.raises(StrategyRefused, match="kill switch"):
        start_strategy(strategy.id, actor=TRADER, now=NOW)


def test_it_is_disabled_within_a_second_of_the_order_that_is_too_many(strategy, monkeypatch):
    stand_still(monkeypatch)
    for number in range(10):
        emit(strategy, number)
    assert selectors.strategy(strategy.id).is_running
    began = time.monotonic()
    emit(strategy, 10)
    assert selectors.strategy(strategy.id).is_running is False
    assert time.monotonic() - began < 1.0
    assert len(orders_of(strategy)) == 10


def test_ten_in_each_second_are_a_strategy_and_not_a_flood(db):
    name = "5525cb34-b425-4977-bd96-01e3de82e564"
    for number in range(30):
        assert pace_strategy(name, wall_ms=1_000_000 + 100 * number, now=NOW) is True
    assert stopped() == []
    assert pace_strategy(name, wall_ms=1_000_000 + 2_950, now=NOW) is False


def test_what_a_dead_worker_left_undone_counts_though_it_is_older(db):
    name = "5525cb34-b425-4977-bd96-01e3de82e564"
    for number in range(10):  # a machine that takes a second for each: only the data tell the pace
        assert pace_strategy(name, wall_ms=1_000 * number, caused_ms=5_500 + number, now=NOW) is True
    assert pace_strategy(name, wall_ms=10_000, caused_ms=5_000, now=NOW) is False
    assert len(stopped()) == 1


def test_another_strategy_goes_on(db):
    for number in range(11):
        pace_strategy("5525cb34-b425-4977-bd96-01e3de82e564", wall_ms=number, now=NOW)
    assert pace_strategy("9a3c1f0e-6f0b-4b0e-9d7a-2f6f1a1c5d11", wall_ms=11, now=NOW) is True
    assert [scope for scope, _ in stopped()] == ["strategy:5525cb34-b425-4977-bd96-01e3de82e564"]


def test_repeated_refusals_stop_it(strategy, settings):
    settings.RUNAWAY_REFUSALS_IN_A_ROW_MAX = 3
    for number in range(6):
        emit(strategy, number, price_vnd=99_000)
    assert [order.status for order in orders_of(strategy)] == ["DENIED"] * 3
    assert stopped() == [(f"strategy:{strategy.id}", "runaway: 3 orders in a row were refused")]
    assert selectors.strategy(strategy.id).status == "FAILED"


def test_one_that_passes_between_them_begins_the_count_anew(db, settings):
    settings.RUNAWAY_REFUSALS_IN_A_ROW_MAX = 3
    answers = [False, False, True, False, False, True, False, False]
    name = "5525cb34-b425-4977-bd96-01e3de82e564"
    assert all(note_answer(name, is_accepted=answer, now=NOW) for answer in answers)
    assert stopped() == []
    assert note_answer(name, is_accepted=False, now=NOW) is False


def test_a_loss_over_its_limit_stops_it_and_one_at_the_limit_does_not(db):
    name = "5525cb34-b425-4977-bd96-01e3de82e564"
    assert stop_losing_strategy(name, loss_vnd=1_000_000, limit_vnd=1_000_000, now=NOW) is False
    assert stopped() == []
    assert stop_losing_strategy(name, loss_vnd=1_000_001, limit_vnd=1_000_000, now=NOW) is True
    assert stopped() == [(f"strategy:{name}", "runaway: lost 1,000,001 VND today, allowed are 1,000,000 VND")]


def test_a_person_who_kills_a_strategy_switches_it_off(strategy):
    engage_kill_switch(scope=f"strategy:{strategy.id}", reason="odd", actor=TRADER, now=NOW)
    event = KillSwitchChanged(scope=f"strategy:{strategy.id}", engaged=True, reason="odd", ts_market_ms=0)
    handlers.stop_what_is_killed(event)
    handlers.stop_what_is_killed(event)
    assert selectors.strategy(strategy.id).status == "STOPPED"
    assert selectors.strategy(strategy.id).status_reason == "kill switch: odd"


@pytest.mark.parametrize(("scope", "engaged"), [("firm", True), ("symbol:SSI", True), ("strategy:{id}", False)])
def test_other_switches_leave_it_running(strategy, scope, engaged):
    named = scope.format(id=strategy.id)
    handlers.stop_what_is_killed(KillSwitchChanged(scope=named, engaged=engaged, reason="x", ts_market_ms=0))
    assert selectors.strategy(strategy.id).is_running


def test_answers_that_come_to_nothing_have_an_end_too(desk, monkeypatch):
    """A hundred wishes for what it does not trade, match for match: rows for ever, and never an order."""
    wish = TargetPosition(100, "more", "VNM")
    monkeypatch.setattr(StrategyHost, "ask", lambda *_: (wish,) * 100)
    (one,) = list(desk._staff)
    context, minute_ms = Context({}, {}), 60_000
    last = Tick("SSI", 5 * minute_ms - 1, 25_000, 100)
    for number in range(60):
        assert len(desk._staff.ask(one, Tick("SSI", 4 * minute_ms + number, 25_000, 100), context)) == 100
    assert one.strategy in desk._staff
    assert desk._staff.ask(one, last, context) == ()
    assert one.strategy not in desk._staff
    strategy = selectors.strategy(one.strategy.id)
    assert (strategy.status, strategy.status_reason) == (
        "FAILED", "runaway: more than 6,000 answers in a minute of the market",
    )  # fmt: skip


def test_each_minute_of_answers_counts_by_itself(desk, monkeypatch):
    monkeypatch.setattr(StrategyHost, "ask", lambda *_: (TargetPosition(100, "more"),) * 100)
    (one,) = list(desk._staff)
    for minute in range(3):
        for _ in range(60):
            assert desk._staff.ask(one, Tick("SSI", minute * 60_000, 25_000, 100), Context({}, {}))
    assert one.strategy in desk._staff
