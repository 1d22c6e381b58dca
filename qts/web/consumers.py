"""The WebSocket protocol of every live page.

The client sends {"action": "subscribe" | "unsubscribe", "channel": ..., "symbols" | "accounts": [...]}; the server
sends {"channel", "seq", "data"}: a snapshot first, then changes conflated to the latest. A client that misses a `seq`
subscribes again. Mistakes are answered on the channel "error" as {"code", "message"} and change nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec
import structlog
from channels.generic.websocket import AsyncWebsocketConsumer

from qts.domain.errors import TransientError
from qts.domain.events import Event
from qts.web.live_feed import live_feed

INTERVAL_MS_DEFAULT = 250
INTERVAL_MS_MIN = 100
INTERVAL_MS_MAX = 5_000
NAMES_MAX = 2_000
RIGHTS_ASKED_EVERY_S = 4.0  # whoever logs out or loses an account is not told more for longer than this
INTERNAL_ERROR = 4500  # the server lets its applications close with 1000 and from 3000 on only
TRY_AGAIN_LATER = 4503

log = structlog.get_logger(__name__)


class Subscribe(msgspec.Struct, forbid_unknown_fields=True):
    """What a client may say."""

    action: str
    channel: str
    symbols: list[str] = []
    accounts: list[str] = []


class RefusedSubscription(Exception):
    """A code and a sentence for the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LiveChannel:
    """One subscription of one socket. `topics` are the bus topics it listens to."""

    topics: ClassVar[tuple[str, ...]] = ()

    def __init__(self, user: Any, request: Subscribe) -> None:
        self.user = user
        self.request = request
        self.seq = 0

    async def snapshot(self) -> Any:
        """The state now; raises RefusedSubscription for what this user may not see."""
        raise NotImplementedError

    async def is_still_allowed(self) -> bool:
        """Whether the user may see what the snapshot showed, and nothing else; asked every few seconds."""
        return True

    def on_event(self, event: Event) -> None:
        """Note what changed; called for every event of `topics`, also while the snapshot is being read."""
        raise NotImplementedError

    async def take(self) -> Any | None:
        """What changed since the last call, or None."""
        raise NotImplementedError


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    """A socket with some channels; subclasses name them."""

    channels: ClassVar[Mapping[str, type[LiveChannel]]]

    async def connect(self) -> None:
        self._open: dict[str, LiveChannel] = {}
        self._interval_s = self._asked_interval_ms() / 1000
        await self.accept()
        self._flusher = asyncio.create_task(self._flush_for_ever())

    async def disconnect(self, code: int) -> None:
        for name in list(getattr(self, "_open", {})):
            self._drop(name)
        flusher = getattr(self, "_flusher", None)
        if flusher is not None:
            flusher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await flusher
        await live_feed().rest()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            request = msgspec.json.decode(text_data or bytes_data or b"", type=Subscribe)
            await self._obey(request)
        except msgspec.MsgspecError as error:
            await self._send("error", 0, {"code": "MALFORMED_MESSAGE", "message": str(error)})
        except RefusedSubscription as refusal:
            await self._send("error", 0, {"code": refusal.code, "message": str(refusal)})
        except TransientError as error:
            log.warning("live_socket_closed", reason=str(error))
            await self.close(TRY_AGAIN_LATER)

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
            await self._begin(request.channel, kind(self.scope["user"], request))
        else:
            raise RefusedSubscription("UNKNOWN_ACTION", f"{request.action!r} is neither subscribe nor unsubscribe.")

    async def _begin(self, name: str, channel: LiveChannel) -> None:
        self._drop(name)
        live_feed().attach(channel.topics, channel.on_event)
        try:
            data = await channel.snapshot()
        except BaseException:
            live_feed().detach(channel.topics, channel.on_event)
            raise
        await self._send(name, 0, data)
        self._open[name] = channel

    def _drop(self, name: str) -> None:
        channel = self._open.pop(name, None)
        if channel is not None:
            live_feed().detach(channel.topics, channel.on_event)

    async def _flush_for_ever(self) -> None:
        """A socket that can no longer tell what changed is closed: its client comes back and takes a snapshot."""
        try:
            asked_at = time.monotonic()
            while True:
                await asyncio.sleep(self._interval_s)
                if time.monotonic() - asked_at >= RIGHTS_ASKED_EVERY_S:
                    asked_at = time.monotonic()
                    if (code := await self._why_end()) is not None:
                        await self.close(code)
                        return
                for name, channel in list(self._open.items()):
                    await self._flush(name, channel)
        except TransientError as error:
            log.warning("live_socket_closed", reason=str(error))
            await self.close(TRY_AGAIN_LATER)
        except Exception:
            log.exception("live_socket_failed")
            await self.close(INTERNAL_ERROR)

    async def _why_end(self) -> int | None:
        """A code to close with: the session is over, or what the user may see has changed; then he comes back to it."""
        code: int | None = await self.scope["why_not"]()
        if code is not None:
            return code
        for channel in list(self._open.values()):
            if not await channel.is_still_allowed():
                return TRY_AGAIN_LATER
        return None

    async def _flush(self, name: str, channel: LiveChannel) -> None:
        data = await channel.take()
        if data is not None and self._open.get(name) is channel:
            channel.seq += 1
            await self._send(name, channel.seq, data)

    async def _send(self, channel: str, seq: int, data: Any) -> None:
        await self.send(text_data=msgspec.json.encode({"channel": channel, "seq": seq, "data": data}).decode())

    def _asked_interval_ms(self) -> int:
        """`?interval_ms=100` for programs; browsers take the default."""
        asked = parse_qs(self.scope.get("query_string", b"").decode("latin-1")).get("interval_ms", [""])[0]
        if not asked.isascii() or not asked.isdigit():
            return INTERVAL_MS_DEFAULT
        return min(max(int(asked), INTERVAL_MS_MIN), INTERVAL_MS_MAX)


def topics_of(events: Iterable[type[Event]]) -> tuple[str, ...]:
    return tuple(event.topic for event in events)
