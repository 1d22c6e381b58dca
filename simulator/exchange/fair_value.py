"""What securities are worth at the moment: the drifting centres of the generated order flow.

A security follows the market's common factor and a walk of its own, whose volatility itself wanders (so that quiet and
wild stretches come in clusters), and jumps now and then. Floats on purpose: this suggests prices, it settles nothing.
"""

import math
from random import Random
from typing import Final

from simulator.exchange.calibrated import MINUTES_PER_DAY, Population, restlessness

_TRADING_S_PER_DAY: Final = MINUTES_PER_DAY * 60
_GRID_S: Final = 10
_PAUSE_S_MAX: Final = 300.0  # longer stretches, such as the lunch break, are not walked through
_PULL_PER_S: Final = 0.15 / _TRADING_S_PER_DAY  # back towards the reference, so that most days stay inside the band


class MarketFactor:
    """The log deviation that all securities share, on a grid of ten seconds."""

    __slots__ = ("_memory", "_per_step", "_rng", "_step", "_walk", "level")

    def __init__(self, rng: Random, population: Population, now_ms: int) -> None:
        self._rng = rng
        self._per_step = population.market_volatility * math.sqrt(_GRID_S / _TRADING_S_PER_DAY)
        self._memory = math.exp(-_GRID_S / population.market_memory_s)
        self._step = now_ms // 1000 // _GRID_S
        self._walk = self.level = rng.gauss(0.0, population.overnight_volatility / 2)

    def at(self, now_ms: int, minute_of_day: int) -> float:
        step = now_ms // 1000 // _GRID_S
        if step > self._step:
            for _ in range(min(step - self._step, int(_PAUSE_S_MAX) // _GRID_S)):
                self._walk += self._rng.gauss(0.0, self._per_step * restlessness(minute_of_day))
                self.level = self._walk + (self.level - self._walk) * self._memory
            self._step = step
        return self.level


class FairValue:
    """Of one security, as a multiple of its reference price."""

    __slots__ = ("_day_volatility", "_deviation", "_population", "_rng", "_sensitivity", "_updated_ms", "_wildness")

    def __init__(self, rng: Random, population: Population, daily_volatility: float, sensitivity: float) -> None:
        """`daily_volatility` is a multiple of the population's; `sensitivity` that to the market's factor."""
        self._rng = rng
        self._population = population
        self._day_volatility = daily_volatility * population.own_volatility
        self._sensitivity = sensitivity
        self._deviation = 0.0
        self._wildness = 0.0
        self._updated_ms = 0

    def begin_day(self, now_ms: int) -> None:
        rng, population = self._rng, self._population
        self._day_volatility *= rng.lognormvariate(-(population.day_spread**2) / 2, population.day_spread)
        scale = self._day_volatility / population.own_volatility
        self._deviation = rng.gauss(0.0, population.overnight_volatility * scale)
        self._wildness = rng.gauss(0.0, population.volatility_spread)
        self._updated_ms = now_ms

    def start_from(self, now_ms: int, fraction: float, market_move: float) -> None:
        """Go on from where the security stands, as a multiple of its reference."""
        self._deviation = math.log(fraction) - self._sensitivity * market_move
        self._updated_ms = now_ms

    def at(self, now_ms: int, market_move: float, minute_of_day: int) -> float:
        elapsed_s = (now_ms - self._updated_ms) / 1000
        if elapsed_s > 0:
            self._walk(min(elapsed_s, _PAUSE_S_MAX), minute_of_day)
            self._updated_ms = now_ms
        return math.exp(self._deviation + self._sensitivity * market_move)

    def _walk(self, elapsed_s: float, minute_of_day: int) -> None:
        rng, population = self._rng, self._population
        memory = math.exp(-elapsed_s / population.volatility_memory_s)
        spread = population.volatility_spread
        self._wildness = self._wildness * memory + rng.gauss(0.0, spread * math.sqrt(1 - memory * memory))
        per_root_s = self._day_volatility / math.sqrt(_TRADING_S_PER_DAY) * restlessness(minute_of_day)
        wild = math.exp(self._wildness - spread * spread)
        step = rng.gauss(0.0, per_root_s * wild * math.sqrt(elapsed_s))
        if rng.random() < population.jumps_per_day * elapsed_s / _TRADING_S_PER_DAY:
            step += rng.gauss(0.0, population.jump_size)
        self._deviation += step - self._deviation * _PULL_PER_S * elapsed_s
