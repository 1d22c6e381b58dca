"""Matches into a second store that somebody else looks at: at least once, in batches, never in anybody's way.

A consumer group of its own: while the store is away, matches wait on the bus as long as the bus keeps them. A point's
time is that of its receipt, one nanosecond later for each message of the same frame, so that separate fills of one
second stay separate and a match that is written twice is one point.
"""

import random
import time
from collections.abc import Sequence

import structlog
from django.conf import settings

from qts.adapters.bus import connect, decode
from qts.adapters.lease import Lease, Slice, slice_of
from qts.adapters.tsdb import LinesRefused, Sink, UnwritableLine, connect_sink, line
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import TickReceived
from qts.domain.ports import Bus, Delivery
from qts.observability.metrics import TICK_SINK_LINES

log = structlog.get_logger(__name__)

NAME = "tick-sink"
LEASE_TTL_S = 6
BATCH_SIZE_MAX = 2_000
BLOCK_MS = 500
BACK_OFF_S_MAX = 30.0
MEASUREMENT = "tick"


def run_sink_slice(*, seconds_max: float = 60) -> None:
    """Returns at once when no sink is named or another worker holds the lease."""
    if not settings.TICK_SINK_URL:
        return
    sink = connect_sink(settings.TICK_SINK_URL, settings.TICK_SINK_TOKEN)
    with slice_of(Lease(settings.REDIS_URL, NAME, LEASE_TTL_S), seconds_max) as turn:
        if not turn.goes_on():
            return
        bus = connect(settings.EVENT_BUS_URL)
        while turn.goes_on():
            take_batch(bus, sink, turn)


def take_batch(bus: Bus, sink: Sink, turn: Slice) -> int:
    """Write what waits; how many points are at the sink. What was not written comes again in the next slice."""
    deliveries = bus.consume([TickReceived.topic], group=NAME, consumer=NAME, count=BATCH_SIZE_MAX, block_ms=BLOCK_MS)
    lines = [written for written in map(_line, deliveries) if written]
    if lines and not _write(sink, lines, turn):
        return 0
    bus.acknowledge(NAME, deliveries)
    return len(lines)


def _write(sink: Sink, lines: Sequence[bytes], turn: Slice) -> bool:
    """False when the slice ended before the sink took them."""
    pause_s = 0.2
    while True:
        try:
            sink.write(lines)
        except TransientError as error:
            log.warning("tick_sink_away", reason=str(error), lines=len(lines), again_s=round(pause_s, 1))
            if not _rest(turn, pause_s * random.uniform(0.5, 1.0)):
                return False
            pause_s = min(BACK_OFF_S_MAX, pause_s * 2)
        except LinesRefused as error:
            return _write_apart(sink, lines, turn, error)
        else:
            TICK_SINK_LINES.labels("written").inc(len(lines))
            return True


def _write_apart(sink: Sink, lines: Sequence[bytes], turn: Slice, error: LinesRefused) -> bool:
    """One line spoils its batch: find it by halves, so that the others arrive."""
    if len(lines) == 1:
        log.error("tick_sink_line_refused", reason=str(error), line=lines[0].decode())
        TICK_SINK_LINES.labels("refused").inc()
        return True
    middle = len(lines) // 2
    return turn.goes_on() and _write(sink, lines[:middle], turn) and _write(sink, lines[middle:], turn)


def _rest(turn: Slice, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while turn.goes_on():
        if (left_s := until - time.monotonic()) <= 0:
            return True
        time.sleep(min(0.2, left_s))
    return False


def _line(delivery: Delivery) -> bytes | None:
    try:
        tick = decode(delivery.topic, delivery.body)
        return point(tick) if isinstance(tick, TickReceived) else None
    except (TerminalError, UnwritableLine) as error:
        log.error("tick_sink_line_refused", reason=str(error), position=delivery.position)  # noqa: TRY400
        TICK_SINK_LINES.labels("refused").inc()
        return None


def point(tick: TickReceived) -> bytes:
    _, _, *part = tick.wal_position.split(":")
    fields: dict[str, int | str] = {
        "price_vnd": tick.price_vnd,
        "quantity": tick.quantity,
        "traded_at_ms": tick.ts_exchange_ms,
        "wal_position": tick.wal_position,
    }
    return line(MEASUREMENT, {"symbol": tick.symbol}, fields, tick.ts_received_ns + (int(part[0]) if part else 0))
