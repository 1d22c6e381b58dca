"""The worker of what QTS keeps: one leased slice for the whole firm, fed by the bus."""

import time

import structlog
from django.conf import settings
from django.db import close_old_connections

from apps.marketdata.selectors import market_now
from apps.orders.services.baskets import finish_baskets
from apps.orders.services.blocks import finish_blocks
from apps.orders.services.conditional_watch import TICK_AGE_S_MAX, ConditionalDesk
from apps.orders.services.slicing import advance_sliced
from qts.adapters.bus import connect, decode
from qts.adapters.lease import Lease, slice_of
from qts.domain.errors import TransientError
from qts.domain.events import TickReceived
from qts.domain.ports import Bus
from qts.observability.crash_points import passing

GROUP = "plans"
CONSUMER = "plans"  # one name for all: the lease allows one at a time, and it takes over what the last one left
SLICE_S = 300.0
LEASE_TTL_S = 6.0
BATCH_MAX = 500
BLOCK_MS = 250
REFRESH_S = 1.0

log = structlog.get_logger(__name__)


def run_plan_slice(*, seconds_max: float = SLICE_S) -> None:
    """Returns at once when another worker holds the lease. Raises TransientError when Valkey is away."""
    with slice_of(Lease(settings.REDIS_URL, "plans", LEASE_TTL_S), seconds_max) as turn:
        if not turn.goes_on():
            return
        bus, desk = connect(settings.EVENT_BUS_URL), ConditionalDesk()
        refreshed_at, had_symbols = 0.0, False
        while turn.goes_on():
            if time.monotonic() - refreshed_at >= REFRESH_S:
                close_old_connections()
                _refresh(desk)
                refreshed_at = time.monotonic()
            if not desk.symbols:
                had_symbols = False
                time.sleep(BLOCK_MS / 1000)
                continue
            if not had_symbols:  # nobody read the matches while nothing was watched
                than_ms = round((time.time() - TICK_AGE_S_MAX) * 1000)
                bus.skip_older(TickReceived.topic, group=GROUP, than_ms=than_ms)
                had_symbols = True
            take_ticks(bus, desk)


def take_ticks(bus: Bus, desk: ConditionalDesk, *, block_ms: int = BLOCK_MS) -> int:
    """Look at the next matches, each in its turn; how many orders they released. Those of symbols that nobody watches
    are not even decoded."""
    deliveries = bus.consume([TickReceived.topic], group=GROUP, consumer=CONSUMER, count=BATCH_MAX, block_ms=block_ms)
    if deliveries:
        passing("match.read")
    released = 0
    for delivery in deliveries:
        if delivery.key in desk.symbols:
            event = decode(delivery.topic, delivery.body)
            if isinstance(event, TickReceived):
                released += desk.on_tick(event, market_now())
    if released:
        passing("match.seen")
    bus.acknowledge(GROUP, deliveries)
    return released


def _refresh(desk: ConditionalDesk) -> None:
    """Without live prices nothing triggers and nothing goes out; the next look is a second away."""
    try:
        desk.refresh(market_now())
        advance_sliced(market_now())
        finish_baskets(market_now())
        finish_blocks(market_now())
    except TransientError as error:
        log.warning("plans.no_live_prices", reason=str(error))
