"""How the latest state of a market stands in Valkey: the live one, and each replayed one under a prefix of its own.

A hash per symbol holds the last event of each kind as the JSON that also went to the bus, one hash that of each index.
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

Place = tuple[str, str]  # a hash by its name below the prefix, and a field of it

LIVE_PREFIX: Final = "qts:live:"
# One command for all: packing and answering each HSET alone costs its sender several times what the server needs.
_PUT_ALL: Final = """
for number, hash in ipairs(KEYS) do
  redis.call('HSET', hash, ARGV[2 * number - 1], ARGV[2 * number])
end
"""
_INDICES: Final = "index:"
FIELD_OF: Final[Mapping[str, str]] = {
    QuoteUpdated.topic: "quote",
    OrderBookUpdated.topic: "book",
    ForeignRoomUpdated.topic: "room",
    SessionChanged.topic: "session",
    OddLotUpdated.topic: "odd",
}


def indices_key(prefix: str) -> str:
    return prefix + _INDICES


def write_latest(client: Any, prefix: str, messages: Iterable[BusMessage]) -> None:
    """The last message of each kind and key. `client` may be a pipeline, which is not executed here."""
    put_latest(client, prefix, latest_of(messages))


def latest_of(messages: Iterable[BusMessage]) -> dict[Place, bytes]:
    latest: dict[Place, bytes] = {}
    for topic, key, body in messages:
        if field := FIELD_OF.get(topic):
            latest[key, field] = body
        elif topic == IndexUpdated.topic:
            latest[_INDICES, key] = body
    return latest


def put_latest(client: Any, prefix: str, latest: Mapping[Place, bytes]) -> None:
    if latest:
        hashes, fields = hashes_and_fields(prefix, latest)
        client.eval(_PUT_ALL, len(hashes), *hashes, *fields)


def hashes_and_fields(prefix: str, latest: Mapping[Place, bytes]) -> tuple[list[str], list[str | bytes]]:
    """Keys and arguments of a script that writes them: for each hash its field and the body."""
    fields = [part for (_, field), body in latest.items() for part in (field, body)]
    return [prefix + name for name, _ in latest], fields
