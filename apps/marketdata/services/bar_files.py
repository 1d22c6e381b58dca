"""Bars from files into the store, and out of it: CSV and Parquet with the columns that backtests read.

A file is taken whole or not at all, and as often as one likes. What is stored stays, unless replacing is asked for;
minutes that were built from stored matches stay always.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from django.db import connection, transaction

from apps.marketdata import selectors
from apps.marketdata.models import ArchivedDay
from qts.backtest import BarPeriod, BarsUnreadable, BarTable
from qts.backtest.bars import FIELDS, VND_PER_THOUSAND, read_bars
from qts.domain.errors import Said, TerminalError
from qts.domain.market import VIETNAM, to_vietnam

log = structlog.get_logger(__name__)

ROWS_AT_ONCE: Final = 5_000
_PRICES: Final = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume")
_SET: Final = ", ".join(f"{name} = excluded.{name}" for name in _PRICES)
_DIFFERS: Final = "({stored}) IS DISTINCT FROM ({given})".format(
    stored=", ".join(f"stored.{name}" for name in _PRICES), given=", ".join(f"excluded.{name}" for name in _PRICES)
)
_INSERT_DAYS: Final = f"""
    INSERT INTO marketdata_dailybar AS stored (symbol, trading_day, {", ".join(_PRICES)}, value_vnd)
    SELECT *, 0 FROM unnest(%s::text[], %s::date[]{", %s::bigint[]" * len(_PRICES)})
    ON CONFLICT (symbol, trading_day) DO UPDATE SET value_vnd = 0, {_SET} WHERE %s AND {_DIFFERS}
    RETURNING xmax = 0
"""  # noqa: S608 (constants)
# a minute whose matches are stored names the place of the last one: it stays what they add up to
_INSERT_MINUTES: Final = f"""
    INSERT INTO marketdata_bar1m AS stored (
        symbol, starts_at, trading_day, {", ".join(_PRICES)},
        value_vnd, trade_count, received_at_ns, wal_position, is_announced, is_filled
    )
    SELECT *, 0, 0, 0, '', true, true
    FROM unnest(%s::text[], %s::timestamptz[], %s::date[]{", %s::bigint[]" * len(_PRICES)})
    ON CONFLICT (symbol, starts_at) DO UPDATE SET value_vnd = 0, trade_count = 0, {_SET}
    WHERE %s AND stored.wal_position = '' AND {_DIFFERS}
    RETURNING xmax = 0
"""  # noqa: S608 (constants)
_ALL: Final = 2**31
Progress = Callable[[str], None]


class BarFileRefused(TerminalError):
    """What is wrong with a file, and in which line."""


@dataclass(frozen=True, slots=True)
class Imported:
    """`kept` were stored before and have not been touched."""

    rows: int
    added: int
    replaced: int

    @property
    def kept(self) -> int:
        return self.rows - self.added - self.replaced


def import_bars(
    path: Path,
    period: BarPeriod,
    *,
    symbols: Sequence[str] = (),
    unit_vnd: int = VND_PER_THOUSAND,
    is_replacing: bool = False,
    tell: Progress = lambda _: None,
) -> Imported:
    """Raises BarFileRefused with the line of the first thing that is no bar; then nothing was stored."""
    try:
        table = read_bars(path, symbols=symbols, unit_vnd=unit_vnd, period=period)
    except BarsUnreadable as error:
        raise BarFileRefused(str(error)) from error
    rows = list(_rows(table))
    if period is BarPeriod.MINUTE:
        _refuse_archived(rows)
    added = replaced = 0
    with transaction.atomic():
        for start in range(0, len(rows), ROWS_AT_ONCE):
            outcomes = store_told_bars(period, rows[start : start + ROWS_AT_ONCE], is_replacing=is_replacing)
            added += sum(outcomes)
            replaced += len(outcomes) - sum(outcomes)
            tell(f"{min(start + ROWS_AT_ONCE, len(rows))} of {len(rows)}")
    log.info("bars_imported", file=path.name, period=period.value, rows=len(rows), added=added, replaced=replaced)
    return Imported(len(rows), added, replaced)


def export_bars(
    path: Path,
    period: BarPeriod,
    *,
    symbols: Sequence[str],
    since: date | None = None,
    until: date | None = None,
    unit_vnd: int = VND_PER_THOUSAND,
    tell: Progress = lambda _: None,
) -> int:
    """Write the days from `since` to `until`, both included, archived ones too; how many bars there were.

    The file gets its name when it is whole. Raises BarFileRefused for a name that ends in neither .csv nor .parquet.
    """
    if path.suffix not in {".csv", ".parquet"}:
        raise BarFileRefused(Said("{name}: name the file .csv or .parquet.", name=path.name))
    draft = path.with_name(f".{path.name}.draft")
    portions = _portions(period, symbols=symbols, since=since, until=until, unit_vnd=unit_vnd, tell=tell)
    written = _write_csv(draft, portions) if path.suffix == ".csv" else _write_parquet(draft, portions)
    draft.replace(path)
    return written


def _rows(table: BarTable) -> Iterator[tuple[Any, ...]]:
    """Symbol, moment and prices, in order of time."""
    columns = (table.ts_start_ms, table.open_vnd, table.high_vnd, table.low_vnd, table.close_vnd, table.volume)
    for place, ts_start_ms, *prices in zip(table.place.tolist(), *(one.tolist() for one in columns), strict=True):
        yield table.symbols[place], datetime.fromtimestamp(ts_start_ms / 1_000, tz=UTC), *prices


def _refuse_archived(rows: Sequence[tuple[Any, ...]]) -> None:
    dropped = ArchivedDay.objects.filter(kind="minutes", dropped_at__isnull=False)
    gone = set(dropped.values_list("trading_day", flat=True))
    if clash := sorted({to_vietnam(row[1]).date() for row in rows} & gone):
        raise BarFileRefused(
            Said("{day} is in the archive alone, which is never rewritten; leave its minutes out.", day=clash[0])
        )


def store_told_bars(period: BarPeriod, rows: Sequence[tuple[Any, ...]], *, is_replacing: bool) -> list[bool]:
    """Bars that somebody told, without their matches; for each row that was written, whether it is new."""
    symbols, moments, *prices = zip(*rows, strict=True)
    days = [to_vietnam(moment).date() for moment in moments]
    keys = [days] if period is BarPeriod.DAY else [list(moments), days]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_DAYS if period is BarPeriod.DAY else _INSERT_MINUTES,
            [list(symbols), *keys, *(list(column) for column in prices), is_replacing],
        )
        return [is_new for (is_new,) in cursor.fetchall()]


def _portions(
    period: BarPeriod, *, symbols: Sequence[str], since: date | None, until: date | None, unit_vnd: int, tell: Progress
) -> Iterator[list[tuple[Any, ...]]]:
    """One symbol after the other."""
    end = until + timedelta(days=1) if until else None
    for number, symbol in enumerate(symbols, 1):
        if period is BarPeriod.DAY:
            rows = selectors.day_rows(symbol, since=since, until=end, limit=_ALL)
        else:
            rows = selectors.minute_rows(symbol, since=_midnight(since), until=_midnight(end), limit=_ALL)
        tell(f"{number} of {len(symbols)}: {symbol}, {len(rows)} bars")
        if rows:
            yield [(symbol, _time(row[0], period), *(price / unit_vnd for price in row[1:5]), row[5]) for row in rows]


def _time(ts_ms: int, period: BarPeriod) -> str:
    local = to_vietnam(datetime.fromtimestamp(ts_ms / 1_000, tz=UTC))
    return str(local.date()) if period is BarPeriod.DAY else f"{local:%Y-%m-%d %H:%M:%S}"


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, datetime.min.time(), tzinfo=VIETNAM) if day else None


def _write_csv(path: Path, portions: Iterator[list[tuple[Any, ...]]]) -> int:
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for rows in portions:
            writer.writerows((*row[:2], *(f"{price:.10g}" for price in row[2:6]), row[6]) for row in rows)
            written += len(rows)
    return written


def _write_parquet(path: Path, portions: Iterator[list[tuple[Any, ...]]]) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = (pa.string(), pa.string(), *[pa.float64()] * 4, pa.int64())
    schema = pa.schema(list(zip(FIELDS, kinds, strict=True)))
    written = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in portions:
            writer.write_table(pa.table(dict(zip(FIELDS, zip(*rows, strict=True), strict=True)), schema=schema))
            written += len(rows)
    return written
