"""The WebSocket protocol of every live page.

The client sends {"action": "subscribe" | "unsubscribe", "channel": ..., "symbols" | "accounts": [...]}; the server
sends {"channel", "seq", "data"}: a snapshot first, then changes conflated to the latest. A client that misses a `seq`
subscribes again. Mistakes are answered on the channel "error" as {"code", "message"} and change nothing.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qs

import msgspec
import structlog
from autobahn.exception import Disconnected
from channels.generic.websocket import AsyncWebsocketConsumer

from qts.domain.errors import TransientError
from qts.domain.events import Event
from qts.web.beats import Beat, beat_of
from qts.web.live_feed import LiveFeed, live_feed
from qts.web.outlet import Outlet

INTERVAL_MS_DEFAULT = 250
INTERVAL_MS_MIN = 100
INTERVAL_MS_MAX = 5_000
NAMES_MAX = 2_000
NAME_LENGTH_MAX = 64
MESSAGE_LENGTH_MAX = 128 * 1024  # of a client: room for so many accounts
SOCKETS_MAX = 100  # of one user in one web process: twenty pages
MESSAGES_MAX, MESSAGES_WITHIN_S = 100, 10.0  # from one client
SLOW_S_MAX = 30.0  # a client that takes less than one message in it is dropped; to wait is cheaper than its coming back
RIGHTS_ASKED_EVERY_S = 3.5  # whoever logs out or loses an account is not told more for longer than this
TOO_MANY = 4429
INTERNAL_ERROR = 4500  # the server lets its applications close with 1000 and from 3000 on only
TRY_AGAIN_LATER = 4503

log = structlog.get_logger(__name__)
_sockets: Counter[Any] = Counter()  # by user


Name = Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX)]  # what is not known is said back


class Subscribe(msgspec.Struct, forbid_unknown_fields=True):
    """What a client may say."""

    action: Name
    channel: Name
    symbols: list[Name] = []
    accounts: list[Name] = []


class RefusedSubscription(Exception):
    """A code and a sentence for the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LiveChannel:
    """One subscription of one socket. `topics` are the bus topics it listens to.

    On each beat of its socket it says what is `news`, which is then read and encoded, once for all sockets with equal
    news. A `QuickChannel` has it in memory.
    """

    topics: ClassVar[tuple[str, ...]] = ()

    def __init__(self, user: Any, request: Subscribe) -> None:
        self.user = user
        self.request = request
        self.seq = 0
        self.telling: asyncio.Task[None] | None = None
        self.feed: LiveFeed | None = None

    async def open(self, beat: Beat) -> None:
        """Begin to listen; raises RefusedSubscription for what this user may not see."""
        self.feed = beat.feed
        self.feed.attach(self.topics, self.on_event)

    def close(self) -> None:
        """Listen no longer; also after an `open` that failed."""
        if self.feed is not None:
            self.feed.detach(self.topics, self.on_event)

    async def snapshot(self) -> Any:
        """The state now; raises RefusedSubscription for what this user may not see."""
        raise NotImplementedError

    async def is_still_allowed(self) -> bool:
        """Whether the user may see what the snapshot showed, and nothing else; asked every few seconds."""
        return True

    def on_event(self, event: Event) -> None:
        """Note what changed; called for every event of `topics`, also while the snapshot is being read."""
        raise NotImplementedError

    def news(self, beat: Beat) -> Hashable | None:
        """What has to be read now. Equal answers of one class of channels in one beat mean equal data."""
        return self

    async def read(self, news: Any) -> Any | None:
        """The data of the news; None when there is nothing to tell after all."""
        return await self.take()

    async def take(self) -> Any | None:
        """For channels that share nothing: what changed since the last call, or None."""
        raise NotImplementedError


class QuickChannel(LiveChannel):
    """One that waits for nothing: told at the beat itself."""

    def told(self, beat: Beat) -> str | None:
        """What changed since the last call, as JSON, or None."""
        raise NotImplementedError


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    """A socket with some channels; subclasses name them."""

    channels: ClassVar[Mapping[str, type[LiveChannel]]]
    _is_over = False

    async def connect(self) -> None:
        self._open: dict[str, LiveChannel] = {}
        self._messages_at: deque[float] = deque(maxlen=MESSAGES_MAX)
        self._watching: asyncio.Task[None] | None = None
        self._subscribing = asyncio.Lock()  # a change of markets and a new subscription must not cross
        self._beat = beat_of(self._asked_interval_ms())
        await self.accept()
        self._user_id = self.scope["user"].pk
        _sockets[self._user_id] += 1
        self._outlet = Outlet(self.scope)
        code = TOO_MANY if _sockets[self._user_id] > SOCKETS_MAX else await self._prepared()
        if code is not None:
            await self._end(code)
            return
        self._watching = asyncio.create_task(self._or_end(self._watch_rights()))
        self._beat.join(self)

    async def disconnect(self, code: int) -> None:
        if not hasattr(self, "_user_id"):
            return
        self._beat.leave(self)
        _sockets[self._user_id] -= 1
        if not _sockets[self._user_id]:
            del _sockets[self._user_id]
        if self._watching is not None:
            self._watching.cancel()
        for name in list(self._open):
            self._drop(name)
        await self._beat.feed.rest()

    async def prepare(self) -> int | None:
        """Before anything is said; a code to close with instead."""
        return None

    async def _prepared(self) -> int | None:
        try:
            return await self.prepare()
        except TransientError as error:
            log.warning("live_socket_closed", reason=str(error))
            return TRY_AGAIN_LATER

    def make_channel(self, kind: type[LiveChannel], request: Subscribe) -> LiveChannel:
        return kind(self.scope["user"], request)

    async def move(self, beat: Beat) -> None:
        """To another market: everything that was subscribed to, from new snapshots."""
        async with self._subscribing:
            before = dict(self._open)
            for name in before:
                self._drop(name)
            old, self._beat = self._beat, beat
            old.leave(self)
            await old.feed.rest()
            for name, channel in before.items():
                await self._begin(name, self.make_channel(type(channel), channel.request))
            beat.join(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One after the other. A client that does not take its answers is not listened to."""
        await self._outlet.room()
        if self._is_over:
            return
        if self._says_too_much():
            await self._end(TOO_MANY)
            return
        await self._or_end(self._answer(text_data or bytes_data or b""))

    async def _answer(self, said: str | bytes) -> None:
        try:
            if len(said) > MESSAGE_LENGTH_MAX:
                raise RefusedSubscription("MESSAGE_TOO_LONG", f"At most {MESSAGE_LENGTH_MAX} characters at once.")
            request = msgspec.json.decode(said, type=Subscribe)
            async with self._subscribing:
                await self._obey(request)
        except msgspec.MsgspecError as error:
            await self._send("error", 0, {"code": "MALFORMED_MESSAGE", "message": str(error)})
        except RefusedSubscription as refusal:
            await self._send("error", 0, {"code": refusal.code, "message": str(refusal)})

    def _says_too_much(self) -> bool:
        now = time.monotonic()
        is_full = len(self._messages_at) == MESSAGES_MAX
        oldest = self._messages_at[0] if is_full else 0.0
        self._messages_at.append(now)
        return is_full and now - oldest < MESSAGES_WITHIN_S

    async def _obey(self, request: Subscribe) -> None:
        kind = self.channels.get(request.channel)
        if kind is None:
            names = ", ".join(sorted(self.channels))
            raise RefusedSubscription("UNKNOWN_CHANNEL", f"There is no channel {request.channel!r}; there are {names}.")
        if len(request.symbols) + len(request.accounts) > NAMES_MAX:
            raise RefusedSubscription("TOO_MANY_NAMES", f"At most {NAMES_MAX} symbols or accounts at once.")
        if request.action == "unsubscribe":
            self._drop(request.channel)
        elif request.action == "subscribe":
            await self._begin(request.channel, self.make_channel(kind, request))
        else:
            raise RefusedSubscription("UNKNOWN_ACTION", f"{request.action!r} is neither subscribe nor unsubscribe.")

    async def _begin(self, name: str, channel: LiveChannel) -> None:
        self._drop(name)
        try:
            await channel.open(self._beat)
            if self._beat.feed is not live_feed():
                await self._beat.feed.ready()  # a market that may stand still tells nothing twice
            data = await channel.snapshot()
        except BaseException:
            channel.close()
            raise
        await self._send(name, 0, data)
        self._open[name] = channel

    def _drop(self, name: str) -> None:
        channel = self._open.pop(name, None)
        if channel is not None:
            channel.close()
            if channel.telling is not None:
                channel.telling.cancel()

    async def on_beat(self, beat: Beat) -> None:
        """A client that does not take what it was sent is told later, merged; one that goes on so is dropped."""
        if self._outlet.is_full:
            if self._outlet.full_for_s > SLOW_S_MAX:
                log.warning("live_socket_too_slow", user_id=self._user_id, slow_s=round(self._outlet.full_for_s))
                await self._end(TRY_AGAIN_LATER)
            return
        for name, channel in list(self._open.items()):
            if isinstance(channel, QuickChannel):
                if (body := channel.told(beat)) is not None:
                    await self._pass_on(name, channel, body)
            elif (channel.telling is None or channel.telling.done()) and (news := channel.news(beat)) is not None:
                channel.telling = asyncio.create_task(self._or_end(self._tell(name, channel, beat, news)))

    async def _tell(self, name: str, channel: LiveChannel, beat: Beat, news: Any) -> None:
        async def encoded() -> str | None:
            data = await channel.read(news)
            return None if data is None else msgspec.json.encode(data).decode()

        body = await beat.once((type(channel), news), encoded)
        if body is not None and self._open.get(name) is channel:
            await self._pass_on(name, channel, body)

    async def _pass_on(self, name: str, channel: LiveChannel, body: str) -> None:
        channel.seq += 1
        await self.send(text_data=f'{{"channel":"{name}","seq":{channel.seq},"data":{body}}}')

    async def _or_end(self, work: Any) -> None:
        """A socket that can no longer tell what changed is closed: its client comes back and takes a snapshot."""
        try:
            await work
        except TransientError as error:
            log.warning("live_socket_closed", reason=str(error))
            await self._end(TRY_AGAIN_LATER)
        except Exception:
            log.exception("live_socket_failed")
            await self._end(INTERNAL_ERROR)

    async def _end(self, code: int) -> None:
        self._beat.leave(self)
        await self.close(code)
        self._is_over = True

    async def send(self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False) -> None:
        """What is said into a closed socket is lost."""
        if not self._is_over:
            with contextlib.suppress(Disconnected):
                await super().send(text_data, bytes_data, close)

    async def _watch_rights(self) -> None:
        """At a pace of its own, whatever the socket's, and also while its client takes nothing."""
        while not self._is_over:
            await asyncio.sleep(RIGHTS_ASKED_EVERY_S)
            await self._check_rights()

    async def _check_rights(self) -> None:
        """The session is over, or what the user may see has changed: then he comes back to it."""
        code: int | None = await self.scope["why_not"]()
        if code is None:
            for channel in list(self._open.values()):
                if not await channel.is_still_allowed():
                    code = TRY_AGAIN_LATER
        if code is not None:
            await self._end(code)

    async def _send(self, channel: str, seq: int, data: Any) -> None:
        await self.send(text_data=msgspec.json.encode({"channel": channel, "seq": seq, "data": data}).decode())

    def asked(self, name: str) -> str:
        """What the address says after its question mark."""
        query: bytes = self.scope.get("query_string", b"")
        return parse_qs(query.decode("latin-1")).get(name, [""])[0]

    def _asked_interval_ms(self) -> int:
        """`?interval_ms=100` for programs; browsers take the default. A beat is never faster than asked for."""
        asked = self.asked("interval_ms")
        if not asked.isascii() or not asked.isdigit():
            return INTERVAL_MS_DEFAULT
        return min(max(int(asked), INTERVAL_MS_MIN), INTERVAL_MS_MAX)


def topics_of(events: Iterable[type[Event]]) -> tuple[str, ...]:
    return tuple(event.topic for event in events)
