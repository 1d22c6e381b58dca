"""`python -m qts.backtest STRATEGY --bars FILE --symbol SSI --set fast=5`: the report of a run, or of a study of many.

A study is asked for with `--study` and the parameters to `--vary`; `--spec` repeats one that was stored, and `--json`
stores what came of it.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from qts.backtest.bars import BarsUnreadable, read_bars
from qts.backtest.code import code_hash
from qts.backtest.engine import run
from qts.backtest.honesty import examine
from qts.backtest.report import report
from qts.backtest.result import BacktestResult, Fill
from qts.backtest.spec import BacktestSpec, BarPeriod, FillAt, SpecWrong, StrategyPart
from qts.backtest.studies import conduct
from qts.backtest.study import Study, StudyKind, study_json, study_of_json, values_of
from qts.backtest.study_report import study_report
from qts.backtest.table import BarTable
from qts.domain.market import Instrument
from qts.domain.strategy import ParameterError, registered_strategies
from qts.domain.strategy.files import MODULE, NotAStrategy, strategy_of_file
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
    return _conduct(study, bars, given)


def _given(given: argparse.Namespace) -> int:
    if not given.strategy or not given.symbol:
        raise SpecWrong("name a strategy and its symbols, or a stored specification with --spec")
    spec = BacktestSpec(
        parts=[StrategyPart(_strategy(given.strategy), dict(_parameter(text) for text in given.set))],
        instruments={symbol: _instrument(symbol, given.exchange) for symbol in given.symbol},
        cash_vnd=given.cash,
        participation_percent=given.participation,
        spread_ticks=given.spread,
        period=BarPeriod.DAY if given.daily else BarPeriod.MINUTE,
        frictionless=given.frictionless,
    )
    bars = read_bars(given.bars, symbols=given.symbol, unit_vnd=given.unit)
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
    load_library()  # half a second that is not the run's
    began = time.perf_counter()
    result = run(spec, bars)
    took_s = time.perf_counter() - began
    print(report(result, None if given.fast else examine(spec, bars, result, seed=given.seed)))
    print(f"\n{result.bar_count / took_s:,.0f} bars/s")
    if given.fills:
        _write_fills(given.fills, result)
    return 0


def _conduct(study: Study, bars: BarTable, given: argparse.Namespace) -> int:
    document = conduct(study, bars)
    print(study_report(document))
    if given.json:
        code = code_hash([part.strategy for part in study.spec.parts])
        told = {"study": study_json(study), "code_hash": code, "document": document}
        given.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    known = ", ".join(kind.key for kind in registered_strategies())
    parser = argparse.ArgumentParser(prog="python -m qts.backtest", description="One strategy over recorded bars.")
    parser.add_argument("strategy", nargs="?", help=f"{known}, or the path of your own file")
    parser.add_argument(
        "--bars", type=Path, required=True, help="CSV (or .gz) or Parquet: symbol,time,open,high,low,close,volume"
    )
    parser.add_argument("--symbol", action="append", default=[], help="may be given several times")
    parser.add_argument("--exchange", type=Exchange, choices=list(Exchange), default=Exchange.HOSE)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="a parameter of the strategy")
    parser.add_argument("--cash", type=int, default=1_000_000_000, help="VND")
    parser.add_argument("--participation", type=int, default=10, help="percent of a bar's volume at most")
    parser.add_argument("--spread", type=int, default=1, help="ticks beyond the close that an order reaches")
    parser.add_argument("--unit", type=int, default=1_000, help="VND that a price of 1 means")
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


def _strategy(named: str) -> str:
    """The key; a person's own file is loaded here, in their own process."""
    if not named.endswith(".py"):
        return named
    try:
        path = Path(named)
        return f"{MODULE}:{strategy_of_file(path.name, path.read_text(encoding='utf-8')).__name__}"
    except (OSError, UnicodeDecodeError, NotAStrategy, SyntaxError) as error:
        raise SpecWrong(f"{named} cannot be used: {error}") from error


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
