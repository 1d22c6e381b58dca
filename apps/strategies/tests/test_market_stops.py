"""A market that is halted or falls too far: its strategies are stopped, those elsewhere and people's orders stay."""

import time

import pytest
from django.apps import apps
from django.conf import settings

from apps.marketdata.services.live_state import Checkpoint, LiveState
from apps.marketdata.tests.conftest import ms
from apps.orders import selectors as orders
from apps.orders.services import submit_order
from apps.risk import services as risk
from apps.strategies import selectors
from apps.strategies.handlers import leave_a_stopped_market
from apps.strategies.models import Decision
from apps.strategies.services import StrategyRefused, create_strategy, start_strategy
from apps.strategies.tests.conftest import NOW, TRADER, bar
from qts.adapters.bus import encode
from qts.domain.events import SessionChanged, TradingStateChanged
from qts.domain.orders import OrderRequest
from qts.domain.values import Actor, ActorKind, OrderType, Side

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere(account_id):
    """A running strategy on HNX."""
    apps.get_model("marketdata", "Security").objects.create(
        symbol="SHS", exchange="HNX", kind="STOCK", lot_size=100, updated_at=NOW
    )
    made = create_strategy(
        name="Elsewhere", class_key="moving_average_cross", parameters={}, account_id=account_id, symbols=["SHS"]
    )
    start_strategy(made, actor=TRADER, now=NOW)
    return made


def place(account_id, strategy_id=""):
    request = OrderRequest("SSI", Side.BUY, OrderType.LO, 100, 25_000, f"wish-of-{strategy_id or 'somebody'}")
    actor = Actor(ActorKind.STRATEGY, strategy_id) if strategy_id else Actor(ActorKind.SYSTEM, "test")
    placed = submit_order(account_id=account_id, request=request, actor=actor, now=NOW, strategy_id=strategy_id)
    assert placed.accepted
    return placed.order_id


def stop_market(scope, cause, *, told=None):
    """Held, and the event of it delivered; `told` delivers another one."""
    if cause is not None:
        risk.hold(scope=scope, cause=cause, reason="HOSE halted its market", now=NOW)
    leave_a_stopped_market(
        told or TradingStateChanged(scope=scope, cause=str(cause), state="REDUCING", reason="halt", ts_market_ms=0)
    )


@pytest.mark.parametrize("cause", [risk.Cause.MARKET_HALT, risk.Cause.MARKET_FALL])
def test_the_strategies_of_the_exchange_are_stopped_and_start_again_when_it_is_over(strategy_id, elsewhere, cause):
    stop_market("exchange:HOSE", cause)
    here, there = selectors.strategy(strategy_id), selectors.strategy(elsewhere)
    assert (here.status, here.status_reason, here.status_changed_by) == ("STOPPED", "halt", "system:market-watch")
    assert there.is_running
    with pytest.raises(StrategyRefused, match="The market is stopped: HOSE halted its market"):
        start_strategy(strategy_id, actor=TRADER, now=NOW)
    risk.let_go(scope="exchange:HOSE", cause=cause, reason="over", now=NOW)
    assert selectors.strategy(strategy_id).is_running is False  # a person's decision
    start_strategy(strategy_id, actor=TRADER, now=NOW)
    assert selectors.strategy(strategy_id).is_running


def test_news_of_a_halt_that_is_over_stop_nobody(strategy_id):
    old = TradingStateChanged(
        scope="exchange:HOSE", cause="market-halt", state="REDUCING", reason="halt", ts_market_ms=0
    )
    stop_market("exchange:HOSE", None, told=old)
    assert selectors.strategy(strategy_id).is_running


def test_late_data_stop_no_strategy(strategy_id):
    stop_market("firm", risk.Cause.STALE_FEED)
    assert selectors.strategy(strategy_id).is_running


def test_of_a_halted_security_only_what_strategies_have_in_it_is_taken_back(strategy_id, account_id):
    mine, by_hand = place(account_id, str(strategy_id)), place(account_id)
    stop_market("symbol:HPG", risk.Cause.MARKET_HALT)
    assert [orders.order(one).status for one in (mine, by_hand)] == ["PENDING", "PENDING"]
    stop_market("symbol:SSI", risk.Cause.MARKET_HALT)
    assert [(orders.order(one).status, orders.order(one).reason) for one in (mine, by_hand)] == [
        ("CANCELLED", "halt"), ("PENDING", ""),
    ]  # fmt: skip
    assert selectors.strategy(strategy_id).is_running


def test_a_wish_for_a_halted_security_is_no_order_and_no_refusal(desk, engine, account_id):
    event = SessionChanged(
        symbol="SSI", exchange="HOSE", session="HALT", status="H", ts_exchange_ms=ms("10:15:30"),
        ts_received_ns=time.time_ns(), wal_position="1:9",
    )  # fmt: skip
    LiveState(settings.REDIS_URL).write([encode(event)], Checkpoint("0:0", 0))
    engine.cross(9.9, 10.1)
    desk.on_bar(bar())
    decision = Decision.objects.get()
    assert (decision.outcome, decision.outcome_reason) == ("SKIPPED", "the exchange has halted it")
    assert orders.orders([account_id]) == []
