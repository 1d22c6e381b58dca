"""Which days can be played again, and from what."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.conf import settings

from apps.marketdata.models import ArchivedDay, Tick
from apps.marketdata.selectors.archive import archive_path, stored_days
from apps.marketdata.selectors.clock import day_bounds_ms
from qts.adapters.time_machine.replays import Source
from qts.adapters.wal import WalBroken, WalPositionGone, WalReader
from qts.adapters.wal.log import segments

_FIRST_RECORD: Final = 8  # bytes of a segment's magic
_ARRIVAL: Final = ("wal_segment", "wal_offset", "wal_part")


@dataclass(frozen=True, slots=True)
class Recording:
    """`start` is where to begin in the log. `until_ms` is near the day's end in market time; more may come after it."""

    day: date
    source: Source
    until_ms: int
    start: str = ""

    @property
    def is_whole(self) -> bool:
        return self.source.is_whole


def recordings(*, limit: int) -> list[Recording]:
    """Newest first. A day of which no match was stored is none."""
    archived = ArchivedDay.objects.filter(kind="ticks").values_list("trading_day", flat=True)
    days = sorted({*stored_days("ticks"), *archived}, reverse=True)[:limit]
    return [found for day in days if (found := recording(day)) is not None]


def recording(day: date) -> Recording | None:
    """The log where all of the day is in it; else the archive's file, else the stored matches."""
    rows = Tick.objects.filter(trading_day=day).order_by(*_ARRIVAL)
    first, last = rows.values(*_ARRIVAL, "received_at_ns").first(), rows.last()
    until_ms = round(last.traded_at.timestamp() * 1_000) if last else day_bounds_ms(day)[1]
    if first is not None and (start := _start_in_log(first)):
        return Recording(day, Source.LOG, until_ms, start)
    if archive_path("ticks", day).is_file() and ArchivedDay.objects.filter(kind="ticks", trading_day=day).exists():
        return Recording(day, Source.ARCHIVE, until_ms)
    return Recording(day, Source.STORE, until_ms) if first is not None else None


def _start_in_log(first: dict[str, Any]) -> str:
    """The segment before that of the first match, for the sessions before it; "" where this log is not that day's: a
    log that was begun anew counts its segments from one again."""
    segment = first["wal_segment"]
    try:
        record = WalReader(settings.WAL_DIR).read(f"{segment}:{first['wal_offset']}")
    except (WalPositionGone, WalBroken):
        return ""
    if record.received_ns != first["received_at_ns"]:
        return ""
    before = segment - 1 if segment - 1 in segments(settings.WAL_DIR) else segment
    return f"{before}:{_FIRST_RECORD}"
