"""`python -m qts.backtest STRATEGY --bars FILE --symbol SSI --set fast=5`: the report of a run, or of a study of many.

A study is asked for with `--study` and the parameters to `--vary`; `--spec` repeats one that was stored, and `--json`
stores what came of it.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from qts.adapters.sandbox.source import SUFFIXES
from qts.backtest.bars import BarsUnreadable, read_bars
from qts.backtest.benchmark import INDEX, in_index, with_index
from qts.backtest.code import code_hash
from qts.backtest.engine import run
from qts.backtest.honesty import examine
from qts.backtest.loading import part_of_file
from qts.backtest.report import report
from qts.backtest.result import BacktestResult, Fill
from qts.backtest.spec import BacktestSpec, BarPeriod, FillAt, SpecWrong, StrategyPart
from qts.backtest.studies import conduct
from qts.backtest.study import Study, StudyKind, study_json, study_of_json, values_of
from qts.backtest.study_report import study_report
from qts.backtest.table import BarTable
from qts.domain.market import Instrument
from qts.domain.strategy import ParameterError, registered_strategies
from qts.domain.values import Exchange, InstrumentKind
from qts.quant.indicators import load_library


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        return _stored(given) if given.spec else _given(given)
    except (BarsUnreadable, SpecWrong, ParameterError) as error:
        print(f"qts.backtest: {error}", file=sys.stderr)
        return 2


def _stored(given: argparse.Namespace) -> int:
    try:
        told = json.loads(given.spec.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecWrong(f"{given.spec} is no specification: {error}") from error
    study = study_of_json(told)
    bars = read_bars(given.bars, symbols=study.spec.instruments, unit_vnd=given.unit, period=study.spec.period)
    return _conduct(study, _with_index(bars, given), given)


def _with_index(bars: BarTable, given: argparse.Namespace) -> BarTable:
    if given.index is None:
        return bars
    return type(bars).merged([bars, read_bars(given.index, symbols=[INDEX], unit_vnd=given.unit)])


def _given(given: argparse.Namespace) -> int:
    if not given.strategy or not given.symbol:
        raise SpecWrong("name a strategy and its symbols, or a stored specification with --spec")
    period = BarPeriod.TICK if given.ticks else BarPeriod.DAY if given.daily else BarPeriod.MINUTE
    spec = BacktestSpec(
        parts=[_part(given.strategy, dict(_parameter(text) for text in given.set))],
        instruments={symbol: _instrument(symbol, given.exchange) for symbol in given.symbol},
        cash_vnd=given.cash,
        participation_percent=given.participation,
        spread_ticks=given.spread,
        latency_ms=given.latency,
        slippage_ticks=given.slippage,
        queue_quantity=given.queue,
        foreign_room=dict(_room(text) for text in given.foreign_room),
        period=period,
        frictionless=given.frictionless,
    )
    bars = _with_index(
        read_bars(
            given.bars, symbols=given.symbol, unit_vnd=given.unit, period=BarPeriod.TICK if given.ticks else None
        ),
        given,
    )
    if given.study is StudyKind.RUN and not given.json:
        return _report(spec, bars, given)
    study = Study(
        kind=given.study,
        spec=spec,
        grid=dict(_values(text) for text in given.vary),
        tries=given.tries,
        folds=given.folds,
        is_anchored=given.anchored,
        is_examined=not given.fast,
        seed=given.seed,
    )
    return _conduct(study, bars, given)


def _report(spec: BacktestSpec, bars: BarTable, given: argparse.Namespace) -> int:
    spec, bars = with_index(spec, bars)
    load_library()  # half a second that is not the run's
    began = time.perf_counter()
    result = run(spec, bars)
    took_s = time.perf_counter() - began
    print(report(result, None if given.fast else examine(spec, bars, result, seed=given.seed)))
    print(_line_of_index(spec, bars))
    print(f"\n{result.bar_count / took_s:,.0f} bars/s")
    if given.fills:
        _write_fills(given.fills, result)
    return 0


def _line_of_index(spec: BacktestSpec, bars: BarTable) -> str:
    worth = in_index(spec, bars)
    if worth is None:
        return "\nVN-Index: no history of it for these days (--index gives one)"
    return f"\nVN-Index: {worth[-1] / spec.cash_vnd - 1:+.2%} on the same days"


def _conduct(study: Study, bars: BarTable, given: argparse.Namespace) -> int:
    document = conduct(study, bars)
    print(study_report(document))
    if given.json:
        code = code_hash(study.spec.parts)
        told = {"study": study_json(study), "code_hash": code, "document": document}
        given.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    known = ", ".join(kind.key for kind in registered_strategies())
    parser = argparse.ArgumentParser(prog="python -m qts.backtest", description="One strategy over recorded bars.")
    parser.add_argument("strategy", nargs="?", help=f"{known}, or the path of your own file: .py, or rules in .yaml")
    parser.add_argument(
        "--bars", type=Path, required=True, help="CSV (or .gz) or Parquet: symbol,time,open,high,low,close,volume"
    )
    parser.add_argument("--index", type=Path, help=f"bars of {INDEX} to compare with, in a file of the same kind")
    parser.add_argument("--symbol", action="append", default=[], help="may be given several times")
    parser.add_argument("--exchange", type=Exchange, choices=list(Exchange), default=Exchange.HOSE)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="a parameter of the strategy")
    parser.add_argument("--cash", type=int, default=1_000_000_000, help="VND")
    parser.add_argument("--participation", type=int, default=10, help="percent of a bar's volume at most")
    parser.add_argument("--spread", type=int, default=1, help="ticks beyond the close that an order reaches")
    parser.add_argument("--latency", type=int, default=0, metavar="MS", help="from a decision to the market")
    parser.add_argument("--slippage", type=int, default=0, metavar="TICKS", help="that a fill is worse than was seen")
    parser.add_argument("--queue", type=int, default=10_000, metavar="SHARES", help="before an order at its price")
    parser.add_argument(
        "--foreign-room", action="append", default=[], metavar="SYMBOL=SHARES", help="the account is a foreign owner's"
    )
    parser.add_argument("--unit", type=int, default=1_000, help="VND that a price of 1 means")
    parser.add_argument("--ticks", action="store_true", help="the file has matches: symbol,time,price,volume")
    parser.add_argument("--daily", action="store_true", help="the bars are days, not minutes")
    parser.add_argument(
        "--frictionless",
        type=FillAt,
        choices=list(FillAt),
        help="no rules of the market but fees; every order fills there: for comparing engines",
    )
    parser.add_argument("--fast", action="store_true", help="without the examination for luck and foresight")
    parser.add_argument("--seed", type=int, default=1, help="of the examination's random draws")
    parser.add_argument("--fills", type=Path, help="write every fill to this CSV file")
    _add_study(parser)
    return parser


def _part(named: str, parameters: Mapping[str, int]) -> StrategyPart:
    """A path is a person's own file: it is loaded here, in their own process."""
    if Path(named).suffix not in SUFFIXES:
        return StrategyPart(named, parameters)
    return part_of_file(named, parameters=parameters)


def _add_study(parser: argparse.ArgumentParser) -> None:
    asked = parser.add_argument_group("many runs")
    kinds = ", ".join(StudyKind)
    asked.add_argument("--study", type=StudyKind, choices=list(StudyKind), default=StudyKind.RUN, help=kinds)
    asked.add_argument(
        "--vary", action="append", default=[], metavar="NAME=VALUES", help="values to try: 5,8,13 or FROM:TO:STEP"
    )
    asked.add_argument("--tries", type=int, default=50, help="of a SEARCH")
    asked.add_argument("--folds", type=int, default=4, help="periods of a WALK_FORWARD")
    asked.add_argument("--anchored", action="store_true", help="each period is fitted on all days before it")
    asked.add_argument("--spec", type=Path, help="repeat a stored specification (JSON), on the bars given")
    asked.add_argument("--json", type=Path, help="write specification and result to this file")


def _instrument(symbol: str, exchange: Exchange) -> Instrument:
    return Instrument(symbol, exchange, InstrumentKind.STOCK)


def _parameter(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    try:
        return name, int(number)
    except ValueError:
        raise SpecWrong(f"--set {text}: write NAME=NUMBER") from None


def _room(text: str) -> tuple[str, int]:
    symbol, _, shares = text.partition("=")
    try:
        return symbol, int(shares)
    except ValueError:
        raise SpecWrong(f"--foreign-room {text}: write SYMBOL=SHARES") from None


def _values(text: str) -> tuple[str, list[int]]:
    name, _, told = text.partition("=")
    return name, values_of(told)


def _write_fills(path: Path, result: BacktestResult) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Fill)])
        writer.writeheader()
        writer.writerows(asdict(fill) for fill in result.fills)


if __name__ == "__main__":
    sys.exit(main())
