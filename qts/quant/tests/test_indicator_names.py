"""What a name says, and what is wrong with one that says nothing."""

from typing import Any

import numpy as np
import pytest
import talib as library

from qts.quant.indicators import (
    COLUMNS,
    HISTORY_BARS_MAX,
    IndicatorUnknown,
    batch_values,
    parse_indicator,
    problems_of,
    warm_up_bars,
)

talib: Any = library
DRAW: Any = np.random.default_rng(8)
CLOSE: Any = 25_000 + 50.0 * np.cumsum(DRAW.integers(-4, 5, 300))
OPEN: Any = np.roll(CLOSE, 1)
HIGH, LOW = CLOSE + 100, CLOSE - 100
VOLUME = DRAW.integers(1, 90, 300) * 100.0


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("sma_7", lambda: talib.SMA(CLOSE, 7)),
        ("sma", lambda: talib.SMA(CLOSE, 30)),
        ("ema_12", lambda: talib.EMA(CLOSE, 12)),
        ("rsi_14", lambda: talib.RSI(CLOSE, 14)),
        ("sma_20_of_volume", lambda: talib.SMA(VOLUME, 20)),
        ("max_10_of_high", lambda: talib.MAX(HIGH, 10)),
        ("atr_14", lambda: talib.ATR(HIGH, LOW, CLOSE, 14)),
        ("obv", lambda: talib.OBV(CLOSE, VOLUME)),
        ("bop", lambda: talib.BOP(OPEN, HIGH, LOW, CLOSE)),
        ("bbands_20_2_upper", lambda: talib.BBANDS(CLOSE, 20, 2.0, 2.0)[0]),
        ("bbands_20_3_lower", lambda: talib.BBANDS(CLOSE, 20, 3.0, 3.0)[2]),  # one distance is meant for both sides
        ("bbands_20_2.5_1.5_lower", lambda: talib.BBANDS(CLOSE, 20, 2.5, 1.5)[2]),
        ("bbands_20_2_2_1_middleband", lambda: talib.BBANDS(CLOSE, 20, 2.0, 2.0, 1)[1]),
        ("bb_upper", lambda: talib.BBANDS(CLOSE, 20, 2.0, 2.0)[0]),
        ("macd", lambda: talib.MACD(CLOSE)[0]),
        ("macd_5_9_4", lambda: talib.MACD(CLOSE, 5, 9, 4)[0]),
        ("macd_5_9_4_signal", lambda: talib.MACD(CLOSE, 5, 9, 4)[1]),
        ("macd_hist", lambda: talib.MACD(CLOSE)[2]),
        ("stoch_14_3_0_3_0_slowd", lambda: talib.STOCH(HIGH, LOW, CLOSE, 14, 3, 0, 3, 0)[1]),
        ("aroon_14_up", lambda: talib.AROON(HIGH, LOW, 14)[1]),
        ("minus_di_14", lambda: talib.MINUS_DI(HIGH, LOW, CLOSE, 14)),
        ("linearreg_angle_14", lambda: talib.LINEARREG_ANGLE(CLOSE, 14)),
        ("ht_sine_leadsine", lambda: talib.HT_SINE(CLOSE)[1]),
        ("mama_0.5_0.05_fama", lambda: talib.MAMA(CLOSE, 0.5, 0.05)[1]),
    ],
)
def test_a_name_is_a_call_of_ta_lib(name, by_hand):
    assert COLUMNS == ("open", "high", "low", "close", "volume")
    expected = by_hand()
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(batch_values([name], [OPEN, HIGH, LOW, CLOSE, VOLUME])[name], expected)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sms_20", "Nobody computes 'sms_20'; did you mean "),
        ("zzz", "its first part is no function of TA-Lib"),
        ("", "its first part is no function"),
        ("SMA_20", "did you mean sma"),
        ("sma_20_30", "has 2 numbers; SMA takes timeperiod"),
        ("cdlhammer_3", "CDLHAMMER takes no numbers"),
        ("sma_2.5", "timeperiod is a whole number"),
        ("sma_0", "TA-Lib does not take timeperiod 0 for SMA"),
        ("sma_-3", "TA-Lib does not take timeperiod -3"),
        ("sma_x", "has to end in nothing"),
        ("bbands_20_2", "has to end in upper, middle, lower"),
        ("bbands_20_2_outer", "has to end in upper, middle, lower"),
        ("sma_6000", "needs 6,000 bars; at most 5,000 are looked at"),
        ("sma_20_of_price", "is taken of one of open, high, low, close, volume"),
        ("atr_14_of_close", "a function of one price is taken of"),
        ("mavp", "needs a series that is not of the bars"),
    ],
)
def test_what_means_nothing_is_said(name, told):
    with pytest.raises(IndicatorUnknown) as refused:
        parse_indicator(name)
    assert told in str(refused.value)
    assert problems_of(["sma_7", name]) == [str(refused.value)]


@pytest.mark.parametrize(
    ("names", "bars"),
    [
        ([], 500),
        (["sma_7", "rsi_5"], 500),
        (["rsi_100"], 100 + 1 + 3_600),
        (["sma_7", "ema_50"], 49 + 1 + 900),
        (["ema_1000"], HISTORY_BARS_MAX),
    ],
)
def test_the_warm_up_is_as_long_as_the_memory(names, bars):
    assert warm_up_bars(names) == bars


def test_after_the_warm_up_the_start_is_forgotten():
    closes = 25_000 + 50.0 * np.cumsum(np.random.default_rng(2).integers(-4, 5, 6_000))
    names = ["rsi_14", "ema_26", "adx_14", "macd_signal"]
    whole = batch_values(names, [closes, closes + 50, closes - 50, closes, closes])
    warm = closes[-warm_up_bars(names) :]
    late = batch_values(names, [warm, warm + 50, warm - 50, warm, warm])
    for name in names:
        assert late[name][-1] == pytest.approx(whole[name][-1], rel=1e-12, abs=1e-9), name
