"""Equal to empyrical on real days within 1e-9 where the definitions are the same; where they are not, how they differ.

Not the same: value at risk and shortfall. Empyrical takes numpy's percentile, which interpolates between two days, and
averages whole days up to it; here no day is invented and the edge counts in part, so both differ by less than the step
from one ranked day to the next.
"""

import csv
import gzip
import importlib
import warnings

import numpy as np
import pytest

from benchmarks.value_at_risk import DAILY
from qts.quant.account_performance import CONFIDENCE, account_performance, beta, drawdowns
from qts.quant.performance import DAYS_PER_YEAR

SYMBOLS = ("FPT", "SSI", "HPG", "VCB", "VNM", "MWG")
DAYS = 500
INDICES = DAILY / "vn_indices_daily.csv.gz"

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def empyrical():
    """Imported late, for it brings half of SciPy with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("empyrical")


def closes_of(path, wanted):
    closes = {symbol: {} for symbol in wanted}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            symbol = row["symbol"]
            if symbol in closes:
                closes[symbol][row["date"]] = float(row["close"])
    return closes


@pytest.fixture(scope="module")
def real_days():
    """(symbol -> returns, the index's) of the same days."""
    if not DAILY.exists():
        pytest.skip("daily prices are not part of this repository; set QTS_SHARED_DATA to their folder")
    shares, index = closes_of(DAILY / "vn_daily_adjusted.csv.gz", SYMBOLS), closes_of(INDICES, ("VNINDEX",))["VNINDEX"]
    days = sorted(set(index).intersection(*shares.values()))[-DAYS - 1 :]
    table = {symbol: np.array([closes[day] for day in days]) for symbol, closes in shares.items()}
    market = np.array([index[day] for day in days])
    return {symbol: closes[1:] / closes[:-1] - 1 for symbol, closes in table.items()}, market[1:] / market[:-1] - 1


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_equal_to_empyrical_where_the_definitions_agree(real_days, empyrical, symbol):
    returns, market = real_days[0][symbol], real_days[1]
    assert len(returns) == DAYS
    ours = account_performance(returns, market)
    theirs = {
        "time_weighted": empyrical.cum_returns_final(returns),
        "annual_return": empyrical.annual_return(returns, annualization=DAYS_PER_YEAR),
        "annual_volatility": empyrical.annual_volatility(returns, annualization=DAYS_PER_YEAR),
        "sharpe": empyrical.sharpe_ratio(returns, annualization=DAYS_PER_YEAR),
        "sortino": empyrical.sortino_ratio(returns, annualization=DAYS_PER_YEAR),
        "max_drawdown": -empyrical.max_drawdown(returns),
        "calmar": empyrical.calmar_ratio(returns, annualization=DAYS_PER_YEAR),
        "beta": empyrical.beta(returns, market),
    }
    assert {name: getattr(ours, name) for name in theirs} == pytest.approx(theirs, abs=1e-9)
    assert -drawdowns(returns).min() == pytest.approx(theirs["max_drawdown"], abs=1e-9)
    assert beta(returns, returns) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_tail_differs_by_less_than_a_rank(real_days, empyrical, symbol):
    returns = real_days[0][symbol]
    ours = account_performance(returns)
    ranked = np.sort(returns)
    edge = round(DAYS * (1 - CONFIDENCE))
    step = ranked[edge + 1] - ranked[edge - 1]
    assert abs(ours.value_at_risk + empyrical.value_at_risk(returns, 1 - CONFIDENCE)) <= step
    assert abs(ours.expected_shortfall + empyrical.conditional_value_at_risk(returns, 1 - CONFIDENCE)) <= step
    assert ours.expected_shortfall >= ours.value_at_risk
