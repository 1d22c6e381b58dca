import time

import pytest

from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.domain.strategy import Bar, Context, PlaceOrder, TargetPosition
from qts.domain.values import OrderType, Side

BAR = Bar(symbol="SSI", ts_start_ms=0, open_vnd=25_000, high_vnd=25_100, low_vnd=24_950, close_vnd=25_050, volume=1_200)
EMPTY = Context(indicators={}, previous={})
MISBEHAVING = "qts.adapters.sandbox.tests.misbehaving:"


def is_running(host: StrategyHost) -> bool:
    return host._process.poll() is None


def test_a_bar_goes_in_and_an_intent_comes_out():
    crossed = Context(indicators={"sma_5": 10.1, "sma_20": 10.0}, previous={"sma_5": 9.9, "sma_20": 10.0})
    with StrategyHost("moving_average_cross", {"quantity": 700}) as host:
        assert host.indicator_names == ("sma_5", "sma_20")
        assert host.wants_ticks is False
        assert host.ask(BAR, EMPTY) == ()
        assert host.ask(BAR, crossed) == (TargetPosition(700, "sma_5 crossed above sma_20"),)
    assert not is_running(host)


def test_an_order_intent_keeps_its_types():
    with StrategyHost(MISBEHAVING + "OrdersDirectly", {}) as host:
        assert host.ask(BAR, EMPTY) == (PlaceOrder(Side.SELL, 200, OrderType.LO, 25_050, "take profit"),)


def test_several_intents_keep_their_order():
    with StrategyHost(MISBEHAVING + "OrdersTwice", {}) as host:
        assert host.ask(BAR, EMPTY) == (
            PlaceOrder(Side.SELL, 200, OrderType.LO, 25_050, "half"),
            TargetPosition(0, "the rest"),
        )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Floods", "100 intents at most, not with 10000"),
        ("Babbles", "answers with intents, not with 7"),
        ("Rambles", "200 characters at most"),
        ("Raises", "ValueError: the sky is falling"),
        ("Exits", "it ended with status 7"),
        ("RaisesNul", "ValueError: a\ufffdb"),
        ("WritesNul", "status 7: a\ufffdb"),
        ("Hoards", "MemoryError"),
    ],
)
def test_what_a_strategy_breaks_is_told_and_its_process_is_gone(name, said):
    with StrategyHost(MISBEHAVING + name, {}) as host:
        with pytest.raises(StrategyHostError, match=said):
            host.ask(BAR, EMPTY)
        assert not is_running(host)


def test_what_no_database_takes_is_in_none_of_its_texts():
    with StrategyHost(MISBEHAVING + "SaysNul", {}) as host:
        assert host.ask(BAR, EMPTY) == (TargetPosition(100, "a\ufffdb"),)
        assert host.ask(BAR, EMPTY) == (TargetPosition(100, "a\ufffdb"),)


def test_a_hanging_strategy_is_killed():
    with StrategyHost(MISBEHAVING + "Hangs", {}, answer_timeout_s=0.2) as host:
        began = time.monotonic()
        with pytest.raises(StrategyHostError, match=r"no answer within 0\.2 s"):
            host.ask(BAR, EMPTY)
        assert time.monotonic() - began < 5
        assert not is_running(host)


def test_printing_is_not_answering():
    with StrategyHost(MISBEHAVING + "Chatters", {}) as host:
        assert host.ask(BAR, EMPTY) == (TargetPosition(100, "calm"),)
        assert host.ask(BAR, EMPTY) == (TargetPosition(100, "calm"),)


def test_the_child_sees_no_credentials(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://qts:secret@127.0.0.1/qts")
    with StrategyHost(MISBEHAVING + "TellsItsEnvironment", {}) as host:
        (answer,) = host.ask(BAR, EMPTY)
    assert isinstance(answer, TargetPosition)
    assert set(answer.signal.split(",")) <= {
        "LC_CTYPE", "OPENBLAS_NUM_THREADS", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONPATH",
    }  # fmt: skip


@pytest.mark.parametrize("key", ["no_such_strategy", "json:JSONDecoder", "no.such.module:Thing"])
def test_an_unknown_strategy_does_not_start(key):
    with pytest.raises(StrategyHostError, match="KeyError"):
        StrategyHost(key, {})
