"""The one place that reads the wall clock for market time, and carries what happened to the streams."""

import asyncio
import logging
import time
from datetime import datetime
from typing import Final

import msgspec

from simulator.market_store import SAVE_EVERY_WALL_S
from simulator.server.market_clock import Bend, MarketClock
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import OrderStreams
from simulator.world import CATCH_UP_WALL_S_MAX, World

BEAT_S: Final = 0.05
SLICE_S: Final = 0.25
_BREATH_S: Final = 0.005
_BEND: Final = "clock"
_SCHEDULE: Final = "clock_schedule"

_log = logging.getLogger("simulator.pacemaker")


class Pacemaker:
    """A clock that the controls have bent stays bent over a restart, as long as the schedule is the same."""

    def __init__(
        self, world: World, clock: MarketClock, market_streams: MarketStreams, order_streams: OrderStreams
    ) -> None:
        self._world = world
        self.clock = clock
        self._market_streams = market_streams
        self._order_streams = order_streams
        self._last_wall_s = time.time()
        self._saved_wall_s = self._last_wall_s

    def start(self) -> None:
        if self._world.journal.fact(_SCHEDULE) == self.clock.name:
            self.clock.bend = msgspec.convert(self._world.journal.fact(_BEND), Bend)
            _log.warning("the clock goes on as the controls have left it")
        self._world.start(self.clock.at(time.time()))
        self.tell()

    async def run(self) -> None:
        """Until cancelled. A failure here ends the process: a market that stands still must be seen."""
        while True:
            await self.approach()
            self.tell()
            if self._last_wall_s - self._saved_wall_s > SAVE_EVERY_WALL_S:
                self._saved_wall_s = self._last_wall_s
                self._world.store.save()
            await asyncio.sleep(BEAT_S)

    def beat(self) -> None:
        self.catch_up()
        self.tell()

    async def approach(self) -> None:
        """As `catch_up`, but in slices, each told at once, so that streams and calls are served in between."""
        while (behind_s := time.time() - self._last_wall_s) > SLICE_S and not self._is_too_long(behind_s):
            self._come_to(self._last_wall_s + SLICE_S)
            self.tell()
            await asyncio.sleep(_BREATH_S)
        self.catch_up()

    def catch_up(self) -> None:
        """Bring the market to the present. A long pause is not traded through, except in a recording."""
        self._come_to(time.time())

    def _come_to(self, wall_s: float) -> None:
        moment = self.clock.at(wall_s)
        paused_s = wall_s - self._last_wall_s
        self._last_wall_s = wall_s
        if self._is_too_long(paused_s):
            _log.warning("paused for %.1f s: the market goes on without what would have traded", paused_s)
            self._world.skip_to(moment)
        else:
            self._world.advance(moment)

    def _is_too_long(self, paused_s: float) -> bool:
        return paused_s > CATCH_UP_WALL_S_MAX and self._world.plan.recording is None

    def jump(self, moment: datetime, *, trade_through: bool) -> None:
        """Ahead to `moment`; without trading through, nobody but the customers trades in between.

        Raises ValueError for a moment that the clock cannot go to.
        """
        self.catch_up()
        wall_s = time.time()
        self.clock.jump(moment, wall_s)
        reached = self.clock.at(wall_s)
        if not trade_through and self._world.plan.recording is None:
            self._world.skip_to(reached)
        self._world.advance(reached)
        self._last_wall_s = time.time()
        self.keep_clock()

    def keep_clock(self) -> None:
        """After the clock was bent: durable, and the market has come to what it shows."""
        self._world.journal.put_fact(_BEND, self.clock.bend)
        self._world.journal.put_fact(_SCHEDULE, self.clock.name)
        self.beat()

    def tell(self) -> None:
        """Make durable what has happened, then send it."""
        happened = self._world.settle_up()
        self._order_streams.send(happened.notices)
        self._market_streams.send(happened.messages)
