"""The signals worker: closed bars and ticks in, indicators kept, strategies asked, decisions made.

One leased slice. A message is acknowledged after its decisions are recorded, so a killed worker's successor sees it
again; a decision's id is derived from the event, so seeing it again changes nothing.
"""

import os
import time
from collections.abc import Sequence

from django.conf import settings
from django.db import close_old_connections

from apps.analytics.services import IndicatorEngine, PatternDesk, record_indicators
from apps.marketdata.selectors import market_now
from apps.strategies.services.desk import StrategyDesk, oldest_signal_ms
from apps.strategies.services.losses import stop_what_loses
from qts.adapters.bus import connect, decode
from qts.adapters.lease import Lease, slice_of
from qts.domain.events import BarClosed, IndicatorCalculated, OrderFilled, SessionChanged, TickReceived
from qts.domain.ports import Bus, Delivery
from qts.quant.indicators import load_library

GROUP = "signals"
CONSUMER = "signals"  # one name for all: the lease allows one at a time, and it takes over what the last one left
# As long as the market stream's: every hand-over starts all strategies' processes and warms all indicators anew.
SLICE_S = 12 * 3_600.0
LEASE_TTL_S = 6.0
BATCH_MAX = 500
BLOCK_MS = 500
REFRESH_S = 1.0
NICENESS = 5  # where processors are short, orders go out, are taken back and are stopped before strategies think


def run_signals_slice(*, seconds_max: float = SLICE_S) -> None:
    """Returns at once when another worker holds the lease. Raises TransientError when Valkey is away."""
    _stand_back()
    load_library()  # before the lease: on a busy machine it takes longer than the lease lasts
    lease = Lease(settings.REDIS_URL, "signals", LEASE_TTL_S)
    with slice_of(lease, seconds_max) as turn:
        if not turn.goes_on():
            return
        bus, patterns = connect(settings.EVENT_BUS_URL), PatternDesk()
        with StrategyDesk(IndicatorEngine()) as desk:
            refreshed_at, had = 0.0, {BarClosed.topic}
            while turn.goes_on():
                if time.monotonic() - refreshed_at >= REFRESH_S:
                    close_old_connections()
                    desk.refresh()
                    stop_what_loses(market_now())
                    refreshed_at = time.monotonic()
                desk.on_clock(market_now())
                wanted = _wanted_topics(desk)
                for topic in wanted - had:  # nobody read it while no strategy wanted any
                    bus.skip_older(topic, group=GROUP, than_ms=oldest_signal_ms())
                had = wanted
                _take_batch(bus, desk, sorted(wanted), block_ms=0 if patterns.is_behind else BLOCK_MS)
                patterns.turn(bus)  # after the strategies: nobody waits for it


def _stand_back() -> None:
    """This thread and the processes that it starts; on Linux each thread has a niceness of its own."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def _wanted_topics(desk: StrategyDesk) -> set[str]:
    asked = {
        BarClosed.topic: True,
        TickReceived.topic: desk.wants_ticks,
        OrderFilled.topic: desk.wants_fills,
        SessionChanged.topic: desk.wants_sessions,
    }
    return {topic for topic, is_wanted in asked.items() if is_wanted}


def _take_batch(bus: Bus, desk: StrategyDesk, topics: Sequence[str], *, block_ms: int) -> None:
    deliveries = bus.consume(topics, group=GROUP, consumer=CONSUMER, count=BATCH_MAX, block_ms=block_ms)
    if not deliveries:
        return
    calculated = handle(deliveries, desk)
    if calculated:
        record_indicators(calculated, bus=bus)
    bus.acknowledge(GROUP, deliveries)


def handle(deliveries: Sequence[Delivery], desk: StrategyDesk) -> list[IndicatorCalculated]:
    """Ask the strategies about each event in order; returns the indicator values that the bars gave."""
    calculated = []
    desk.begin_batch()
    for delivery in deliveries:
        event = decode(delivery.topic, delivery.body)
        if isinstance(event, BarClosed):
            calculated.append(desk.on_bar(event))
        elif isinstance(event, TickReceived):
            desk.on_tick(event)
        elif isinstance(event, OrderFilled):
            desk.on_fill(event)
        elif isinstance(event, SessionChanged):
            desk.on_session(event)
    return calculated
