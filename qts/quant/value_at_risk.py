"""Value at risk and expected shortfall of a portfolio over one trading day.

Floats live here: the figures warn, they never refuse an order. Losses are positive numbers in the unit of the exposures
(VND). `returns` holds one row a day, oldest first, and one column a symbol; `exposures` the value held of each symbol.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAYS_MIN: Final = 30
DRAWS: Final = 20_000
TAIL_FREEDOM: Final = 5  # degrees of freedom of Student's t: about the tails of daily share returns
EWMA_DECAY: Final = 0.94  # RiskMetrics' decay for daily returns
EWMA_SEED_DAYS: Final = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """The loss that is passed on a share of 1 - confidence of all days, and the mean loss on those days."""

    value_at_risk: float
    expected_shortfall: float


def historical(returns: Floats, exposures: Floats, confidence: float, _seed: int = 0) -> Estimate:
    """The past days as they were, applied to what is held now."""
    return tail_of(-(returns @ exposures), confidence)


def filtered_historical(returns: Floats, exposures: Floats, confidence: float, _seed: int = 0) -> Estimate:
    """The past days, each scaled from its own volatility to the present one: calm years do not hide a storm."""
    profits = returns @ exposures
    volatility = ewma_volatility(profits)
    scales = np.divide(volatility[-1], volatility[:-1], out=np.ones(len(profits)), where=volatility[:-1] > 0)
    return tail_of(-profits * scales, confidence)


def parametric(returns: Floats, exposures: Floats, confidence: float, _seed: int = 0) -> Estimate:
    """Normal profits with the mean and deviation of the past days."""
    profits = returns @ exposures
    mean, deviation = float(profits.mean()), float(profits.std(ddof=1))
    normal = NormalDist()
    quantile = normal.inv_cdf(confidence)
    return Estimate(quantile * deviation - mean, normal.pdf(quantile) / (1 - confidence) * deviation - mean)


def monte_carlo(returns: Floats, exposures: Floats, confidence: float, seed: int = 0) -> Estimate:
    """Draws of Student's t with the means and covariances of the past days; the same seed gives the same figure."""
    generator = np.random.default_rng(seed)
    covariance = np.atleast_2d(np.cov(returns, rowvar=False))
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))  # a covariance of few days is only semi-definite
    normals = generator.standard_normal((DRAWS, returns.shape[1]))
    stretch = np.sqrt((TAIL_FREEDOM - 2) / generator.chisquare(TAIL_FREEDOM, DRAWS))  # keeps the covariance
    profits = (normals * stretch[:, None]) @ (root.T @ exposures) + returns.mean(axis=0) @ exposures
    return tail_of(-profits, confidence)


Method = Callable[[Floats, Floats, float, int], Estimate]
METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "historical": historical,
        "filtered_historical": filtered_historical,
        "parametric": parametric,
        "monte_carlo": monte_carlo,
    }
)


def tail_of(losses: Floats, confidence: float) -> Estimate:
    """From scenarios of equal weight. At most a share of 1 - confidence of them is worse than the value at risk.

    The shortfall averages exactly that share of the weight, the scenario on the edge in part (Acerbi and Tasche 2002):
    so it never falls below the value at risk.
    """
    worst_first = np.sort(losses)[::-1]
    weight = round(len(losses) * (1 - confidence), 9)  # 100 * (1 - 0.99) is a little over 1 in floats
    whole = min(int(weight), len(losses) - 1)
    at_risk = float(worst_first[whole])
    if weight <= 0:
        return Estimate(at_risk, at_risk)
    return Estimate(at_risk, float(worst_first[:whole].sum() + (weight - whole) * at_risk) / weight)


def ewma_volatility(profits: Floats) -> Floats:
    """What was known before each day, and last what is known for the day after: one value more than there are days."""
    squares = profits**2
    variance = np.empty(len(profits) + 1)
    variance[0] = squares[:EWMA_SEED_DAYS].mean()
    for day, square in enumerate(squares):
        variance[day + 1] = EWMA_DECAY * variance[day] + (1 - EWMA_DECAY) * square
    return np.sqrt(variance)


def returns_of(closes: Floats) -> Floats:
    """Simple daily returns of a table of closes, one column a symbol."""
    changes: Floats = closes[1:] / closes[:-1] - 1.0
    return changes
