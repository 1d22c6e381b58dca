"""From the broker's frames to the bus: logged first, then decoded, published, and kept as live state.

A frame counts as received once it is in the write-ahead log. The checkpoint follows only after the bus has accepted
what came out of it, so whatever dies in between is replayed from the log; events carry their WAL position and consumers
are idempotent by it. While the bus is away, frames go on into the log.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from apps.marketdata.selectors import market_at
from apps.marketdata.services.live_state import Checkpoint, LiveState
from apps.marketdata.services.stream_health import StreamHealth
from qts.adapters.bus import encode
from qts.adapters.ssi.batch import Batch, subscribed_record
from qts.adapters.wal import Damage, Record, WalPositionGone, WalReader, WalWriter
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import GapDetected
from qts.domain.market import GapWatch, ms_of
from qts.domain.market.gap_watch import ALL_SYMBOLS
from qts.domain.market.snapshots import SnapshotSieve
from qts.domain.ports import Bus
from qts.domain.values import GapCause, InstrumentKind
from qts.observability.metrics import INGEST_BATCH_SECONDS, INGEST_MESSAGES

log = structlog.get_logger(__name__)

NS = 1_000_000_000
BATCH_FRAMES_MAX = 1_000
LATE_S_MAX = 60.0  # after the exchange named its time, a message is here; so all from before that came to who listened
GAPS_KEPT = 200  # told again to a bus that was emptied; to store one twice changes nothing


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
        self.watch = GapWatch()
        self._sieve = SnapshotSieve()
        self.health = StreamHealth()
        self._gaps: dict[tuple[str, int], GapDetected] = {}  # found, and not on the bus yet
        self._told_gaps: deque[GapDetected] = deque(maxlen=GAPS_KEPT)
        self._suspects: dict[str, int] = {}
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

    def newest_ns(self) -> int:
        """When the newest frame of the log came, whoever wrote it: what an emptied Valkey does not know any more."""
        return self._reader.newest_ns()

    def subscribed(self, market_ms: int) -> None:
        """A new subscription begins. What it reports of matches before that second is a snapshot of the past."""
        self._wal.append([(0, subscribed_record(market_ms))])
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
        batch = Batch(self._subscribed_ms)
        for (received_ns, raw), position in zip(frames, positions, strict=True):
            self._decode(raw, received_ns, position, batch)
        try:
            self._publish(batch, self._wal.position)
        except (TransientError, TerminalError) as error:
            self._fall_behind(error)

    def _fall_behind(self, error: TransientError | TerminalError) -> None:
        """Whatever the reason: what comes next must not move the checkpoint past what did not arrive."""
        self._is_behind = True
        log.warning("bus_away", reason=str(error))
        if isinstance(error, TerminalError):
            raise error

    def mark(self, gaps: Sequence[GapDetected]) -> None:
        """Publish gaps that no frame shows; while the bus is away they wait for it."""
        self._gaps |= {(gap.symbols, gap.ts_from_ns): gap for gap in gaps}
        if self._is_behind or not self._gaps:
            return
        try:
            self._tell_gaps()
        except (TransientError, TerminalError) as error:
            self._fall_behind(error)

    def catch_up(self, goes_on: Callable[[], bool]) -> int:
        """Publish what the log holds after the checkpoint; returns the number of events.

        Raises TransientError while the bus is away. Ends early when `goes_on` says so, and is then still behind.
        """
        self.watch.forget_counts()
        found = self._live.checkpoint()
        if found is None:
            self._begin_anew()
        batch = Batch(found.subscribed_ms if found else 0)
        published = 0
        start = found.wal_position if found else self._replay_from()
        for record in self._records(start):
            self._decode(record.payload, record.received_ns, record.position, batch)
            if batch.size >= BATCH_FRAMES_MAX:
                published += self._publish(batch, record.next_position)
                batch = Batch(batch.subscribed_ms)
                if not goes_on():
                    return published
        published += self._publish(batch, self._wal.position)
        self._subscribed_ms = batch.subscribed_ms
        self._is_behind = False
        if published:
            log.info("wal_replayed", events=published, since=start)
        return published

    def _begin_anew(self) -> None:
        """Redis is new or was emptied: the bus may have lost gaps that nobody had read, and everybody the suspects."""
        self._live.restore()
        self._gaps = {(gap.symbols, gap.ts_from_ns): gap for gap in self._told_gaps} | self._gaps
        self._suspects = {}

    def _records(self, start: str) -> Iterator[Record]:
        """From `start` on. What cannot be read any more and was not published either is a gap."""
        unreadable: list[str] = []
        heard_ns = self.watch.last_ns
        for record in self._read(start, unreadable.append):
            if unreadable and record.received_ns:
                gap = _unreadable_gap(unreadable[0], heard_ns or record.received_ns, record.received_ns)
                self._gaps[gap.symbols, gap.ts_from_ns] = gap
                unreadable.clear()
            heard_ns = record.received_ns or heard_ns
            yield record

    def _read(self, start: str, note: Callable[[str], None]) -> Iterator[Record]:
        def note_damage(damage: Damage) -> None:
            log.error("wal_damaged", damage=str(damage))
            note(str(damage))

        try:
            yield from self._reader.replay(start or None, on_damage=note_damage)
        except WalPositionGone as error:
            log.warning("wal_position_gone", position=start, reason=str(error))
            note(str(error))
            yield from self._reader.replay(None, on_damage=note_damage)

    def _decode(self, payload: bytes, received_ns: int, position: str, into: Batch) -> None:
        for notice in into.take(payload, received_ns, position, self.instruments):
            log.warning("market_stream_notice", text=notice)

    def _publish(self, batch: Batch, position_after: str) -> int:
        self._add_snapshots(batch)
        self._look_for_gaps(batch)
        messages = [encode(event) for event in batch.events]
        if messages:
            self._bus.publish(messages)
        self._tell_gaps()
        self.health.take(batch.events, published_ns=time.time_ns(), is_replay=self._is_behind)
        self._live.write(messages, Checkpoint(position_after, batch.subscribed_ms))
        for topic, count in Counter(message.topic for message in messages).items():
            INGEST_MESSAGES.labels(topic).inc(count)
        return len(messages)

    def _add_snapshots(self, batch: Batch) -> None:
        """What X alone tells; all of it counts as heard."""
        self._sieve.subscribed(batch.subscribed_ms)
        self._sieve.heard(batch.events)
        batch.events += self._sieve.what_is_new(batch.snapshots)
        self.health.note_snapshots(batch.snapshots)

    def _look_for_gaps(self, batch: Batch) -> None:
        """Before anybody gets the messages: nobody shall act on what comes after a gap and not know of it."""
        self.watch.subscribed(batch.subscribed_ms)
        self._gaps |= {(gap.symbols, gap.ts_from_ns): gap for gap in self.watch.observe(batch.events)}
        self._tell_suspects()

    def _tell_suspects(self) -> None:
        suspects = self.watch.suspects
        if suspects != self._suspects:
            self._live.suspect(suspects)
            self._suspects = suspects

    def _tell_gaps(self) -> None:
        if self._gaps:
            self._bus.publish([encode(gap) for gap in self._gaps.values()])
            self._told_gaps.extend(self._gaps.values())
            self._gaps.clear()
        self._tell_suspects()


def _unreadable_gap(reason: str, from_ns: int, to_ns: int) -> GapDetected:
    from_at, to_at = market_at(from_ns / NS - LATE_S_MAX), market_at(to_ns / NS)
    return GapDetected(
        symbols=ALL_SYMBOLS,
        ts_from_ns=from_ns,
        ts_to_ns=max(from_ns, to_ns),
        cause=GapCause.LOG.value,
        reason=reason,
        ts_market_from_ms=ms_of(from_at),
        ts_market_to_ms=ms_of(to_at),
    )
