"""The few lines of a notebook: a strategy and bars, and what is not said is as ever."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qts.adapters.sandbox.source import RULES, SUFFIXES, StrategySource
from qts.backtest import engine
from qts.backtest.bars import VND_PER_THOUSAND, read_bars
from qts.backtest.benchmark import INDEX, with_index
from qts.backtest.loading import FILE_KEY, part_of_file
from qts.backtest.result import BacktestResult
from qts.backtest.spec import BacktestSpec, BarPeriod, SpecWrong, StrategyPart
from qts.backtest.table import BarTable, TickTable
from qts.domain.market import Instrument
from qts.domain.market.timeframes import DAY_MS
from qts.domain.strategy import Bar, Book, Strategy, strategy_class
from qts.domain.values import Exchange, InstrumentKind

Bars = BarTable | Sequence[Bar] | Path | str


def run(
    asked: BacktestSpec | type[Strategy[Any]] | Path | str,
    bars: Bars,
    *,
    parameters: Mapping[str, int] | None = None,
    symbols: Sequence[str] = (),
    index: Bars | None = None,
    is_matches: bool = False,
    unit_vnd: int = VND_PER_THOUSAND,
    progress: engine.Progress | None = None,
    books: Sequence[Book] = (),
    **of_spec: Any,
) -> BacktestResult:
    """Run a specification, or what is said here of one: a class, the key of an example, the path of a file, or a
    document of rules as text. Bars are a table or a file; `unit_vnd` is what a price of 1 means in it. `index` has bars
    of the VN-Index, which the report compares with; `books` are recorded order books, for whoever wants them;
    `is_matches` says that the file has matches and no bars.

    Symbols are shares on HOSE unless `instruments` says otherwise; bars that are days are known by their times.
    Everything else of `BacktestSpec` may be given: `cash_vnd`, `spread_ticks`, `frictionless` ...

    Raises SpecWrong, BarsUnreadable, ParameterError; what a strategy raises passes.
    """
    table = _table(bars, symbols, unit_vnd, BarPeriod.TICK if is_matches else None)
    if index is not None:
        table = type(table).merged([table, _table(index, [INDEX], unit_vnd)])
    if isinstance(asked, BacktestSpec):
        if parameters or of_spec:
            raise SpecWrong("a specification says all of it: change the specification")
        return engine.run(*with_index(asked, table), progress=progress, books=books)
    traded = [symbol for symbol in table.symbols if symbol != INDEX]
    known = {symbol: Instrument(symbol, Exchange.HOSE, InstrumentKind.STOCK) for symbol in traded}
    spec = BacktestSpec(
        parts=[part_of(asked, parameters or {})],
        **{"instruments": known, "period": period_of(table), **of_spec},
    )
    return engine.run(*with_index(spec, table), progress=progress, books=books)


def part_of(asked: type[Strategy[Any]] | Path | str, parameters: Mapping[str, int]) -> StrategyPart:
    """Raises SpecWrong for a class that cannot be named: one that was made inside of a function."""
    if isinstance(asked, type):
        key = f"{asked.__module__}:{asked.__qualname__}"
        try:
            is_found = strategy_class(key) is asked
        except KeyError:
            is_found = False
        if not is_found:
            raise SpecWrong(f"{key} cannot be found by its name: define it at the top of a cell or of a module")
        return StrategyPart(key, parameters)
    if "\n" in str(asked):
        return StrategyPart(f"{FILE_KEY}rules", parameters, source=StrategySource(f"rules{RULES}", str(asked)))
    if Path(asked).suffix in SUFFIXES:
        return part_of_file(asked, parameters=parameters)
    return StrategyPart(str(asked), parameters)


def period_of(table: BarTable) -> BarPeriod:
    """What a table holds: days, where no symbol has two bars that are less than a day apart."""
    if isinstance(table, TickTable):
        return BarPeriod.TICK
    for place in range(len(table.symbols)):
        times = table.ts_start_ms[table.place == place]
        if len(times) > 1 and int(np.diff(times).min()) < DAY_MS:
            return BarPeriod.MINUTE
    return BarPeriod.DAY


def _table(bars: Bars, symbols: Sequence[str], unit_vnd: int, period: BarPeriod | None = None) -> BarTable:
    if isinstance(bars, str | Path):
        return read_bars(bars, symbols=symbols, unit_vnd=unit_vnd, period=period)
    try:
        table = bars if isinstance(bars, BarTable) else BarTable.of(bars)
    except ValueError as error:
        raise SpecWrong(str(error)) from error
    return table.of_symbols(symbols) if symbols else table
