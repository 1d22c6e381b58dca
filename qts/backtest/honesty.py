"""What speaks against a result that the run itself cannot show: luck, foresight, and where the history begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qts.backtest.engine import Progress, run
from qts.backtest.loading import strategies_of
from qts.backtest.result import BacktestResult, Fill, Refusal
from qts.backtest.spec import BacktestSpec, BarPeriod
from qts.backtest.statements import Say, Statement
from qts.backtest.sweep import SweepRow
from qts.backtest.table import BarTable, TickTable
from qts.backtest.tick_engine import minutes_of
from qts.domain.values import Side
from qts.quant.indicators import batch_values, parse_indicator, warm_up_bars, widened
from qts.quant.significance import Reshuffled, Span, deflated_sharpe, random_entries_as_good, reshuffled

LUCK_SHARE_MAX = 0.05
_CUTS = (0.25, 0.5, 0.75)
_SAME = 1e-6  # relative


@dataclass(frozen=True, slots=True)
class Honesty:
    """`luck_share` is the share of random entries that did as well; both are None where no position was closed.

    `foresight` has a sentence for each cut of the future that changed the past, `unsettled` the indicators whose value
    depends on where the history begins.
    """

    luck_share: float | None = None
    trades: Reshuffled | None = None
    foresight: Sequence[Statement] = ()
    unsettled: Sequence[str] = field(default_factory=tuple)


def examine(
    spec: BacktestSpec, table: BarTable, result: BacktestResult, *, seed: int = 1, progress: Progress | None = None
) -> Honesty:
    """Equal runs and seeds give equal answers. It takes the time of one and a half more runs."""
    spans = list(_spans(result.fills, table))
    closes = {symbol: table.close_vnd[table.place == place] for place, symbol in enumerate(table.symbols)}
    pnls = [fill.realised_pnl_vnd for fill in result.fills if fill.side is Side.SELL]
    return Honesty(
        luck_share=random_entries_as_good(spans, closes, seed=seed) if spans else None,
        trades=reshuffled(pnls, seed=seed) if pnls else None,
        foresight=list(_foresight(spec, table, result, progress)),
        unsettled=list(_unsettled(spec, table)),
    )


def reasons_to_doubt(found: Honesty) -> Iterator[Statement]:
    yield from found.foresight
    if found.luck_share is not None and found.luck_share > LUCK_SHARE_MAX:
        yield Statement(Say.LUCK, share=found.luck_share)
    if found.trades is not None and found.trades.pnl_vnd_low < 0 < found.trades.pnl_vnd_median:
        yield Statement(Say.REDRAWN_LOSES, vnd=-found.trades.pnl_vnd_low)
    if found.unsettled:
        yield Statement(Say.UNSETTLED, names=", ".join(found.unsettled))


@dataclass(frozen=True, slots=True)
class BestOfSweep:
    """The set with the highest Sharpe ratio, and the probability that it is more than the luck of the best of many."""

    row: SweepRow
    tries: int
    deflated_sharpe: float

    @property
    def statement(self) -> Statement:
        is_more = self.deflated_sharpe >= 1 - LUCK_SHARE_MAX
        code = Say.BEST_IS_MORE if is_more else Say.BEST_IS_LUCK
        return Statement(code, tries=self.tries, probability=self.deflated_sharpe)

    def __str__(self) -> str:
        return str(self.statement)


def best_of_sweep(spec: BacktestSpec, table: BarTable, rows: Sequence[SweepRow]) -> BestOfSweep:
    """Runs the best once more. Raises ValueError where fewer than two sets have a Sharpe ratio."""
    known = [(row.day_sharpe, number) for number, row in enumerate(rows) if row.day_sharpe is not None]
    if len(known) < 2:
        raise ValueError("fewer than two sets have daily returns that vary")
    best = rows[max(known)[1]]
    result = run(replace(spec, parts=[replace(spec.parts[0], parameters=best.parameters)]), table)
    curve = np.array([spec.cash_vnd, *(day.equity_vnd for day in result.equity)], dtype=np.float64)
    returns = (curve[1:] / curve[:-1] - 1).tolist()
    return BestOfSweep(best, len(rows), deflated_sharpe(returns, [sharpe for sharpe, _ in known]))


def _foresight(
    spec: BacktestSpec, table: BarTable, result: BacktestResult, progress: Progress | None
) -> Iterator[Statement]:
    """What a strategy knows of the future shows when there is none."""
    total = sum(int(len(table) * cut) for cut in _CUTS)
    before = 0
    for cut in _CUTS:
        count = int(len(table) * cut)
        if not count:
            continue
        part = run(spec, table.until(count), progress=_moved(progress, before, total))
        before += count
        known_ms = int(table.ts_start_ms[count - 1]) + (0 if spec.period is BarPeriod.TICK else spec.period.length_ms)
        if _until(part, known_ms) != _until(result, known_ms):
            yield Statement(Say.FORESIGHT, share=1 - cut)


def _until(result: BacktestResult, known_ms: int) -> tuple[list[Fill], list[Refusal]]:
    """What happened while nothing was cut off yet: the end of a day that is cut in the middle comes later."""
    fills = [fill for fill in result.fills if fill.ts_ms < known_ms]
    return fills, [one for one in result.refusals if one.ts_ms <= known_ms]


def _moved(progress: Progress | None, before: int, total: int) -> Progress | None:
    return None if progress is None else lambda done, _count: progress(before + done, total)


def _unsettled(spec: BacktestSpec, table: BarTable) -> Iterator[str]:
    """The last value of each indicator from all of the history of its bars, and from as much as is kept live."""
    names = {name for strategy in strategies_of(spec) for name in strategy.indicator_names()}
    if isinstance(table, TickTable):
        table = minutes_of(table)
    rows = table.place == 0
    prices = [column[rows] for column in (table.open_vnd, table.high_vnd, table.low_vnd, table.close_vnd, table.volume)]
    for asked in sorted(names):
        timeframe = parse_indicator(asked, spec.period.length_ms).timeframe
        columns = prices if timeframe is None else widened(timeframe, table.ts_start_ms[rows], prices).columns
        name, kept = asked.partition("@")[0], warm_up_bars([asked])
        if len(columns[0]) <= kept:
            continue
        whole = batch_values([name], columns)[name][-1]
        late = batch_values([name], [column[-kept:] for column in columns])[name][-1]
        if not np.isclose(whole, late, rtol=_SAME, atol=_SAME, equal_nan=True):
            yield asked


def _spans(fills: Sequence[Fill], table: BarTable) -> Iterator[Span]:
    """Positions that were closed, each from its first purchase to the sale after which nothing is held."""
    times = {symbol: table.ts_start_ms[table.place == place] for place, symbol in enumerate(table.symbols)}
    held: dict[tuple[int, str], _Open] = {}
    for fill in fills:
        key = (fill.part, fill.symbol)
        position = held.setdefault(key, _Open(fill.ts_ms))
        position.take(fill)
        if position.quantity == 0:
            entered, left = np.searchsorted(times[fill.symbol], [position.since_ms, fill.ts_ms]).tolist()
            yield Span(fill.symbol, entered, left, position.got_vnd / position.paid_vnd - 1)
            del held[key]


@dataclass(slots=True)
class _Open:
    since_ms: int
    quantity: int = 0
    paid_vnd: int = 0
    got_vnd: int = 0

    def take(self, fill: Fill) -> None:
        value_vnd = fill.quantity * fill.price_vnd
        if fill.side is Side.BUY:
            self.quantity += fill.quantity
            self.paid_vnd += value_vnd
        else:
            self.quantity -= fill.quantity
            self.got_vnd += value_vnd
