"""Many parameters of one strategy on one history.

Where the strategy has a kernel and the run is without friction, each set of parameters is a few passes over columns;
otherwise it is a run of the event loop. Either way a set leaves one row behind, so memory does not grow with the sets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qts.backtest.engine import run
from qts.backtest.kernels import KERNELS, Bools, Kernel
from qts.backtest.loading import class_of
from qts.backtest.spec import BacktestSpec, FillAt, SpecWrong
from qts.backtest.table import BarTable
from qts.domain.errors import Said
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.portfolio.fees import BPS_PER_WHOLE
from qts.domain.strategy import parse_parameters
from qts.domain.values import Side
from qts.quant.indicators import batch_values

Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]
_INDICATORS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One set of parameters; `day_sharpe` is of daily returns, not annualised, None where they do not vary."""

    parameters: Mapping[str, int]
    last_equity_vnd: int
    fill_count: int
    closed_trades: int
    day_sharpe: float | None


class Tried(NamedTuple):
    """A set's row, and its equity at the end of each trading day."""

    row: SweepRow
    equities_vnd: Ints

    def returns(self, first_vnd: int) -> NDArray[np.float64]:
        """Of each day. Raises ValueError for an account that was worth nothing."""
        curve = np.append(float(first_vnd), self.equities_vnd)
        if curve.min() <= 0:
            raise ValueError("the account was worth nothing or less")
        returns: NDArray[np.float64] = curve[1:] / curve[:-1] - 1
        return returns


Answer = Callable[[Mapping[str, int]], Tried]


@dataclass(frozen=True, slots=True)
class _Trades:
    """Fills in order: purchase and sale in turn; `at` is the bar of each."""

    at: Ints
    price_vnd: Ints


def sweep(
    spec: BacktestSpec, table: BarTable, grid: Mapping[str, Sequence[int]], *, progress: Progress | None = None
) -> list[SweepRow]:
    """Every combination of the grid, over the parameters that the specification's one strategy has already.

    Raises SpecWrong for a portfolio of several strategies, ParameterError for a set out of bounds.
    """
    sets = sets_of(spec, grid)
    answer = answer_of(spec, table)
    rows = []
    for number, parameters in enumerate(sets, start=1):
        rows.append(answer(parameters).row)
        if progress is not None:
            progress(number, len(sets))
    return rows


def sets_of(spec: BacktestSpec, grid: Mapping[str, Sequence[int]]) -> list[dict[str, int]]:
    """Every combination, in the order of the grid."""
    known = dict(spec.parts[0].parameters)
    return [known | dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def answer_of(spec: BacktestSpec, table: BarTable) -> Answer:
    """What tries one set, the fastest way there is."""
    if len(spec.parts) != 1:
        raise SpecWrong(Said("parameters are tried for one strategy at a time"))
    return _by_columns(spec, table) or _by_bars(spec, table)


def _by_bars(spec: BacktestSpec, table: BarTable) -> Answer:
    def answer(parameters: Mapping[str, int]) -> Tried:
        result = run(replace(spec, parts=[replace(spec.parts[0], parameters=parameters)]), table)
        closed = sum(fill.side is Side.SELL for fill in result.fills)
        equities = np.array([day.equity_vnd for day in result.equity])
        sharpe = _day_sharpe(spec.cash_vnd, equities)
        row = SweepRow(parameters, result.last_equity_vnd, len(result.fills), closed, sharpe)
        return Tried(row, equities)

    return answer


def _by_columns(spec: BacktestSpec, table: BarTable) -> Answer | None:
    """None where only the event loop can answer."""
    kind = class_of(spec.parts[0])
    kernel = KERNELS.get(kind)
    is_whole = spec.trades_from_ms == 0 and len(table.symbols) == 1
    if kernel is None or spec.frictionless is None or not is_whole:
        return None
    columns = _Columns(spec, table, kernel)

    def answer(parameters: Mapping[str, int]) -> Tried:
        parsed = parse_parameters(kind.parameters_class, parameters)
        whole = {name: getattr(parsed, name) for name in parsed.__dataclass_fields__}
        return columns.row(parameters, whole)

    return answer


class _Columns:
    def __init__(self, spec: BacktestSpec, table: BarTable, kernel: Kernel) -> None:
        assert spec.frictionless is not None  # noqa: S101  # the caller looked
        self._spec, self._table, self._kernel, self._fill_at = spec, table, kernel, spec.frictionless
        prices = [table.open_vnd, table.high_vnd, table.low_vnd, table.close_vnd, table.volume]
        as_floats = [column.astype(np.float64) for column in prices]
        bar_ms = spec.period.length_ms
        self._indicator = lru_cache(_INDICATORS_KEPT)(
            lambda name: batch_values([name], as_floats, table.ts_start_ms, bar_ms)[name]
        )
        days = (table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
        self._day_ends = np.flatnonzero(np.append(days[1:] != days[:-1], True))
        self._fills_vnd = table.open_vnd if self._fill_at is FillAt.NEXT_OPEN else table.close_vnd

    def row(self, told: Mapping[str, int], parameters: Mapping[str, int]) -> Tried:
        wants, leaves = self._kernel(parameters, self._indicator)
        quantity = parameters["quantity"]
        trades = self._in_turn(wants, leaves)
        cash = self._cash_after(trades, quantity)
        if not self._is_paid(trades, cash, quantity):
            trades = self._as_money_allows(wants, leaves, quantity)
            cash = self._cash_after(trades, quantity)
        done = np.searchsorted(trades.at, self._day_ends, side="right")
        held = (done % 2) * quantity
        equities = np.append(self._spec.cash_vnd, cash)[done] + held * self._table.close_vnd[self._day_ends]
        count = len(trades.at)
        sharpe = _day_sharpe(self._spec.cash_vnd, equities)
        return Tried(SweepRow(told, int(equities[-1]), count, count // 2, sharpe), equities)

    def _in_turn(self, wants: Bools, leaves: Bools) -> _Trades:
        """The first of each run of equal wishes, from the first purchase on."""
        at = np.flatnonzero(wants | leaves)
        is_purchase = wants[at]
        keeps = np.append(is_purchase[:1], is_purchase[1:] != is_purchase[:-1])
        return self._filled(at[keeps])

    def _filled(self, at: Any) -> _Trades:
        """Without those whose bar does not come any more."""
        filled = at if self._fill_at is FillAt.CLOSE else at + 1
        filled = filled[filled < len(self._table)]
        return _Trades(filled, self._fills_vnd[filled])

    def _cash_after(self, trades: _Trades, quantity: int) -> Ints:
        value = trades.price_vnd * quantity
        fees = self._spec.fees
        costs = value * fees.fee_rate_bps // BPS_PER_WHOLE
        costs[1::2] += value[1::2] * fees.sale_tax_rate_bps // BPS_PER_WHOLE
        value[0::2] *= -1
        return np.asarray(self._spec.cash_vnd + np.cumsum(value - costs), dtype=np.int64)

    def _is_paid(self, trades: _Trades, cash: Ints, quantity: int) -> bool:
        before = np.append(self._spec.cash_vnd, cash)[:-1][0::2]
        return bool((trades.price_vnd[0::2] * quantity <= before).all())

    def _as_money_allows(self, wants: Bools, leaves: Bools, quantity: int) -> _Trades:
        """One wish after the other: a purchase that cannot be paid is given up, and the next one tried."""
        taken: list[int] = []
        cash = self._spec.cash_vnd
        for at, is_purchase in zip(*self._wishes(wants, leaves), strict=True):
            if is_purchase == bool(len(taken) % 2):
                continue
            trade = self._filled(np.array([at]))
            if not len(trade.at) or (is_purchase and int(trade.price_vnd[0]) * quantity > cash):
                continue
            taken.append(at)
            cash = int(self._cash_after(self._filled(np.array(taken)), quantity)[-1])
        return self._filled(np.array(taken, dtype=np.int64))

    @staticmethod
    def _wishes(wants: Bools, leaves: Bools) -> Iterator[list[Any]]:
        at = np.flatnonzero(wants | leaves)
        yield at.tolist()
        yield wants[at].tolist()


def _day_sharpe(first_vnd: int, equities_vnd: Any) -> float | None:
    curve = np.append(float(first_vnd), equities_vnd)
    if len(curve) < 3 or curve.min() <= 0:
        return None
    returns = curve[1:] / curve[:-1] - 1
    deviation = float(returns.std(ddof=1))
    return float(returns.mean()) / deviation if deviation > 0 else None
