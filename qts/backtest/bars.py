"""Bars of minutes or days from CSV (plain or gzipped) and Parquet: symbol, time, open, high, low, close, volume; and
matches: symbol, time, price, volume."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any, Final, cast

from qts.backtest.spec import BarPeriod
from qts.backtest.table import BarTable, TickTable
from qts.domain.market import VIETNAM
from qts.domain.strategy import Bar

FIELDS: Final = ("symbol", "time", "open", "high", "low", "close", "volume")
TICK_FIELDS: Final = ("symbol", "time", "price", "volume")
VND_PER_THOUSAND: Final = 1_000
ROWS_MAX: Final = 2_000_000
_ROWS_AT_ONCE: Final = 20_000
_DAY_S: Final = 86_400
_MARK_OF_PARQUET: Final = b"PAR1"
_PRICE_VND_MAX: Final = 1 << 40

Rows = Iterator[tuple[int, Mapping[str, Any]]]


class BarsUnreadable(ValueError):
    """What is wrong with a file, and in which line."""


def read_bars(
    path: Path | str,
    *,
    symbols: Iterable[str] = (),
    unit_vnd: int = VND_PER_THOUSAND,
    period: BarPeriod | None = None,
) -> BarTable:
    """The bars of these symbols, or of all that the file has, in order of time. `unit_vnd` is what a price of 1 means;
    times are of Vietnam; `period` is what the bars have to be.

    Raises BarsUnreadable for a file that is none, a line that is no bar, or time that runs backwards in a symbol.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return bars_of_file(file, path.name, symbols=symbols, unit_vnd=unit_vnd, period=period)
    except OSError as error:
        raise BarsUnreadable(f"{path} cannot be read: {error}") from error


def bars_of_file(
    file: IO[bytes],
    name: str,
    *,
    symbols: Iterable[str] = (),
    unit_vnd: int = VND_PER_THOUSAND,
    period: BarPeriod | None = None,
) -> BarTable:
    """The same of an open file; what it begins with and its name tell what it is. With the period TICK it has matches:
    a TickTable."""
    fields = TICK_FIELDS if period is BarPeriod.TICK else FIELDS
    begins = file.read(len(_MARK_OF_PARQUET))
    file.seek(0)
    if begins == _MARK_OF_PARQUET:
        rows = _parquet_rows(file, name, fields)
    elif name.endswith(".parquet"):
        raise BarsUnreadable(f"{name} is no Parquet file")
    else:
        plain = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if name.endswith(".gz") else file
        rows = _csv_rows(plain, name, fields)
    if period is BarPeriod.TICK:
        return _matches(rows, name, set(symbols), unit_vnd)
    return _table(rows, name, set(symbols), unit_vnd, period)


def _table(rows: Rows, name: str, wanted: set[str], unit_vnd: int, period: BarPeriod | None) -> BarTable:
    found: list[Bar] = []
    newest: dict[str, int] = {}
    for number, row in rows:
        if wanted and row["symbol"] not in wanted:
            continue
        bar = _bar(row, number, unit_vnd)
        before_ms = newest.get(bar.symbol, -1)
        if bar.ts_start_ms <= before_ms:
            raise BarsUnreadable(f"line {number}: {row['time']} of {bar.symbol} does not come after the bar before it")
        if period is not None:
            _check_period(bar, before_ms, period, number)
        if len(found) >= ROWS_MAX:
            raise BarsUnreadable(f"line {number}: a backtest takes {ROWS_MAX:,} bars at most")
        newest[bar.symbol] = bar.ts_start_ms
        found.append(bar)
    if missing := wanted - newest.keys():
        raise BarsUnreadable(f"{name} holds no bar of {', '.join(sorted(missing))}")
    if not found:
        raise BarsUnreadable(f"{name} holds no bar")
    return BarTable.of(found)


def _matches(rows: Rows, name: str, wanted: set[str], unit_vnd: int) -> TickTable:
    """Two matches of one moment are in the order of the file."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for number, row in rows:
        if wanted and row["symbol"] not in wanted:
            continue
        of_symbol = found.setdefault(str(row["symbol"]), [])
        match = _match(row, number, unit_vnd)
        if of_symbol and match[0] < of_symbol[-1][0]:
            raise BarsUnreadable(f"line {number}: {row['time']} of {row['symbol']} comes before the match before it")
        if number > ROWS_MAX + 1:
            raise BarsUnreadable(f"line {number}: a backtest takes {ROWS_MAX:,} matches at most")
        of_symbol.append(match)
    if missing := wanted - found.keys():
        raise BarsUnreadable(f"{name} holds no match of {', '.join(sorted(missing))}")
    if not found:
        raise BarsUnreadable(f"{name} holds no match")
    return TickTable.merged(
        [TickTable.of_matches(symbol, *zip(*matches, strict=True)) for symbol, matches in found.items()]
    )


def _match(row: Mapping[str, Any], number: int, unit_vnd: int) -> tuple[int, int, int]:
    try:
        price_vnd, quantity = round(float(row["price"]) * unit_vnd), int(float(row["volume"]))
        at_ms = round(_moment(row["time"]).timestamp() * 1_000)
    except (TypeError, ValueError, OverflowError) as error:
        raise BarsUnreadable(f"line {number}: {error}") from error
    if not row["symbol"]:
        raise BarsUnreadable(f"line {number}: it names no symbol")
    if not (0 < price_vnd <= _PRICE_VND_MAX and 0 < quantity <= _PRICE_VND_MAX):
        raise BarsUnreadable(f"line {number}: a match has a price and a volume, above nothing")
    return at_ms, price_vnd, quantity


def _check_period(bar: Bar, before_ms: int, period: BarPeriod, number: int) -> None:
    seconds, before_s = bar.ts_start_ms // 1_000 + 7 * 3_600, before_ms // 1_000 + 7 * 3_600
    if period is BarPeriod.DAY and before_ms >= 0 and seconds // _DAY_S == before_s // _DAY_S:
        raise BarsUnreadable(f"line {number}: a second bar of {bar.symbol} on one day: these are no bars of days")
    if period is BarPeriod.MINUTE and seconds % 60:
        raise BarsUnreadable(f"line {number}: a bar of a minute begins with the minute")


def _csv_rows(file: IO[bytes], name: str, fields: Sequence[str]) -> Rows:
    try:
        with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text)
            if missing := set(fields) - set(reader.fieldnames or ()):
                raise BarsUnreadable(f"{name} has no column {', '.join(sorted(missing))}")
            for row in reader:
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        raise BarsUnreadable(f"{name} cannot be read: it is no text in UTF-8 ({error.reason})") from error
    except (OSError, EOFError, csv.Error) as error:
        raise BarsUnreadable(f"{name} cannot be read: {error}") from error


def _parquet_rows(file: IO[bytes], name: str, fields: Sequence[str]) -> Rows:
    """Numbered like the lines of a CSV file with the same rows: the first one is line 2."""
    from pyarrow import ArrowException, parquet  # half a second that only those files are worth

    try:
        opened = parquet.ParquetFile(file)
        if missing := set(fields) - set(opened.schema_arrow.names):
            raise BarsUnreadable(f"{name} has no column {', '.join(sorted(missing))}")
        if opened.metadata.num_rows > ROWS_MAX:
            raise BarsUnreadable(f"{name} has {opened.metadata.num_rows:,} rows, and {ROWS_MAX:,} are the most")
        number = 2
        for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=list(fields)):
            for row in batch.to_pylist():
                yield number, row
                number += 1
    except (ArrowException, OSError) as error:
        raise BarsUnreadable(f"{name} cannot be read: {error}") from error


def _bar(row: Mapping[str, Any], number: int, unit_vnd: int) -> Bar:
    try:
        open_vnd, high_vnd, low_vnd, close_vnd = (
            round(float(row[name]) * unit_vnd) for name in ("open", "high", "low", "close")
        )
        moment = _moment(row["time"])
        volume = int(float(row["volume"]))
    except (TypeError, ValueError, OverflowError) as error:
        raise BarsUnreadable(f"line {number}: {error}") from error
    if not row["symbol"]:
        raise BarsUnreadable(f"line {number}: it names no symbol")
    if not 0 < low_vnd <= min(open_vnd, close_vnd) <= max(open_vnd, close_vnd) <= high_vnd or volume < 0:
        raise BarsUnreadable(f"line {number}: low, open, close, high and volume contradict each other")
    if high_vnd > _PRICE_VND_MAX or volume > _PRICE_VND_MAX:
        raise BarsUnreadable(f"line {number}: a number that no market has seen")
    return Bar(
        symbol=str(row["symbol"]),
        ts_start_ms=round(moment.timestamp() * 1_000),
        open_vnd=open_vnd,
        high_vnd=high_vnd,
        low_vnd=low_vnd,
        close_vnd=close_vnd,
        volume=volume,
    )


def _moment(told: Any) -> datetime:
    """A time with a zone is that moment; one without is Vietnam's."""
    if isinstance(told, datetime):
        found = told
    elif isinstance(told, date):
        found = datetime.combine(told, time())
    elif isinstance(told, str):
        found = datetime.fromisoformat(told)
    else:
        raise TypeError(f"{told!r} is no time")
    return found.astimezone(VIETNAM) if found.tzinfo else found.replace(tzinfo=VIETNAM)
