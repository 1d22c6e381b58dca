"""The bus on Redis Streams: a stream per topic, a consumer group per reader, at-least-once delivery.

One stream holds all keys of its topic in order, so one consumer of a group sees every key in order.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import redis
import structlog

from qts.adapters.redis_client import BLOCK_MS_MAX, redis_client, transient_errors
from qts.domain.ports import BusMessage, Delivery
from qts.observability.metrics import BUS_LAG_MESSAGES

log = structlog.get_logger(__name__)

BUS_PREFIX = "qts:bus:"
STREAM_LENGTH_MAX = 200_000  # about; Redis trims by whole nodes
CLAIM_IDLE_MS = 15_000  # a consumer that did not even ask for this long is dead; it must exceed BLOCK_MS_MAX
CLAIM_EVERY_S = 5.0
CLAIM_COUNT = 200

# One command for a batch: packing and answering each XADD alone costs the sender several times what the server needs.
_ADD_ALL = """
for number, stream in ipairs(KEYS) do
  redis.call('XADD', stream, 'MAXLEN', '~', ARGV[1], '*', 'k', ARGV[2 * number], 'b', ARGV[2 * number + 1])
end
"""

Fields = Mapping[bytes, bytes]


def stream_key(topic: str) -> str:
    return f"{BUS_PREFIX}{topic}"


def add_messages(client: Any, prefix: str, messages: Sequence[BusMessage], length_max: int) -> None:
    """To the streams of their topics, in order. `client` may be a pipeline, which is not executed here."""
    streams = [prefix + message.topic for message in messages]
    bodies = [part for message in messages for part in (message.key, message.body)]
    client.eval(_ADD_ALL, len(streams), *streams, length_max, *bodies)


def delivery(topic: str, position: bytes, fields: Fields) -> Delivery:
    return Delivery(topic=topic, key=fields[b"k"].decode(), body=fields[b"b"], position=position.decode())


class RedisStreamsBus:
    """`qts.domain.ports.Bus` on Redis. Every method raises TransientError while Redis is away.

    An object remembers how far it has gone through its consumer's unacknowledged messages, so it serves one run of one
    consumer per group; publishing is safe from any thread.
    """

    def __init__(
        self,
        url: str,
        *,
        group_start: str = "0",
        claim_idle_ms: int = CLAIM_IDLE_MS,
        claim_every_s: float = CLAIM_EVERY_S,
    ) -> None:
        self._client: Any = redis_client(url)  # its stubs describe the awaiting client too
        self._group_start = group_start
        self._claim_idle_ms = claim_idle_ms
        self._claim_every_s = claim_every_s
        self._groups: set[tuple[str, str]] = set()
        self._own_left: dict[tuple[str, str, str], str | None] = {}
        self._claim_at: dict[tuple[str, str], float] = {}

    def publish(self, messages: Sequence[BusMessage]) -> None:
        """One command. After a TransientError some of the messages may be in the streams."""
        with transient_errors():
            add_messages(self._client, BUS_PREFIX, messages, STREAM_LENGTH_MAX)

    def consume(
        self, topics: Sequence[str], *, group: str, consumer: str, count: int, block_ms: int
    ) -> Sequence[Delivery]:
        """Own unacknowledged messages first, then those of dead consumers, then new ones; [] after `block_ms`.

        `count` bounds each topic's share. It blocks for 5 s at most. What is delivered and not acknowledged comes again
        to the next object with the same consumer name, or to another consumer once this one has stopped asking.
        """
        with transient_errors():
            for topic in topics:
                self._ensure_group(topic, group)
            try:
                return (
                    self._own_pending(topics, group, consumer, count)
                    or self._from_dead_consumers(topics, group, consumer, count)
                    or self._new(topics, group, consumer, count, block_ms)
                )
            except redis.ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                log.warning("bus_group_lost", group=group, topics=list(topics))  # the server came back without its data
                self._groups.clear()
                return []

    def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        positions: dict[str, list[str]] = {}
        for one in deliveries:
            positions.setdefault(one.topic, []).append(one.position)
        if not positions:
            return
        with transient_errors(), self._client.pipeline(transaction=False) as pipe:
            for topic, ids in positions.items():
                pipe.xack(stream_key(topic), group, *ids)
            pipe.execute()

    def has_lost(self, topic: str, *, group: str) -> bool:
        """A stream that is full drops its oldest messages, read or not."""
        key = stream_key(topic)
        with transient_errors():
            self._ensure_group(topic, group)
            if self._client.xlen(key) < STREAM_LENGTH_MAX:
                return False
            [(oldest, _)] = self._client.xrange(key, count=1)
            read = [row["last-delivered-id"] for row in self._client.xinfo_groups(key) if row["name"] == group.encode()]
        return _place(read[0]) < _place(oldest)

    def skip_older(self, topic: str, *, group: str, than_ms: int) -> None:
        """The positions of a stream are Redis's own milliseconds."""
        with transient_errors():
            self._ensure_group(topic, group)
            for row in self._client.xinfo_groups(stream_key(topic)):
                read_ms = int(row["last-delivered-id"].partition(b"-")[0])
                if row["name"] == group.encode() and read_ms < than_ms:
                    self._client.xgroup_setid(stream_key(topic), group, f"{than_ms}-0")

    def _ensure_group(self, topic: str, group: str) -> None:
        if (topic, group) in self._groups:
            return
        try:
            self._client.xgroup_create(stream_key(topic), group, id=self._group_start, mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._groups.add((topic, group))

    def _own_pending(self, topics: Sequence[str], group: str, consumer: str, count: int) -> list[Delivery]:
        found: list[Delivery] = []
        for topic in topics:
            after = self._own_left.get((topic, group, consumer), "0")
            while after is not None and not found:
                rows = self._read({topic: after}, group, consumer, count)
                after = rows[-1][1].decode() if rows else None
                self._own_left[(topic, group, consumer)] = after
                found = self._deliveries(rows, group)
            if found:
                break
        return found

    def _from_dead_consumers(self, topics: Sequence[str], group: str, consumer: str, count: int) -> list[Delivery]:
        found: list[Delivery] = []
        now = time.monotonic()
        for topic in topics:
            if now < self._claim_at.get((topic, group), 0.0):
                continue
            self._report_lag(topic, group)
            taken = self._claim(topic, group, consumer, min(count, CLAIM_COUNT))
            if taken:
                return taken  # ask again at once: there may be more, and they are older than anything new
            self._claim_at[(topic, group)] = now + self._claim_every_s
        return found

    def _report_lag(self, topic: str, group: str) -> None:
        """Redis cannot tell (None) after entries inside of the stream were deleted."""
        for row in self._client.xinfo_groups(stream_key(topic)):
            if row["name"] == group.encode() and row.get("lag") is not None:
                BUS_LAG_MESSAGES.labels(topic, group).set(row["lag"])

    def _claim(self, topic: str, group: str, consumer: str, count: int) -> list[Delivery]:
        """Take over from consumers that stopped asking. XAUTOCLAIM would also take from the living: one that keeps
        messages unacknowledged until a minute is over would get its own again and again."""
        key = stream_key(topic)
        for row in self._client.xinfo_consumers(key, group):
            if row["name"] == consumer.encode() or not row["pending"] or row["idle"] < self._claim_idle_ms:
                continue
            pending = self._client.xpending_range(key, group, "-", "+", count, consumername=row["name"])
            ids = [one["message_id"] for one in pending]
            rows = self._client.xclaim(key, group, consumer, min_idle_time=self._claim_idle_ms, message_ids=ids)
            log.info("bus_messages_claimed", topic=topic, group=group, dead=row["name"].decode(), messages=len(rows))
            if rows:
                return self._deliveries([(topic, position, fields) for position, fields in rows], group)
        return []

    def _new(self, topics: Sequence[str], group: str, consumer: str, count: int, block_ms: int) -> list[Delivery]:
        block = min(block_ms, BLOCK_MS_MAX) if block_ms > 0 else None
        rows = self._read(dict.fromkeys(topics, ">"), group, consumer, count, block)
        return self._deliveries(rows, group)

    def _read(
        self, after: Mapping[str, str], group: str, consumer: str, count: int, block: int | None = None
    ) -> list[tuple[str, bytes, Fields | None]]:
        topic_of = {stream_key(topic).encode(): topic for topic in after}
        streams: dict[Any, Any] = {stream_key(topic): position for topic, position in after.items()}
        answer: Any = self._client.xreadgroup(group, consumer, streams, count=count, block=block)
        return [(topic_of[key], position, fields) for key, rows in answer or [] for position, fields in rows]

    def _deliveries(self, rows: Sequence[tuple[str, bytes, Fields | None]], group: str) -> list[Delivery]:
        """Messages that the stream trimmed before they were handled come without content: they are gone, say so."""
        found, lost = [], []
        for topic, position, fields in rows:
            if fields:
                found.append(delivery(topic, position, fields))
            else:
                lost.append(Delivery(topic=topic, key="", body=b"", position=position.decode()))
        if lost:
            log.error("bus_messages_lost_to_trimming", group=group, messages=len(lost), first=lost[0].position)
            self.acknowledge(group, lost)
        return found


def _place(position: bytes) -> tuple[int, int]:
    ms, _, number = position.partition(b"-")
    return int(ms), int(number)
