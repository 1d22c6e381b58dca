"""Archived days, read like those of the database. Only a day whose rows have left the database is read from here."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection

from apps.marketdata.models import ArchivedDay
from qts.adapters.archive import query

TABLES: Final = {"ticks": "marketdata_tick", "minutes": "marketdata_bar1m"}
COLUMNS: Final = {
    "ticks": {
        "trading_day": "day",
        "symbol": "text",
        "traded_at": "moment",
        "wal_segment": "int",
        "wal_offset": "int",
        "wal_part": "int",
        "received_at_ns": "int",
        "price_vnd": "int",
        "quantity": "int",
    },
    "minutes": {
        "trading_day": "day",
        "symbol": "text",
        "starts_at": "moment",
        "open_vnd": "int",
        "high_vnd": "int",
        "low_vnd": "int",
        "close_vnd": "int",
        "volume": "int",
        "value_vnd": "int",
        "trade_count": "int",
        "received_at_ns": "int",
        "wal_position": "text",
    },
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES = """
    SELECT epoch_us(starts_at), open_vnd, high_vnd, low_vnd, close_vnd, volume, value_vnd, trade_count, wal_position
    FROM days
    WHERE symbol = ? AND epoch_us(starts_at) >= ? AND epoch_us(starts_at) < ? ORDER BY starts_at DESC LIMIT ?
"""
_TICKS = """
    SELECT epoch_us(traded_at), price_vnd, quantity FROM days
    WHERE symbol = ? ORDER BY traded_at DESC, received_at_ns DESC LIMIT ?
"""
_SECONDS = """
    SELECT epoch_us(traded_at), first(price_vnd ORDER BY wal_segment, wal_offset, wal_part), max(price_vnd),
           min(price_vnd), last(price_vnd ORDER BY wal_segment, wal_offset, wal_part), sum(quantity)::BIGINT,
           sum(price_vnd * quantity)::BIGINT, count(*)
    FROM days WHERE symbol = ? AND epoch_us(traded_at) >= ? AND epoch_us(traded_at) < ?
    GROUP BY traded_at ORDER BY traded_at DESC LIMIT ?
"""
_BARS_OF: Final = {"minutes": _MINUTES, "ticks": _SECONDS}
SecondRow = tuple[datetime, int, int, int, int, int, int, int]
MinuteRow = tuple[datetime, int, int, int, int, int, int, int, str]


def archive_path(kind: str, day: date) -> Path:
    return Path(settings.ARCHIVE_DIR) / kind / f"{day:%Y}" / f"{day:%Y-%m-%d}.parquet"


def stored_days(kind: str) -> list[date]:
    """The days that the database still holds, oldest first: one step of the index for each, instead of all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE days AS (
                (SELECT trading_day FROM {TABLES[kind]} ORDER BY trading_day LIMIT 1)
                UNION ALL
                SELECT (SELECT trading_day FROM {TABLES[kind]} WHERE trading_day > days.trading_day
                        ORDER BY trading_day LIMIT 1)
                FROM days WHERE days.trading_day IS NOT NULL
            )
            SELECT trading_day FROM days WHERE trading_day IS NOT NULL ORDER BY 1
            """  # noqa: S608 (constants)
        )
        return [day for (day,) in cursor.fetchall()]


def archived_minutes(symbol: str, *, since: datetime | None, until: datetime | None, limit: int) -> list[MinuteRow]:
    """The latest `limit` minutes with since <= start < until, newest first."""
    return _newest_of("minutes", symbol, since=since, until=until, limit=limit)


def archived_seconds(symbol: str, *, since: datetime | None, until: datetime | None, limit: int) -> list[SecondRow]:
    """The same of the seconds that had matches."""
    return _newest_of("ticks", symbol, since=since, until=until, limit=limit)


def _newest_of(kind: str, symbol: str, *, since: datetime | None, until: datetime | None, limit: int) -> list[Any]:
    if limit <= 0:
        return []
    rows = ArchivedDay.objects.filter(kind=kind, dropped_at__isnull=False)
    if since is not None:
        rows = rows.filter(trading_day__gte=since.date())
    if until is not None:
        rows = rows.filter(trading_day__lte=until.date() + timedelta(days=1))
    found: list[Any] = []
    for path in rows.order_by("-trading_day").values_list("path", flat=True):
        bounds = [_us(since or _EPOCH), _us(until) if until else 2**62]
        for batch in query([_file(path)], _BARS_OF[kind], [symbol, *bounds, limit - len(found)]):
            found.extend((_moment(us), *prices) for us, *prices in batch)
        if len(found) >= limit:
            break
    return found


def archived_ticks(symbol: str, day: date, limit: int) -> list[tuple[datetime, int, int]]:
    """Time of trade, price and quantity of the newest `limit`, newest first."""
    rows = ArchivedDay.objects.filter(kind="ticks", trading_day=day, dropped_at__isnull=False)
    files = [_file(path) for path in rows.values_list("path", flat=True)]
    found: list[Any] = [row for batch in query(files, _TICKS, [symbol, limit]) for row in batch]
    return [(_moment(us), price_vnd, quantity) for us, price_vnd, quantity in found]


def _file(path: str) -> Path:
    return Path(settings.ARCHIVE_DIR) / path


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
