"""One tail of the bus per web process, shared by all its WebSockets.

A message costs one read and one decode per process, however many browsers look at it.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable

import structlog
from django.conf import settings

from qts.adapters.bus import AsyncTail, decode
from qts.domain.errors import TerminalError
from qts.domain.events import REGISTRY, Event
from qts.domain.ports import Delivery

Listener = Callable[[Event], None]
log = structlog.get_logger(__name__)


class LiveFeed:
    """Runs while anybody listens. Listeners are called in the event loop and must not block."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    def attach(self, topics: Iterable[str], listener: Listener) -> None:
        for topic in topics:
            self._listeners[topic].add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def detach(self, topics: Iterable[str], listener: Listener) -> None:
        for topic in topics:
            self._listeners[topic].discard(listener)

    async def rest(self) -> None:
        """Stop reading when nobody listens any more."""
        task = self._task
        if task is None or any(self._listeners.values()):
            return
        self._task = None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        async for batch in AsyncTail(settings.EVENT_BUS_URL, sorted(REGISTRY)):
            for delivery in batch:
                self._hand_out(delivery)

    def _hand_out(self, delivery: Delivery) -> None:
        listeners = self._listeners.get(delivery.topic)
        if not listeners:
            return
        try:
            event = decode(delivery.topic, delivery.body)
        except (ValueError, TerminalError):
            log.exception("live_event_unreadable", topic=delivery.topic, position=delivery.position)
            return
        for listener in tuple(listeners):
            try:
                listener(event)
            except Exception:  # one page's mistake must not silence the others
                log.exception("live_listener_failed", topic=delivery.topic)


_feeds: dict[asyncio.AbstractEventLoop, LiveFeed] = {}


def live_feed() -> LiveFeed:
    """The feed of the running event loop."""
    loop = asyncio.get_running_loop()
    for closed in [known for known in _feeds if known.is_closed()]:
        del _feeds[closed]
    return _feeds.setdefault(loop, LiveFeed())
