"""The moments at which sockets tell what changed: one beat per pace for all sockets of a web process.

What several sockets ask for in one beat is read and encoded once. A beat that comes late is not made up for.
"""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Protocol, TypeVar

import structlog

from qts.web.live_feed import LiveFeed, live_feed

PACES_MS = (100, 250, 500, 1_000, 2_500, 5_000)
MEMBERS_AT_ONCE = 25  # told before the event loop gets a turn for requests and newcomers

Shared = TypeVar("Shared")
log = structlog.get_logger(__name__)


class Member(Protocol):
    async def on_beat(self, beat: "Beat") -> None: ...


class Beat:
    """One pace of one market in one event loop; runs while it has members. Its sockets hear `feed`."""

    def __init__(self, pace_ms: int, feed: LiveFeed | None = None) -> None:
        self.pace_s = pace_ms / 1000
        self._feed = feed
        self.number = 0
        self._members: dict[Member, None] = {}
        self._answers: dict[Hashable, asyncio.Future[Any]] = {}
        self._shared: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
        self._task: asyncio.Task[None] | None = None

    def join(self, member: Member) -> None:
        self._members[member] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def leave(self, member: Member) -> None:
        self._members.pop(member, None)
        if not self._members and self._task is not None:
            self._task.cancel()
            self._task = None

    async def once(self, key: Hashable, read: Callable[[], Awaitable[Any]]) -> Any:
        """The answer of the first who asks under this key since the beat began; all raise what it raises."""
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = asyncio.ensure_future(read())
        return await asyncio.shield(answer)

    @property
    def feed(self) -> LiveFeed:
        return self._feed or live_feed()

    @property
    def is_alone(self) -> bool:
        return not self._members

    def shared(self, kind: Callable[..., Shared], *given: object) -> Shared:
        """The one object of a kind for all sockets of this pace; it lives as long as one of them holds it."""
        found = self._shared.get(kind)
        if found is None:
            found = self._shared[kind] = kind(*given)
        return found

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self.pace_s, loop.time())
            await asyncio.sleep(due - loop.time())
            self.number += 1
            self._answers = {}
            for count, member in enumerate(tuple(self._members), 1):
                if member in self._members:
                    await self._tell(member)
                if count % MEMBERS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _tell(self, member: Member) -> None:
        try:
            await member.on_beat(self)
        except Exception:  # one socket's mistake must not silence the others
            log.exception("live_beat_failed")


_beats: dict[asyncio.AbstractEventLoop, dict[tuple[int, str], Beat]] = {}


def beat_of(asked_ms: int, market: str = "", make_feed: Callable[[], LiveFeed] = live_feed) -> Beat:
    """The running event loop's beat of the next pace that is not faster than asked for. Another market than the live
    one has beats, and with them a feed, of its own while anybody looks at it."""
    loop = asyncio.get_running_loop()
    for closed in [known for known in _beats if known.is_closed()]:
        del _beats[closed]
    pace_ms = next((pace for pace in PACES_MS if pace >= asked_ms), PACES_MS[-1])
    beats = _beats.setdefault(loop, {})
    for gone in [place for place, beat in beats.items() if place[1] and beat.is_alone]:
        del beats[gone]
    if (pace_ms, market) not in beats:
        beats[pace_ms, market] = Beat(pace_ms, make_feed())
    return beats[pace_ms, market]
