"""Bars of minutes or days from CSV files, plain or gzipped: `symbol,time,open,high,low,close,volume`, by time."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from qts.backtest.table import BarTable
from qts.domain.market import VIETNAM
from qts.domain.strategy import Bar

FIELDS: Final = ("symbol", "time", "open", "high", "low", "close", "volume")
VND_PER_THOUSAND: Final = 1_000


class BarsUnreadable(ValueError):
    """What is wrong with a file, and in which line."""


def read_bars(path: Path | str, *, symbols: Iterable[str], unit_vnd: int = VND_PER_THOUSAND) -> BarTable:
    """The bars of these symbols in order of time. `unit_vnd` is what a price of 1 means; times are of Vietnam.

    Raises BarsUnreadable for a file that is none, a line that is no bar, or time that runs backwards in a symbol.
    """
    wanted, found = set(symbols), []
    newest: dict[str, int] = {}
    for number, row in _rows(Path(path)):
        if row["symbol"] not in wanted:
            continue
        bar = _bar(row, number, unit_vnd)
        if bar.ts_start_ms <= newest.get(bar.symbol, -1):
            raise BarsUnreadable(f"line {number}: {row['time']} of {bar.symbol} does not come after the bar before it")
        newest[bar.symbol] = bar.ts_start_ms
        found.append(bar)
    if missing := wanted - newest.keys():
        raise BarsUnreadable(f"{path} holds no bar of {', '.join(sorted(missing))}")
    return BarTable.of(found)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if missing := set(FIELDS) - set(reader.fieldnames or ()):
                raise BarsUnreadable(f"{path} has no column {', '.join(sorted(missing))}")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, EOFError, csv.Error) as error:
        raise BarsUnreadable(f"{path} cannot be read: {error}") from error


def _bar(row: Mapping[str, str], number: int, unit_vnd: int) -> Bar:
    try:
        open_vnd, high_vnd, low_vnd, close_vnd = (
            round(float(row[name]) * unit_vnd) for name in ("open", "high", "low", "close")
        )
        moment = datetime.fromisoformat(row["time"]).replace(tzinfo=VIETNAM)
        volume = int(float(row["volume"]))
    except (TypeError, ValueError, OverflowError) as error:
        raise BarsUnreadable(f"line {number}: {error}") from error
    if not 0 < low_vnd <= min(open_vnd, close_vnd) <= max(open_vnd, close_vnd) <= high_vnd or volume < 0:
        raise BarsUnreadable(f"line {number}: low, open, close, high and volume contradict each other")
    return Bar(
        symbol=row["symbol"],
        ts_start_ms=round(moment.timestamp() * 1_000),
        open_vnd=open_vnd,
        high_vnd=high_vnd,
        low_vnd=low_vnd,
        close_vnd=close_vnd,
        volume=volume,
    )
