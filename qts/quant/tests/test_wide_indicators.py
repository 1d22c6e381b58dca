"""Indicators of wider bars: live as batch, nothing before its time, lunch and night between."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.domain.market import VIETNAM, BarWidener, Timeframe, window_of
from qts.domain.market.timeframes import DAY_MS
from qts.quant.indicators import (
    IndicatorSet,
    IndicatorUnknown,
    batch_values,
    parse_indicator,
    problems_of,
    warm_up_bars,
    widened,
)

NAMES = (
    *("sma_3", "sma_3@1m", "sma_3@5m", "rsi_3@15m", "macd_3_6_2_signal@15m", "max_2_of_volume@60m", "atr_2@60m"),
    *("sma_2@1d", "bb_upper@5m", "cdl_doji@5m", "pattern_support@5m"),
)


@dataclass(frozen=True)
class Minute:
    ts_start_ms: int
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int


def trading_minutes(days):
    found = []
    for number in range(days):
        midnight = datetime.combine(date(2026, 11, 23) + timedelta(days=number), datetime.min.time(), tzinfo=VIETNAM)
        for first, last in ((9 * 60 + 15, 11 * 60 + 30), (13 * 60, 14 * 60 + 30), (14 * 60 + 45, 14 * 60 + 46)):
            found += [midnight + timedelta(minutes=minute) for minute in range(first, last)]
    return [round(at.timestamp() * 1000) for at in found]


def minutes_of(seed, days=3, kept=0.6):
    """A share of the minutes has matches; the morning's last one may be that of its very end."""
    draw = np.random.default_rng(seed)
    starts = [ts for ts in trading_minutes(days) if draw.random() < kept]
    made, close = [], 25_000
    for ts in starts:
        opened, close = close, max(1_000, close + 50 * int(draw.integers(-4, 5)))
        up, down = (50 * int(one) for one in draw.integers(0, 3, 2))
        volume = int(draw.integers(1, 90)) * 100
        made.append(Minute(ts, opened, max(opened, close) + up, min(opened, close) - down, close, volume))
    return made


def columns_of(minutes):
    names = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume")
    return [np.array([getattr(one, name) for one in minutes], dtype=float) for name in names]


def starts_of(minutes):
    return [one.ts_start_ms for one in minutes]


def seen_live(indicators, minutes):
    found = []
    for one in minutes:
        indicators.update(one)
        found.append(dict(indicators.values()))
    return found


def assert_equal(live, batch, names=NAMES):
    for place, values in enumerate(live):
        expected = {name: batch[name][place] for name in names if np.isfinite(batch[name][place])}
        assert values == pytest.approx(expected, rel=1e-9), place


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9_999), st.sampled_from([0.05, 0.3, 0.8, 1.0]))
def test_live_equals_batch_after_every_minute(seed, kept):
    minutes = minutes_of(seed, kept=kept)
    assert_equal(seen_live(IndicatorSet(NAMES), minutes), batch_values(NAMES, columns_of(minutes), starts_of(minutes)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9_999), st.floats(0.05, 0.95))
def test_cutting_the_future_off_never_changes_the_past(seed, share):
    minutes = minutes_of(seed)
    cut = max(1, int(len(minutes) * share))
    whole = batch_values(NAMES, columns_of(minutes), starts_of(minutes))
    part = batch_values(NAMES, columns_of(minutes[:cut]), starts_of(minutes[:cut]))
    for name in NAMES:
        np.testing.assert_array_equal(part[name], whole[name][:cut], err_msg=name)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9_999), st.sampled_from(list(Timeframe)[1:]), st.sampled_from([0.05, 0.5, 1.0]))
def test_columns_are_widened_as_bars_are(seed, timeframe, kept):
    minutes, widener = minutes_of(seed, kept=kept), BarWidener(timeframe)
    wide = widened(timeframe, starts_of(minutes), columns_of(minutes))
    bars, known = [], []
    for one in minutes:
        bars += widener.add(one)
        known.append(len(bars))
    assert wide.known.tolist() == known
    assert wide.ts_start_ms.tolist() == [bar.ts_start_ms for bar in bars]
    for column, mine in zip(wide.columns, columns_of(bars), strict=True):
        np.testing.assert_array_equal(column, mine)


def test_the_value_changes_only_when_its_bar_is_over():
    minutes = minutes_of(4, days=1, kept=1.0)
    values = batch_values(["sma_2@15m"], columns_of(minutes), starts_of(minutes))["sma_2@15m"]
    changed = [place for place in range(30, len(minutes)) if values[place] != values[place - 1]]
    assert changed  # every change is at the last minute of a quarter of an hour
    assert {minutes[place].ts_start_ms // 60_000 % 15 for place in changed} == {14}
    quarters = [minutes[place].close_vnd for place in range(14, 15 * 9, 15)]  # the morning's nine
    assert values[15 * 9 - 1] == talib.SMA(np.array(quarters, dtype=float), 2)[-1]


def test_the_hour_before_lunch_ends_at_half_past_eleven():
    minutes = minutes_of(4, days=1, kept=1.0)
    starts = widened(Timeframe.HOUR, starts_of(minutes), columns_of(minutes)).ts_start_ms
    clocks = [datetime.fromtimestamp(ts / 1000, tz=VIETNAM).strftime("%H:%M") for ts in starts.tolist()]
    assert clocks == ["09:00", "10:00", "11:00", "13:00"]  # that of 14:00 is not over: no bar has come after it


@pytest.mark.parametrize("count", [1, 200, 350, 400])
def test_a_set_warmed_with_wide_bars_goes_on_as_one_fed_from_the_start(count):
    minutes = minutes_of(9, days=4)
    fed = IndicatorSet(NAMES, minutes[:count])
    wide = {}
    for timeframe in list(Timeframe)[1:]:
        bars = widened(timeframe, starts_of(minutes), columns_of(minutes))
        before, _ = window_of(timeframe, minutes[count - 1].ts_start_ms)
        rows = zip(bars.ts_start_ms.tolist(), *(one.tolist() for one in bars.columns), strict=True)
        wide[timeframe] = [Minute(*row) for row in rows if row[0] < before]
    recent = minutes[max(0, count - 300) : count]
    warmed = IndicatorSet([name for name in NAMES if "@" in name and name != "sma_3@1m"], recent, wide)
    expected = fed.values()
    assert warmed.values() == pytest.approx({name: expected[name] for name in warmed.names if name in expected})
    seen_fed, seen_warmed = seen_live(fed, minutes[count:]), seen_live(warmed, minutes[count:])
    for values, known in zip(seen_warmed, seen_fed, strict=True):
        assert values == pytest.approx({name: known[name] for name in warmed.names if name in known})


def test_a_copy_takes_nothing_from_its_twin():
    minutes = minutes_of(3)
    one = IndicatorSet(NAMES, minutes[:200])
    twin, before = one.copy(), dict(one.values())
    seen_live(twin, minutes[200:])
    assert dict(one.values()) == before
    assert dict(twin.values()) != before
    assert seen_live(one, minutes[200:])[-1] == dict(twin.values())


def test_days_are_their_own_bars_where_bars_are_days():
    days = [Minute(number * DAY_MS, 100, 100, 100, 100 + number, 1) for number in range(5)]
    values = batch_values(["sma_2@1d", "sma_2"], columns_of(days), starts_of(days), DAY_MS)
    np.testing.assert_array_equal(values["sma_2@1d"], values["sma_2"])
    assert problems_of(["sma_2@1d", "sma_2@15m"], DAY_MS) == [
        "'sma_2@15m' needs bars of 15m; those that there are, are longer"
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sma_20@", "the bars after @ are one of 1m, 5m, 15m, 60m, 1d"),
        ("sma_20@2h", "the bars after @ are one of"),
        ("sma_20@15m@5m", "the bars after @ are one of"),
        ("smma_20@15m", "did you mean"),
        ("pattern_cup@15m", "the chart patterns are double_bottom, double_top"),
        ("pattern_", "Nobody looks for"),
        ("cdl_hamer", "did you mean"),
    ],
)
def test_what_means_nothing_is_said(name, told):
    with pytest.raises(IndicatorUnknown) as refused:
        parse_indicator(name)
    assert told in str(refused.value)


def test_wide_names_need_to_know_the_time():
    with pytest.raises(IndicatorUnknown, match="needs to know when the bars began"):
        batch_values(["sma_2@15m"], columns_of(minutes_of(1)))


def test_candles_may_be_written_apart():
    assert parse_indicator("cdl_hammer") == parse_indicator("cdlhammer")
    assert parse_indicator("cdl_3_black_crows@15m").study == parse_indicator("cdl3blackcrows").study
    assert dict(parse_indicator("cdl_evening_star_0.5").study.parameters) == {"penetration": 0.5}
    assert warm_up_bars(["cdl_hammer@1d"]) == 500
