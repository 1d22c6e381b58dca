"""What a run of account values says: returns with and without the owner's deposits, risk, and the market beside it.

Rates are fractions; a day's return is over the account as the day began, with the day's deposits counted as there from
the beginning. A year has `qts.quant.performance.DAYS_PER_YEAR` days. None stands where a figure has no meaning.

Where other libraries define the same, the figures are theirs: annual return, volatility, Sharpe (no riskless rate),
Sortino (root of the mean square of losses over all days), Calmar and drawdown of empyrical. Value at risk and shortfall
are of `qts.quant.value_at_risk`: positive losses, no interpolation between days; the shortfall weighs the day on the
edge in part; empyrical takes numpy's interpolated percentile, so the two lie within one day's rank of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from qts.quant.performance import DAYS_PER_YEAR
from qts.quant.value_at_risk import DAYS_MIN, Floats, tail_of

CALENDAR_DAYS: Final = 365.0
CONFIDENCE: Final = 0.95
RATE_STEPS: Final = 200
RATE_MIN: Final = -0.9999
RATE_MAX: Final = 1e6


@dataclass(frozen=True, slots=True)
class AccountPerformance:
    """`max_drawdown` is positive: the deepest fall from a peak as a fraction of it."""

    day_count: int
    time_weighted: float
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    calmar: float | None
    value_at_risk: float | None
    expected_shortfall: float | None
    beta: float | None


def daily_returns(equities_vnd: Sequence[int], flows_vnd: Sequence[int]) -> Floats:
    """Of each day after the first; `flows_vnd[i]` came in (+) or went out (-) during day i.

    Raises ValueError where an account that was worth nothing would have to earn something.
    """
    ends = np.array(equities_vnd, dtype=np.float64)
    begins = ends[:-1] + np.array(flows_vnd[1:], dtype=np.float64)
    if (begins <= 0).any():
        raise ValueError("a day began with nothing: its return means nothing")
    returns: Floats = ends[1:] / begins - 1
    return returns


def account_performance(returns: Floats, market: Floats | None = None) -> AccountPerformance:
    """Of daily returns; `market` are the benchmark's of the same days."""
    growth = np.concatenate(([1.0], np.cumprod(1 + returns)))
    drawdown = float((1 - growth / np.maximum.accumulate(growth)).max())
    total, days = float(growth[-1] - 1), len(returns)
    if days < 2:
        return AccountPerformance(days, total, None, None, None, None, drawdown, None, None, None, None)
    annual = float((1 + total) ** (DAYS_PER_YEAR / days) - 1) if total > -1 else None
    deviation, mean, scale = float(returns.std(ddof=1)), float(returns.mean()), DAYS_PER_YEAR**0.5
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2)))
    tail = tail_of(-returns, CONFIDENCE) if days >= DAYS_MIN else None
    return AccountPerformance(
        day_count=days,
        time_weighted=total,
        annual_return=annual,
        annual_volatility=deviation * scale,
        sharpe=mean / deviation * scale if deviation else None,
        sortino=mean / downside * scale if downside else None,
        max_drawdown=drawdown,
        calmar=annual / drawdown if drawdown and annual is not None else None,
        value_at_risk=tail.value_at_risk if tail else None,
        expected_shortfall=tail.expected_shortfall if tail else None,
        beta=beta(returns, market) if market is not None else None,
    )


def beta(returns: Floats, market: Floats) -> float | None:
    """How much of the market's moves the account makes. Raises ValueError for days that do not match."""
    if len(returns) != len(market):
        raise ValueError(f"{len(returns)} days of the account, {len(market)} of the market")
    variance = float(market.var(ddof=1)) if len(market) > 1 else 0.0
    return float(np.cov(returns, market, ddof=1)[0, 1]) / variance if variance else None


def money_weighted(flows: Sequence[tuple[date, int]], end: tuple[date, int]) -> float | None:
    """The yearly rate at which what was put in (+) and taken out (-) grows to the value at the end, by halving.

    None where there is no such rate: nothing was put in, or all of it happened on one day.
    """
    end_day, value_vnd = end
    years = np.array([(end_day - day).days / CALENDAR_DAYS for day, _ in flows])
    amounts = np.array([amount for _, amount in flows], dtype=np.float64)
    if not len(flows) or years.max() <= 0 or amounts[0] <= 0:
        return None

    def short(rate: float) -> float:
        return float((amounts * (1 + rate) ** years).sum()) - value_vnd

    low, high = RATE_MIN, 1.0
    while short(high) < 0 and high < RATE_MAX:
        high *= 2
    if short(low) > 0 or short(high) < 0:
        return None
    for _ in range(RATE_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) < 0 else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class TradeFigures:
    """Of results of sales in VND; `profit_factor` is what was won for each dong that was lost."""

    count: int
    win_rate: float | None
    profit_factor: float | None
    average_win_vnd: float | None
    average_loss_vnd: float | None


def trade_figures(results_vnd: Sequence[int]) -> TradeFigures:
    wins = [result for result in results_vnd if result > 0]
    losses = [-result for result in results_vnd if result < 0]
    return TradeFigures(
        count=len(results_vnd),
        win_rate=len(wins) / len(results_vnd) if results_vnd else None,
        profit_factor=sum(wins) / sum(losses) if losses else None,
        average_win_vnd=sum(wins) / len(wins) if wins else None,
        average_loss_vnd=sum(losses) / len(losses) if losses else None,
    )


def drawdowns(returns: Floats) -> Floats:
    """How far below its peak the account was at the end of each day; 0 or negative."""
    growth = np.concatenate(([1.0], np.cumprod(1 + returns)))
    under: Floats = (growth / np.maximum.accumulate(growth) - 1)[1:]
    return under


def monthly_returns(days: Sequence[date], returns: Floats) -> dict[tuple[int, int], float]:
    """By (year, month), in order."""
    months: dict[tuple[int, int], float] = {}
    for day, value in zip(days, returns, strict=True):
        key = (day.year, day.month)
        months[key] = (1 + months.get(key, 0.0)) * (1 + float(value)) - 1
    return months
