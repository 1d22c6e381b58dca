"""Chart patterns drawn by hand are found where they are complete; noise has few; the future changes nothing."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.quant.indicators import batch_values
from qts.quant.patterns import (
    CHART_PATTERNS,
    ChartScanner,
    PatternStream,
    candle_count,
    candle_patterns,
    candle_patterns_known,
    chart_patterns,
    pattern_columns,
)

MINUTE_MS = 60_000
LEG = 12  # bars from one point of a drawing to the next
REACH = 20  # of each bar, above and below what is drawn
RISE_BEFORE = [100_000, 101_000, 100_300]  # enough for the average range to settle


def drawn(points, leg=LEG, breaks=3.0):
    """Closes along straight lines between the points; the bar that leaves the shape has the most volume."""
    closes = [float(points[0])]
    for first, last in pairwise(points):
        closes += np.linspace(first, last, leg + 1)[1:].tolist()
    closes = np.array(closes)
    volume = np.full(len(closes), 1_000.0)
    volume[-leg:] *= breaks
    return starts(len(closes)), [closes, closes + REACH, closes - REACH, closes, volume]


def starts(count):
    return np.arange(count) * MINUTE_MS


def mirrored(columns, about=100_000.0):
    opened, high, low, closed, volume = columns
    return [2 * about - opened, 2 * about - low, 2 * about - high, 2 * about - closed, volume]


def walk(seed, count, step=60.0):
    draw = np.random.default_rng(seed)
    closes = 100_000 + np.cumsum(np.rint(draw.normal(0, 1, count) * step / 10) * 10)
    opened = np.concatenate([[closes[0]], closes[:-1]])
    high = np.maximum(opened, closes) + 10 * draw.integers(0, 5, count)
    low = np.minimum(opened, closes) - 10 * draw.integers(0, 5, count)
    return starts(count), [opened, high, low, closes, draw.integers(1, 90, count) * 100.0]


def those(found, name):
    return [one for one in found if one.name == name]


FALL = [101_500, 101_000, 101_400]  # prices before a bottom: a swing down comes first
DRAWINGS = {
    "double_bottom": [*FALL, 99_000, 100_000, 99_050, 100_400],
    "inverse_head_and_shoulders": [*FALL, 99_400, 100_200, 98_600, 100_250, 99_380, 100_800],
    "ascending_triangle": [98_000, 97_600, 100_000, 98_400, 100_020, 99_000, 99_990, 99_400, 100_700],
    "symmetrical_triangle": [99_000, 98_500, 101_500, 99_000, 101_000, 99_500, 101_400],
}
MIRRORS = {
    "double_bottom": "double_top",
    "inverse_head_and_shoulders": "head_and_shoulders",
    "ascending_triangle": "descending_triangle",
    "symmetrical_triangle": "symmetrical_triangle",
    "support": "resistance",
    "breakout": "breakout",
}
MIRRORS |= {theirs: mine for mine, theirs in MIRRORS.items()}


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_drawn_shape_is_found_when_it_is_left(name, is_mirrored):
    ts, columns = drawn(DRAWINGS[name])
    if is_mirrored:
        columns, name = mirrored(columns), MIRRORS[name]
    (found,) = those(chart_patterns(ts, columns), name)
    direction = -1 if is_mirrored else 1
    assert found.direction == direction
    closes = columns[3]
    assert direction * (closes[found.place] - found.level) > 0  # this close is beyond it
    assert direction * (closes[found.place - 1] - found.level) <= (
        200 if "triangle" in name else 0
    )  # beyond its margin
    assert direction * (found.target - found.level) > 500
    assert 0.5 < found.strength <= 1
    assert found.points[-1] == (found.ts_ms, closes[found.place])
    assert [at for at, _ in found.points] == sorted(at for at, _ in found.points)
    corners = [200_000 - corner for corner in DRAWINGS[MIRRORS[name]]] if is_mirrored else DRAWINGS[name]
    for at, price in found.points[:-1]:
        assert any(abs(price - corner) <= REACH for corner in corners), (at, price)


def test_a_double_bottom_to_the_dong():
    ts, columns = drawn(DRAWINGS["double_bottom"])
    (found,) = those(chart_patterns(ts, columns), "double_bottom")
    assert [price for _, price in found.points] == [98_980, 100_020, 99_030, found.points[3][1]]
    assert [at // MINUTE_MS for at, _ in found.points] == [36, 48, 60, found.place]
    assert found.level == 100_020
    assert found.target == 100_020 + (100_020 - 98_980)
    assert columns[3][found.place - 1] <= 100_020 < columns[3][found.place]
    alike = 1 - (50 / 1_040) / 0.2
    true_range = np.mean([max(columns[1][at], columns[3][at - 1]) - min(columns[2][at], columns[3][at - 1])
                          for at in range(found.place - 13, found.place + 1)])  # fmt: skip
    volumes = columns[4][found.place - 19 : found.place + 1]
    weight = min(1, columns[4][found.place] / (2 * volumes.mean()))
    assert found.strength == pytest.approx((alike + min(1, 1_040 / (6 * true_range)) + weight) / 3)


@pytest.mark.parametrize(
    ("corners", "why"),
    [
        ([*FALL, 99_000, 100_000, 99_400, 100_400], "the second bottom is too much higher"),
        ([*FALL, 99_000, 100_000, 98_500, 100_400], "the second bottom is too much lower"),
        ([*FALL, 99_000, 100_000, 99_050, 99_950], "the neck has not been passed"),
        ([99_000, 98_600, 99_300, 99_000, 100_000, 99_050, 100_400], "there was nothing to turn from"),
        ([*FALL, 99_000, 100_000, 99_050, 99_500, 98_700, 100_400], "it fell below its bottoms before"),
    ],
)
def test_what_is_no_double_bottom_is_none(corners, why):
    assert those(chart_patterns(*drawn(corners)), "double_bottom") == [], why


def test_a_level_is_one_from_its_third_touch_on_and_its_break_is_told():
    corners = [99_000, 100_000, 99_000, 100_010, 99_200, 100_000, 99_100, 99_990, 99_050, 101_000]
    found = chart_patterns(*drawn(corners))
    third, fourth = those(found, "resistance")
    assert (len(third.points), len(fourth.points)) == (3, 4)
    assert third.level == pytest.approx(np.mean([100_020, 100_030, 100_020]))
    assert third.place > 5 * LEG  # the third touch is known when the price has come back from it
    assert third.target == 98_980
    (broken,) = those(found, "breakout")
    assert (broken.direction, broken.place // LEG) == (1, 8)
    assert broken.target == pytest.approx(broken.level + (broken.level - 98_980))
    assert len(broken.points) == 5


def test_a_level_that_did_not_hold_is_none():
    corners = [99_000, 100_000, 99_000, 100_010, 99_200, 100_900, 99_100, 99_990, 98_900]
    assert those(chart_patterns(*drawn(corners)), "resistance") == []


def test_noise_has_few():
    found = [one for seed in range(20) for one in chart_patterns(*walk(seed, 1_000))]
    assert 0 < len(found) < 20_000 / 50  # recorded minutes of this market: one in a hundred bars
    kinds = Counter(one.name for one in found)
    assert kinds["head_and_shoulders"] + kinds["inverse_head_and_shoulders"] < 40


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9_999), st.integers(1, 399), st.sampled_from([20.0, 60.0, 400.0]))
def test_cutting_the_future_off_never_changes_the_past(seed, cut, step):
    ts, columns = walk(seed, 400, step)
    whole = [one for one in chart_patterns(ts, columns) if one.place < cut]
    assert chart_patterns(ts[:cut], [column[:cut] for column in columns]) == whole


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9_999), st.sampled_from([20.0, 60.0, 400.0]))
def test_upside_down_it_finds_the_counterparts(seed, step):
    ts, columns = walk(seed, 400, step)
    columns = [column + 900_000 * (number < 4) for number, column in enumerate(columns)]  # small against the price
    upright = chart_patterns(ts, columns)
    upended = chart_patterns(ts, mirrored(columns, 1_000_000.0))
    assert Counter((one.place, MIRRORS[one.name], -one.direction) for one in upright) == Counter(
        (one.place, one.name, one.direction) for one in upended
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9_999), st.integers(0, 300))
def test_bar_by_bar_and_from_a_copy_it_finds_what_the_batch_finds(seed, copied_at):
    ts, columns = walk(seed, 300)
    scanner, found = ChartScanner(), []
    for place in range(300):
        if place == copied_at:
            twin = scanner.copy()
            for other in range(place, min(300, place + 40)):  # what the twin sees is nobody else's
                twin.update(0, *(float(column[other]) * 1.01 for column in columns[1:4]), 5.0)
        found += scanner.update(int(ts[place]), *(float(column[place]) for column in columns[1:]))
    assert found == chart_patterns(ts, columns)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9_999))
def test_the_stream_shows_what_the_columns_show(seed):
    _, columns = walk(seed, 250)
    told = pattern_columns(*columns[1:])
    stream = PatternStream()
    for place in range(250):
        stream.update(*(column[place] for column in columns[1:]))
        np.testing.assert_array_equal(stream.value, [column[place] for column in told])


def test_an_indicator_shows_it_at_the_bar_that_confirms_it_and_only_there():
    ts, columns = drawn(DRAWINGS["double_bottom"])
    (found,) = those(chart_patterns(ts, columns), "double_bottom")
    values = batch_values(["pattern_double_bottom", "pattern_double_top"], columns)
    assert np.isnan(values["pattern_double_bottom"][:14]).all()
    assert np.flatnonzero(values["pattern_double_bottom"] == 100).tolist() == [found.place]
    assert np.count_nonzero(values["pattern_double_bottom"][14:]) == 1
    upside_down = batch_values(["pattern_double_top"], mirrored(columns))["pattern_double_top"]
    assert upside_down[found.place] == -100


def test_after_a_warm_up_the_start_is_forgotten():
    different = 0
    for seed in range(10):
        ts, columns = walk(seed, 1_500)
        whole = [one for one in chart_patterns(ts, columns) if one.place >= 500]
        late = chart_patterns(ts[300:], [column[300:] for column in columns])
        seen = {(one.name, one.ts_ms) for one in late if one.place >= 200}
        different += len(seen ^ {(one.name, one.ts_ms) for one in whole})
    assert different == 0


@pytest.mark.parametrize("count", [0, 1, 14, 15])
def test_too_little_says_nothing(count):
    ts, columns = walk(1, 40)
    assert chart_patterns(ts[:count], [column[:count] for column in columns]) == []
    told = pattern_columns(*(column[:count] for column in columns[1:]))
    assert len(told) == len(CHART_PATTERNS)
    assert np.isnan(told[0][:14]).all()


def test_a_price_that_does_not_move_says_nothing():
    flat = np.full(300, 100_000.0)
    assert chart_patterns(starts(300), [flat, flat, flat, flat, np.zeros(300)]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 0.0},
        {"high": np.nan},
        {"close": -1.0},
        {"high": np.inf},
        {"high": 1.0},
    ],
)
def test_no_pattern_reaches_across_a_bar_that_cannot_be(wrong):
    ts, columns = drawn([*DRAWINGS["double_bottom"], 100_600])
    place = 5 * LEG  # in the second bottom
    for name, value in wrong.items():
        columns[("open", "high", "low", "close").index(name)] = _with(columns, name, place, value)
    assert chart_patterns(ts, columns) == []
    told = pattern_columns(*columns[1:])[0]
    assert np.isnan(told[place : place + 15]).all()
    assert told[place + 15] == 0


def _with(columns, name, place, value):
    column = columns[("open", "high", "low", "close").index(name)].copy()
    column[place] = value
    return column


def test_no_pattern_reaches_across_a_split():
    ts, columns = drawn(DRAWINGS["double_bottom"])
    halved = [np.where(np.arange(len(ts)) >= 5 * LEG, column / 2, column) for column in columns[:4]]
    assert chart_patterns(ts, [*halved, columns[4]]) == []


def test_points_of_silence_do_not_matter():
    """A minute without a match has no bar: shapes are measured in bars, not on the clock."""
    ts, columns = drawn(DRAWINGS["double_bottom"])
    late = ts + (np.arange(len(ts)) > 40) * 90 * MINUTE_MS
    upright, paused = chart_patterns(ts, columns), chart_patterns(late, columns)
    assert [(one.name, one.place) for one in paused] == [(one.name, one.place) for one in upright]


def test_a_hammer_is_told_with_its_candle():
    closes = np.array([100_000.0 - 200 * number for number in range(30)])
    opened, high, low = closes + 150, closes + 170, closes - 20
    opened[29], high[29], low[29] = closes[29] - 40, closes[29], closes[29] - 900
    (found,) = those(candle_patterns(starts(30), [opened, high, low, closes]), "cdl_hammer")
    assert (found.direction, found.place, found.strength, found.target) == (1, 29, 1.0, None)
    assert found.points == ((29 * MINUTE_MS, closes[29]),)


def test_all_candles_of_ta_lib_are_known_by_name():
    known = candle_patterns_known()
    assert len(known) == 61
    assert known["cdl_3blackcrows"] == "CDL3BLACKCROWS"
    counts = {name: candle_count(name) for name in known}
    told = ("cdl_doji", "cdl_engulfing", "cdl_morningstar", "cdl_3linestrike", "cdl_breakaway")
    assert [counts[name] for name in told] == [1, 2, 3, 4, 5]
    assert Counter(counts.values()) == {1: 17, 2: 15, 3: 22, 4: 3, 5: 4}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9_999), st.integers(20, 299))
def test_the_last_candles_alone_complete_what_all_of_history_completes(seed, end):
    """Live only the last forty are looked at; and what comes after a bar changes nothing at it."""
    ts, columns = walk(seed, 300)
    whole = [one for one in candle_patterns(ts, columns) if one.place == end - 1]
    cut = slice(max(0, end - 40), end)
    recent = candle_patterns(ts[cut], [column[cut] for column in columns], since=cut.stop - cut.start - 1)
    assert [(one.name, one.direction, one.ts_ms, one.points) for one in recent] == [
        (one.name, one.direction, one.ts_ms, one.points) for one in whole
    ]


def test_candles_are_looked_for_on_each_side_of_a_bar_without_prices():
    ts, columns = walk(5, 200)
    whole = candle_patterns(ts, columns)
    for column in columns[:4]:
        column[100] = 0.0
    found = candle_patterns(ts, columns)
    assert [one for one in found if one.place < 100] == [one for one in whole if one.place < 100]
    assert all(min(at for at, _ in one.points) > 100 * MINUTE_MS for one in found if one.place >= 100)
    assert any(one.place > 150 for one in found)
    assert candle_patterns(ts[:0], [column[:0] for column in columns]) == []
