"""`python -m qts.backtest STRATEGY --bars FILE --symbol SSI --set fast=5`: the report of one run."""

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from qts.backtest.bars import BarsUnreadable, read_bars
from qts.backtest.engine import run
from qts.backtest.honesty import examine
from qts.backtest.report import report
from qts.backtest.result import BacktestResult, Fill
from qts.backtest.spec import BacktestSpec, BarPeriod, FillAt, SpecWrong, StrategyPart
from qts.domain.market import Instrument
from qts.domain.strategy import ParameterError, registered_strategies
from qts.domain.strategy.files import MODULE, NotAStrategy, strategy_of_file
from qts.domain.values import Exchange, InstrumentKind
from qts.quant.indicators import load_library


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
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
        load_library()  # half a second that is not the run's
        began = time.perf_counter()
        result = run(spec, bars)
    except (BarsUnreadable, SpecWrong, ParameterError) as error:
        print(f"qts.backtest: {error}", file=sys.stderr)
        return 2
    took_s = time.perf_counter() - began
    print(report(result, None if given.fast else examine(spec, bars, result, seed=given.seed)))
    print(f"\n{result.bar_count / took_s:,.0f} bars/s")
    if given.fills:
        _write_fills(given.fills, result)
    return 0


def _parser() -> argparse.ArgumentParser:
    known = ", ".join(kind.key for kind in registered_strategies())
    parser = argparse.ArgumentParser(prog="python -m qts.backtest", description="One strategy over recorded bars.")
    parser.add_argument("strategy", help=f"{known}, or the path of your own file")
    parser.add_argument("--bars", type=Path, required=True, help="CSV (or .gz): symbol,time,open,high,low,close,volume")
    parser.add_argument("--symbol", action="append", required=True, help="may be given several times")
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


def _instrument(symbol: str, exchange: Exchange) -> Instrument:
    return Instrument(symbol, exchange, InstrumentKind.STOCK)


def _parameter(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    try:
        return name, int(number)
    except ValueError:
        raise SpecWrong(f"--set {text}: write NAME=NUMBER") from None


def _write_fills(path: Path, result: BacktestResult) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Fill)])
        writer.writeheader()
        writer.writerows(asdict(fill) for fill in result.fills)


if __name__ == "__main__":
    sys.exit(main())
