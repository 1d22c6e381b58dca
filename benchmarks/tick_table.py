"""Matches into the tick table: what the recorder's writer does, against binary COPY of the same rows."""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from benchmarks.figures import Section, progress

BATCH = 2_000  # the recorder's largest
BATCHES = 25
DAY_MS = round(datetime(2026, 11, 20, 2, 30, tzinfo=UTC).timestamp() * 1_000)
_TYPES = ["date", "int8", "int8", "int4", "varchar", "int8", "int8", "timestamptz", "int8"]


def run(section: Section, database_url: str, *, repeats: int) -> None:
    """`database_url` is an empty database that Django's settings name too."""
    from apps.marketdata.services import tick_store

    _make_table(database_url)
    batches = _batches()
    rows = [[tick_store._Row.of(tick).columns for tick in batch] for batch in batches]
    ours: list[float] = []
    bare: list[float] = []
    for number in range(repeats):
        progress(f"tick table, {number + 1} of {repeats}")
        bare.append(_timed(database_url, lambda: _copy_binary(database_url, rows)))
        ours.append(_timed(database_url, lambda: [tick_store.store_ticks(batch) for batch in batches]))
    section.add("matches stored, in transactions of 2,000", "rows/s", ours)
    section.add("binary COPY of the same rows, the same transactions", "rows/s", bare)
    section.add_ratio("matches stored against binary COPY", ours, bare)


def _timed(database_url: str, act: Any) -> float:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("TRUNCATE marketdata_tick")
    began = time.perf_counter()
    act()
    return BATCH * BATCHES / (time.perf_counter() - began)


def _make_table(database_url: str) -> None:
    """As the migration makes it, with the partition of one day."""
    from importlib import import_module

    migration = import_module("apps.marketdata.migrations.0002_tick_partitions").Migration
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(migration.operations[0].sql)
        connection.execute(
            "CREATE TABLE marketdata_tick_20261120 PARTITION OF marketdata_tick"
            " FOR VALUES FROM ('2026-11-20') TO ('2026-11-21')"
        )


def _batches() -> list[Sequence[Any]]:
    from benchmarks.market_messages import symbols
    from qts.domain.events import TickReceived

    chance, names = random.Random(7), symbols(500)
    ticks = [
        TickReceived(
            symbol=chance.choice(names),
            price_vnd=50 * chance.randrange(200, 2_400),
            quantity=100 * chance.randrange(1, 60),
            ts_exchange_ms=DAY_MS + 1_000 * (number // 2_000),
            ts_received_ns=1_700_000_000_000_000_000 + number,
            wal_position=f"1:{number}",
        )
        for number in range(BATCH * BATCHES)
    ]
    return [ticks[start : start + BATCH] for start in range(0, len(ticks), BATCH)]


def _copy_binary(database_url: str, batches: Sequence[Sequence[Any]]) -> None:
    from apps.marketdata.services.tick_store import COLUMNS

    statement = f"COPY marketdata_tick ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"
    with psycopg.connect(database_url) as connection:
        for rows in batches:
            with connection.transaction(), connection.cursor().copy(statement) as copy:
                copy.set_types(_TYPES)
                for row in rows:
                    copy.write_row(row)
