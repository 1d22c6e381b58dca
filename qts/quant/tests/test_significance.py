"""Luck, reshuffled trades and the deflated Sharpe ratio: by hand where that can be, by construction where not."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.quant.significance import Span, deflated_sharpe, expected_best_sharpe, random_entries_as_good, reshuffled


def test_entries_at_the_only_lows_are_no_luck():
    """Price falls and rises in a saw; only who buys at its bottom and sells at its top has this return."""
    closes = np.array([100, 90, 80, 90, 100, 110, 120, 110] * 40, dtype=float)
    perfect = [Span("A", 8 * n + 2, 8 * n + 6, 0.5) for n in range(30)]
    assert random_entries_as_good(perfect, {"A": closes}, seed=1) == pytest.approx(1 / 1_001)


def test_any_entry_is_as_good_where_all_are_equal():
    closes = 100 * 1.001 ** np.arange(500)
    spans = [Span("A", n, n + 10, closes[n + 10] / closes[n] - 1) for n in range(0, 400, 20)]
    assert random_entries_as_good(spans, {"A": closes}, seed=1) == 1.0


def test_the_share_is_the_one_that_can_be_counted():
    """One position of one bar; it gained, as three of the ten bars would have."""
    closes = np.array([10, 11, 10, 11, 10, 11, 10, 9, 8, 7, 6], dtype=float)
    share = random_entries_as_good([Span("A", 0, 1, 0.1)], {"A": closes}, seed=3, draws=20_000)
    assert share == pytest.approx(0.3, abs=0.02)


def test_each_position_is_drawn_on_its_own_symbol():
    closes = {"A": np.full(50, 100.0), "B": 100 * 1.01 ** np.arange(50)}
    assert random_entries_as_good([Span("A", 0, 5, 0.001)], closes, seed=1) == pytest.approx(1 / 1_001)
    assert random_entries_as_good([Span("B", 0, 5, 0.001)], closes, seed=1) == 1.0


def test_draws_are_repeated_by_their_seed():
    closes = {"A": 100 + np.random.default_rng(1).normal(size=300).cumsum()}
    spans = [Span("A", n, n + 7, 0.001 * n) for n in range(9)]
    one, other = (random_entries_as_good(spans, closes, seed=seed) for seed in (1, 1))
    assert one == other
    assert reshuffled([1, -2, 3], seed=5) == reshuffled([1, -2, 3], seed=5) != reshuffled([1, -2, 4], seed=5)


def test_trades_that_are_all_alike_come_to_the_same_in_any_order():
    told = reshuffled([10] * 7, seed=1)
    assert (told.pnl_vnd_low, told.pnl_vnd_median, told.fall_vnd_median, told.fall_vnd_high) == (70, 70, 0, 0)
    told = reshuffled([-10] * 7, seed=1)
    assert (told.pnl_vnd_median, told.fall_vnd_median) == (-70, 70)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=40))
def test_reshuffled_trades_stay_within_the_possible(trades):
    told = reshuffled(trades, seed=2, draws=200)
    least, most = len(trades) * min(trades), len(trades) * max(trades)
    assert least <= told.pnl_vnd_low <= told.pnl_vnd_median <= most
    assert 0 <= told.fall_vnd_median <= told.fall_vnd_high <= max(0, -least)


def test_the_deflated_sharpe_ratio_of_the_papers_example():
    """Bailey and Lopez de Prado, 2014: 100 tries with a yearly variance of 0.5, five years of days, a yearly ratio of
    2.5, skewness -3 and kurtosis 10 have an expected best of 0.1132 a day and a deflated ratio of 0.9004."""
    assert expected_best_sharpe(math.sqrt(0.5 / 250), 100) == pytest.approx(0.1132, abs=5e-5)
    sharpe = 2.5 / math.sqrt(250)
    above = (sharpe - 0.1132) * math.sqrt(1_249) / math.sqrt(1 + 3 * sharpe + 9 / 4 * sharpe**2)
    assert NormalDist().cdf(above) == pytest.approx(0.9004, abs=5e-4)


def test_more_tries_make_the_same_result_less_likely_to_be_real():
    returns = np.random.default_rng(4).normal(0.001, 0.01, 1_250).tolist()
    tried = np.random.default_rng(5).normal(0, 0.03, 400)
    few, many = deflated_sharpe(returns, tried[:5].tolist()), deflated_sharpe(returns, tried.tolist())
    assert 0 < many < few < 1


def test_a_symmetric_sample_has_the_probability_of_the_formula():
    returns = [0.01, 0.03] * 50
    sharpe = 0.02 / float(np.std(returns, ddof=1))
    kurtosis = 1.0
    above = (sharpe - expected_best_sharpe(0.1, 2)) * math.sqrt(99) / math.sqrt(1 + (kurtosis - 1) / 4 * sharpe**2)
    tried = [0.1 / math.sqrt(2), -0.1 / math.sqrt(2)]
    assert deflated_sharpe(returns, tried) == pytest.approx(NormalDist().cdf(above))


@pytest.mark.parametrize(("returns", "tried"), [([0.1, 0.2], [1, 2]), ([0.1] * 9, [1, 2]), ([0.1, 0.2, 0.3], [1])])
def test_too_little_to_judge_is_said(returns, tried):
    with pytest.raises(ValueError, match="three returns that vary"):
        deflated_sharpe(returns, tried)
    with pytest.raises(ValueError, match="no closed position"):
        random_entries_as_good([], {}, seed=1)
    with pytest.raises(ValueError, match="no trade"):
        reshuffled([], seed=1)
