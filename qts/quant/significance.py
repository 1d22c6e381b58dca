"""Is a result more than luck? Random entries, trades in another order, and the best of many tries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS: Final = 1_000
_EULER: Final = 0.5772156649015329
_AT_ONCE: Final = 1_000_000  # numbers drawn at once: 8 MB


@dataclass(frozen=True, slots=True)
class Span:
    """One position from flat to flat: the bars of its symbol at which it began and ended, and its gross return."""

    symbol: str
    entered: int
    left: int
    gross_return: float


@dataclass(frozen=True, slots=True)
class Reshuffled:
    """What the same trades would have come to, drawn anew with replacement: the worst twentieth begins at these."""

    pnl_vnd_low: float
    pnl_vnd_median: float
    fall_vnd_median: float
    fall_vnd_high: float


def random_entries_as_good(spans: Sequence[Span], closes: dict[str, Any], *, seed: int, draws: int = DRAWS) -> float:
    """The share of random draws that did as well: every position held as long, on its symbol, begun at any bar.

    Gross of costs, which are alike on both sides. Counts the result itself as one draw, so it is never zero.
    """
    if not spans:
        raise ValueError("there is no closed position to compare")
    generator = np.random.default_rng(seed)
    reached = float(np.mean([span.gross_return for span in spans]))
    as_good, step = 0, max(1, _AT_ONCE // len(spans))
    for start in range(0, draws, step):
        count = min(step, draws - start)
        sums = np.zeros(count)
        for symbol in sorted({span.symbol for span in spans}):
            sums += _random_sums(spans, symbol, np.asarray(closes[symbol], dtype=np.float64), generator, count)
        as_good += int((sums / len(spans) >= reached - 1e-12).sum())
    return (as_good + 1) / (draws + 1)


def _random_sums(spans: Sequence[Span], symbol: str, closes: Floats, generator: Any, draws: int) -> Floats:
    bars = np.array([span.left - span.entered for span in spans if span.symbol == symbol])
    begun = generator.integers(0, len(closes) - bars, size=(draws, len(bars)))
    returns: Floats = closes[begun + bars] / closes[begun] - 1
    summed: Floats = returns.sum(axis=1)
    return summed


def reshuffled(pnls_vnd: Sequence[int], *, seed: int, draws: int = DRAWS) -> Reshuffled:
    """As many trades as there were, each draw any of them; the fall is the largest from a peak."""
    if not pnls_vnd:
        raise ValueError("there is no trade to draw from")
    generator = np.random.default_rng(seed)
    trades = np.asarray(pnls_vnd, dtype=np.float64)
    ends, falls, step = [], [], max(1, _AT_ONCE // len(trades))
    for start in range(0, draws, step):
        drawn = generator.choice(trades, size=(min(step, draws - start), len(trades)))
        curve = np.cumsum(drawn, axis=1)
        ends.append(curve[:, -1])
        falls.append((np.maximum.accumulate(np.maximum(curve, 0), axis=1) - curve).max(axis=1))
    end, fall = np.concatenate(ends), np.concatenate(falls)
    low, median = np.percentile(end, [5, 50])
    fall_median, fall_high = np.percentile(fall, [50, 95])
    return Reshuffled(float(low), float(median), float(fall_median), float(fall_high))


def deflated_sharpe(returns: Sequence[float], tried: Sequence[float]) -> float:
    """The probability that the true Sharpe ratio is above what the best of so many worthless tries would show.

    `returns` are those of the best, `tried` the Sharpe ratios of all tries, of returns of the same period, none of them
    scaled to a year (D. H. Bailey and M. Lopez de Prado, The Deflated Sharpe Ratio, 2014).
    """
    values = np.asarray(returns, dtype=np.float64)
    if len(values) < 3 or len(tried) < 2 or not values.std() > 0:
        raise ValueError("it takes three returns that vary, and two tries")
    centred = values - values.mean()
    deviation = float(values.std(ddof=1))
    sharpe = float(values.mean()) / deviation
    skewness = float((centred**3).mean() / values.std() ** 3)
    kurtosis = float((centred**4).mean() / values.std() ** 4)
    variance = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    above = sharpe - expected_best_sharpe(float(np.std(tried, ddof=1)), len(tried))
    return NormalDist().cdf(above * math.sqrt(len(values) - 1) / math.sqrt(max(variance, 1e-12)))


def expected_best_sharpe(deviation: float, tries: int) -> float:
    """The largest Sharpe ratio to expect of so many tries that are all worth nothing, by the spread among them."""
    quantile = NormalDist().inv_cdf
    return deviation * ((1 - _EULER) * quantile(1 - 1 / tries) + _EULER * quantile(1 - 1 / (tries * math.e)))
