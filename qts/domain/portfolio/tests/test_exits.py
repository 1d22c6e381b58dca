"""When a position must go, at the edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import ExitLevels, ExitReason, exit_reason, trailing_stop_vnd

LEVELS = ExitLevels(stop_vnd=23_000, target_vnd=28_000, trail_bps=500)
prices = st.integers(1, 10**9)


@pytest.mark.parametrize(
    ("last_vnd", "peak_vnd", "expected"),
    [
        (25_000, 25_000, None),
        (23_050, 24_000, None),  # 5 % below 24,000 is 22,800
        (23_000, 24_000, ExitReason.STOP_LOSS),
        (23_000, 27_000, ExitReason.STOP_LOSS),  # both are reached
        (25_650, 27_000, ExitReason.TRAILING_STOP),
        (25_700, 27_000, None),
        (28_000, 28_000, ExitReason.TAKE_PROFIT),
        (27_950, 27_950, None),
    ],
)
def test_what_a_price_calls_for(last_vnd, peak_vnd, expected):
    assert exit_reason(LEVELS, last_vnd=last_vnd, peak_vnd=peak_vnd) is expected


@pytest.mark.parametrize(
    ("levels", "word"),
    [
        (ExitLevels(), "needs"),
        (ExitLevels(stop_vnd=0), "above zero"),
        (ExitLevels(target_vnd=-5), "above zero"),
        (ExitLevels(trail_bps=10_000), "less than 100"),
        (ExitLevels(stop_vnd=25_000, target_vnd=25_000), "below"),
    ],
)
def test_levels_that_make_no_sense(levels, word):
    assert word in levels.problem


def test_sensible_levels_have_no_problem():
    assert [found.problem for found in (LEVELS, ExitLevels(stop_vnd=1), ExitLevels(trail_bps=9_999))] == ["", "", ""]


@given(peak=prices, bps=st.integers(1, 9_999))
def test_a_trailing_stop_lies_below_its_peak_and_is_never_closer_than_asked(peak, bps):
    stop = trailing_stop_vnd(peak, bps)
    assert 0 <= stop < peak
    assert stop * 10_000 <= peak * (10_000 - bps)


@given(last=prices, peak=prices)
def test_without_a_level_nothing_happens(last, peak):
    assert exit_reason(ExitLevels(), last_vnd=last, peak_vnd=peak) is None
