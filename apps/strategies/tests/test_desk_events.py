"""What the live desk tells besides bars: fills, timers, sessions and the other symbols, as a backtest does."""

import time
from datetime import timedelta
from typing import Any

import pytest

from apps.marketdata.services.live_state import LiveState
from apps.marketdata.tests.conftest import ms
from apps.orders import selectors as orders
from apps.strategies.models import Decision, Strategy
from apps.strategies.tests.conftest import NOW, bar
from qts.domain.events import GapDetected, OrderFilled, SessionChanged

pytestmark = pytest.mark.django_db
DIARIST = "apps.strategies.tests.strange:Diarist"


@pytest.fixture
def diary(desk):
    Strategy.objects.update(class_key=DIARIST, parameters={}, run=2)
    desk.refresh()
    return desk


def told() -> list[tuple[str, str]]:
    return list(Decision.objects.order_by("decided_at").values_list("symbol", "signal"))


def session(name: str, **more: Any) -> SessionChanged:
    given: dict[str, Any] = {
        "symbol": "SSI", "exchange": "HOSE", "session": name, "status": "N", "ts_exchange_ms": ms("14:30:00"),
        "ts_received_ns": time.time_ns(), "wal_position": "1:8",
    }  # fmt: skip
    return SessionChanged(**(given | more))


def test_a_session_is_told_once_and_not_the_one_that_was_there_before(diary):
    diary.on_session(session("CONTINUOUS"))
    assert told() == []
    diary.on_session(session("HALT"))  # of one security
    for _ in range(2):
        diary.on_session(session("ATC"))
    assert told() == [("SSI", "session HOSE ATC")]
    diary.on_session(session("CLOSED", ts_received_ns=time.time_ns() - 16_000_000_000))  # old news
    assert len(told()) == 1


@pytest.mark.parametrize(("at", "is_told"), [("14:30:00", True), ("14:30:05", True), ("14:31:00", False)])
def test_a_desk_that_takes_over_tells_a_change_of_this_moment_and_none_of_long_ago(diary, at, is_told):
    diary.on_session(session("ATC", ts_exchange_ms=ms(at)))
    assert told() == [("SSI", "session HOSE ATC")] * is_told


def test_a_timer_is_told_at_its_minute_of_a_trading_day(diary):
    half_past = NOW + timedelta(minutes=15)  # 10:30
    diary.on_clock(half_past - timedelta(seconds=1))
    assert told() == []
    diary.on_clock(half_past)
    diary.on_clock(half_past + timedelta(seconds=1))
    assert told() == [("SSI", "timer 630")]
    diary.on_clock(half_past + timedelta(days=5))  # a Saturday
    assert len(told()) == 1
    diary.on_clock(half_past + timedelta(days=7))
    assert told()[1:] == [("SSI", "timer 630")]


def test_its_own_fills_are_told_and_nobody_elses(diary, account_id):
    diary.on_session(session("CONTINUOUS"))
    diary.on_session(session("ATC"))
    (order,) = orders.orders([account_id])
    filled: dict[str, Any] = {
        "order_id": str(order.id), "account_id": str(account_id), "symbol": "SSI", "side": "BUY", "order_type": "LO",
        "status": "FILLED", "quantity": 100, "filled_quantity": 100, "price_vnd": 25_000,
        "ts_market_ms": ms("14:31:00"), "fill_id": "one", "fill_quantity": 100, "fill_price_vnd": 25_000,
    }  # fmt: skip
    diary.on_fill(OrderFilled(**filled))
    assert told()[1:] == [("SSI", "fill BUY 100 at 25000")]
    diary.on_fill(OrderFilled(**filled | {"order_id": "00000000-0000-0000-0000-000000000000"}))
    assert len(told()) == 2
    assert Decision.objects.get(signal__startswith="fill").trigger["side"] == "BUY"


def test_it_sees_all_its_symbols_and_orders_in_one_that_is_not_the_bars(diary):
    Strategy.objects.update(symbols=["SSI", "VNM"], run=3)
    diary.refresh()
    diary.on_bar(bar("10:13:00", symbol="VNM"))
    diary.on_bar(bar("10:14:00"))
    assert told() == [("VNM", "sees SSI VNM")]


def test_what_it_does_not_trade_is_not_ordered(diary, account_id):
    diary.on_bar(bar("10:13:00"))
    diary.on_bar(bar("10:14:00"))
    (decision,) = Decision.objects.all()
    assert (decision.symbol, decision.outcome_reason) == ("HPG", "it does not trade HPG")
    assert orders.orders([account_id]) == []


class Told:
    """A strategy's process that notes whether it was told of a gap."""

    def __init__(self):
        self.seen = []

    def __call__(self, one, event, context):
        self.seen.append(context.is_after_gap)
        return ()


def gap(symbols: str, begins: str, ends: str) -> GapDetected:
    return GapDetected(
        symbols=symbols,
        ts_from_ns=1,
        ts_to_ns=2,
        cause="VOLUME",
        reason="matches of 100 are missing",
        ts_market_from_ms=ms(begins),
        ts_market_to_ms=ms(ends),
    )


@pytest.mark.parametrize(
    ("symbols", "span", "is_told"),
    [
        ("SSI", ("10:15:20", "10:15:40"), True),
        ("*", ("10:15:20", "10:15:40"), True),
        ("*", ("09:00:00", "10:15:00"), True),  # it reaches into the bar's minute
        ("VNM,FPT", ("10:15:20", "10:15:40"), False),
        ("SSI", ("10:13:00", "10:14:59"), False),
        ("SSI", ("10:16:01", "10:16:30"), False),
    ],
)
def test_a_strategy_is_told_of_a_gap_in_the_minute_before(diary, monkeypatch, symbols, span, is_told):
    monkeypatch.setattr(diary._staff, "ask", told_of := Told())
    diary.on_gap(gap(symbols, *span))
    diary.on_bar(bar("10:15:00"))
    assert told_of.seen == [is_told]


def test_nothing_is_ordered_across_a_gap_that_is_not_marked_yet(diary, settings):
    live = LiveState(settings.REDIS_URL)
    diary.on_session(session("CONTINUOUS"))
    live.suspect({"SSI": 1})
    diary.on_session(session("ATC"))
    held_back = Decision.objects.get()
    assert "not clear yet" in held_back.outcome_reason
    assert held_back.order_id is None
    live.suspect({})
    diary.on_session(session("CONTINUOUS", ts_exchange_ms=ms("14:31:00")))
    assert Decision.objects.get(signal="session HOSE CONTINUOUS").order_id is not None
