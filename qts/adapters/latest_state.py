"""How the latest state of a market stands in Valkey: the live one, and each replayed one under a prefix of its own.

A hash per symbol holds the last event of each kind as the JSON that also went to the bus, a string per index its last.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from qts.domain.events import (
    ForeignRoomUpdated,
    IndexUpdated,
    OddLotUpdated,
    OrderBookUpdated,
    QuoteUpdated,
    SessionChanged,
)
from qts.domain.ports import BusMessage

LIVE_PREFIX: Final = "qts:live:"
FIELD_OF: Final[Mapping[str, str]] = {
    QuoteUpdated.topic: "quote",
    OrderBookUpdated.topic: "book",
    ForeignRoomUpdated.topic: "room",
    SessionChanged.topic: "session",
    OddLotUpdated.topic: "odd",
}


def index_key(prefix: str, code: str) -> str:
    return f"{prefix}index:{code}"


def index_codes_key(prefix: str) -> str:
    return f"{prefix}indices"


def write_latest(pipe: Any, prefix: str, messages: Iterable[BusMessage]) -> None:
    """The last message of each kind and key, into a pipeline that is not executed here."""
    put_latest(pipe, prefix, *latest_of(messages))


def latest_of(messages: Iterable[BusMessage]) -> tuple[dict[str, dict[str, bytes]], dict[str, bytes]]:
    """What each symbol's hash gets, and each index."""
    fields: dict[str, dict[str, bytes]] = {}
    indices: dict[str, bytes] = {}
    for message in messages:
        if field := FIELD_OF.get(message.topic):
            fields.setdefault(message.key, {})[field] = message.body
        elif message.topic == IndexUpdated.topic:
            indices[message.key] = message.body
    return fields, indices


def put_latest(pipe: Any, prefix: str, fields: Mapping[str, Mapping[str, bytes]], indices: Mapping[str, bytes]) -> None:
    for symbol, changed in fields.items():
        pipe.hset(prefix + symbol, mapping=changed)
    for code, body in indices.items():
        pipe.set(index_key(prefix, code), body)
    if indices:
        pipe.sadd(index_codes_key(prefix), *indices)
