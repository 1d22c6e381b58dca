"""Where a socket's messages leave this process, and whether its client takes them.

ASGI does not say how much of what was sent still waits. Daphne's own `send` belongs to the connection, whose transport
tells: it calls a producer back when more than a few KiB wait here, and again when all of it has gone. What stands
between wraps `send`, so `KnownSend` keeps the server's for whoever wants an outlet.

Little waits for a slow client, here and in the kernel: whatever waits was encoded and written for nobody, and is old
when it arrives. One message ahead is enough, for the next one tells all that is known by then.
"""

import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

WAITING_BYTES_MAX = 8 * 1024  # here; more, and the socket is full
UNSENT_BYTES_MAX = 8 * 1024  # in the kernel, before it takes no more from us; what is on its way is not counted
KERNEL_BUFFER_BYTES = 128 * 1024  # with what is on its way: enough for a fast client far away


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
        protocol = next(iter(getattr(scope.get("server_send"), "args", ())), None)
        transport = getattr(protocol, "transport", None)
        if transport is not None and getattr(transport, "connected", True):  # it may be gone at once
            transport.unregisterProducer()  # that of the HTTP request which asked for this socket
            transport.registerProducer(self, True)
            transport.bufferSize = WAITING_BYTES_MAX
            _shorten_kernel_buffer(transport)

    @property
    def is_full(self) -> bool:
        return self._full_since is not None

    @property
    def full_for_s(self) -> float:
        return 0.0 if self._full_since is None else time.monotonic() - self._full_since

    def pauseProducing(self) -> None:  # noqa: N802  # Twisted's name
        self._full_since = time.monotonic()

    def resumeProducing(self) -> None:  # noqa: N802
        self._full_since = None

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone; the server tells the consumer."""


def _shorten_kernel_buffer(transport: Any) -> None:
    handle = getattr(transport, "getHandle", lambda: None)()
    if isinstance(handle, socket.socket):
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux and macOS
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
