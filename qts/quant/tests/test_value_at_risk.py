"""Exact figures of small cases, and properties that hold for any history."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.quant.value_at_risk import (
    METHODS,
    ewma_volatility,
    filtered_historical,
    historical,
    monte_carlo,
    parametric,
    returns_of,
    tail_of,
)

ONE = np.array([1_000_000.0])


def days(*returns):
    return np.array(returns, dtype=float)[:, None]


@pytest.mark.parametrize(
    ("losses", "confidence", "at_risk", "shortfall"),
    [
        (range(1, 101), 0.95, 95, 98.0),  # 96..100 are worse than 95
        (range(1, 101), 0.99, 99, 100.0),
        (range(1, 41), 0.95, 38, 39.5),
        (range(1, 31), 0.95, 29, (30 + 0.5 * 29) / 1.5),  # one and a half scenarios
        (range(1, 11), 0.95, 10, 10.0),  # less than one scenario: the worst
        ([5], 0.99, 5, 5.0),
    ],
)
def test_the_tail_of_equal_scenarios(losses, confidence, at_risk, shortfall):
    found = tail_of(np.array(losses, dtype=float), confidence)
    assert found.value_at_risk == at_risk
    assert found.expected_shortfall == pytest.approx(shortfall)


def test_historical_applies_the_past_to_what_is_held():
    returns = np.array([[0.01, 0.02], [-0.03, 0.01], [0.00, -0.05], [0.02, 0.00]])
    found = historical(returns, np.array([1_000.0, 2_000.0]), 0.75)
    # losses: -50, 10, 100, -20; one in four may be worse
    assert (found.value_at_risk, found.expected_shortfall) == pytest.approx((10.0, 100.0))


def test_parametric_is_the_normal_quantile():
    returns = days(0.01, -0.01, 0.01, -0.01)
    deviation = math.sqrt(4 / 3) * 0.01 * 1_000_000
    found = parametric(returns, ONE, 0.95)
    assert found.value_at_risk == pytest.approx(1.6448536269514722 * deviation)
    assert found.expected_shortfall == pytest.approx(2.0627128075074257 * deviation)


def test_monte_carlo_agrees_with_students_t_and_repeats_with_its_seed():
    returns = np.random.default_rng(1).normal(0.0, 0.02, (5_000, 1))
    found = monte_carlo(returns, ONE, 0.99, seed=7)
    deviation = returns.std(ddof=1) * 1_000_000
    exact = 3.36493 * math.sqrt(3 / 5) * deviation - returns.mean() * 1_000_000  # the 99 % quantile of t with 5
    assert found.value_at_risk == pytest.approx(exact, rel=0.05)
    assert monte_carlo(returns, ONE, 0.99, seed=7) == found
    assert monte_carlo(returns, ONE, 0.99, seed=8) != found


def test_monte_carlo_takes_two_shares_that_move_as_one():
    one = np.random.default_rng(2).normal(0.0, 0.02, 200)
    both = np.column_stack([one, one])
    apart = monte_carlo(both, np.array([500_000.0, 500_000.0]), 0.95, seed=1).value_at_risk
    assert apart == pytest.approx(monte_carlo(one[:, None], ONE, 0.95, seed=1).value_at_risk, rel=0.05)
    assert monte_carlo(both, np.array([1e6, -1e6]), 0.95, seed=1).value_at_risk == pytest.approx(0.0, abs=1.0)


def test_a_storm_raises_the_filtered_figure_and_not_the_plain_one():
    calm = np.tile([0.005, -0.005], 100)
    storm = np.tile([0.03, -0.03], 5)
    returns = days(*calm, *storm)
    assert historical(returns, ONE, 0.95).value_at_risk == pytest.approx(5_000)
    assert filtered_historical(returns, ONE, 0.95).value_at_risk > 15_000


def test_volatility_uses_nothing_of_its_own_day():
    profits = np.array([1.0] * 30 + [50.0])
    before = ewma_volatility(profits)
    assert before[30] == pytest.approx(1.0)  # the day of the jump did not see it coming
    assert before[31] == pytest.approx(math.sqrt(0.94 + 0.06 * 2_500))


def test_returns_of_closes():
    assert returns_of(np.array([[100.0], [110.0], [99.0]])).ravel() == pytest.approx([0.1, -0.1])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_flat_history_risks_nothing(method):
    found = method(np.zeros((60, 2)), np.array([1e6, 2e6]), 0.99, 3)
    assert (found.value_at_risk, found.expected_shortfall) == (0.0, 0.0)


histories = st.lists(st.floats(-0.07, 0.07), min_size=30, max_size=120).map(lambda found: days(*found))


@pytest.mark.parametrize("name", sorted(METHODS))
@given(returns=histories, scale=st.floats(0.5, 1_000.0))
def test_twice_the_position_is_twice_the_risk_and_the_shortfall_is_never_less(name, returns, scale):
    small, large = (METHODS[name](returns, ONE * factor, 0.95, 5) for factor in (1.0, scale))
    assert large.value_at_risk == pytest.approx(small.value_at_risk * scale, rel=1e-6, abs=1e-3 * scale)
    assert large.expected_shortfall >= large.value_at_risk - 1e-3 * scale


@given(returns=histories)
def test_more_confidence_is_never_less_risk(returns):
    for method in METHODS.values():
        assert method(returns, ONE, 0.99, 5).value_at_risk >= method(returns, ONE, 0.95, 5).value_at_risk - 1e-6
