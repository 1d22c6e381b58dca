"""The latest state of the market in Redis, written by the stream reader; `selectors.live` reads it.

With it goes the reader's checkpoint. It stands in the same server as the bus (by default), so a server that lost its
last second lost both together, and replaying the write-ahead log from the checkpoint brings back what the bus has lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.marketdata.selectors.live import FIELD_OF, INDEX_CODES_KEY, INDEX_KEY, STREAM_KEY, SYMBOL_KEY
from apps.marketdata.selectors.types import StreamState
from qts.adapters.redis_client import redis_client, transient_errors
from qts.domain.events import IndexUpdated
from qts.domain.ports import BusMessage

CHECKPOINT_KEY = "qts:ingest:checkpoint"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything before `wal_position` has reached the bus.

    `subscribed_ms` is the market time at which the stream was subscribed to: matches before it are the server's
    snapshot of the past, not new ones.
    """

    wal_position: str
    subscribed_ms: int


class LiveState:
    """Every method raises TransientError while Redis is away."""

    def __init__(self, redis_url: str) -> None:
        self._client: Any = redis_client(redis_url)

    def write(self, messages: Sequence[BusMessage], checkpoint: Checkpoint) -> None:
        """The last message of each kind and key, and the checkpoint, in one transaction."""
        fields: dict[str, dict[str, bytes]] = {}
        indices: dict[str, bytes] = {}
        for message in messages:
            if field := FIELD_OF.get(message.topic):
                fields.setdefault(message.key, {})[field] = message.body
            elif message.topic == IndexUpdated.topic:
                indices[message.key] = message.body
        with transient_errors(), self._client.pipeline(transaction=True) as pipe:
            for symbol, changed in fields.items():
                pipe.hset(SYMBOL_KEY + symbol, mapping=changed)
            for code, body in indices.items():
                pipe.set(INDEX_KEY + code, body)
            if indices:
                pipe.sadd(INDEX_CODES_KEY, *indices)
            pipe.hset(
                CHECKPOINT_KEY,
                mapping={"wal_position": checkpoint.wal_position, "subscribed_ms": checkpoint.subscribed_ms},
            )
            pipe.execute()

    def checkpoint(self) -> Checkpoint | None:
        """None when Redis is new or came back empty."""
        with transient_errors():
            found = self._client.hgetall(CHECKPOINT_KEY)
        if not found:
            return None
        return Checkpoint(found[b"wal_position"].decode(), int(found[b"subscribed_ms"]))

    def report(
        self, state: StreamState, *, since_ns: int, reported_ns: int, last_frame_ns: int, detail: str = ""
    ) -> None:
        """What `selectors.stream_status` tells. All times are of the wall clock; 0 = no frame yet."""
        with transient_errors():
            self._client.hset(
                STREAM_KEY,
                mapping={
                    "state": state.value,
                    "since_ns": since_ns,
                    "reported_ns": reported_ns,
                    "last_frame_ns": last_frame_ns,
                    "detail": detail[:500],
                },
            )

    def last_frame_ns(self) -> int:
        """Of whichever reader reported last; 0 when none ever did."""
        with transient_errors():
            return int(self._client.hget(STREAM_KEY, "last_frame_ns") or 0)
