"""Matches of the write-ahead log for a recorder that was away for longer than the bus keeps messages."""

from collections.abc import Iterator

import structlog
from django.conf import settings

from apps.marketdata.selectors import instrument_kinds
from qts.adapters.ssi.batch import Batch
from qts.adapters.wal import Damage, Record, WalPositionGone, WalReader
from qts.domain.events import TickReceived

log = structlog.get_logger(__name__)

RECORDS_AT_ONCE = 1_000


def ticks_logged_since(position: str) -> Iterator[list[TickReceived]]:
    """In order, from that place of the log (or the oldest that is kept) to its end as it is now."""
    instruments, batch = instrument_kinds(), Batch(0)
    for record in _records(position):
        batch.take(record.payload, record.received_ns, record.position, instruments)
        if batch.size >= RECORDS_AT_ONCE:
            yield _ticks(batch)
            batch = Batch(batch.subscribed_ms)
    yield _ticks(batch)


def _records(position: str) -> Iterator[Record]:
    reader = WalReader(settings.WAL_DIR)
    try:
        yield from reader.replay(position or None, on_damage=_tell)
    except WalPositionGone as error:
        log.warning("wal_position_gone", position=position, reason=str(error))
        yield from reader.replay(None, on_damage=_tell)


def _tell(damage: Damage) -> None:
    log.error("wal_damaged", damage=str(damage))


def _ticks(batch: Batch) -> list[TickReceived]:
    return [event for event in batch.events if isinstance(event, TickReceived)]
