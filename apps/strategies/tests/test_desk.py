"""From a closed bar to an order, and all the reasons for none."""

import time

import pytest
from django.conf import settings

from apps.analytics.services import IndicatorEngine
from apps.orders import selectors as orders
from apps.strategies import selectors
from apps.strategies.models import Decision, Strategy, StrategyStatus
from apps.strategies.services import stop_strategy
from apps.strategies.services.desk import StrategyDesk
from apps.strategies.tests.conftest import NOW, TRADER, bar
from qts.adapters.wal import WalReader, message_position
from qts.domain.orders import Status
from qts.domain.values import OrderType, Side

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cross_becomes_a_decision_and_an_order_that_explains_itself(desk, engine, strategy_id, account_id):
    *_, latest = WalReader(settings.WAL_DIR).replay()
    engine.cross(9.9, 10.1)
    desk.on_bar(bar(wal_position=message_position(latest.position, 1)))
    (order,) = orders.orders([account_id])
    assert (order.side, order.quantity, order.order_type, order.price_vnd) == (Side.BUY, 500, OrderType.LO, 25_000)
    assert (order.status, order.strategy_id, order.actor) == (
        Status.PENDING,
        str(strategy_id),
        f"strategy:{strategy_id}",
    )
    why = selectors.explanation(order.id)
    assert why.decision.signal == "sma_5 crossed above sma_20"
    assert why.decision.indicators == {"sma_5": 10.1, "sma_20": 10.0}
    assert why.decision.indicators_previous == {"sma_5": 9.9, "sma_20": 10.0}
    assert why.decision.trigger["close_vnd"] == 25_000
    assert why.raw_trouble == ""
    assert why.raw_message in latest.payload.decode()
    assert why.raw_message.count("DataType") == 1
    assert "X-TRADE" in why.raw_message


def test_an_order_whose_raw_message_is_gone_says_so(desk, engine, account_id):
    engine.cross(9.9, 10.1)
    desk.on_bar(bar(wal_position="99:8"))
    (order,) = orders.orders([account_id])
    why = selectors.explanation(order.id)
    assert (why.raw_message, why.raw_trouble) == (None, "WAL segment 99 is not kept any more")


def test_the_same_bar_again_decides_nothing_new(desk, engine, account_id):
    engine.cross(9.9, 10.1)
    desk.on_bar(bar())
    desk.begin_batch()
    desk.on_bar(bar())
    assert (Decision.objects.count(), len(orders.orders([account_id]))) == (1, 1)


def test_the_next_bar_sees_the_working_order(desk, engine, account_id):
    engine.cross(9.9, 10.1)
    desk.on_bar(bar("10:13:00"))
    desk.on_bar(bar("10:14:00"))
    first, second = Decision.objects.order_by("trigger__ts_start_ms")
    assert first.outcome == "SUBMITTED"
    assert (second.outcome, second.outcome_reason) == ("SKIPPED", "already holding or working towards the target")
    assert len(orders.orders([account_id])) == 1


def test_a_refusal_of_the_gate_is_the_decisions_outcome(desk, engine, account_id):
    Strategy.objects.update(parameters={"quantity": 100_000})  # 2.5 billion VND
    Strategy.objects.update(run=2)
    desk.refresh()
    engine.cross(9.9, 10.1)
    desk.on_bar(bar())
    decision = Decision.objects.get()
    assert decision.outcome == "DENIED"
    assert "ORDER_VALUE_EXCEEDS_MAX" in decision.outcome_reason
    assert "BUYING_POWER_EXCEEDED" in decision.outcome_reason
    assert orders.order(decision.order_id).status is Status.DENIED
    assert orders.orders([account_id], open_only=True) == []


def test_a_stopped_strategy_decides_nothing_even_before_the_desk_has_noticed(desk, engine, strategy_id, account_id):
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    engine.cross(9.9, 10.1)
    desk.on_bar(bar())
    assert (Decision.objects.count(), orders.orders([account_id])) == (0, [])
    desk.refresh()
    desk.on_bar(bar())
    assert Decision.objects.count() == 0


def minute_over(desk, settings, *, seconds_ago):
    """The market's clock showed 10:15:00 so long ago."""
    settings.MARKET_CLOCK = f"affine:2026-11-23,10:15:00,17:15:01,{time.time() - seconds_ago:.3f},1"
    return desk.on_bar(bar("10:14:00", received_ns=time.time_ns() - 60_000_000_000))


def test_nobody_trades_on_old_news(desk, engine, settings):
    engine.cross(9.9, 10.1)
    assert minute_over(desk, settings, seconds_ago=16).symbol == "SSI"
    assert Decision.objects.count() == 0


def test_a_bar_is_news_when_its_minute_is_over_however_long_ago_its_last_match_was(desk, engine, settings):
    engine.cross(9.9, 10.1)
    minute_over(desk, settings, seconds_ago=2)
    assert Decision.objects.get().ts_received_ns < time.time_ns() - 59_000_000_000


def test_other_symbols_are_not_its_business(desk, engine):
    engine.cross(9.9, 10.1)
    desk.on_bar(bar(symbol="VNM"))
    assert Decision.objects.count() == 0


def test_a_strategy_that_breaks_is_switched_off_and_says_why(desk, engine, strategy_id):
    Strategy.objects.update(class_key="qts.adapters.sandbox.tests.misbehaving:Raises", parameters={}, run=2)
    desk.refresh()
    desk.on_bar(bar())
    broken = selectors.strategy(strategy_id)
    assert broken.status == StrategyStatus.FAILED
    assert "the sky is falling" in broken.status_reason
    desk.refresh()
    desk.on_bar(bar("10:15:00"))
    assert Decision.objects.count() == 0


@pytest.mark.parametrize(("name", "status"), [("SaysNul", "RUNNING"), ("RaisesNul", "FAILED"), ("WritesNul", "FAILED")])
def test_what_no_database_takes_stops_nobody_but_who_said_it(name, status, desk, engine, strategy_id):
    Strategy.objects.update(class_key=f"qts.adapters.sandbox.tests.misbehaving:{name}", parameters={}, run=2)
    desk.refresh()
    desk.on_bar(bar())
    said = selectors.strategy(strategy_id)
    assert said.status == status
    assert [one.signal for one in Decision.objects.all()] == (["a\ufffdb"] if status == "RUNNING" else [])
    assert ("a\ufffdb" in said.status_reason) is (status == "FAILED")


def test_a_strategy_that_asks_for_what_nobody_computes_is_switched_off_and_says_why(desk, strategy_id):
    Strategy.objects.update(class_key="apps.strategies.tests.strange:Dreamer", parameters={}, run=2)
    desk.refresh()
    dreaming = selectors.strategy(strategy_id)
    assert (dreaming.status, dreaming.status_reason) == (
        StrategyStatus.FAILED,
        "Nobody computes 'smaa_7'; did you mean sma, mama, ma?",
    )
    desk.on_bar(bar())
    assert Decision.objects.count() == 0


def test_the_engine_computes_what_a_running_strategy_asks_for(strategy_id, account_id):
    """The stored bars warm it, so that the very first bar has both values and those before."""
    Strategy.objects.update(class_key="apps.strategies.tests.strange:Odd", parameters={}, run=2)
    stored = [bar(f"10:{minute:02}:00") for minute in range(14)]
    with StrategyDesk(IndicatorEngine(bars_before=lambda _symbol, _starts_at, _limit: stored)) as desk:
        desk.refresh()
        desk.begin_batch()
        calculated = desk.on_bar(bar("10:14:00"))
        assert (calculated.values["sma_3"], calculated.values["max_2_of_high"]) == ("25000", "25050")
        decision = Decision.objects.get()
        assert decision.signal == "max_2_of_high sma_3"
        assert decision.indicators == {"sma_3": 25_000.0, "max_2_of_high": 25_050.0}  # and nobody else's
        stop_strategy(strategy_id, actor=TRADER, now=NOW)
        desk.refresh()
        desk.on_bar(bar("10:15:00"))
    assert Decision.objects.count() == 1
