"""How a run of daily equities did. Rates are fractions, not percent; a year has 250 trading days.

Sharpe and Sortino ratios are of daily returns over nothing, scaled by the square root of the year, the second with the
root of the mean square of the losses (W. F. Sharpe 1994; F. A. Sortino and L. N. Price 1994).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

DAYS_PER_YEAR: Final = 250


@dataclass(frozen=True, slots=True)
class Performance:
    """None where a figure has no meaning: too few days, no loss to divide by."""

    total_return: float
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    calmar: float | None


def performance(first_equity_vnd: int, equities_vnd: Sequence[int]) -> Performance:
    """Of the equity before the first day and at the end of each day, in VND. Raises ValueError for one that is not
    positive: ratios of it mean nothing."""
    curve = np.array([first_equity_vnd, *equities_vnd], dtype=np.float64)
    if curve.min() <= 0:
        raise ValueError("the account was worth nothing or less")
    returns = curve[1:] / curve[:-1] - 1
    total = float(curve[-1] / curve[0] - 1)
    drawdown = float((1 - curve / np.maximum.accumulate(curve)).max())
    if len(returns) < 2:
        return Performance(total, None, None, None, None, drawdown, None)
    annual = float((1 + total) ** (DAYS_PER_YEAR / len(returns)) - 1)
    deviation = float(returns.std(ddof=1))
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2)))
    scale, mean = DAYS_PER_YEAR**0.5, float(returns.mean())
    return Performance(
        total_return=total,
        annual_return=annual,
        annual_volatility=deviation * scale,
        sharpe=mean / deviation * scale if deviation else None,
        sortino=mean / downside * scale if downside else None,
        max_drawdown=drawdown,
        calmar=annual / drawdown if drawdown else None,
    )
