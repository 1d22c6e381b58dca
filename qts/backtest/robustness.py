"""Whether the best of a grid stands on a plateau or on a peak: what its neighbours earn."""

from collections.abc import Mapping, Sequence
from typing import Final

from qts.backtest.statements import Say, Statement

PLATEAU_SHARE_MIN: Final = 0.7


def robustness(
    rows: Sequence[tuple[Mapping[str, int], float | None]], grid: Mapping[str, Sequence[int]]
) -> list[float | None]:
    """For each set of a grid the mean Sharpe ratio of the sets one step away in any one parameter; a set without a
    ratio counts as nothing earned. None where there is no neighbour."""
    steps = [{value: number for number, value in enumerate(sorted(set(values)))} for values in grid.values()]
    places = [tuple(step[row[name]] for name, step in zip(grid, steps, strict=True)) for row, _ in rows]
    known = {place: sharpe or 0.0 for place, (_, sharpe) in zip(places, rows, strict=True)}
    found: list[float | None] = []
    for place in places:
        around = [
            known[near]
            for axis in range(len(place))
            for move in (-1, 1)
            if (near := (*place[:axis], place[axis] + move, *place[axis + 1 :])) in known
        ]
        found.append(sum(around) / len(around) if around else None)
    return found


def broadness(best: float, around: float | None) -> Statement | None:
    """Whether the best stands on a plateau."""
    if around is None or best <= 0:
        return None
    share = around / best
    return Statement(Say.BROAD if share >= PLATEAU_SHARE_MIN else Say.FRAGILE, share=max(0.0, share))
