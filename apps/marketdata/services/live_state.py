"""The latest state of the market in Redis, written by the stream reader; `selectors.live` reads it.

With it goes the reader's checkpoint. It stands in the same server as the bus (by default), so a server that lost its
last second lost both together, and replaying the write-ahead log from the checkpoint brings back what the bus has lost.
A server that was emptied has no checkpoint: writing finds that out before it makes a new one, or what the bus had and
nobody had read would never be replayed. The state itself is kept here too, and is written again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.marketdata.selectors.live import STREAM_KEY, SUSPECTS_KEY
from apps.marketdata.selectors.types import StreamState
from qts.adapters.latest_state import LIVE_PREFIX, Place, hashes_and_fields, latest_of, put_latest
from qts.adapters.redis_client import redis_client, transient_errors
from qts.domain.errors import TransientError
from qts.domain.ports import BusMessage

CHECKPOINT_KEY = "qts:ingest:checkpoint"
ANYWHERE = "*"
# The latest state into the hashes after the first key; the checkpoint moves on only from where this writer left it.
_WRITE = f"""
for number = 2, #KEYS do
  redis.call('HSET', KEYS[number], ARGV[2 * number], ARGV[2 * number + 1])
end
local there = redis.call('HGET', KEYS[1], 'wal_position') or ''
if ARGV[1] ~= '{ANYWHERE}' and there ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'wal_position', ARGV[2], 'subscribed_ms', ARGV[3])
return 1
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything before `wal_position` has reached the bus.

    `subscribed_ms` is the market time at which the stream was subscribed to: matches before it are the server's
    snapshot of the past, not new ones.
    """

    wal_position: str
    subscribed_ms: int


class StateLost(TransientError):
    """Redis does not hold what this writer left there."""


class LiveState:
    """Every method raises TransientError while Redis is away. One object writes: it knows what it has written."""

    def __init__(self, redis_url: str) -> None:
        self._client: Any = redis_client(redis_url)
        self._written: dict[Place, bytes] = {}  # all of it
        self._left_at = ANYWHERE  # the checkpoint's position as it was read or written last; empty when there was none

    def write(self, messages: Sequence[BusMessage], checkpoint: Checkpoint) -> None:
        """The last message of each kind and key, and the checkpoint, in one command.

        Raises StateLost, and moves no checkpoint, when Redis was emptied since `checkpoint` or the last `write`.
        """
        latest = latest_of(messages)
        self._written |= latest
        hashes, fields = hashes_and_fields(LIVE_PREFIX, latest)
        move = (self._left_at, checkpoint.wal_position, checkpoint.subscribed_ms)
        with transient_errors():
            is_moved = self._client.eval(_WRITE, 1 + len(hashes), CHECKPOINT_KEY, *hashes, *move, *fields)
        if not is_moved:
            raise StateLost("Redis has lost the checkpoint: it was emptied")
        self._left_at = checkpoint.wal_position

    def restore(self) -> None:
        """Write again all that this object has written: for a Redis that came back empty."""
        with transient_errors():
            put_latest(self._client, LIVE_PREFIX, self._written)

    def suspect(self, symbols: Mapping[str, int]) -> None:
        """All symbols of which matches are missing although no gap says so yet, and since when (wall clock, ns)."""
        with transient_errors(), self._client.pipeline(transaction=True) as pipe:
            pipe.delete(SUSPECTS_KEY)
            if symbols:
                pipe.hset(SUSPECTS_KEY, mapping=dict(symbols))
            pipe.execute()

    def checkpoint(self) -> Checkpoint | None:
        """None when Redis is new or came back empty."""
        with transient_errors():
            found = self._client.hgetall(CHECKPOINT_KEY)
        self._left_at = found[b"wal_position"].decode() if found else ""
        if not found:
            return None
        return Checkpoint(found[b"wal_position"].decode(), int(found[b"subscribed_ms"]))

    def report(
        self,
        state: StreamState,
        *,
        since_ns: int,
        reported_ns: int,
        last_frame_ns: int,
        market_ms: int = 0,
        detail: str = "",
    ) -> None:
        """What `selectors.stream_status` tells, and for a successor `market_ms`: the newest moment that the exchange
        has named. The other times are of the wall clock; 0 = nothing yet."""
        with transient_errors():
            self._client.hset(
                STREAM_KEY,
                mapping={
                    "state": state.value,
                    "since_ns": since_ns,
                    "reported_ns": reported_ns,
                    "last_frame_ns": last_frame_ns,
                    "market_ms": market_ms,
                    "detail": detail[:500],
                },
            )

    def last_heard(self) -> tuple[int, int]:
        """(last_frame_ns, market_ms) of whichever reader reported last; 0 when none ever did."""
        with transient_errors():
            frame_ns, market_ms = self._client.hmget(STREAM_KEY, "last_frame_ns", "market_ms")
        return int(frame_ns or 0), int(market_ms or 0)
