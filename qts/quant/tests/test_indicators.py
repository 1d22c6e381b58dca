"""Every live value against its batch twin, after every single close."""

import math

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.quant.indicators import INDICATOR_NAMES, IndicatorSet


def batch_values(closes):
    """The same indicators by TA-Lib's batch functions over the whole history; a value not there yet is NaN."""
    x = np.array(closes, dtype=np.float64)
    macd, signal, hist = talib.MACD(x, fastperiod=12, slowperiod=26, signalperiod=9)
    upper, middle, lower = talib.BBANDS(x, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    series = {
        "sma_5": talib.SMA(x, 5),
        "sma_20": talib.SMA(x, 20),
        "ema_12": talib.EMA(x, 12),
        "ema_26": talib.EMA(x, 26),
        "rsi_14": talib.RSI(x, 14),
        "macd": macd,
        "macd_signal": signal,
        "macd_hist": hist,
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
    }
    return {name: float(values[-1]) for name, values in series.items()}


def assert_same(live, batch):
    assert set(live) == {name for name, value in batch.items() if not math.isnan(value)}
    for name, value in live.items():
        assert value == pytest.approx(batch[name], rel=1e-9, abs=1e-9), name


def random_walk(seed, count):
    steps = np.random.default_rng(seed).integers(-4, 5, size=count)
    return list(np.maximum(1_000, 25_000 + 50 * np.cumsum(steps)).astype(float))


def test_each_value_equals_its_batch_twin_after_every_close():
    closes = random_walk(7, 300)
    live = IndicatorSet()
    for count, close in enumerate(closes, start=1):
        live.update(close)
        assert_same(live.values(), batch_values(closes[:count]))
    assert tuple(live.values()) == INDICATOR_NAMES


@pytest.mark.parametrize("warm_up", [0, 4, 5, 14, 15, 33, 34, 120])
def test_a_warmed_set_equals_one_fed_from_the_start(warm_up):
    closes = random_walk(11, 150)
    live = IndicatorSet(closes[:warm_up])
    for close in closes[warm_up:]:
        live.update(close)
    assert_same(live.values(), batch_values(closes))


def test_nothing_is_said_before_there_is_enough_history():
    live = IndicatorSet([25_000.0] * 4)
    assert live.values() == {}
    live.update(25_000.0)
    assert live.values() == {"sma_5": 25_000.0}


def test_a_copy_takes_nothing_from_its_twin():
    closes = random_walk(3, 60)
    one = IndicatorSet(closes)
    twin = one.copy()
    before = dict(one.values())
    twin.update(1_000_000.0)
    assert dict(one.values()) == before
    assert twin.values()["sma_5"] != before["sma_5"]
    one.update(closes[-1])
    assert_same(one.values(), batch_values([*closes, closes[-1]]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(min_value=100, max_value=2_000_000), min_size=1, max_size=80))
def test_any_prices_give_the_batch_values(prices):
    live = IndicatorSet(float(price) for price in prices)
    batch = batch_values([float(price) for price in prices])
    assert set(live.values()) == {name for name, value in batch.items() if not math.isnan(value)}
    scale = max(prices)
    for name, value in live.values().items():
        tolerance = 1e-6 * scale if name.startswith("bb_") else 1e-9 * scale  # a deviation is a root of a difference
        assert value == pytest.approx(batch[name], rel=1e-9, abs=tolerance), name
