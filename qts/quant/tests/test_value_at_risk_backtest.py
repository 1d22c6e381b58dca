"""The tests against published figures, and against models that are right and wrong by construction."""

import numpy as np
import pytest

from qts.quant.value_at_risk import Estimate, historical, parametric
from qts.quant.value_at_risk_backtest import backtest, basel_zone, christoffersen, conditional_coverage, kupiec

ONE = np.array([1.0])


@pytest.mark.parametrize(
    ("exceptions", "days", "confidence", "is_accepted"),
    [  # the non-rejection regions of Kupiec (1995), 5 % test
        (6, 255, 0.99, True),
        (7, 255, 0.99, False),
        (0, 255, 0.99, False),
        (6, 255, 0.95, False),
        (7, 255, 0.95, True),
        (20, 255, 0.95, True),
        (21, 255, 0.95, False),
        (4, 1_000, 0.99, False),
        (5, 1_000, 0.99, True),
        (16, 1_000, 0.99, True),
        (17, 1_000, 0.99, False),
        (37, 1_000, 0.95, False),
        (38, 1_000, 0.95, True),
        (64, 1_000, 0.95, True),
        (65, 1_000, 0.95, False),
    ],
)
def test_kupiecs_table(exceptions, days, confidence, is_accepted):
    assert (kupiec(exceptions, days, confidence).p_value > 0.05) is is_accepted


def test_as_many_as_promised_is_a_statistic_of_zero():
    assert kupiec(50, 1_000, 0.95).statistic == pytest.approx(0.0)
    assert kupiec(50, 1_000, 0.95).p_value == pytest.approx(1.0)


def test_no_days_say_nothing():
    assert kupiec(0, 0, 0.99).p_value == 1.0
    assert christoffersen([]).p_value == 1.0


def test_exceptions_in_a_row_are_found_and_scattered_ones_are_not():
    in_a_row = [False] * 480 + [True] * 20
    scattered = [day % 25 == 12 for day in range(500)]
    assert sum(in_a_row) == sum(scattered) == 20
    assert christoffersen(in_a_row).p_value < 1e-6
    assert christoffersen(scattered).p_value > 0.05
    assert kupiec(20, 500, 0.96).p_value > 0.9
    assert conditional_coverage(in_a_row, 0.96).p_value < 1e-6


@pytest.mark.parametrize(
    ("exceptions", "zone"), [(0, "green"), (4, "green"), (5, "yellow"), (9, "yellow"), (10, "red"), (30, "red")]
)
def test_basels_traffic_light_for_250_days_at_99_percent(exceptions, zone):
    assert basel_zone(exceptions, 250, 0.99) == zone


def test_each_estimate_sees_only_the_days_before_its_own():
    returns = np.arange(10.0)[:, None]
    seen = []

    def watching(past, exposures, confidence, seed):
        seen.append(past.ravel().tolist())
        return Estimate(0.0, 0.0)

    found = backtest(returns, ONE, 0.95, watching, window=4)
    assert seen == [[float(day) for day in range(start, start + 4)] for start in range(6)]
    assert (found.days, found.exceptions, found.expected) == (6, 0, pytest.approx(0.3))


@pytest.mark.parametrize("method", [historical, parametric])
def test_a_right_model_is_accepted_and_half_the_risk_is_refused(method):
    returns = np.random.default_rng(20_261_121).normal(0.0, 0.02, (1_250, 1))
    right = backtest(returns, ONE, 0.95, method, window=250)
    assert kupiec(right.exceptions, right.days, 0.95).p_value > 0.05

    def half(past, exposures, confidence, seed):
        found = method(past, exposures, confidence, seed)
        return Estimate(found.value_at_risk / 2, found.expected_shortfall / 2)

    wrong = backtest(returns, ONE, 0.95, half, window=250)
    assert wrong.exceptions > 150
    assert kupiec(wrong.exceptions, wrong.days, 0.95).p_value < 1e-9
