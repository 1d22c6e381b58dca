"""Is the best of many sets chosen for its luck? Combinatorially symmetric cross-validation, from sums of blocks.

D. H. Bailey, J. M. Borwein, M. Lopez de Prado, Q. J. Zhu, The Probability of Backtest Overfitting, 2015: the days are
cut into blocks; for every half of them the best set of that half is looked up, and where it stands in the other half.
A Sharpe ratio needs of a block its sum and its sum of squares only, so a set leaves two short rows behind, however
many days there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCKS: Final = 10  # 252 halves
_SETS_AT_ONCE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class BlockSums:
    """Of one set's daily returns, block by block."""

    sums: tuple[float, ...]
    squares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Overfitting:
    """`probability`: how often the best of one half is below the middle of the other half. `loses`: how often it loses
    there. `halves` were looked at."""

    probability: float
    loses: float
    halves: int


def block_sums(returns: Sequence[float] | Floats, blocks: int = BLOCKS) -> BlockSums:
    """Raises ValueError for fewer returns than blocks."""
    values = np.asarray(returns, dtype=np.float64)
    if len(values) < blocks:
        raise ValueError(f"it takes at least {blocks} daily returns")
    parts = np.array_split(values, blocks)
    return BlockSums(tuple(float(part.sum()) for part in parts), tuple(float((part**2).sum()) for part in parts))


def block_counts(days: int, blocks: int = BLOCKS) -> list[int]:
    """How many of so many days are in each block."""
    return [len(part) for part in np.array_split(np.arange(days), blocks)]


def probability_of_overfitting(tried: Sequence[BlockSums], counts: Sequence[int]) -> Overfitting:
    """`counts` are days in each block, alike for all sets. Raises ValueError for fewer than two sets."""
    if len(tried) < 2:
        raise ValueError("it takes two sets to choose from")
    sums = np.array([one.sums for one in tried]).T
    squares = np.array([one.squares for one in tried]).T
    days = np.array(counts, dtype=np.float64)
    chosen = np.array(list(combinations(range(len(days)), len(days) // 2)))
    inside = np.zeros((len(chosen), len(days)))
    np.put_along_axis(inside, chosen, 1.0, axis=1)
    below, losing, step = 0, 0, max(1, _SETS_AT_ONCE_BYTES // (8 * len(tried)))
    for start in range(0, len(inside), step):
        part = inside[start : start + step]
        within = _sharpes(part, sums, squares, days)
        without = _sharpes(1 - part, sums, squares, days)
        reached = np.take_along_axis(without, within.argmax(axis=1)[:, None], axis=1)
        rank = (without < reached).sum(axis=1) + ((without == reached).sum(axis=1) + 1) / 2
        below += int((rank / (len(tried) + 1) <= 0.5).sum())
        losing += int((reached < 0).sum())
    return Overfitting(below / len(inside), losing / len(inside), len(inside))


def _sharpes(inside: Floats, sums: Floats, squares: Floats, days: Floats) -> Any:
    """One row a half, one column a set; 0 where nothing varies."""
    count = (inside @ days)[:, None]
    mean = inside @ sums / count
    variance = np.maximum(inside @ squares / count - mean**2, 0)
    deviation = np.sqrt(variance)
    return np.divide(mean, deviation, out=np.zeros_like(mean), where=deviation > 1e-12)
