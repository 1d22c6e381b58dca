"""The outermost form of what a classic SignalR server sends: one JSON object per WebSocket message."""

from typing import Any, Final

import msgspec


class Invocation(msgspec.Struct):
    """A call of one of the client's methods by the server. The hub's name is not looked at: a connection has one."""

    method: str = msgspec.field(name="M", default="")
    arguments: list[Any] = msgspec.field(name="A", default_factory=list)


class Frame(msgspec.Struct):
    """`error` answers a call of ours that failed. The empty frame is a keepalive."""

    invocations: list[Invocation] | None = msgspec.field(name="M", default=None)
    error: str | None = msgspec.field(name="E", default=None)


FRAME: Final = msgspec.json.Decoder(Frame)
