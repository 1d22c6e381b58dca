"""From the broker's frames to the bus: logged first, then decoded, published, and kept as live state.

A frame counts as received once it is in the write-ahead log. The checkpoint follows only after the bus has accepted
what came out of it, so whatever dies in between is replayed from the log; events carry their WAL position and consumers
are idempotent by it. While the bus is away, frames go on into the log.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import structlog

from apps.marketdata.services.live_state import Checkpoint, LiveState
from qts.adapters.bus import encode
from qts.adapters.ssi.codec import decode_frame
from qts.adapters.wal import Damage, Record, WalPositionGone, WalReader, WalWriter
from qts.domain.errors import TransientError
from qts.domain.events import Event, MessageDeadLettered, TickReceived
from qts.domain.ports import Bus
from qts.domain.values import InstrumentKind
from qts.observability.metrics import INGEST_BATCH_SECONDS, INGEST_MESSAGES

log = structlog.get_logger(__name__)

BATCH_FRAMES_MAX = 1_000
SECOND_MS = 1_000
_MARKER = b'{"qts_subscribed_ms":'


class _Subscribed(msgspec.Struct):
    """A record of our own in the log: a new subscription began at this market time."""

    qts_subscribed_ms: int


class _Batch:
    """Events of some records of the log, and the checkpoint after them."""

    def __init__(self, subscribed_ms: int) -> None:
        self.events: list[Event] = []
        self.subscribed_ms = subscribed_ms
        self.size = 0


class IngestPipeline:
    """One writer's way from frames to events. `instruments` may be replaced at any time."""

    def __init__(
        self,
        wal: WalWriter,
        reader: WalReader,
        bus: Bus,
        live: LiveState,
        *,
        instruments: Mapping[str, InstrumentKind],
        replay_from: Callable[[], str],
    ) -> None:
        self.instruments = instruments
        self._wal = wal
        self._reader = reader
        self._bus = bus
        self._live = live
        self._replay_from = replay_from
        self._subscribed_ms = 0
        self._is_behind = True  # a predecessor may have logged what it could not publish any more

    @property
    def is_behind(self) -> bool:
        """The log holds what the bus has not got: `catch_up` before anything new can be published."""
        return self._is_behind

    def subscribed(self, market_ms: int) -> None:
        """A new subscription begins. What it reports of matches before that second is a snapshot of the past."""
        marker = msgspec.json.encode(_Subscribed(market_ms))
        self._wal.append([(0, marker)])
        self._subscribed_ms = market_ms

    def take(self, frames: Sequence[tuple[int, bytes]]) -> None:
        """Log the frames, (received_ns, raw), with one flush; publish them unless the bus is behind the log.

        Raises WalBroken when they could not be logged: then nothing was published.
        """
        with INGEST_BATCH_SECONDS.time():
            self._take(frames)

    def _take(self, frames: Sequence[tuple[int, bytes]]) -> None:
        positions = self._wal.append(frames)
        if self._is_behind:
            return
        batch = _Batch(self._subscribed_ms)
        for (received_ns, raw), position in zip(frames, positions, strict=True):
            self._decode(raw, received_ns, position, batch)
        try:
            self._publish(batch, self._wal.position)
        except TransientError as error:
            self._is_behind = True
            log.warning("bus_away", reason=str(error))

    def announce(self, events: Sequence[Event]) -> None:
        """Publish events that come from no frame. Raises TransientError while the bus is away."""
        self._bus.publish([encode(event) for event in events])

    def catch_up(self, goes_on: Callable[[], bool]) -> int:
        """Publish what the log holds after the checkpoint; returns the number of events.

        Raises TransientError while the bus is away. Ends early when `goes_on` says so, and is then still behind.
        """
        found = self._live.checkpoint()
        batch = _Batch(found.subscribed_ms if found else 0)
        published = 0
        start = found.wal_position if found else self._replay_from()
        for record in self._records(start):
            self._decode(record.payload, record.received_ns, record.position, batch)
            if batch.size >= BATCH_FRAMES_MAX:
                published += self._publish(batch, record.next_position)
                batch = _Batch(batch.subscribed_ms)
                if not goes_on():
                    return published
        published += self._publish(batch, self._wal.position)
        self._subscribed_ms = batch.subscribed_ms
        self._is_behind = False
        if published:
            log.info("wal_replayed", events=published, since=start)
        return published

    def _records(self, start: str) -> Iterator[Record]:
        try:
            yield from self._reader.replay(start or None, on_damage=_log_damage)
        except WalPositionGone as error:
            log.warning("wal_position_gone", position=start, reason=str(error))
            yield from self._reader.replay(None, on_damage=_log_damage)

    def _decode(self, payload: bytes, received_ns: int, position: str, into: _Batch) -> None:
        into.size += 1
        if payload.startswith(_MARKER):
            into.subscribed_ms = msgspec.json.decode(payload, type=_Subscribed).qts_subscribed_ms
            return
        decoded = decode_frame(payload, ts_received_ns=received_ns, wal_position=position, instruments=self.instruments)
        first_ms = into.subscribed_ms - into.subscribed_ms % SECOND_MS  # the wire's times are whole seconds
        into.events += [
            event for event in decoded.events if not isinstance(event, TickReceived) or event.ts_exchange_ms >= first_ms
        ]
        into.events += [
            MessageDeadLettered(
                raw=failure.raw,
                reason=failure.reason,
                ts_received_ns=received_ns,
                wal_position=failure.wal_position,
            )
            for failure in decoded.failures
        ]
        for notice in decoded.notices:
            log.warning("market_stream_notice", text=notice)

    def _publish(self, batch: _Batch, position_after: str) -> int:
        messages = [encode(event) for event in batch.events]
        if messages:
            self._bus.publish(messages)
        self._live.write(messages, Checkpoint(position_after, batch.subscribed_ms))
        for topic, count in Counter(message.topic for message in messages).items():
            INGEST_MESSAGES.labels(topic).inc(count)
        return len(messages)


def _log_damage(damage: Damage) -> None:
    log.error("wal_damaged", damage=str(damage))
