"""A recorded day as a tape: what came, in the order in which it came, and when on the market's own clock.

A log's tape is the frames of the write-ahead log, decoded as the live intake decodes them. A tape of matches is for a
day whose log is gone: the stored matches alone, and the last price, totals and extremes that follow from them.

The moment of a frame is the newest exchange time told so far; the wire tells whole seconds, so within one second the
times of receipt, scaled by the pace of the recording, spread the frames out.
"""

import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from qts.adapters.ssi.batch import SECOND_MS, Batch
from qts.adapters.wal import Damage, WalReader
from qts.domain.errors import TerminalError
from qts.domain.events import Event, QuoteUpdated, TickReceived
from qts.domain.market.snapshots import SnapshotSieve
from qts.domain.values import InstrumentKind

OTHER_DAY_FRAMES_MAX: Final = 1_000  # in a row, all of later days: then the day is over
MATCH_COLUMNS: Final = (
    "symbol",
    "traded_at",
    "wal_segment",
    "wal_offset",
    "wal_part",
    "received_at_ns",
    "price_vnd",
    "quantity",
)
_NS_PER_MS: Final = 1_000_000
_ORDER: Final = [(name, "ascending") for name in ("received_at_ns", "wal_segment", "wal_offset", "wal_part")]


class NothingRecorded(TerminalError):
    """The tape is empty: the recording holds nothing of that day."""


class Step(NamedTuple):
    """What came at one moment of market time (ms since 1970)."""

    at_ms: int
    events: list[Event]


class Place(NamedTuple):
    """Where a tape goes on. `second_ns` is when the first frame of the exchange's second `second_ms` was received."""

    position: str
    at_ms: int = 0
    subscribed_ms: int = 0
    second_ms: int = 0
    second_ns: int = 0
    sieve: SnapshotSieve | None = None


class Tape(Protocol):
    @property
    def place(self) -> Place:
        """Where the next step will be read."""
        ...

    def next(self) -> Step | None:
        """None at the end of the recording."""
        ...

    def go_to(self, place: Place) -> None: ...


@dataclass(frozen=True, slots=True)
class DayBounds:
    """First and last millisecond of the day."""

    first_ms: int
    last_ms: int

    def holds(self, event: Event) -> bool:
        return self.first_ms <= getattr(event, "ts_exchange_ms", 0) <= self.last_ms


class LogTape:
    """`pace` is how many seconds of the market passed in one second of the wall clock while it was recorded."""

    def __init__(
        self,
        directory: Path,
        bounds: DayBounds,
        instruments: Mapping[str, InstrumentKind],
        *,
        start: str,
        pace: float = 1.0,
    ) -> None:
        self._at = Place(start)
        self._sieve = SnapshotSieve()
        self.damages = 0
        self._directory = directory
        self._bounds = bounds
        self._instruments = instruments
        self._pace = pace
        self._steps = self._read(self._at)

    @property
    def place(self) -> Place:
        return self._at._replace(sieve=deepcopy(self._sieve))

    def next(self) -> Step | None:
        return next(self._steps, None)

    def go_to(self, place: Place) -> None:
        self._at, self._sieve = place, deepcopy(place.sieve) or SnapshotSieve()
        self._steps = self._read(place)

    def _read(self, place: Place) -> Iterator[Step]:
        batch, later = Batch(place.subscribed_ms), 0
        for record in WalReader(self._directory).replay(place.position or None, on_damage=self._damaged):
            batch.take(record.payload, record.received_ns, record.position, self._instruments)
            events = self._events_of(batch)
            is_later = self._is_later(events)
            later = later + 1 if is_later else 0 if events else later
            if later > OTHER_DAY_FRAMES_MAX:
                return
            self._pass(record.next_position, record.received_ns, batch.subscribed_ms, events)
            if events and self._at.at_ms and not is_later:
                yield Step(self._at.at_ms, events)

    def _events_of(self, batch: Batch) -> list[Event]:
        """With what X messages add, as the intake takes it."""
        events, snapshots = batch.events, batch.snapshots
        batch.events, batch.snapshots = [], []
        self._sieve.subscribed(batch.subscribed_ms)
        self._sieve.heard(events)
        return [*events, *self._sieve.what_is_new(snapshots)] if snapshots else events

    def _is_later(self, events: list[Event]) -> bool:
        """Whether all that it tells is of later days: the log goes on, the day does not."""
        told = [getattr(event, "ts_exchange_ms", 0) for event in events]
        return bool(told) and min(told) > self._bounds.last_ms

    def _pass(self, next_position: str, received_ns: int, subscribed_ms: int, events: list[Event]) -> None:
        at_ms, second_ms, second_ns = self._at.at_ms, self._at.second_ms, self._at.second_ns
        newest_ms = max((_told_ms(event) for event in events if self._bounds.holds(event)), default=0)
        if newest_ms > second_ms:
            second_ms, second_ns = newest_ms, received_ns
        if second_ms and received_ns:
            since_ms = max(0, int((received_ns - second_ns) * self._pace)) // _NS_PER_MS
            at_ms = max(at_ms, second_ms + min(since_ms, SECOND_MS - 1))
        self._at = Place(next_position, at_ms, subscribed_ms, second_ms, second_ns)

    def _damaged(self, _damage: Damage) -> None:
        self.damages += 1


class MatchTape:
    """`path` is a Parquet file of the day's matches, `references` are (reference, ceiling, floor) in VND by symbol."""

    def __init__(self, path: Path, references: Mapping[str, tuple[int, int, int]]) -> None:
        import pyarrow.parquet as pq  # large, and a log's tape needs none of it

        table = pq.read_table(path, columns=list(MATCH_COLUMNS)).sort_by(_ORDER)
        self._at = Place("0")
        self._symbols = [sys.intern(symbol) for symbol in table.column("symbol").to_pylist()]
        self._times_ms = table.column("traded_at").cast("int64").to_numpy() // 1_000  # from us
        self._numbers = [table.column(name).to_numpy() for name in MATCH_COLUMNS[2:]]
        self._references = references

    @property
    def place(self) -> Place:
        return self._at

    def next(self) -> Step | None:
        row = int(self._at.position)
        if row >= len(self._symbols):
            return None
        tick = self._tick(row)
        at_ms = max(self._at.at_ms, tick.ts_exchange_ms)
        self._at = Place(str(row + 1), at_ms)
        return Step(at_ms, [tick])

    def go_to(self, place: Place) -> None:
        self._at = place

    def quote_after(self, before: QuoteUpdated | None, tick: TickReceived) -> QuoteUpdated:
        """Of a security whose last quote was `before`: what a match tells of price and totals, and no more."""
        reference_vnd, ceiling_vnd, floor_vnd = self._references.get(tick.symbol, (0, 0, 0))
        quantity = (before.total_quantity if before else 0) + tick.quantity
        value_vnd = (before.total_value_vnd if before else 0) + tick.quantity * tick.price_vnd
        return QuoteUpdated(
            symbol=tick.symbol,
            reference_vnd=reference_vnd,
            ceiling_vnd=ceiling_vnd,
            floor_vnd=floor_vnd,
            last_vnd=tick.price_vnd,
            last_quantity=tick.quantity,
            total_quantity=quantity,
            total_value_vnd=value_vnd,
            high_vnd=max(before.high_vnd, tick.price_vnd) if before else tick.price_vnd,
            low_vnd=min(before.low_vnd, tick.price_vnd) if before else tick.price_vnd,
            average_vnd=value_vnd // quantity,
            estimated_match_vnd=0,
            aggressor="",
            session="",
            status="",
            ts_exchange_ms=tick.ts_exchange_ms,
            ts_received_ns=tick.ts_received_ns,
            wal_position=tick.wal_position,
        )

    def _tick(self, row: int) -> TickReceived:
        segment, offset, part, received_ns, price_vnd, quantity = (int(column[row]) for column in self._numbers)
        return TickReceived(
            symbol=self._symbols[row],
            price_vnd=price_vnd,
            quantity=quantity,
            ts_exchange_ms=int(self._times_ms[row]),
            ts_received_ns=received_ns,
            wal_position=f"{segment}:{offset}:{part}" if part else f"{segment}:{offset}",
        )


def _told_ms(event: Event) -> int:
    told: int = getattr(event, "ts_exchange_ms", 0)
    return told
