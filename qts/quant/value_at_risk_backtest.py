"""Whether a value at risk kept its word: exceptions day by day, and the tests of Kupiec and Christoffersen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from qts.quant.value_at_risk import Floats, Method


@dataclass(frozen=True, slots=True)
class Verdict:
    """A likelihood ratio and how probable one at least as large is for a right model."""

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """Every day was judged by the estimate of the evening before. `hits`: the loss was larger than the estimate."""

    confidence: float
    values_at_risk: Floats
    losses: Floats
    hits: tuple[bool, ...]

    @property
    def days(self) -> int:
        return len(self.hits)

    @property
    def exceptions(self) -> int:
        return sum(self.hits)

    @property
    def expected(self) -> float:
        return self.days * (1 - self.confidence)


def backtest(
    returns: Floats, exposures: Floats, confidence: float, method: Method, *, window: int, seed: int = 0
) -> Backtest:
    """Walk through the days with the same exposures; each estimate sees the `window` days before its own, no more."""
    days = range(window, len(returns))
    estimates = [method(returns[day - window : day], exposures, confidence, seed + day).value_at_risk for day in days]
    losses = -(returns[window:] @ exposures)
    values = np.array(estimates, dtype=np.float64)
    return Backtest(confidence, values, losses, tuple(bool(hit) for hit in losses > values))


def kupiec(exceptions: int, days: int, confidence: float) -> Verdict:
    """Unconditional coverage (Kupiec 1995): were there as many exceptions as promised? One degree of freedom."""
    promised = 1 - confidence
    ratio = -2 * (
        _log_likelihood(exceptions, days, promised) - _log_likelihood(exceptions, days, _share(exceptions, days))
    )
    return Verdict(max(0.0, ratio), _chi_squared_1(ratio))


def christoffersen(hits: Sequence[bool]) -> Verdict:
    """Independence (Christoffersen 1998): is the day after an exception like any other? One degree of freedom."""
    after = {(before, now): 0 for before in (False, True) for now in (False, True)}
    for before, now in pairwise(hits):
        after[before, now] += 1
    calm, storm = after[False, False] + after[False, True], after[True, False] + after[True, True]
    hit = after[False, True] + after[True, True]
    together = _log_likelihood(hit, calm + storm, _share(hit, calm + storm))
    apart = _log_likelihood(after[False, True], calm, _share(after[False, True], calm))
    apart += _log_likelihood(after[True, True], storm, _share(after[True, True], storm))
    ratio = -2 * (together - apart)
    return Verdict(max(0.0, ratio), _chi_squared_1(ratio))


def conditional_coverage(hits: Sequence[bool], confidence: float) -> Verdict:
    """Both at once: the right number, and spread by chance. Two degrees of freedom."""
    ratio = kupiec(sum(hits), len(hits), confidence).statistic + christoffersen(hits).statistic
    return Verdict(ratio, math.exp(-ratio / 2))


def basel_zone(exceptions: int, days: int, confidence: float) -> str:
    """green, yellow or red: by the probability of fewer or as many exceptions (95 and 99.99 %), as Basel has it."""
    promised = 1 - confidence
    below = sum(
        math.exp(_log_choose(days, count) + _log_likelihood(count, days, promised)) for count in range(exceptions)
    )
    upto = below + math.exp(_log_choose(days, exceptions) + _log_likelihood(exceptions, days, promised))
    return "green" if upto < 0.95 else "yellow" if upto < 0.9999 else "red"


def _log_likelihood(hits: int, days: int, share: float) -> float:
    """Of so many hits in so many days at that share a day; nothing that did not happen needs a logarithm."""
    misses = days - hits
    return (hits * math.log(share) if hits else 0.0) + (misses * math.log1p(-share) if misses else 0.0)


def _log_choose(whole: int, part: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _chi_squared_1(statistic: float) -> float:
    """Probability that chi-squared with one degree of freedom is larger."""
    return math.erfc(math.sqrt(max(0.0, statistic) / 2))
