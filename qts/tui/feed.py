"""One WebSocket of the server: subscriptions, snapshot, sequence check, reconnect with growing pauses."""

import asyncio
import random
import time
from collections.abc import Callable
from enum import StrEnum

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from qts.tui import language, wire
from qts.tui.session import Session

INTERVAL_MS = 100  # the hub merges what changed within it
PAUSE_S_MIN, PAUSE_S_MAX = 0.5, 8.0
PING_S = 5.0  # a server that has gone without a word is noticed within twice this
OPEN_TIMEOUT_S = 10.0
MESSAGE_BYTES_MAX = 16 * 1024 * 1024  # a snapshot of all securities
ENDED_CODES = frozenset({4401, 4403})
OVER_CODE = 4410
MARKETS = "/ws/markets"

Hear = Callable[[str, msgspec.Raw, bool], None]


class FeedState(StrEnum):
    IDLE = "idle"
    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    OVER = "over"  # the replay is: it does not come back
    ENDED = "ended"  # the session is over: no use trying before somebody has logged in


class Feed:
    """`hear` gets (channel, data, is a snapshot) and raises `msgspec.MsgspecError` for what it cannot read; then the
    socket is opened again, for a snapshot. `told` is called whenever `state` changes or the server refuses something.
    """

    def __init__(self, session: Session, path: str, hear: Hear, told: Callable[["Feed"], None]) -> None:
        self.path = path
        self.state = FeedState.IDLE
        self.heard_at = 0.0  # by time.monotonic
        self.retry_at = 0.0
        self.mistake: wire.Mistake | None = None
        self._session = session
        self._hear, self._told = hear, told
        self._scopes: dict[str, dict[str, list[str]]] = {}
        self._seqs: dict[str, int | None] = {}
        self._socket: ClientConnection | None = None
        self._may_go_on = asyncio.Event()
        self._pause_s = PAUSE_S_MIN
        self._message = msgspec.json.Decoder(wire.Message)

    async def subscribe(self, channel: str, **scope: list[str]) -> None:
        """Now if the socket is open, and after every reconnect."""
        self._scopes[channel] = scope
        if self._socket is not None and self.state is FeedState.LIVE:
            await self._ask(channel)

    def resume(self) -> None:
        """Somebody has logged in."""
        self._pause_s = PAUSE_S_MIN
        self._may_go_on.set()

    async def run(self) -> None:
        while True:
            if self.state is FeedState.ENDED:
                self._may_go_on.clear()
                await self._may_go_on.wait()
            self._enter(FeedState.CONNECTING if self.state is not FeedState.LOST else FeedState.LOST)
            code = await self._listen()
            if code in ENDED_CODES:
                self._enter(FeedState.ENDED)
                continue
            if code == OVER_CODE:
                self._enter(FeedState.OVER)
                return
            wait_s = self._pause_s * (0.5 + random.random() / 2)  # not every terminal in the same moment
            self._pause_s = min(self._pause_s * 2, PAUSE_S_MAX)
            self.retry_at = time.monotonic() + wait_s
            self._enter(FeedState.LOST)
            await asyncio.sleep(wait_s)

    async def reopen(self) -> None:
        """Drop the socket; the loop comes back with a new one."""
        if self._socket is not None:
            await self._socket.close()

    async def _listen(self) -> int | None:
        """Until the socket closes; its close code if it got one."""
        try:
            async with connect(
                f"{self._session.socket_url}{self.path}?interval_ms={INTERVAL_MS}{self._market}",
                additional_headers={"Cookie": self._session.cookie, "Accept-Language": language.current()},
                origin=self._session.url,  # type: ignore[arg-type]  # a NewType over str
                open_timeout=OPEN_TIMEOUT_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=1,
                max_size=MESSAGE_BYTES_MAX,
                compression=None,  # a hundred small messages a second: packing costs more than it saves
                proxy=None if self._session.is_local else True,
            ) as self._socket:
                return await self._converse(self._socket)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI):
            return None
        finally:
            self._socket = None

    @property
    def _market(self) -> str:
        return f"&market={self._session.market}" if self._session.market and self.path == MARKETS else ""

    async def _converse(self, socket: ClientConnection) -> int | None:
        self._seqs.clear()
        self._enter(FeedState.LIVE)
        for channel in list(self._scopes):
            await self._ask(channel)
        async for text in socket:
            self.heard_at = time.monotonic()
            try:
                await self._receive(text)
            except msgspec.MsgspecError:
                await socket.close()
        return socket.close_code

    async def _receive(self, text: str | bytes) -> None:
        message = self._message.decode(text)
        if message.channel == "error":
            self.mistake = msgspec.json.decode(message.data, type=wire.Mistake)
            self._told(self)
            return
        is_snapshot = message.seq == 0
        last = self._seqs.get(message.channel)
        if not is_snapshot and last is None:
            return  # a change from before the snapshot that was asked for
        if not is_snapshot and message.seq != (last or 0) + 1:
            await self._ask(message.channel)
            return
        self._hear(message.channel, message.data, is_snapshot)
        self._seqs[message.channel] = message.seq
        self._pause_s = PAUSE_S_MIN

    async def _ask(self, channel: str) -> None:
        """For a snapshot and what follows it."""
        self._seqs[channel] = None
        if self._socket is not None:
            wish = {"action": "subscribe", "channel": channel, **self._scopes[channel]}
            await self._socket.send(msgspec.json.encode(wish).decode())

    def _enter(self, state: FeedState) -> None:
        if state is not self.state:
            self.state = state
            self._told(self)
