"""Fit on some days, trade on those after, move on: what is left of a result where it was not fitted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np

from qts.backtest.engine import run
from qts.backtest.result import BacktestResult
from qts.backtest.spec import BacktestSpec, SpecWrong
from qts.backtest.statements import Say, Statement
from qts.backtest.sweep import SweepRow, answer_of, sets_of
from qts.backtest.table import BarTable
from qts.backtest.venue import EPOCH
from qts.domain.errors import Said
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.values import Side
from qts.quant.performance import DAYS_PER_YEAR

TRAIN_PER_TEST: Final = 3  # days to fit on for each day to trade on
FOLDS_MIN, FOLDS_MAX = 2, 20
TEST_DAYS_MIN: Final = 3
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fold:
    """Days since 1970: fitted on `train` up to `test`, traded from there until before `end`."""

    train: int
    test: int
    end: int


@dataclass(frozen=True, slots=True)
class FoldResult:
    """`returns` are of each test day. Sharpe ratios are of daily returns, not annualised."""

    train_from: str
    test_from: str
    test_until: str
    parameters: Mapping[str, int]
    train_sharpe: float | None
    test_sharpe: float | None
    test_return: float
    closed_trades: int
    days: Sequence[str]
    returns: Sequence[float]


def folds_of(table: BarTable, count: int, *, is_anchored: bool = False) -> list[Fold]:
    """Test periods of equal length, one after the other up to the end; fitted on three times as many days before, or,
    anchored, on all days before. Raises SpecWrong where there are too few days."""
    if not FOLDS_MIN <= count <= FOLDS_MAX:
        raise SpecWrong(
            Said("walk forward in {folds_min} to {folds_max} periods", folds_min=FOLDS_MIN, folds_max=FOLDS_MAX)
        )
    days = np.unique((table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS).tolist()
    length = len(days) // (count + TRAIN_PER_TEST)
    if length < TEST_DAYS_MIN:
        least = TEST_DAYS_MIN * (count + TRAIN_PER_TEST)
        raise SpecWrong(
            Said(
                "{count} periods need {least} trading days, and there are {days}",
                count=count,
                least=least,
                days=len(days),
            )
        )
    first = len(days) - count * length
    edges = [*range(first, len(days), length)][:count]
    ends = [days[at] for at in edges[1:]] + [days[-1] + 1]
    begins = [0 if is_anchored else at - TRAIN_PER_TEST * length for at in edges]
    return [Fold(days[max(0, begin)], days[at], end) for begin, at, end in zip(begins, edges, ends, strict=True)]


def walk(
    spec: BacktestSpec, table: BarTable, fold: Fold, grid: Mapping[str, Sequence[int]], progress: Progress | None = None
) -> FoldResult:
    """The set with the highest Sharpe ratio of the days to fit on, run on the days after."""
    best = _best(spec, _between(table, fold.train, fold.test), grid, progress)
    outside = replace(
        spec,
        parts=[replace(spec.parts[0], parameters=best.parameters)],
        trades_from_ms=fold.test * DAY_MS - VIETNAM_AHEAD_MS,
    )
    result = run(outside, _between(table, fold.train, fold.end))
    days = [day for day in result.equity if day.day >= _date(fold.test)]
    curve = [spec.cash_vnd, *(day.equity_vnd for day in days)]
    if min(curve) <= 0:
        raise SpecWrong(
            Said("the account was worth nothing in the period from {day}", day=_date(fold.test).isoformat())
        )
    returns = [after / before - 1 for before, after in pairwise(curve)]
    return FoldResult(
        train_from=_date(fold.train).isoformat(),
        test_from=_date(fold.test).isoformat(),
        test_until=days[-1].day.isoformat(),
        parameters=dict(best.parameters),
        train_sharpe=best.day_sharpe,
        test_sharpe=sharpe_of(returns),
        test_return=curve[-1] / curve[0] - 1,
        closed_trades=_closed(result),
        days=[day.day.isoformat() for day in days],
        returns=returns,
    )


def judged(found: Sequence[FoldResult]) -> Iterator[Statement]:
    """The result of the days that nothing was fitted to, and what it lost against those."""
    returns = [one for fold in found for one in fold.returns]
    total = float(np.prod([1 + one for one in returns])) - 1
    yield Statement(Say.OUTSIDE_EARNED if total > 0 else Say.OUTSIDE_LOST, share=abs(total))
    if not any(fold.closed_trades for fold in found):
        yield Statement(Say.NEVER_TRADED)
    within = [fold.train_sharpe for fold in found if fold.train_sharpe is not None]
    outside = sharpe_of(returns)
    mean = float(np.mean(within)) if within else 0.0
    if outside is not None and mean > 0 and outside < mean / 2:
        scale = DAYS_PER_YEAR**0.5
        yield Statement(Say.OUTSIDE_WEAKER, within=mean * scale, outside=outside * scale)
    losing = sum(fold.test_return < 0 for fold in found)
    if losing * 2 >= len(found):
        yield Statement(Say.OUTSIDE_MOSTLY_LOSES, losing=losing, folds=len(found))


def sharpe_of(returns: Sequence[float]) -> float | None:
    if len(returns) < 2:
        return None
    deviation = float(np.std(returns, ddof=1))
    return float(np.mean(returns)) / deviation if deviation > 1e-12 else None


def _best(
    spec: BacktestSpec, table: BarTable, grid: Mapping[str, Sequence[int]], progress: Progress | None
) -> SweepRow:
    """A set without trades has no ratio and is the last choice; of equals the first."""
    answer, sets = answer_of(spec, table), sets_of(spec, grid)
    rows: list[SweepRow] = []
    for number, parameters in enumerate(sets, start=1):
        rows.append(answer(parameters).row)
        if progress is not None:
            progress(number, len(sets))
    return max(rows, key=lambda row: -np.inf if row.day_sharpe is None else row.day_sharpe)


def _between(table: BarTable, first: int, end: int) -> BarTable:
    """The bars of the days from `first` until before `end`."""
    edges = [day * DAY_MS - VIETNAM_AHEAD_MS for day in (first, end)]
    begin, until = np.searchsorted(table.ts_start_ms, edges).tolist()
    columns: list[Any] = [getattr(table, one.name)[begin:until] for one in fields(BarTable)[1:]]
    return type(table)(table.symbols, *columns)


def _closed(result: BacktestResult) -> int:
    return sum(fill.side is Side.SELL for fill in result.fills)


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)
