"""Messages that could not be read: kept with their bytes, and read again when the codec has learnt to.

Reading one again is safe to repeat: a match is known by its place in the log, so the recorder stores it once however
often it comes. What only tells a state (a quote, an order book) is not published late: newer ones have replaced it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction

from apps.marketdata.locks import lock_dead_letters
from apps.marketdata.models import DeadLetter
from apps.marketdata.selectors import instrument_kinds
from apps.marketdata.services.tick_store import moment
from qts.adapters import bus as event_bus
from qts.adapters.bus import publish_events
from qts.adapters.ssi.codec import decode_frame
from qts.adapters.ssi.frames import message_of
from qts.adapters.wal import WalBroken, WalPositionGone, WalReader
from qts.domain.events import Event, MessageDeadLettered, TickReceived
from qts.domain.ports import Bus
from qts.domain.values import InstrumentKind

log = structlog.get_logger(__name__)

REPLAYED_MAX = 1_000


def store_dead_letters(letters: Iterable[MessageDeadLettered]) -> None:
    """Once each, by their place in the log."""
    DeadLetter.objects.bulk_create([_row(letter) for letter in letters], ignore_conflicts=True)


def replay_dead_letters(ids: Collection[int], *, now: datetime, bus: Bus | None = None) -> dict[str, int]:
    """How many ended how, by DeadLetter.Outcome. `now` is of the wall clock. Raises TransientError without a bus."""
    outcomes: dict[str, int] = {}
    with transaction.atomic():
        letters = lock_dead_letters(sorted(ids)[:REPLAYED_MAX])
        kinds, events = instrument_kinds(), list[Event]()
        for letter in letters:
            outcome, found = _read_again(letter, kinds)
            events += found
            letter.outcome, letter.replayed_at = outcome, now
            letter.replay_count += 1
            letter.save(update_fields=["outcome", "replayed_at", "replay_count"])
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if events:
            publish_events(bus or event_bus.connect(settings.EVENT_BUS_URL), events)
    log.info("dead_letters_replayed", outcomes=outcomes)
    return outcomes


def _read_again(letter: DeadLetter, kinds: Mapping[str, InstrumentKind]) -> tuple[DeadLetter.Outcome, list[Event]]:
    try:
        record = WalReader(settings.WAL_DIR).read(letter.wal_position)
    except (WalPositionGone, WalBroken, ValueError):
        return DeadLetter.Outcome.GONE, []
    decoded = decode_frame(
        record.payload,
        ts_received_ns=record.received_ns,
        wal_position=record.position,
        instruments=kinds,
    )
    if any(failure.wal_position == letter.wal_position for failure in decoded.failures):
        return DeadLetter.Outcome.UNREADABLE, []
    mine = [event for event in decoded.events if getattr(event, "wal_position", "") == letter.wal_position]
    ticks = [event for event in mine if isinstance(event, TickReceived)]
    return (DeadLetter.Outcome.PUBLISHED if ticks else DeadLetter.Outcome.SUPERSEDED), list(ticks)


def _row(letter: MessageDeadLettered) -> DeadLetter:
    return DeadLetter(
        wal_position=letter.wal_position,
        raw=letter.raw,
        raw_bytes=_bytes_of(letter),
        reason=letter.reason[:500],
        received_at=moment(letter.ts_received_ns // 1_000_000),
    )


def _bytes_of(letter: MessageDeadLettered) -> bytes:
    """As they came; what could be told of them as text where the log does not have them."""
    try:
        return message_of(WalReader(settings.WAL_DIR).read(letter.wal_position).payload, letter.wal_position)
    except (WalPositionGone, WalBroken, ValueError):
        return letter.raw.encode()
