"""Where a socket's messages leave this process, and whether its client takes them.

ASGI does not say how much of what was sent still waits. Daphne's own `send` belongs to the connection, whose transport
tells: it calls a producer back when more than a few KiB wait here, and again when all of it has gone. What stands
between wraps `send`, so `KnownSend` keeps the server's for whoever wants an outlet.

While it waits, nothing more is read from that client: what it asks for would wait too.

Little waits for a slow client, here and in the kernel: whatever waits was encoded and written for nobody, and is old
when it arrives. One message ahead is enough, for the next one tells all that is known by then.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

WAITING_BYTES_MAX = 8 * 1024  # here; more, and the socket is full
UNSENT_BYTES_MAX = 8 * 1024  # in the kernel, before it takes no more from us; what is on its way is not counted
KERNEL_BUFFER_BYTES = 128 * 1024  # with what is on its way: enough for a fast client far away
SENT_BYTES_MAX = 16 * 1024 * 1024  # one message: Daphne's own limit is for what comes in, and would hold for both


Application = Callable[..., Awaitable[Any]]


class KnownSend:
    """The outermost part of the application: puts the server's `send` into the scope."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        return await self._application({**scope, "server_send": send}, receive, send)


class Outlet:
    """A push producer, as Twisted calls it. Under another server than Daphne it is never full."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._full_since: float | None = None
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._transport: Any = None
        protocol: Any = next(iter(getattr(scope.get("server_send"), "args", ())), None)
        transport = getattr(protocol, "transport", None)
        if transport is not None and getattr(transport, "connected", True):  # it may be gone at once
            transport.unregisterProducer()  # that of the HTTP request which asked for this socket
            transport.registerProducer(self, True)
            transport.bufferSize = WAITING_BYTES_MAX
            protocol.maxMessagePayloadSize = SENT_BYTES_MAX
            self._transport = transport
            _shorten_kernel_buffer(transport)

    @property
    def is_full(self) -> bool:
        return self._full_since is not None

    @property
    def full_for_s(self) -> float:
        return 0.0 if self._full_since is None else time.monotonic() - self._full_since

    async def room(self) -> None:
        """Until what was sent has gone, or the connection is."""
        await self._has_room.wait()

    def pauseProducing(self) -> None:  # noqa: N802  # Twisted's name
        self._full_since = time.monotonic()
        self._has_room.clear()
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802
        self._full_since = None
        self._has_room.set()
        self._transport.resumeProducing()

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone; the server tells the consumer."""
        self._has_room.set()


def _shorten_kernel_buffer(transport: Any) -> None:
    handle = getattr(transport, "getHandle", lambda: None)()
    if isinstance(handle, socket.socket):
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux and macOS
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
