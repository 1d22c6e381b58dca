"""A partition of the tick table per trading day, made before the first tick of the day comes."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import connection, transaction

DAYS_AHEAD = 7
PREFIX = "marketdata_tick_"


def ensure_tick_partitions(days: Iterable[date]) -> list[date]:
    """Make the partitions that are missing and return their days; one query when none is."""
    wanted = {tick_partition(day): day for day in days}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relispartition", [list(wanted)])
        for (name,) in cursor.fetchall():
            del wanted[name]
        if wanted:
            # Another worker may do the same just now, and IF NOT EXISTS looks before it leaps, not while.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('marketdata_tick partitions'))")
        for name, day in sorted(wanted.items()):
            # Names and bounds are made of dates alone.
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF marketdata_tick"
                f" FOR VALUES FROM ('{day:%Y-%m-%d}') TO ('{day + timedelta(days=1):%Y-%m-%d}')"
            )
    return sorted(wanted.values())


def tick_partition(day: date) -> str:
    return f"{PREFIX}{day:%Y%m%d}"


def days_ahead(today: date) -> list[date]:
    """Today and the days that follow, weekends too: a tick is never refused for want of a table."""
    return [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
