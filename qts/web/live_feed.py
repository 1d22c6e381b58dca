"""One tail of the bus per web process, shared by all its WebSockets.

A message costs one read and one decode per process, however many browsers look at it.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import structlog
from django.conf import settings

from qts.adapters.bus import connect_tail, decode
from qts.adapters.bus.tail import AsyncTail, Tail
from qts.domain.errors import TerminalError
from qts.domain.events import REGISTRY, Event
from qts.domain.ports import Delivery

READY_S_MAX = 2.0
Listener = Callable[[Event], None]
log = structlog.get_logger(__name__)


def live_tail() -> Tail:
    return connect_tail(settings.EVENT_BUS_URL, sorted(REGISTRY))


class LiveFeed:
    """Runs while anybody listens. Listeners are called in the event loop and must not block."""

    def __init__(self, tail: Callable[[], Tail] = live_tail) -> None:
        self._make_tail = tail
        self._tail: Tail | None = None
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._keyed: dict[tuple[str, str], set[Listener]] = {}
        self._task: asyncio.Task[None] | None = None

    def attach(self, topics: Iterable[str], listener: Listener, keys: Iterable[str] | None = None) -> None:
        """To all events of the topics, or to those of some keys (symbols, accounts) only."""
        for topic in topics:
            if keys is None:
                self._listeners[topic].add(listener)
            else:
                for key in keys:
                    self._keyed.setdefault((topic, key), set()).add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def detach(self, topics: Iterable[str], listener: Listener, keys: Iterable[str] | None = None) -> None:
        for topic in topics:
            if keys is None:
                self._listeners[topic].discard(listener)
            else:
                for key in keys:
                    self._detach_key((topic, key), listener)

    def _detach_key(self, place: tuple[str, str], listener: Listener) -> None:
        """A key without listeners leaves nothing behind, and its events are not even decoded."""
        listeners = self._keyed.get(place, set())
        listeners.discard(listener)
        if not listeners:
            self._keyed.pop(place, None)

    async def ready(self, seconds_max: float = READY_S_MAX) -> None:
        """Until the tail has found its place, so that a snapshot taken now misses nothing that comes; at most so long,
        for without the bus there is nothing to miss."""
        until = asyncio.get_running_loop().time() + seconds_max
        while not (self._tail and self._tail.connected) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.005)

    async def rest(self) -> None:
        """Stop reading when nobody listens any more."""
        task = self._task
        if task is None or self._keyed or any(self._listeners.values()):
            return
        self._task = None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        self._tail = self._make_tail()
        async for batch in self._tail:
            for delivery in batch:
                self._hand_out(delivery)

    def _hand_out(self, delivery: Delivery) -> None:
        to_all = self._listeners.get(delivery.topic) or ()
        to_some = self._keyed.get((delivery.topic, delivery.key)) or ()
        if not to_all and not to_some:
            return
        try:
            event = decode(delivery.topic, delivery.body)
        except (ValueError, TerminalError):
            log.exception("live_event_unreadable", topic=delivery.topic, position=delivery.position)
            return
        for listener in (*to_all, *to_some):
            try:
                listener(event)
            except Exception:  # one page's mistake must not silence the others
                log.exception("live_listener_failed", topic=delivery.topic)


_feeds: dict[asyncio.AbstractEventLoop, LiveFeed] = {}


def live_feed() -> LiveFeed:
    """The live market's feed of the running event loop."""
    loop = asyncio.get_running_loop()
    for closed in [known for known in _feeds if known.is_closed()]:
        del _feeds[closed]
    return _feeds.setdefault(loop, LiveFeed())


def feed_below(prefix: str, topics: Sequence[str]) -> LiveFeed:
    """A feed of another market: its topics stand in Redis with that prefix before their names."""
    return LiveFeed(lambda: AsyncTail(settings.REDIS_URL, topics, prefix=prefix))
