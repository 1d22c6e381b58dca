"""The market comes to the present in slices: whoever waits for an answer meanwhile is served."""

import asyncio
import itertools
import time

import pytest

from simulator.server.faults import Faults
from simulator.server.market_clock import MarketClock
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import OrderStreams
from simulator.server.pacemaker import SLICE_S, Pacemaker
from simulator.tests.wire_client import SetClock
from simulator.tests.worlds import Hand, at

SPEED = 10.0


class RunningClock(SetClock):
    """Market time by the wall clock, `SPEED` times as fast."""

    speed = SPEED

    def __init__(self) -> None:
        super().__init__(at("11-23 09:30"))
        self.began_s = time.time()

    def at(self, wall_epoch_s):
        return self.moment.fromtimestamp(
            self.moment.timestamp() + (wall_epoch_s - self.began_s) * SPEED, self.moment.tzinfo
        )


@pytest.fixture
def pacemaker(tmp_path):
    world = Hand(tmp_path, "11-23 09:29").world
    streams = MarketStreams(world.feed, Faults), OrderStreams(world.broker, Faults)
    made = Pacemaker(world, MarketClock(RunningClock()), *streams)
    made.start()
    return made


async def moments_seen(pacemaker, approaching):
    """Market times, in ms, that another task sees while the market catches up."""
    world, seen = pacemaker._world, []

    async def look():
        while True:
            seen.append(world.exchange.now_ms)
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    await approaching
    looking.cancel()
    return sorted({*seen, world.exchange.now_ms})


async def test_a_pause_is_made_good_in_slices(pacemaker):
    time.sleep(2.1)
    seen = await moments_seen(pacemaker, pacemaker.approach())
    steps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert sum(steps) >= 2_100 * SPEED * 0.95
    assert len(steps) >= 8
    assert max(steps) <= SLICE_S * SPEED * 1_000 + 1


async def test_a_pause_too_long_to_trade_through_is_skipped_at_once(pacemaker, caplog):
    before = pacemaker._world.exchange.securities["SSI"].totals.trade_count
    pacemaker._last_wall_s -= 12
    pacemaker.clock._schedule.began_s -= 12
    seen = await moments_seen(pacemaker, pacemaker.approach())
    assert len(seen) == 2
    assert seen[1] - seen[0] >= 12_000 * SPEED
    assert "the market goes on without" in caplog.text
    assert pacemaker._world.exchange.securities["SSI"].totals.trade_count == before


async def test_the_slices_trade_what_one_beat_would(tmp_path):
    """The same flow however time is advanced: nothing is lost between two slices."""
    hands = [Hand(tmp_path / name, "11-23 09:30") for name in ("whole", "slices")]
    hands[0].until("11-23 09:31:30")
    for tenth in range(1, 901):
        hands[1].world.advance(at(f"11-23 09:{30 + tenth // 600}:{tenth % 600 / 10:09.6f}"))
    totals = [hand.world.exchange.securities["SSI"].totals for hand in hands]
    assert totals[0] == totals[1]
    assert totals[0].trade_count > 3
