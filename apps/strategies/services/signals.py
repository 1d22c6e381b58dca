"""The signals worker: closed bars and ticks in, indicators kept, strategies asked, decisions made.

One leased slice. In which order they are told is `lineup`'s. A message is acknowledged after its decisions are
recorded, so a killed worker's successor sees it again; a decision's id is derived from the event, so seeing it again
changes nothing.
"""

import os
import time
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import close_old_connections

from apps.analytics.services import IndicatorEngine, PatternDesk, record_indicators
from apps.marketdata.selectors import market_now
from apps.strategies.services.desk import StrategyDesk, oldest_signal_ms
from apps.strategies.services.lineup import Lineup, Told, tell_in_order
from apps.strategies.services.losses import stop_what_loses
from apps.strategies.services.staff import Staff
from qts.adapters.bus import connect
from qts.adapters.lease import Lease, slice_of
from qts.domain.events import (
    BarClosed,
    Event,
    GapDetected,
    IndicatorCalculated,
    OrderBookUpdated,
    OrderFilled,
    PredictionGenerated,
    SentimentGenerated,
    SessionChanged,
    SignalGenerated,
    TickReceived,
)
from qts.domain.ports import Bus, Delivery
from qts.quant.indicators import load_library

GROUP = "signals"
CONSUMER = "signals"  # one name for all: the lease allows one at a time, and it takes over what the last one left
# As long as the market stream's: every hand-over starts all strategies' processes and warms all indicators anew.
SLICE_S = 12 * 3_600.0
LEASE = "signals"
LEASE_TTL_S = 6.0
BATCH_MAX = 500
BLOCK_MS = 500
BOOK_BATCHES_MAX = 20  # of those that wait already: who is slow is told the latest books, not each
WAITING_BLOCK_MS = 50  # while bars wait for those of the same minute
REFRESH_S = 1.0
NICENESS = 5  # where processors are short, orders go out, are taken back and are stopped before strategies think


def run_signals_slice(*, seconds_max: float = SLICE_S) -> None:
    """Returns at once when another worker holds the lease. Raises TransientError when Valkey is away."""
    _stand_back()
    load_library()  # before the lease: on a busy machine it takes longer than the lease lasts
    lease = Lease(settings.REDIS_URL, LEASE, LEASE_TTL_S)
    with slice_of(lease, seconds_max) as turn:
        if not turn.goes_on():
            return
        bus, patterns, lineup = connect(settings.EVENT_BUS_URL), PatternDesk(), Lineup()
        with StrategyDesk(IndicatorEngine(), Staff(turn.goes_on)) as desk:
            refreshed_at, had = 0.0, {BarClosed.topic, GapDetected.topic}
            while turn.goes_on():
                if time.monotonic() - refreshed_at >= REFRESH_S:
                    close_old_connections()
                    desk.refresh()
                    stop_what_loses(market_now())
                    refreshed_at = time.monotonic()
                wanted = _wanted_topics(desk)
                for topic in wanted - had:  # nobody read it while no strategy wanted any
                    bus.skip_older(topic, group=GROUP, than_ms=oldest_signal_ms())
                had = wanted
                block_ms = 0 if patterns.is_behind else WAITING_BLOCK_MS if lineup.is_waiting else BLOCK_MS
                _take_batch(bus, desk, lineup, sorted(wanted), block_ms=block_ms, goes_on=turn.goes_on)
                patterns.turn(bus)  # after the strategies: nobody waits for it


def _stand_back() -> None:
    """This thread and the processes that it starts; on Linux each thread has a niceness of its own."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def _wanted_topics(desk: StrategyDesk) -> set[str]:
    asked = {
        BarClosed.topic: True,
        GapDetected.topic: True,
        PredictionGenerated.topic: True,
        SentimentGenerated.topic: True,
        OrderBookUpdated.topic: desk.wants_book,
        TickReceived.topic: desk.wants_ticks,
        OrderFilled.topic: desk.wants_fills,
        SessionChanged.topic: desk.wants_sessions,
    }
    return {topic for topic, is_wanted in asked.items() if is_wanted}


def _take_batch(
    bus: Bus,
    desk: StrategyDesk,
    lineup: Lineup,
    topics: Sequence[str],
    *,
    block_ms: int,
    goes_on: Callable[[], bool],
) -> None:
    lineup.look(has_timers=desk.wants_timers)
    deliveries = bus.consume(topics, group=GROUP, consumer=CONSUMER, count=BATCH_MAX, block_ms=block_ms)
    deliveries = [*deliveries, *_waiting_books(bus, deliveries)]
    told = lineup.take(deliveries, desk.goes_in_order)
    calculated = handle(told, desk, lineup.until_ms, goes_on)
    if calculated:
        record_indicators(calculated, bus=bus)
    if told:
        bus.acknowledge(GROUP, [one.delivery for one in told])


def _waiting_books(bus: Bus, deliveries: Sequence[Delivery]) -> list[Delivery]:
    found: list[Delivery] = []
    count = sum(one.topic == OrderBookUpdated.topic for one in deliveries)
    for _ in range(BOOK_BATCHES_MAX):
        if count < BATCH_MAX:
            break
        more = bus.consume([OrderBookUpdated.topic], group=GROUP, consumer=CONSUMER, count=BATCH_MAX, block_ms=0)
        found += more
        count = len(more)
    return found


def _worth_telling(told: Sequence[Told]) -> list[Told]:
    """What others have published and gaps come before anybody is asked; of a symbol's books only the last is told."""
    last_book = {one.event.symbol: one for one in told if isinstance(one.event, OrderBookUpdated)}
    kept = [one for one in told if not isinstance(one.event, OrderBookUpdated) or last_book[one.event.symbol] is one]
    return sorted(kept, key=lambda one: not isinstance(one.event, SignalGenerated | GapDetected))


def handle(
    told: Sequence[Told], desk: StrategyDesk, until_ms: int = 0, goes_on: Callable[[], bool] = lambda: True
) -> list[IndicatorCalculated]:
    """Ask the strategies about each event in order, and at the timers that come before `until_ms`; returns the
    indicator values that the bars gave. `goes_on` renews the lease: after a start each symbol's indicators are warmed,
    which takes longer than the lease lasts. Where it is lost all the same, the successor's decisions are the same ones.
    """
    calculated: list[IndicatorCalculated] = []
    desk.begin_batch()

    def tell(event: Event) -> None:
        goes_on()
        if isinstance(event, BarClosed):
            calculated.append(desk.on_bar(event))
        elif isinstance(event, TickReceived):
            desk.on_tick(event)
        elif isinstance(event, OrderBookUpdated):
            desk.on_book(event)
        elif isinstance(event, SignalGenerated):
            desk.on_signal(event)
        elif isinstance(event, GapDetected):
            desk.on_gap(event)
        elif isinstance(event, OrderFilled):
            desk.on_fill(event)
        elif isinstance(event, SessionChanged):
            desk.on_session(event)

    tell_in_order(_worth_telling(told), desk, until_ms, tell)
    desk.end_batch()
    return calculated
