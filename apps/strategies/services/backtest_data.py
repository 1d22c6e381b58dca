"""The bars of backtests: taken from the bar store or from a file, and kept as they were under their own hash."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import IO, Final

from django.utils import timezone

from apps.marketdata import selectors as marketdata
from apps.strategies import selectors
from apps.strategies.models import BacktestData
from apps.strategies.services.refusals import BacktestRefused
from qts.backtest import BarPeriod, BarsUnreadable, BarTable, TickTable
from qts.backtest.bars import ROWS_MAX, VND_PER_THOUSAND, bars_of_file
from qts.backtest.benchmark import INDEX
from qts.backtest.packing import pack
from qts.domain.errors import Said
from qts.domain.market import FIRST_TRADING_DAY, VIETNAM, Instrument
from qts.domain.values import Actor, Exchange, InstrumentKind

UPLOAD_BYTES_MAX: Final = 20 << 20
UPLOAD_SUFFIXES: Final = (".csv", ".txt", ".parquet")  # nothing compressed: what it grows to is not known before
SYMBOLS_MAX: Final = 60
STORED_BARS_MAX: Final = ROWS_MAX // 2
NAME_LENGTH_MAX: Final = 120


def keep_file(
    file: IO[bytes], *, name: str, size: int, period: BarPeriod, actor: Actor, unit_vnd: int = VND_PER_THOUSAND
) -> str:
    """The hash under which its bars are kept. Raises BacktestRefused, with the line where one is wrong."""
    name = name.rpartition("/")[2][-NAME_LENGTH_MAX:]
    if size > UPLOAD_BYTES_MAX:
        raise BacktestRefused([Said("The file is larger than {megabytes} MB.", megabytes=UPLOAD_BYTES_MAX >> 20)])
    if not name.lower().endswith(UPLOAD_SUFFIXES):
        raise BacktestRefused([Said("Send a CSV or a Parquet file; not a compressed one.")])
    try:
        table = bars_of_file(file, name, period=period, unit_vnd=unit_vnd)
    except BarsUnreadable as error:
        raise BacktestRefused([Said("{error}.", error=error)]) from error
    if len(table.symbols) > SYMBOLS_MAX:
        raise BacktestRefused(
            [
                Said(
                    "The file holds {symbols} symbols; {symbols_max} are the most.",
                    symbols=len(table.symbols),
                    symbols_max=SYMBOLS_MAX,
                )
            ]
        )
    return _keep(table, period, BacktestData.Source.UPLOAD, name, actor)


def keep_stored(
    symbols: Sequence[str], *, period: BarPeriod, since: date | None, until: date | None, actor: Actor
) -> str:
    """Bars of the store, `until` included, as they are now, with the days of the VN-Index where it has any.

    Raises BacktestRefused where there are none."""
    wanted = sorted(set(symbols))
    if not wanted:
        raise BacktestRefused([Said("Choose at least one symbol.")])
    if len(wanted) > SYMBOLS_MAX:
        raise BacktestRefused(
            [
                Said(
                    "These are {wanted} symbols; {symbols_max} are the most.",
                    wanted=len(wanted),
                    symbols_max=SYMBOLS_MAX,
                )
            ]
        )
    if since is not None and until is not None and since > until:
        raise BacktestRefused([Said("The first day comes after the last one.")])
    tables, empty = [], []
    for symbol in wanted:
        rows = _stored_rows(symbol, period, since, until, STORED_BARS_MAX // len(wanted))
        if rows:
            tables.append(_of_rows(symbol, period, rows))
        else:
            empty.append(symbol)
    if empty:
        raise BacktestRefused([Said("The bar store has nothing of {empty} for these days.", empty=", ".join(empty))])
    if INDEX not in wanted and (days := _stored_rows(INDEX, BarPeriod.DAY, since, until, STORED_BARS_MAX)):
        tables.append(_of_rows(INDEX, BarPeriod.DAY, days))
    name = f"{', '.join(wanted)}"[:NAME_LENGTH_MAX]
    return _keep(_table_kind(period).merged(tables), period, BacktestData.Source.STORE, name, actor)


def keep_part(digest: str, symbols: Sequence[str], *, actor: Actor) -> str:
    """Of bars that are kept those of some symbols. Raises BacktestRefused for symbols or bars that are not there."""
    data, table = selectors.backtest_data(digest), selectors.backtest_table(digest)
    if data is None or table is None:
        raise BacktestRefused([Said("These bars are not kept any more: send the file again.")])
    wanted = set(symbols) | ({INDEX} & set(table.symbols)) if symbols else set(table.symbols)
    if missing := wanted - set(table.symbols):
        raise BacktestRefused([Said("The bars hold nothing of {missing}.", missing=", ".join(sorted(missing)))])
    if wanted == set(table.symbols):
        return digest
    return _keep(table.of_symbols(wanted), BarPeriod(data.period), data.source, data.name, actor)


def instruments_of(symbols: Sequence[str]) -> dict[str, Instrument]:
    """By master data; a symbol that is not listed is taken for a share on HOSE."""
    known = {one.symbol: one.instrument for one in marketdata.securities(active_only=False)}
    return {symbol: known.get(symbol) or Instrument(symbol, Exchange.HOSE, InstrumentKind.STOCK) for symbol in symbols}


def _stored_rows(
    symbol: str, period: BarPeriod, since: date | None, until: date | None, limit: int
) -> list[tuple[int, ...]]:
    since = max(since, FIRST_TRADING_DAY) if since else None
    end = until + timedelta(days=1) if until and until < date.max else None
    if period is BarPeriod.DAY:
        return marketdata.day_rows(symbol, since=since, until=end, limit=limit)
    if period is BarPeriod.TICK:
        return list(marketdata.tick_rows(symbol, since=since, until=end, limit=limit))
    return marketdata.minute_rows(symbol, since=_midnight(since), until=_midnight(end), limit=limit)


def _table_kind(period: BarPeriod) -> type[BarTable]:
    return TickTable if period is BarPeriod.TICK else BarTable


def _of_rows(symbol: str, period: BarPeriod, rows: Sequence[tuple[int, ...]]) -> BarTable:
    columns = zip(*rows, strict=True)
    if period is BarPeriod.TICK:
        return TickTable.of_matches(symbol, *columns)
    return BarTable.of_columns(symbol, *columns)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, datetime.min.time(), tzinfo=VIETNAM) if day else None


def _keep(table: BarTable, period: BarPeriod, source: str, name: str, actor: Actor) -> str:
    digest = table.digest()
    moments = [datetime.fromtimestamp(int(table.ts_start_ms[at]) / 1_000, tz=UTC) for at in (0, -1)]
    BacktestData.objects.get_or_create(
        digest=digest,
        defaults={
            "source": source,
            "name": name,
            "period": period.value,
            "symbols": list(table.symbols),
            "bar_count": len(table),
            "first_at": moments[0],
            "last_at": moments[1],
            "packed": pack(table),
            "created_by": str(actor),
            "created_at": timezone.now(),
        },
    )
    return digest
