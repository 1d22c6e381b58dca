"""What a security is worth at the moment: the drifting centre of the generated order flow.

Floats on purpose: this suggests prices, it settles nothing.
"""

import math
from random import Random
from typing import Final

_TRADING_S_PER_DAY: Final = 4 * 3600
_SWING_MEMORY_S: Final = 900.0
_SWING_STRENGTH: Final = 0.0008  # lets the swings of a day add about half as much as the walk itself
_PULL_PER_S: Final = 0.4 / _TRADING_S_PER_DAY  # back towards the reference, so that most days stay inside the band


class FairValue:
    """A random walk with slow swings (so that trends exist) around the day's reference price."""

    __slots__ = ("_daily_volatility", "_log_deviation", "_rng", "_swing", "_updated_ms")

    def __init__(self, rng: Random, daily_volatility: float) -> None:
        self._rng = rng
        self._daily_volatility = daily_volatility
        self._log_deviation = 0.0
        self._swing = 0.0
        self._updated_ms = 0

    def begin_day(self, at_ms: int, deviation: float = 0.0) -> None:
        """`deviation` is how far from the reference the security stands already, as a fraction."""
        self._log_deviation = math.log1p(deviation) + self._rng.gauss(0.0, self._daily_volatility / 4)
        self._swing = 0.0
        self._updated_ms = at_ms

    def at(self, now_ms: int, market_move: float) -> float:
        """As a multiple of the reference price; `market_move` is the whole market's log deviation."""
        elapsed_s = min((now_ms - self._updated_ms) / 1000, 60.0)  # the lunch break is not traded through
        self._updated_ms = now_ms
        per_s = self._daily_volatility / math.sqrt(_TRADING_S_PER_DAY)
        forget = math.exp(-elapsed_s / _SWING_MEMORY_S)
        self._swing = self._swing * forget + self._rng.gauss(0.0, per_s * _SWING_STRENGTH) * math.sqrt(elapsed_s)
        step = self._rng.gauss(0.0, per_s) * math.sqrt(elapsed_s)
        pull = -self._log_deviation * _PULL_PER_S * elapsed_s
        self._log_deviation += step + pull + self._swing * elapsed_s
        return math.exp(self._log_deviation + market_move)


def market_volatility(daily_volatility: float = 0.008) -> float:
    """Of the factor that all securities share, per square root of a second."""
    return daily_volatility / math.sqrt(_TRADING_S_PER_DAY)
