"""A day as the write-ahead log holds it: its matches, the bars they make and the changes of sessions.

Everything comes from the log alone: neither the bus nor the stored bars are asked, and no clock. A minute is over when
the log's own times have passed it by `GRACE_MS`; a match that comes later makes its bar anew, as the recorder does.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from apps.marketdata.models import Tick
from apps.marketdata.selectors import day_bounds_ms, gaps, market_at, wall_at
from apps.marketdata.services.tick_store import Minute, minute_of
from qts.adapters.ssi.batch import Batch
from qts.adapters.wal import Damage, WalPositionGone, WalReader
from qts.adapters.wal.log import segments
from qts.domain.errors import Said, TerminalError
from qts.domain.events import BarClosed, Event, SessionChanged, TickReceived
from qts.domain.market import MINUTE_MS, BarBuilder, to_vietnam
from qts.domain.values import InstrumentKind

GRACE_MS: Final = 2_000
PROGRESS_EVERY: Final = 5_000
_FIRST_RECORD: Final = 8  # bytes of a segment's magic
_NS: Final = 1_000_000_000

Progress = Callable[[int, int], None]  # frames read, matches found


class DayNotRecorded(TerminalError):
    """The log holds nothing of that day, or not all of it any more."""


@dataclass(slots=True)
class RecordedDay:
    """Of some symbols, each list in the order of the log; `late` are the bars that were made anew after their minute
    was over. `gaps` are stretches in which messages may be missing: from and to in market time, and why."""

    day: date
    bars: list[BarClosed] = field(default_factory=list)
    late: set[Minute] = field(default_factory=set)
    ticks: list[TickReceived] = field(default_factory=list)
    sessions: list[SessionChanged] = field(default_factory=list)
    gaps: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    last_ms: int = 0  # the newest moment that the log tells of


def read_day(
    directory: Path,
    day: date,
    symbols: Collection[str],
    *,
    instruments: Mapping[str, InstrumentKind],
    progress: Progress | None = None,
) -> RecordedDay:
    """Raises DayNotRecorded, with what to do."""
    maker, frames, is_any = _DayMaker(day, frozenset(symbols)), 0, False
    reader, start = WalReader(directory), _begins_in(day, directory)
    try:
        batch = Batch(0)
        for record in reader.replay(start, on_damage=maker.damaged):
            frames += 1
            batch.take(record.payload, record.received_ns, record.position, instruments)
            for event in batch.events:
                is_any |= maker.take(event, record.received_ns)
            batch.events.clear()
            if progress is not None and frames % PROGRESS_EVERY == 0:
                progress(frames, len(maker.found.ticks))
    except WalPositionGone as error:
        raise DayNotRecorded(Said("the log of {day} is not kept any more: {error}", day=day, error=error)) from error
    if not is_any:
        raise DayNotRecorded(
            Said(
                "the log in {directory} holds nothing of {day}; is WAL_DIR the one of that day?",
                directory=directory,
                day=day,
            )
        )
    maker.end()
    if progress is not None:
        progress(frames, len(maker.found.ticks))
    return maker.found


class _DayMaker:
    def __init__(self, day: date, symbols: frozenset[str]) -> None:
        self.found = RecordedDay(day)
        self._first_ms, self._last_ms = day_bounds_ms(day)
        self._symbols = symbols
        self._builder = BarBuilder()
        self._ticks: dict[Minute, list[TickReceived]] = {}
        self._closed_ms: dict[str, int] = {}
        self._open_ms: dict[str, int] = {}
        self._now_ms = 0
        self._received_ns = 0
        self.found.gaps.extend(_stored_gaps(day))

    def take(self, event: Event, received_ns: int) -> bool:
        """Whether it is of the day."""
        ts_ms = getattr(event, "ts_exchange_ms", 0)
        if not self._first_ms <= ts_ms <= self._last_ms:
            return False
        self._received_ns = received_ns
        if ts_ms > self._now_ms:
            self._now_ms = ts_ms
            self._close(ts_ms - GRACE_MS)
        if isinstance(event, SessionChanged):
            self.found.sessions.append(event)
        elif isinstance(event, TickReceived) and event.symbol in self._symbols:
            self._match(event)
        return True

    def end(self) -> None:
        self.found.last_ms = self._now_ms
        self._close(self._last_ms)

    def damaged(self, damage: Damage) -> None:
        at = market_at(self._received_ns / _NS)
        self.found.gaps.append((at, at, str(damage)))

    def _match(self, tick: TickReceived) -> None:
        self.found.ticks.append(tick)
        symbol, starts_ms = minute = minute_of(tick)
        self._ticks.setdefault(minute, []).append(tick)
        if starts_ms <= self._closed_ms.get(symbol, -1) or starts_ms < self._open_ms.get(symbol, 0):
            self.found.late.add(minute)
            self.found.bars.append(self._again(minute))
            return
        if closed := self._builder.add(tick):
            self._noted(closed)
        self._open_ms[symbol] = starts_ms

    def _again(self, minute: Minute) -> BarClosed:
        builder = BarBuilder()
        for tick in self._ticks[minute]:
            builder.add(tick)
        return builder.close_until(minute[1] + MINUTE_MS)[0]

    def _close(self, until_ms: int) -> None:
        for bar in self._builder.close_until(until_ms):
            self._noted(bar)

    def _noted(self, bar: BarClosed) -> None:
        self._open_ms.pop(bar.symbol, None)
        self._closed_ms[bar.symbol] = bar.ts_start_ms
        self.found.bars.append(bar)


def _begins_in(day: date, directory: Path) -> str | None:
    """Where to begin to read: the segment before that of the day's first stored match, if it is kept, since the
    sessions before it may be there; None, the oldest that is kept, where no match of the day is stored."""
    rows = Tick.objects.filter(trading_day=day).order_by("wal_segment", "wal_offset")
    segment = rows.values_list("wal_segment", flat=True).first()
    if segment is None:
        return None
    return f"{segment - 1 if segment - 1 in segments(directory) else segment}:{_FIRST_RECORD}"


def _stored_gaps(day: date) -> list[tuple[datetime, datetime, str]]:
    """Those that touch the day; they are stored in wall time."""
    first_ms, _ = day_bounds_ms(day)
    since = datetime.fromtimestamp(wall_at(datetime.fromtimestamp(first_ms / 1_000, tz=UTC)), tz=UTC)
    return [
        (market_at(one.from_at.timestamp()), ends_at, one.reason)
        for one in gaps(since=since)
        if to_vietnam(ends_at := market_at(one.to_at.timestamp())).date() == day
    ]
