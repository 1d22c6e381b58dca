"""Ticks into PostgreSQL and back, in batches."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from psycopg.errors import UniqueViolation

from apps.marketdata.models import Tick
from qts.domain.events import TickReceived
from qts.domain.market import MINUTE_MS, to_vietnam

COLUMNS = (
    "trading_day",
    "wal_segment",
    "wal_offset",
    "wal_part",
    "symbol",
    "price_vnd",
    "quantity",
    "traded_at",
    "received_at_ns",
)
_COLUMN_LIST = ", ".join(COLUMNS)
_TYPES = ("date", "int8", "int8", "int4", "text", "int8", "int8", "timestamptz", "int8")
_ARRIVAL = ("wal_segment", "wal_offset", "wal_part")

Key = tuple[int, int, int, int]
Minute = tuple[str, int]  # symbol and the millisecond at which the minute begins


def moment(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, tz=UTC)


def minute_of(tick: TickReceived) -> Minute:
    return tick.symbol, tick.ts_exchange_ms - tick.ts_exchange_ms % MINUTE_MS


def trading_day_of(tick: TickReceived) -> date:
    return _time_of(tick.ts_exchange_ms)[0]


def store_ticks(ticks: Sequence[TickReceived]) -> list[TickReceived]:
    """Store those that are not there yet and return them, in order. The partitions of their days must exist.

    Almost every batch is new, and COPY is the fastest way in; a batch that holds a tick once more goes in by statement.
    """
    rows = {row.key: row for row in map(_Row.of, ticks)}
    try:
        with transaction.atomic():
            _copy(rows.values())
    except UniqueViolation:  # Django does not translate the errors of COPY
        stored = _insert_missing(list(rows.values()))
        return [row.tick for key, row in rows.items() if key in stored]
    return [row.tick for row in rows.values()]


def ticks_since(since: datetime) -> list[TickReceived]:
    """Stored ticks of any symbol with `since` <= time of trade, in the order in which they arrived."""
    rows = Tick.objects.filter(trading_day__gte=to_vietnam(since).date(), traded_at__gte=since)
    return [_tick(row) for row in rows.order_by(*_ARRIVAL).values_list(*COLUMNS)]


def ticks_of_minutes(minutes: Collection[Minute]) -> list[TickReceived]:
    """Stored ticks of these minutes, in the order in which they arrived."""
    starts = [moment(starts_ms) for _, starts_ms in minutes]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join('t.' + column for column in COLUMNS)} FROM marketdata_tick t"  # noqa: S608 (constants)
            " JOIN unnest(%s::text[], %s::timestamptz[]) AS late(symbol, starts_at)"
            " ON t.symbol = late.symbol AND t.traded_at >= late.starts_at"
            " AND t.traded_at < late.starts_at + interval '1 minute'"
            " WHERE t.trading_day = ANY(%s)"
            f" ORDER BY {', '.join('t.' + column for column in _ARRIVAL)}",
            [[symbol for symbol, _ in minutes], starts, list({to_vietnam(start).date() for start in starts})],
        )
        return [_tick(row) for row in cursor.fetchall()]


@lru_cache(maxsize=8_192)
def _time_of(ts_ms: int) -> tuple[date, datetime]:
    """Trading day and moment; the exchange's times are whole seconds, so many matches share one."""
    at = moment(ts_ms)
    return to_vietnam(at).date(), at


@dataclass(slots=True)
class _Row:
    key: Key
    columns: tuple[Any, ...]
    tick: TickReceived

    @classmethod
    def of(cls, tick: TickReceived) -> "_Row":
        """ "segment:offset" names the first message of a frame, "segment:offset:n" a later one."""
        segment, offset, *part = map(int, tick.wal_position.split(":"))
        part_number = part[0] if part else 0
        trading_day, traded_at = _time_of(tick.ts_exchange_ms)
        columns = (
            trading_day,
            segment,
            offset,
            part_number,
            tick.symbol,
            tick.price_vnd,
            tick.quantity,
            traded_at,
            tick.ts_received_ns,
        )
        return cls((segment, offset, part_number, tick.ts_received_ns), columns, tick)


def _copy(rows: Iterable[_Row]) -> None:
    statement = f"COPY marketdata_tick ({_COLUMN_LIST}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row.columns)


def _insert_missing(rows: Sequence[_Row]) -> set[Key]:
    arrays = ", ".join(f"%s::{kind}[]" for kind in _TYPES)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO marketdata_tick ({_COLUMN_LIST}) SELECT * FROM unnest({arrays})"  # noqa: S608 (constants)
            " ON CONFLICT DO NOTHING RETURNING wal_segment, wal_offset, wal_part, received_at_ns",
            [list(column) for column in zip(*(row.columns for row in rows), strict=True)],
        )
        return {tuple(row) for row in cursor.fetchall()}


def _tick(row: Sequence[Any]) -> TickReceived:
    _, segment, offset, part, symbol, price_vnd, quantity, traded_at, received_at_ns = row
    return TickReceived(
        symbol=symbol,
        price_vnd=price_vnd,
        quantity=quantity,
        ts_exchange_ms=(traded_at - _EPOCH) // timedelta(milliseconds=1),
        ts_received_ns=received_at_ns,
        wal_position=f"{segment}:{offset}:{part}" if part else f"{segment}:{offset}",
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
