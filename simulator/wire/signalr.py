"""Frames of classic ASP.NET SignalR 2.x as text, and what a client may send."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec

KEEP_ALIVE: Final = "{}"
KEEP_ALIVE_EVERY_S: Final = 10.0
INIT: Final = '{"C":"s-0,1","S":1,"M":[]}'
STARTED: Final = {"Response": "started"}
MESSAGES_PER_FRAME_MAX: Final = 100


class HubName(msgspec.Struct):
    name: str


class Invocation(msgspec.Struct, rename={"hub": "H", "method": "M", "arguments": "A", "call_id": "I"}):
    """A client's call; its id is a number or a string and is echoed as a string."""

    hub: str
    method: str
    arguments: list[Any] = []
    call_id: int | str = 0


def negotiation() -> dict[str, Any]:
    """Every client gets its own token; it opens nothing, the bearer token does."""
    return {
        "Url": "/v2.0/signalr",
        "ConnectionToken": secrets.token_urlsafe(24) + "==",
        "ConnectionId": secrets.token_hex(16),
        "KeepAliveTimeout": 20.0,
        "DisconnectTimeout": 30.0,
        "ConnectionTimeout": 110.0,
        "TryWebSockets": True,
        "ProtocolVersion": "1.3",
        "TransportConnectTimeout": 5.0,
        "LongPollDelay": 0.0,
    }


def hub_names(connection_data: str) -> list[str]:
    """Lower-case names of the hubs that a client wants. Raises msgspec.MsgspecError for anything else."""
    return [hub.name.lower() for hub in msgspec.json.decode(connection_data, type=list[HubName])]


def result(call_id: int | str, error: str | None = None) -> str:
    answer = {"I": str(call_id)} if error is None else {"I": str(call_id), "E": error}
    return msgspec.json.encode(answer).decode()


def json_string(text: str) -> str:
    """As it stands in a frame's arguments."""
    return msgspec.json.encode(text).decode()


def error_frame(hub: str, text: str) -> str:
    """A call of the client's `Error` method."""
    return f'{{"C":"d-0","M":[{{"H":"{hub}","M":"Error","A":[{json_string(text)}]}}]}}'


def connections_text(allowed: int, over: int) -> str:
    """What the specification says of too many connections (FC Data specs v2.2, quota of a stream)."""
    return f"Connection has been blocked, quota {allowed} exceeded by {over}"


def frames(hub: str, arguments: Sequence[str], cursor: int) -> list[str]:
    """Broadcast calls, several a frame; each argument is the JSON text of a string already."""
    made = []
    for start in range(0, len(arguments), MESSAGES_PER_FRAME_MAX):
        calls = ",".join(
            f'{{"H":"{hub}","M":"Broadcast","A":[{argument}]}}'
            for argument in arguments[start : start + MESSAGES_PER_FRAME_MAX]
        )
        made.append(f'{{"C":"d-{cursor:X}-{start}","M":[{calls}]}}')
    return made
