"""Figures by hand."""

import math

import pytest

from qts.quant.performance import performance


def test_three_days_by_hand():
    found = performance(1_000, [1_100, 990, 1_089])
    returns = [0.1, -0.1, 0.1]
    mean = sum(returns) / 3
    deviation = math.sqrt(sum((one - mean) ** 2 for one in returns) / 2)
    assert found.total_return == pytest.approx(0.089)
    assert found.annual_return == pytest.approx(1.089 ** (250 / 3) - 1)
    assert found.annual_volatility == pytest.approx(deviation * math.sqrt(250))
    assert found.sharpe == pytest.approx(mean / deviation * math.sqrt(250))
    assert found.sortino == pytest.approx(mean / math.sqrt(0.01 / 3) * math.sqrt(250))
    assert found.max_drawdown == pytest.approx(0.1)
    assert found.calmar == pytest.approx((1.089 ** (250 / 3) - 1) / 0.1)


def test_a_flat_line_has_no_ratios():
    found = performance(1_000, [1_000, 1_000, 1_000])
    assert (found.sharpe, found.sortino, found.calmar, found.max_drawdown) == (None, None, None, 0.0)


def test_one_day_says_nothing_of_a_year():
    found = performance(1_000, [900])
    assert (found.total_return, found.annual_return, found.max_drawdown) == (
        pytest.approx(-0.1),
        None,
        pytest.approx(0.1),
    )


def test_a_loss_on_the_first_day_is_a_drawdown_from_the_start():
    assert performance(1_000, [800, 900]).max_drawdown == pytest.approx(0.2)


@pytest.mark.parametrize("equities", [[0], [100, -1]])
def test_an_account_worth_nothing_is_refused(equities):
    with pytest.raises(ValueError, match="worth nothing"):
        performance(1_000, equities)
