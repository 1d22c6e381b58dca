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


class _Uncut(msgspec.Struct):
    """A frame whose messages are left as their bytes."""

    messages: list[msgspec.Raw] | None = msgspec.field(name="M", default=None)


class _Said(msgspec.Struct):
    messages: list[msgspec.Raw] | None = msgspec.field(name="M", default=None)
    answer_to: msgspec.Raw | None = msgspec.field(name="I", default=None)


FRAME: Final = msgspec.json.Decoder(Frame)
_UNCUT: Final = msgspec.json.Decoder(_Uncut)
_SAID: Final = msgspec.json.Decoder(_Said)


def is_spoken(frame: bytes) -> bool:
    """Whether it answers a call of ours or brings messages, unlike a keepalive or the frame that opens a connection.
    One that cannot be read came from somebody who speaks."""
    try:
        said = _SAID.decode(frame)
    except msgspec.MsgspecError:
        return True
    return bool(said.messages) or said.answer_to is not None


def message_of(frame: bytes, position: str) -> bytes:
    """The message of a frame that a position in the write-ahead log names, byte for byte as it came.

    The whole frame where it holds no such message: it is what there is to show.
    """
    _segment, _offset, *rest = position.split(":")
    try:
        messages = _UNCUT.decode(frame).messages or []
    except msgspec.MsgspecError:
        return frame
    index = int(rest[0]) if rest else 0
    return bytes(messages[index]) if index < len(messages) else frame
