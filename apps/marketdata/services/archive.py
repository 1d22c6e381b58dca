"""Closed days into Parquet files, and out of the database when they are old enough.

A day is in the archive when its file was written, read back and compared row by row. It leaves the database only when,
at that moment, its rows there are still those of the file and the file's bytes are still those that were written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from apps.marketdata.models import ArchivedDay
from apps.marketdata.selectors import market_today
from apps.marketdata.selectors.archive import COLUMNS, TABLES, archive_path, stored_days
from apps.marketdata.services.partitions import tick_partition
from apps.marketdata.services.recorder import TICK_DAYS_BACK_MAX
from qts.adapters.archive import ROWS_AT_ONCE, ArchiveDamaged, RowDigest, sha256_of, write_day
from qts.adapters.lease import Lease, slice_of
from qts.domain.errors import TransientError

log = structlog.get_logger(__name__)

NAME = "archive"
LEASE_TTL_S = 120  # of one day's file
KEEP_DAYS_MIN = TICK_DAYS_BACK_MAX + 1  # until then a late match may still come
DROP_LOCK_MS = 2_000

Kind = ArchivedDay.Kind
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ArchiveRun:
    archived: int
    dropped: int


def run_archive_slice(*, seconds_max: float = 600) -> None:
    with slice_of(Lease(settings.REDIS_URL, NAME, LEASE_TTL_S), seconds_max) as turn:
        if turn.goes_on():
            archive_closed_days(goes_on=turn.goes_on)


def archive_closed_days(
    *, until: date | None = None, goes_on: Callable[[], bool] = lambda: True, tell: Progress = lambda _: None
) -> ArchiveRun:
    """All days before today, or up to `until`, that are not archived yet, oldest first; then those that may go do."""
    last = min(until or date.max, market_today() - timedelta(days=1))
    archived = dropped = 0
    for kind in Kind:
        for day in _open_days(kind, last):
            if not goes_on():
                break
            row = archive_day(kind, day)
            archived += 1
            tell(f"{kind.value} {day}: {row.row_count} rows, {row.size_bytes} bytes")
    for row in _due(last):
        if not goes_on():
            break
        if drop_day(row):
            dropped += 1
            tell(f"{row.kind} {row.trading_day}: now in the archive alone")
    return ArchiveRun(archived, dropped)


def archive_day(kind: Kind, day: date) -> ArchivedDay:
    """Write the day's file, anew if there is one. Raises ArchiveDamaged when it does not read back as it was."""
    path = archive_path(kind.value, day)
    with transaction.atomic():  # one view of the rows, and what a cursor on the server needs
        written = write_day(path, COLUMNS[kind.value], day_batches(kind, day))
    row, _ = ArchivedDay.objects.update_or_create(
        kind=kind,
        trading_day=day,
        defaults={
            "path": str(path.relative_to(settings.ARCHIVE_DIR)),
            "row_count": written.rows,
            "rows_digest": written.digest,
            "file_sha256": written.file_sha256,
            "size_bytes": written.size_bytes,
            "archived_at": timezone.now(),
        },
    )
    log.info("day_archived", kind=kind.value, day=str(day), rows=written.rows, size_bytes=written.size_bytes)
    return row


def drop_day(row: ArchivedDay) -> bool:
    """Whether the day's rows left the database. One whose rows have changed since is archived anew and stays for now.

    Raises ArchiveDamaged when the file is not what was written, TransientError when somebody reads the rows just now.
    """
    kind, path = Kind(row.kind), Path(settings.ARCHIVE_DIR) / row.path
    if not path.is_file() or sha256_of(path) != row.file_sha256:
        raise ArchiveDamaged(f"{path} is not the file that was archived; {kind.value} of {row.trading_day} stay")
    try:
        with transaction.atomic():
            _lock(kind, row.trading_day)
            stored = RowDigest()
            for rows in day_batches(kind, row.trading_day):
                stored.add(rows)
            is_same = (stored.rows, stored.hexdigest()) == (row.row_count, row.rows_digest)
            if is_same:
                _delete(kind, row.trading_day)
                ArchivedDay.objects.filter(pk=row.pk).update(dropped_at=timezone.now())
    except OperationalError as error:
        raise TransientError(f"{kind.value} of {row.trading_day} are in use: {error}") from error
    if not is_same:
        log.warning("day_changed_since_archived", kind=kind.value, day=str(row.trading_day), rows=stored.rows)
        archive_day(kind, row.trading_day)
    return is_same


def _open_days(kind: Kind, last: date) -> list[date]:
    done = set(ArchivedDay.objects.filter(kind=kind).values_list("trading_day", flat=True))
    return [day for day in stored_days(kind.value) if day <= last and day not in done]


def _due(last: date) -> list[ArchivedDay]:
    found: list[ArchivedDay] = []
    for kind, keep_days in ((Kind.TICKS, settings.TICK_KEEP_DAYS), (Kind.MINUTES, settings.MINUTE_KEEP_DAYS)):
        if keep_days:
            before = market_today() - timedelta(days=max(keep_days, KEEP_DAYS_MIN))
            rows = ArchivedDay.objects.filter(kind=kind, dropped_at=None, trading_day__lt=min(before, last))
            found.extend(rows.order_by("trading_day"))
    return found


def day_batches(kind: Kind, day: date) -> Iterator[Sequence[Sequence[Any]]]:
    """In the order of the file: by symbol and time, so that one symbol is in few row groups."""
    names = list(COLUMNS[kind.value])
    order = [name for name in ("symbol", "traded_at", "starts_at", *names) if name in names]
    sql = f"SELECT {', '.join(names)} FROM {TABLES[kind.value]} WHERE trading_day = %s ORDER BY {', '.join(order)}"  # noqa: S608
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, [day])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows


def _lock(kind: Kind, day: date) -> None:
    """Nobody writes the rows between the comparison and their end; who reads them is waited for a moment."""
    table = tick_partition(day) if kind is Kind.TICKS else TABLES[kind.value]
    mode = "ACCESS EXCLUSIVE" if kind is Kind.TICKS else "SHARE ROW EXCLUSIVE"
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {DROP_LOCK_MS}")
        if kind is Kind.TICKS:
            cursor.execute("LOCK TABLE ONLY marketdata_tick IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")


def _delete(kind: Kind, day: date) -> None:
    with connection.cursor() as cursor:
        if kind is Kind.TICKS:
            cursor.execute(f"DROP TABLE {tick_partition(day)}")  # made of the date alone
        else:
            cursor.execute(f"DELETE FROM {TABLES[kind.value]} WHERE trading_day = %s", [day])  # noqa: S608
