"""Strategies as whole columns: for each bar whether it wants its position, or wants to be out.

A kernel answers for every bar what its strategy class would at that bar, so that hundreds of parameters can be tried on
a history in the time that the event loop needs for one. Tests hold each to equal trades.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qts.domain.strategy.examples.moving_average_cross import MovingAverageCross
from qts.domain.strategy.examples.rsi_mean_reversion import RsiMeanReversion

Bools = NDArray[np.bool_]
IndicatorOf = Callable[[str], NDArray[np.float64]]
# (parameters, indicators by name) -> bars that want `quantity`, bars that want none
Kernel = Callable[[Mapping[str, int], IndicatorOf], tuple[Bools, Bools]]


def moving_average_cross(parameters: Mapping[str, int], indicator: IndicatorOf) -> tuple[Bools, Bools]:
    """A comparison with a value that is not there yet is false, so bars without both averages want nothing."""
    fast, slow = indicator(f"sma_{parameters['fast']}"), indicator(f"sma_{parameters['slow']}")
    above, below = fast > slow, fast < slow
    wants, leaves = np.zeros_like(above), np.zeros_like(above)
    wants[1:] = above[1:] & ~above[:-1]
    leaves[1:] = below[1:] & ~below[:-1]
    known = np.isfinite(fast[:-1]) & np.isfinite(slow[:-1])
    wants[1:] &= known
    leaves[1:] &= known
    return wants, leaves


def rsi_mean_reversion(parameters: Mapping[str, int], indicator: IndicatorOf) -> tuple[Bools, Bools]:
    index = indicator(f"rsi_{parameters['period']}")
    wants, leaves = np.zeros(len(index), dtype=np.bool_), np.zeros(len(index), dtype=np.bool_)
    wants[1:] = (index[1:] < parameters["oversold"]) & (index[:-1] >= parameters["oversold"])
    leaves[1:] = (index[1:] > parameters["overbought"]) & (index[:-1] <= parameters["overbought"])
    return wants, leaves & ~wants


KERNELS: Final[Mapping[Any, Kernel]] = {MovingAverageCross: moving_average_cross, RsiMeanReversion: rsi_mean_reversion}
