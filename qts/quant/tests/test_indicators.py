"""Every live value against its batch twin after every bar, and every batch value against a history cut off there."""

from dataclasses import dataclass

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from talib import abstract

from qts.quant.indicators import STANDARD_NAMES, IndicatorSet, batch_values

NOT_OF_BARS = {"MAVP"}  # its periods are a series of their own


@dataclass(frozen=True)
class Candle:
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    ts_start_ms: int = 0


def candles_of(closes, seed=1):
    """Bars around these closes."""
    draw = np.random.default_rng(seed)
    opens = [closes[0], *closes[:-1]]
    made = []
    for opened, closed in zip(opens, closes, strict=True):
        up, down = draw.integers(0, 4, 2) * 50
        made.append(
            Candle(opened, max(opened, closed) + int(up), min(opened, closed) - min(int(down), min(opened, closed) - 1),
                   closed, int(draw.integers(0, 90) * 100))
        )  # fmt: skip
    return made


def random_walk(seed, count):
    steps = np.random.default_rng(seed).integers(-4, 5, size=count)
    return candles_of([int(price) for price in np.maximum(1_000, 25_000 + 50 * np.cumsum(steps))], seed)


def columns_of(candles):
    names = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume")
    return [np.array([getattr(one, name) for one in candles], dtype=float) for name in names]


def all_names():
    """Every output of every function of TA-Lib, with its usual numbers."""
    found = []
    for function in sorted(set(talib.get_functions()) - NOT_OF_BARS):
        outputs = abstract.Function(function).output_names
        found += [function.lower()] if len(outputs) == 1 else [f"{function.lower()}_{output}" for output in outputs]
    return found


ALL_NAMES = all_names()


def assert_live_is_batch(names, candles):
    batch = batch_values(names, columns_of(candles))
    live = IndicatorSet(names)
    for place, candle in enumerate(candles):
        live.update(candle)
        values = live.values()
        expected = {name: series[place] for name, series in batch.items() if np.isfinite(series[place])}
        assert values.keys() == expected.keys(), place
        for name, value in values.items():
            assert value == pytest.approx(expected[name], rel=1e-9, abs=1e-9), (name, place)


def test_all_of_ta_lib_live_equals_batch_after_every_bar():
    assert len({name.split("_")[0] for name in ALL_NAMES}) > 150
    assert_live_is_batch([*ALL_NAMES, *STANDARD_NAMES], random_walk(7, 320))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(2, 40_000).map(lambda ticks: ticks * 50), min_size=1, max_size=150), st.integers(0, 9))
def test_any_prices_live_equals_batch(closes, seed):
    assert_live_is_batch(ALL_NAMES, candles_of(closes, seed))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_numbers_live_equals_batch(data):
    period = st.integers(2, 60)
    name = data.draw(
        st.one_of(
            st.builds("{}_{}".format, st.sampled_from(["sma", "ema", "rsi", "atr", "adx", "kama"]), period),
            st.builds("bbands_{}_{}_{}".format, period, st.integers(1, 4), st.sampled_from(["upper", "lower"])),
            st.builds("macd_{}_{}_{}_signal".format, period, period, period),
            st.builds("sma_{}_of_{}".format, period, st.sampled_from(["open", "high", "low", "volume"])),
        )
    )
    assert_live_is_batch([name], random_walk(data.draw(st.integers(0, 99)), 200))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 999), st.integers(1, 259))
def test_cutting_the_future_off_never_changes_the_past(seed, cut):
    columns = columns_of(random_walk(seed, 260))
    whole, part = batch_values(ALL_NAMES, columns), batch_values(ALL_NAMES, [column[:cut] for column in columns])
    for name in ALL_NAMES:
        np.testing.assert_array_equal(part[name], whole[name][:cut], err_msg=name)


@pytest.mark.parametrize("warm_up", [0, 4, 5, 14, 15, 33, 34, 120])
def test_a_warmed_set_equals_one_fed_from_the_start(warm_up):
    candles = random_walk(11, 150)
    warmed, fed = IndicatorSet(ALL_NAMES, candles[:warm_up]), IndicatorSet(ALL_NAMES)
    for candle in candles[warm_up:]:
        warmed.update(candle)
    for candle in candles:
        fed.update(candle)
    assert warmed.values() == fed.values()
    assert len(warmed.values()) > 200


def test_nothing_is_said_before_there_is_enough_history():
    live = IndicatorSet(STANDARD_NAMES, candles_of([25_000] * 4))
    assert live.values() == {}
    live.update(candles_of([25_000])[0])
    assert live.values() == {"sma_5": 25_000.0}


def test_what_is_no_number_is_left_out():
    assert IndicatorSet(["acos", "sma_2"], candles_of([25_000] * 9)).values() == {"sma_2": 25_000.0}


def test_a_copy_takes_nothing_from_its_twin():
    candles = random_walk(3, 60)
    one = IndicatorSet(ALL_NAMES, candles)
    twin, before = one.copy(), dict(one.values())
    twin.update(Candle(1_000_000, 1_000_000, 1_000_000, 1_000_000, 1))
    assert dict(one.values()) == before
    assert twin.values()["sma"] != before["sma"]
    one.update(candles[-1])
    assert one.values() == IndicatorSet(ALL_NAMES, [*candles, candles[-1]]).values()
