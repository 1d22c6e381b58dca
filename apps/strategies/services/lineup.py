"""In which order the live desk tells what happens: the order of a backtest, whatever the order of arrival.

Bars of one minute come from the recorder when they close: a busy symbol's with its next match, a quiet one's by the
clock. A strategy of several symbols, or one that goes by timers or sessions, would see another order than a backtest
and another one each day. So what it is told waits until every bar that ended by then is in, and is told

- by the moment at which it is over: a bar at its minute's end, a session or a timer at its own time;
- at one moment bars before sessions before timers; bars by symbol, sessions by exchange.

Matches, fills, and bars that only strategies of one symbol look at are told as they come. Nobody waits longer than
`PATIENCE_S`: when the recorder is slower than that, what is there is told, and what comes later is told when it comes.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import structlog

from apps.marketdata import selectors as marketdata
from apps.strategies.services.desk import StrategyDesk
from qts.adapters.bus import decode
from qts.domain.events import BarClosed, Event, SessionChanged
from qts.domain.market import MINUTE_MS, moment_of, ms_of
from qts.domain.ports import Delivery

log = structlog.get_logger(__name__)

PATIENCE_S = 3.0  # wall clock
LOOK_EVERY_S = 0.02


class Place(NamedTuple):
    """Where something stands in the order."""

    ts_ms: int
    kind: int  # bars, then sessions; timers are told when both are
    name: str


@dataclass(frozen=True, slots=True)
class Told:
    """One message with what it says; without a place it does not wait."""

    delivery: Delivery
    event: Event
    place: Place | None = None


def place_of(event: Event) -> Place | None:
    """None for what is told as it comes."""
    if isinstance(event, BarClosed):
        return Place(event.ts_start_ms + MINUTE_MS, 0, event.symbol)
    if isinstance(event, SessionChanged):
        return Place(event.ts_exchange_ms, 1, event.exchange)
    return None


class Lineup:
    """One run's. `complete_until` says until when every bar is on the bus: it is asked before the bus is read, and its
    answer holds once a reading has brought no bar more."""

    def __init__(
        self,
        complete_until: Callable[[], datetime | None] = marketdata.bars_complete_until,
        market_at: Callable[[float], datetime] = marketdata.market_at,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._complete_until, self._market_at, self._wall_clock = complete_until, market_at, wall_clock
        self._waiting: list[Told] = []
        self._looked_s = 0.0
        self._said_ms = 0
        self.until_ms = 0  # everything before has been told

    @property
    def is_waiting(self) -> bool:
        return bool(self._waiting)

    def look(self, *, has_timers: bool) -> None:
        """Before the bus is read; two queries, where a bar waits or a timer may."""
        now_s = self._wall_clock()
        may_wait = has_timers and ms_of(self._market_at(now_s)) - self.until_ms >= MINUTE_MS
        if (self._waiting or may_wait) and abs(now_s - self._looked_s) >= LOOK_EVERY_S:
            self._looked_s = now_s
            found = self._complete_until()
            self._said_ms = max(self._said_ms, ms_of(found) if found else 0)

    def take(self, deliveries: Sequence[Delivery], goes_in_order: Callable[[str], bool]) -> list[Told]:
        """What is to be told now, in its order."""
        came = [Told(one, decode(one.topic, one.body)) for one in deliveries]
        told = []
        for one in came:
            place = place_of(one.event)
            if place is None or (isinstance(one.event, BarClosed) and not goes_in_order(one.event.symbol)):
                told.append(one)
            else:
                self._waiting.append(Told(one.delivery, one.event, place))
        if not any(isinstance(one.event, BarClosed) for one in came):
            self.until_ms = max(self.until_ms, self._said_ms)
        self._lose_patience()
        told += sorted((one for one in self._waiting if _due(one, self.until_ms)), key=_in_order)
        self._waiting = [one for one in self._waiting if not _due(one, self.until_ms)]
        return told

    def _lose_patience(self) -> None:
        long_over_ms = ms_of(self._market_at(self._wall_clock() - PATIENCE_S))
        if long_over_ms > self.until_ms:
            if late := sum(_due(one, long_over_ms) for one in self._waiting):
                log.info("bars_not_waited_for", waiting=late, complete_until_ms=self._said_ms)
            self.until_ms = long_over_ms


def tell_in_order(told: Sequence[Told], desk: StrategyDesk, until_ms: int, tell: Callable[[Event], None]) -> None:
    """Each of them; timers that come before one of them first, those up to `until_ms` at the end."""
    reached_ms = 0
    for one in told:
        if one.place is not None and one.place.ts_ms > reached_ms:
            reached_ms = one.place.ts_ms
            desk.on_clock(moment_of(reached_ms - 1))
        tell(one.event)
    if until_ms:
        desk.on_clock(moment_of(until_ms))


def _due(one: Told, until_ms: int) -> bool:
    return one.place is not None and one.place.ts_ms <= until_ms


def _in_order(one: Told) -> Place:
    return one.place or Place(0, 0, "")
