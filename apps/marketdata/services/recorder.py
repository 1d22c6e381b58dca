"""The recorder: matches from the bus into the tick table, and their minutes into bars.

Bars are always what the stored ticks add up to, whatever was killed when:
- a tick counts exactly when its row was new, so one that the bus or the log gives twice changes nothing;
- its row, the bars that it closed or corrected and the checkpoint are one transaction; only then it is acknowledged;
- a new recorder reads the ticks of the minutes still open back from the table;
- the checkpoint carries the epoch of the lease: a recorder that overslept its lease writes nothing more;
- a bar is marked once the bus has it, and what is not marked is published again.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.marketdata.locks import lock_checkpoint
from apps.marketdata.models import IngestCheckpoint
from apps.marketdata.selectors import market_now, recorded_wal_position
from apps.marketdata.services.bar_store import (
    announce_again,
    announce_bars,
    last_starts_ms,
    not_filled,
    rebuilt_bars,
    store_bars,
)
from apps.marketdata.services.dead_letters import store_dead_letters
from apps.marketdata.services.gap_store import store_gaps
from apps.marketdata.services.log_recovery import ticks_logged_since
from apps.marketdata.services.partitions import days_ahead, ensure_tick_partitions
from apps.marketdata.services.references import capture_references
from apps.marketdata.services.tick_store import Minute, minute_of, moment, store_ticks, ticks_since, trading_day_of
from qts.adapters import bus as event_bus
from qts.adapters.lease import Lease, Slice, slice_of
from qts.adapters.redis_client import redis_client, transient_errors
from qts.domain.errors import TransientError
from qts.domain.events import BarClosed, Event, GapDetected, MessageDeadLettered, TickReceived
from qts.domain.market import MINUTE_MS, BarBuilder, to_vietnam
from qts.domain.ports import Bus

log = structlog.get_logger(__name__)

NAME = "recorder"  # of its lease, bus group, consumer and checkpoint: one consumer, so a successor gets what is pending
TOPICS = (TickReceived.topic, MessageDeadLettered.topic, GapDetected.topic)
LEASE_TTL_S = 6
BATCH_SIZE_MAX = 2_000
BLOCK_MS = 100
AWAY_S = 5.0  # one that reads more often is not overtaken by the end of what the bus keeps
GRACE_S = 0.5  # of the wall clock, for ticks under way when their minute ends
REFERENCES_EVERY_S = 15
KNOWN_KEY = "qts:ingest:recorder"
ANNOUNCED_AGAIN = timedelta(minutes=15)  # of the market's time; who reads bars has seen older ones or is late for them
TICK_DAYS_BACK_MAX = 15  # the longest closure is Lunar New Year; an older or a future day is no match of ours


class LeaseLost(TransientError):
    """Another recorder has taken over; nothing of this batch was written."""


def run_recorder_slice(*, seconds_max: float = 60) -> None:
    """Record for `seconds_max` at most, or until the lease is lost."""
    with slice_of(Lease(settings.REDIS_URL, NAME, LEASE_TTL_S), seconds_max) as turn:
        if not turn.goes_on() or turn.epoch is None:
            return
        bus = event_bus.connect(settings.EVENT_BUS_URL)
        if _is_bus_emptied():
            announce_again(since=market_now() - ANNOUNCED_AGAIN)
        recorder = Recorder(bus, epoch=turn.epoch, now=market_now())
        past = PastMarketTime(market_now, GRACE_S)
        capture_at = read_at = 0.0
        is_caught_up = False
        while turn.goes_on():
            if not is_caught_up or time.monotonic() - read_at > AWAY_S:
                _fetch_what_the_bus_lost(bus, recorder, turn)
            read_at = time.monotonic()
            deliveries = bus.consume(TOPICS, group=NAME, consumer=NAME, count=BATCH_SIZE_MAX, block_ms=BLOCK_MS)
            is_caught_up = len(deliveries) < BATCH_SIZE_MAX
            minutes_over_at = past.now() if is_caught_up else None
            recorder.take(
                [event_bus.decode(one.topic, one.body) for one in deliveries], minutes_over_at=minutes_over_at
            )
            bus.acknowledge(NAME, deliveries)
            if time.monotonic() >= capture_at:
                capture_references()
                capture_at = time.monotonic() + REFERENCES_EVERY_S


def _fetch_what_the_bus_lost(bus: Bus, recorder: "Recorder", turn: Slice) -> None:
    """From the log, before anything of the bus is taken: a run that ends too soon for all of it leaves the rest, from
    the checkpoint on, to the next one."""
    if not bus.has_lost(TickReceived.topic, group=NAME):
        return
    since = recorded_wal_position()
    log.warning("bus_lost_matches", recorded_until=since)
    for ticks in ticks_logged_since(since):
        recorder.take(ticks, minutes_over_at=None)
        if not turn.goes_on():
            raise LeaseLost("the turn ended while matches were fetched from the log")


def _is_bus_emptied() -> bool:
    """Whether Valkey is another one than at the last slice: bars that were on the bus may not have been read."""
    with transient_errors():
        return bool(redis_client(settings.REDIS_URL).set(KNOWN_KEY, NAME, nx=True))


class PastMarketTime:
    """What the market clock showed `seconds` of wall time ago, at any speed of the market clock."""

    def __init__(self, clock: Callable[[], datetime], seconds: float, monotonic: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._seconds = seconds
        self._monotonic = monotonic
        self._seen: deque[tuple[float, datetime]] = deque()

    def now(self) -> datetime | None:
        """None until it has been asked for that long."""
        wall_s = self._monotonic()
        self._seen.append((wall_s, self._clock()))
        while len(self._seen) > 1 and self._seen[1][0] <= wall_s - self._seconds:
            self._seen.popleft()
        oldest_s, shown = self._seen[0]
        return shown if oldest_s <= wall_s - self._seconds else None


class Recorder:
    """The state of one run: the minutes that are still open. An exception makes the object worthless: begin anew."""

    def __init__(self, bus: Bus, *, epoch: int, now: datetime) -> None:
        self._bus = bus
        self._epoch = epoch
        self._builder = BarBuilder()
        self._open_ms: dict[str, int] = {}  # start of the minute being built, by symbol
        self._closed_ms: dict[str, int] = {}  # start of the newest bar, by symbol; -1 when there is none
        self._today = to_vietnam(now).date()
        self._partitioned = set(days_ahead(self._today))
        ensure_tick_partitions(self._partitioned)
        self._closed_until = self._take_fence(now)
        self._resume()

    def take(self, events: Sequence[Event], *, minutes_over_at: datetime | None) -> None:
        """Store a batch; with `minutes_over_at` also close every minute that had ended by then.

        Raises LeaseLost when a later recorder has begun.
        """
        over_ms = None if minutes_over_at is None else int(minutes_over_at.timestamp() * 1000)
        if not events and not self._is_bar_due(over_ms):
            return
        with transaction.atomic():
            ticks = self._possible([event for event in events if isinstance(event, TickReceived)])
            bars = self._bars_of(store_ticks(ticks)) if ticks else []
            if over_ms is not None:
                bars += self._noted(self._builder.close_until(over_ms))
            store_bars(bars)
            store_dead_letters(event for event in events if isinstance(event, MessageDeadLettered))
            store_gaps([event for event in events if isinstance(event, GapDetected)])
            self._save_checkpoint(ticks, minutes_over_at)
        if bars:
            announce_bars(self._bus)

    def _take_fence(self, now: datetime) -> datetime:
        with transaction.atomic():
            row = lock_checkpoint(NAME, now=now)
            if row.epoch > self._epoch:
                raise LeaseLost(f"recorder {row.epoch} has begun after this one, {self._epoch}")
            row.epoch = self._epoch
            row.save(update_fields=["epoch"])
        return row.closed_until or now

    def _resume(self) -> None:
        """Publish what a killed predecessor had only stored, and rebuild the open minutes."""
        announce_bars(self._bus)
        ticks = ticks_since(self._closed_until)
        self._look_up_closed(ticks)
        for tick in ticks:
            symbol, starts_ms = minute_of(tick)
            if starts_ms > self._closed_ms[symbol]:
                self._builder.add(tick)
                self._open_ms[symbol] = starts_ms

    def _is_bar_due(self, over_ms: int | None) -> bool:
        return over_ms is not None and any(start + MINUTE_MS <= over_ms for start in self._open_ms.values())

    def _possible(self, ticks: Sequence[TickReceived]) -> list[TickReceived]:
        """Ticks of days that the market can mean, with partitions for them; the others become dead letters."""
        oldest, newest = self._today - timedelta(days=TICK_DAYS_BACK_MAX), max(self._partitioned)
        possible, refused, days = [], [], set()
        for tick in ticks:
            day = trading_day_of(tick)
            if oldest <= day <= newest:
                possible.append(tick)
                days.add(day)
            else:
                refused.append(_impossible(tick))
        store_dead_letters(refused)
        if missing := days - self._partitioned:
            ensure_tick_partitions(missing)
            self._partitioned |= missing
        return possible

    def _bars_of(self, fresh: Sequence[TickReceived]) -> list[BarClosed]:
        """The bars that these new rows closed, and those that they corrected."""
        self._look_up_closed(fresh)
        bars: list[BarClosed] = []
        late: set[Minute] = set()
        for tick in fresh:
            symbol, starts_ms = minute = minute_of(tick)
            if starts_ms <= self._closed_ms[symbol] or starts_ms < self._open_ms.get(symbol, 0):
                late.add(minute)
                continue
            if closed := self._builder.add(tick):
                self._noted([closed])
                bars.append(closed)
            self._open_ms[symbol] = starts_ms
        if late := not_filled(late):
            log.warning("ticks_after_their_bar", minutes=len(late))
            bars += rebuilt_bars(late)
        return bars

    def _look_up_closed(self, ticks: Sequence[TickReceived]) -> None:
        """One query for the symbols that this run has not met before."""
        if strange := {tick.symbol for tick in ticks} - self._closed_ms.keys():
            since = moment(min(tick.ts_exchange_ms for tick in ticks)) - timedelta(minutes=1)
            self._closed_ms |= dict.fromkeys(strange, -1) | last_starts_ms(strange, since=since)

    def _noted(self, closed: list[BarClosed]) -> list[BarClosed]:
        for bar in closed:
            self._open_ms.pop(bar.symbol, None)
            self._closed_ms[bar.symbol] = bar.ts_start_ms
        return closed

    def _save_checkpoint(self, ticks: Sequence[TickReceived], minutes_over_at: datetime | None) -> None:
        """Every stored tick before `closed_until` is inside a stored bar."""
        if self._open_ms:
            self._closed_until = moment(min(self._open_ms.values()))
        elif minutes_over_at is not None:
            self._closed_until = minutes_over_at
        changes: dict[str, object] = {"closed_until": self._closed_until, "updated_at": timezone.now()}
        if ticks:
            changes["wal_position"] = ticks[-1].wal_position
        if not IngestCheckpoint.objects.filter(name=NAME, epoch=self._epoch).update(**changes):
            raise LeaseLost(f"recorder {self._epoch} has been replaced")


def _impossible(tick: TickReceived) -> MessageDeadLettered:
    return MessageDeadLettered(
        raw=repr(tick),
        reason=f"a match of {trading_day_of(tick)}, which the market cannot mean now",
        ts_received_ns=tick.ts_received_ns,
        wal_position=tick.wal_position,
    )
