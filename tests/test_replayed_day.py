"""A recorded day, three times: on paper at the simulated exchange, replayed from its log, and as a backtest.

The exchange, the wire, the pipeline, the signals worker, the gateway and the order stream are the real ones; the
market runs at 150 times its speed from 13:54 through the closing auction.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from apps.accounts.services import seed_demo_accounts
from apps.analytics.models import IndicatorSnapshot
from apps.analytics.services import IndicatorEngine
from apps.configuration.services import seed_demo_connections
from apps.eventlog.services import run_relay_slice
from apps.marketdata import selectors as marketdata
from apps.marketdata.models import Bar1m
from apps.marketdata.services import ingest, master_data, recorder
from apps.orders import services as orders
from apps.risk.services import seed_limits
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from apps.strategies import selectors
from apps.strategies import services as strategies
from apps.strategies.models import Decision, Strategy
from apps.strategies.services import desk, replays, signals
from apps.strategies.services.day_backtest import backtest_day
from apps.strategies.services.parity import measure_parity, parity_due
from qts.adapters.bus.redis_streams import stream_key
from qts.adapters.redis_client import redis_client
from qts.backtest.trace import digest, lines
from qts.domain.events import BarClosed, SessionChanged, TickReceived
from qts.domain.values import Actor, ActorKind
from tests.order_market import OrderMarket, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

SPEED = 150
A_DAY_S = 86_400
OPERATOR = Actor(ActorKind.SYSTEM, "test")
DIPS = """
title: Dips
enter: {all: [rsi_3 < 45, "time between 13:50 and 14:25"]}
leave: {any: [rsi_3 > 55, bars_held >= 4]}
size: {method: fixed, quantity: 200}
wait_bars: 1
"""
CLOCK = """
from datetime import time

from qts.domain.strategy import Strategy, TargetPosition


class Clock(Strategy):
    key = "clock"
    title = "Clock"
    summary = "Says what it has heard."
    wants_universe = True
    bars = 0

    def timers(self):
        return (time(14, 0), time(14, 25))

    def on_bar(self, bar, context):
        self.bars += 1

    def on_fill(self, fill, context):
        return TargetPosition(context.quantity, f"holds {context.quantity} after {self.bars} bars", fill.symbol)

    def on_timer(self, timer, context):
        return [self._told(symbol, context) for symbol in sorted(context.universe)]

    def on_session(self, change, context):
        return [self._told(symbol, context, change.session) for symbol in sorted(context.universe)]

    def _told(self, symbol, context, session=""):
        closes = [context.universe[one].bar.close_vnd for one in sorted(context.universe)]
        return TargetPosition(100, f"{session} {self.bars} bars {closes}", symbol)
"""
RUNNING = {
    "cross": ("moving_average_cross", {"fast": 2, "slow": 4, "quantity": 100}, ["SSI", "VNM"]),
    "reversion": ("rsi_mean_reversion", {"period": 3, "quantity": 100}, ["SSI"]),
    "breakout": (
        "bollinger_breakout",
        {"period": 5, "width": 1, "volume_percent": 100, "quantity": 100},
        ["FPT", "HPG", "SSI"],
    ),
    "pair": ("pairs", {"window": 10, "entry_tenths": 5, "money_million_vnd": 10}, ["HPG", "VNM"]),
    "momentum": ("index_future_momentum", {"window": 5, "quantity": 100}, ["HPG"]),
    "clock": ("file:clock", {}, ["SSI", "VNM"]),
    "closing": ("closing_rebalance", {"money_million_vnd": 30}, ["HPG", "SSI", "VCB"]),
    "dips": ("file:dips", {}, ["HPG", "VCB"]),
}


@pytest.fixture
def day(transactional_db, settings, tmp_path, monkeypatch):
    """The strategies have traded from 13:54 until the closing auction was over; everything has stopped."""
    client = redis_client(settings.REDIS_URL)
    for key in list(client.scan_iter("qts:*", count=1_000)):
        client.delete(key)
    monkeypatch.setattr(desk, "SIGNAL_AGE_S_MAX", 120.0)  # a busy machine: it is not about old news
    settings.WAL_DIR, settings.STRATEGIES_DIR = tmp_path / "wal", tmp_path / "strategies"
    settings.STRATEGIES_DIR.mkdir()
    (settings.STRATEGIES_DIR / "dips.yaml").write_text(DIPS)
    (settings.STRATEGIES_DIR / "clock.py").write_text(CLOCK)
    settings.MARKET_CLOCK = f"affine:2026-11-23,13:54:00,15:10:00,{time.time() + A_DAY_S:.3f},{SPEED}"  # it stands
    market = OrderMarket(tmp_path, settings.MARKET_CLOCK)
    try:
        market.start_simulator()
        for name in ("SSI_DATA_URL", "SSI_STREAM_URL", "SSI_TRADING_URL", "SSI_TRADING_STREAM_URL"):
            setattr(settings, name, market.url)
        found = _people(market)
        market.slices.start(ingest.run_stream_slice, recorder.run_recorder_slice, strategies.run_signals_slice)
        market.slices.start(orders.run_gateways, orders.run_order_streams, run_relay_slice)
        wait_for(lambda: marketdata.stream_status().is_live, 60, "the stream does not connect")
        wait_for(lambda: _processes() == len(RUNNING), 90, "not all strategies have started")
        market.ask("sim/clock", {"jump_to": "13:54:01"})  # and runs from there
        settings.MARKET_CLOCK = f"affine:2026-11-23,13:54:01,15:10:00,{time.time():.3f},{SPEED}"
        wait_for(lambda: _market_time() >= "14:31", 60, lambda: f"it is {_market_time()}")
        market.simulator.kill()
        wait_for(lambda: _market_time() >= "14:36", 60, lambda: f"it is {_market_time()}")
        settings.MARKET_CLOCK = _almost_standing()
        wait_for(lambda: not marketdata.stream_status().is_live, 60, "the reader does not come to the stream's end")
        wait_for(lambda: not _bars_untold() and not _topics_behind(), 180, _what_is_not_told)
        return found
    finally:
        market.end()


def _people(market: OrderMarket) -> SimpleNamespace:
    now = marketdata.market_now()
    for username in ("trader", "trader2"):
        make_user(username, Role.TRADER)
    seed_limits(now)
    connection_of = seed_demo_connections(market.ask("sim/credentials"), now=now)
    account_id = seed_demo_accounts(connection_of=connection_of, now=now)["0901351"]
    master_data.load_master_data_of_day()
    for name in ("dips", "clock"):
        strategies.register_file(name, actor=OPERATOR, now=now)
    for name, (class_key, parameters, symbols) in RUNNING.items():
        made = strategies.create_strategy(
            name=name, class_key=class_key, parameters=parameters, account_id=account_id, symbols=symbols
        )
        strategies.start_strategy(made, actor=OPERATOR, now=now)
    return SimpleNamespace(account_id=account_id, day=marketdata.market_today())


def _processes() -> int:
    """Strategies in confined processes of ours."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    ours = [one.read_text().split() for one in found]
    return sum(b"sandbox.child" in _command(pid) for pids in ours for pid in pids)


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def _what_is_not_told() -> str:
    rows = f"{Bar1m.objects.count()} bars, {IndicatorSnapshot.objects.count()} indicators"
    return f"{_market_time()}: {rows}, not told {sorted(_bars_untold())[:20]}, behind on {_topics_behind()}"


def _bars_untold() -> set[tuple[str, datetime]]:
    """Stored and not with the strategies yet."""
    bars, told = (model.objects.values_list("symbol", "starts_at") for model in (Bar1m, IndicatorSnapshot))
    return set(bars) - set(told)


_READ = [(TickReceived.topic, recorder.NAME), (BarClosed.topic, signals.GROUP), (SessionChanged.topic, signals.GROUP)]


def _topics_behind() -> list[str]:
    """On the bus, for a recorder or a desk that is behind on a busy machine."""
    return [topic for topic, group in _READ if _waits(topic, group)]


def _waits(topic: str, group: str) -> bool:
    groups: Any = redis_client(settings.REDIS_URL).xinfo_groups(stream_key(topic))
    return any(row["pending"] or row["lag"] for row in groups if row["name"] == group.encode())


def _market_time() -> str:
    return f"{marketdata.market_moment().local:%H:%M:%S}"


def _almost_standing() -> str:
    """So that a busy machine tells all on this day of the market, and each thing after the one before."""
    soon = marketdata.market_moment().local + timedelta(seconds=1)
    return f"affine:2026-11-23,{soon:%H:%M:%S},15:10:00,{time.time():.3f},0.01"


def test_paper_replay_and_backtest_decide_the_same(day, monkeypatch):
    assert set(Strategy.objects.values_list("status", flat=True)) == {"RUNNING"}
    decided = {}
    for name in RUNNING:
        strategy = Strategy.objects.get(name=name)
        sides = replays.sides_of(strategy, day.day)
        assert sides.replayed is not None, sides.problem
        assert list(lines(sides.replayed.decided)) == list(lines(sides.recorded)), name
        assert digest(sides.replayed.decided) == digest(sides.recorded)
        # shown what the backtest held, the live path decides what the backtest decides
        as_if, logged = replays.replay_day(strategy, day.day, replays.Exposures.BACKTEST)
        backtest = [one for one in whole_backtest(strategy, day.day) if one.at_ms <= logged.last_ms]
        assert list(lines(as_if.decided)) == list(lines(backtest)), name
        assert_every_difference_is_explained(strategy, day.day, sides)
        decided[name] = len(sides.recorded)
    assert sum(count > 0 for count in decided.values()) >= len(RUNNING) - 1, decided  # the flow may hold no break-out
    told = {key.partition(":")[0] for key in Decision.objects.values_list("event_key", flat=True)}
    assert told == {"bar", "timer", "session", "fill"}
    evening = datetime.combine(day.day, time_of_day(8, 5), tzinfo=UTC)  # 15:05 in Vietnam
    assert parity_due(evening) == []
    assert_that_an_indicator_one_bar_late_is_found(day, monkeypatch)


def whole_backtest(strategy, day):
    code, held = replays.code_of_day(strategy, day), replays.held_before(strategy, day)
    return backtest_day(strategy, code, day, held=held).trace.decided


def assert_every_difference_is_explained(strategy, day, sides):
    """By what was held: the exchange filled otherwise than the matching model says."""
    measure_parity(strategy.id, day)
    measured = selectors.parity_day(strategy.id, day)
    unexplained = [one for one in measured.document["differences"] if one["cause"] == "UNEXPLAINED"]
    assert unexplained == []
    assert (measured.status, measured.is_replay_equal, measured.unexplained) == ("DONE", True, 0), measured
    assert measured.matched + measured.differing + measured.missing_backtest == measured.decided == len(sides.recorded)
    assert sides.day is not None
    differences = [one for one in measured.document["differences"] if one["at_ms"] <= sides.day.last_ms]
    explained = {"HOLDING", "HELD_BEFORE", "FILL", "RESTARTED"}  # the last: a slow machine loses a lease
    assert [one for one in differences if one["cause"] not in explained] == []
    fills = measured.document["fills"]
    assert sum(one["effect_vnd"] for one in fills) == measured.profit_difference_vnd
    assert {one["why"] for one in fills} <= {"NONE", "PRICE", "QUANTITY", "TIME"}


def assert_that_an_indicator_one_bar_late_is_found(day, monkeypatch):
    strategy = Strategy.objects.get(name="cross")
    monkeypatch.setattr(IndicatorEngine, "values", IndicatorEngine.values_before)
    late, _ = replays.replay_day(strategy, day.day)
    assert digest(late.decided) != digest(replays.recorded_decisions(strategy.id, day.day))
