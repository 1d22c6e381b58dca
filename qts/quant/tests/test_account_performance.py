"""Account performance on its own."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.quant.account_performance import (
    account_performance,
    beta,
    daily_returns,
    drawdowns,
    money_weighted,
    monthly_returns,
    trade_figures,
)

FIRST = date(2026, 1, 1)


def test_a_deposit_is_no_return():
    # 100 -> 110 is 10 %; then 90 come in: 200 -> 190 is -5 %
    assert daily_returns([100, 110, 190], [0, 0, 90]) == pytest.approx([0.1, -0.05])


@given(
    changes=st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=30),
    flows=st.lists(st.integers(0, 10**9), min_size=30, max_size=30),
)
def test_the_time_weighted_return_does_not_know_deposits(changes, flows):
    values, equity = [10**9], 10**9
    for change, flow in zip(changes, flows, strict=False):
        equity = round((equity + flow) * (1 + change))
        values.append(equity)
    returns = daily_returns(values, [0, *flows[: len(changes)]])
    assert returns == pytest.approx(np.array(changes), abs=1e-6)


def test_an_account_of_nothing_has_no_return():
    with pytest.raises(ValueError, match="began with nothing"):
        daily_returns([0, 10], [0, 0])


@pytest.mark.parametrize(
    ("flows", "end", "rate"),
    [
        ([(FIRST, 100)], (FIRST + timedelta(days=365), 110), 0.10),
        # 100 for two years and 100 for one at 10 %: 121 + 110
        ([(FIRST, 100), (FIRST + timedelta(days=365), 100)], (FIRST + timedelta(days=730), 231), 0.10),
        # 50 taken out after a year of 20 %: 70 x 1.2 = 84
        ([(FIRST, 100), (FIRST + timedelta(days=365), -50)], (FIRST + timedelta(days=730), 84), 0.20),
        ([(FIRST, 100)], (FIRST + timedelta(days=365), 50), -0.50),
    ],
)
def test_the_money_weighted_return(flows, end, rate):
    assert money_weighted(flows, end) == pytest.approx(rate, abs=1e-9)


def test_without_a_day_or_money_there_is_no_rate():
    assert money_weighted([], (FIRST, 100)) is None
    assert money_weighted([(FIRST, 100)], (FIRST, 110)) is None
    assert money_weighted([(FIRST, -100)], (FIRST + timedelta(days=9), 110)) is None


def test_too_few_days_have_no_ratios():
    found = account_performance(np.array([0.1]))
    assert (found.time_weighted, found.max_drawdown) == (pytest.approx(0.1), 0.0)
    assert {found.sharpe, found.sortino, found.calmar, found.value_at_risk, found.beta} == {None}


def test_beta_of_twice_the_market_is_two():
    market = np.array([0.01, -0.02, 0.03, 0.0])
    assert beta(2 * market + 0.001, market) == pytest.approx(2)
    assert beta(market, np.zeros(4)) is None
    with pytest.raises(ValueError, match="4 days of the account, 3"):
        beta(market, market[:3])


def test_drawdowns_and_months():
    returns = np.array([0.1, -0.5, 0.2])
    assert drawdowns(returns) == pytest.approx([0, -0.5, -0.4])
    days = [date(2026, 1, 30), date(2026, 2, 2), date(2026, 2, 3)]
    assert monthly_returns(days, returns) == pytest.approx({(2026, 1): 0.1, (2026, 2): -0.4})


def test_trades_won_and_lost():
    # won 300 and 100, lost 200: two of four, 400 / 200
    found = trade_figures([300, -200, 100, 0])
    assert (found.count, found.win_rate, found.profit_factor) == (4, 0.5, 2.0)
    assert (found.average_win_vnd, found.average_loss_vnd) == (200, 200)
    assert trade_figures([]).win_rate is None
    assert trade_figures([5]).profit_factor is None
