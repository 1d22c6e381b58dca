"""A consumer group's reader on Kafka, without the broker's group membership.

Who reads is decided above, by leases, and a run lasts a minute: a join would cost each run seconds. So a reader assigns
itself the partitions and writes into its commits who it is and when it last asked. Two readers that meet by mistake get
messages twice, never lose one: each commits only what it, or a reader before it, has acknowledged.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, Message, TopicPartition

from qts.adapters.bus.kafka_client import REQUEST_S_MAX, KafkaClient, as_error, kafka_errors, partitions_of
from qts.adapters.bus.kafka_progress import Owner, Progress, restored
from qts.domain.errors import TransientError
from qts.domain.ports import Delivery
from qts.observability.metrics import BUS_LAG_MESSAGES

log = structlog.get_logger(__name__)

FETCH_WAIT_MS = 100
QUEUED_KBYTES_MAX = 16_384

Place = tuple[str, int]  # topic and partition
_T = TypeVar("_T")


@dataclass(slots=True)
class _Part:
    """A partition that this reader has: `cursor` is the next offset to arrive, those before `bound` were handed out
    before this reader began."""

    progress: Progress
    cursor: int
    bound: int
    older_than_ms: int = 0
    seen_at: float = 0.0
    is_asked: bool = True


class GroupReader:
    """One run of one consumer of one group; for one thread."""

    def __init__(
        self,
        client: KafkaClient,
        group: str,
        consumer: str,
        *,
        run: int,
        group_start: str,
        claim_idle_s: float,
        claim_every_s: float,
    ) -> None:
        self._client = client
        self._group = group
        self._name = consumer
        self._run = run  # of two with one name the higher one is the later one
        self._group_start = group_start
        self._idle_s = claim_idle_s
        self._every_s = claim_every_s
        self._parts: dict[Place, _Part] = {}
        self._look_at: dict[str, float] = {}
        self._again: deque[Delivery] = deque()  # left undone by whoever read before
        self._fresh: deque[tuple[Delivery, int]] = deque()
        self._older_than_ms: dict[str, int] = {}
        self._away: KafkaError | None = None
        self._report_at = 0.0
        limits = {"queued.max.messages.kbytes": QUEUED_KBYTES_MAX, "fetch.wait.max.ms": FETCH_WAIT_MS}
        self._consumer = Consumer(
            client.config(group_id=group, enable_auto_commit=False, auto_offset_reset="earliest")
            | limits
            | {"enable.auto.offset.store": False, "enable.partition.eof": True, "error_cb": self._on_error}
        )

    def read(self, topics: Sequence[str], *, count: int, block_s: float) -> list[Delivery]:
        self._client.ensure_topics(topics)
        with kafka_errors():
            self._adopt(topics)
            self._stay_known()
            self._attend(set(topics))
            deadline = time.monotonic() + block_s
            while True:
                left_s = deadline - time.monotonic()
                if batch := self._ready(set(topics), count, is_over=left_s <= 0):
                    return batch
                if not self._fetch(count, max(0.0, left_s)) and left_s <= 0:
                    self._raise_if_away()
                    return []

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        touched: set[Place] = set()
        with kafka_errors():
            for one in deliveries:
                place, offset = _place_of(one), _offset_of(one)
                if place not in touched:
                    self._must_have(place)
                touched.add(place)
                self._parts[place].progress.done(offset, offset + 1)
            self._commit(touched, wait=True)

    def has(self, one: Delivery) -> bool:
        return _place_of(one) in self._parts

    def skip_older(self, topic: str, than_ms: int) -> None:
        """What waits here goes now, what is at the broker when it comes."""
        self._older_than_ms[topic] = than_ms
        for (name, _), part in self._parts.items():
            if name == topic:
                part.older_than_ms = than_ms
        kept: deque[tuple[Delivery, int]] = deque()
        for one, published_ms in self._fresh:
            if one.topic == topic and published_ms < than_ms:
                self._leave_out(one)
            else:
                kept.append((one, published_ms))
        self._fresh = kept

    # --- whose a partition is ----------------------------------------------------------------------------------------

    def _adopt(self, topics: Sequence[str]) -> None:
        now = time.monotonic()
        for topic in topics:
            if now < self._look_at.get(topic, 0.0):
                continue
            places = [place for place in partitions_of(topic, self._client.address) if not self._has(place)]
            self._look_at[topic] = now + self._every_s
            taken = [place for place in self._committed(places) if self._takes(place)]
            if taken:
                self._consumer.incremental_assign(taken)
                self._commit({(one.topic, one.partition) for one in taken}, wait=True)

    def _has(self, place: TopicPartition) -> bool:
        return (place.topic, place.partition) in self._parts

    def _committed(self, places: list[TopicPartition]) -> list[TopicPartition]:
        return list(self._consumer.committed(places, timeout=REQUEST_S_MAX)) if places else []

    def _takes(self, place: TopicPartition) -> bool:
        """Take what is free, and give `place` the offset to begin at."""
        if place.error is not None:
            raise as_error(place.error)
        if place.offset == OFFSET_INVALID:
            begin = self._beginning(place)
            progress, owner = Progress(begin, begin), None
        else:
            progress, owner = restored(place.offset, place.metadata)
        if owner is not None and not self._yields(owner):
            return False
        if owner is not None and owner.consumer != self._name:
            log.info("bus_partition_claimed", topic=place.topic, group=self._group, dead=owner.consumer)
        older_than_ms = self._older_than_ms.get(place.topic, 0)
        self._parts[place.topic, place.partition] = _Part(progress, progress.low, progress.taken, older_than_ms)
        place.offset = progress.low
        return True

    def _beginning(self, place: TopicPartition) -> int:
        lowest, end = self._consumer.get_watermark_offsets(place, timeout=REQUEST_S_MAX)
        return int(end if self._group_start == "$" else lowest)

    def _yields(self, owner: Owner) -> bool:
        now_ms = time.time_ns() // 1_000_000
        return owner.yields_to(self._name, self._run, now_ms=now_ms, idle_ms=round(self._idle_s * 1000))

    def _stay_known(self) -> None:
        """Show that this reader still asks, and let go of what another one has taken."""
        due_at = time.monotonic() - self._idle_s / 3
        due = {place for place, part in self._parts.items() if part.seen_at < due_at}
        if due:
            self._let_go_of_taken(due)
            self._commit(due & self._parts.keys(), wait=True)
        if time.monotonic() >= self._report_at:
            self._report_at = time.monotonic() + self._every_s
            self._report_lag()

    def _must_have(self, place: Place) -> None:
        part = self._parts.get(place)
        if part is not None and time.monotonic() - part.seen_at > self._idle_s:
            self._let_go_of_taken({place})  # silent for so long, it may count as dead
        if place not in self._parts:
            raise TransientError(f"Kafka: {place[0]}:{place[1]} of group {self._group} is another consumer's now")

    def _let_go_of_taken(self, places: Iterable[Place]) -> None:
        for one in self._committed([TopicPartition(*place) for place in places]):
            _, owner = restored(one.offset, one.metadata)
            if owner is None or (owner.consumer, owner.run) == (self._name, self._run) or self._is_later(owner):
                continue
            log.warning("bus_partition_lost", topic=one.topic, group=self._group, to=owner.consumer)
            place = one.topic, one.partition
            del self._parts[place]
            self._consumer.incremental_unassign([TopicPartition(*place)])
            self._again = deque(each for each in self._again if _place_of(each) != place)
            self._fresh = deque(each for each in self._fresh if _place_of(each[0]) != place)

    def _is_later(self, owner: Owner) -> bool:
        """Whether this run came after that one of its own name, which has committed once more."""
        return owner.consumer == self._name and owner.run < self._run

    def _commit(self, places: Iterable[Place], *, wait: bool) -> None:
        owner = Owner(self._name, self._run, time.time_ns() // 1_000_000)
        offsets = []
        for topic, partition in sorted(places):
            part = self._parts[topic, partition]
            part.seen_at = time.monotonic()
            offsets.append(TopicPartition(topic, partition, part.progress.low, part.progress.metadata(owner)))
        if not offsets:
            return
        if not wait:
            self._consumer.commit(offsets=offsets, asynchronous=True)
            return
        for one in self._consumer.commit(offsets=offsets, asynchronous=False) or []:
            if one.error is not None:
                raise as_error(one.error)

    # --- messages ----------------------------------------------------------------------------------------------------

    def _attend(self, topics: set[str]) -> None:
        """Nothing is fetched for topics that are not asked for."""
        for place, part in self._parts.items():
            is_asked = place[0] in topics
            if is_asked is not part.is_asked:
                change = self._consumer.resume if is_asked else self._consumer.pause
                change([TopicPartition(*place)])
                part.is_asked = is_asked

    def _fetch(self, count: int, wait_s: float) -> int:
        first = self._consumer.poll(wait_s)
        if first is None:
            return 0
        messages = [first, *self._consumer.consume(count, 0)]
        for message in messages:
            self._arrived(message)
        return len(messages)

    def _arrived(self, message: Message) -> None:
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            raise as_error(error)
        topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        part = self._parts.get((topic, partition))
        if part is None:
            return
        self._pass_over(topic, part, offset)
        if error is not None:
            return
        part.cursor = offset + 1
        one = Delivery(topic, (message.key() or b"").decode(), message.value() or b"", f"{partition}:{offset}")
        if offset < part.bound:
            if not part.progress.is_done(offset):
                self._again.append(one)
            return
        published_ms = message.timestamp()[1]
        if published_ms < part.older_than_ms:
            self._leave_out(one)
            return
        part.older_than_ms = 0
        self._fresh.append((one, published_ms))

    def _pass_over(self, topic: str, part: _Part, offset: int) -> None:
        """What lies between the last message and this one is not at the broker any more."""
        if offset <= part.cursor:
            return
        log.error("bus_messages_lost_to_trimming", group=self._group, topic=topic, first=part.cursor, next=offset)
        part.progress.done(part.cursor, offset)
        part.cursor = offset

    def _leave_out(self, one: Delivery) -> None:
        place, offset = _place_of(one), _offset_of(one)
        progress = self._parts[place].progress
        progress.taken = max(progress.taken, offset + 1)
        progress.done(offset, offset + 1)

    def _ready(self, topics: set[str], count: int, *, is_over: bool) -> list[Delivery]:
        """What was left undone goes first and alone; nothing new before all of it has come."""
        is_resuming = any(part.cursor < part.bound for (topic, _), part in self._parts.items() if topic in topics)
        if is_resuming and len(self._again) < count and not is_over:
            return []
        again = _take(self._again, lambda one: one.topic in topics, count)
        if again or is_resuming:
            return again
        fresh = [one for one, _ in _take(self._fresh, lambda each: each[0].topic in topics, count)]
        for one in fresh:
            progress = self._parts[_place_of(one)].progress
            progress.taken = max(progress.taken, _offset_of(one) + 1)
        self._commit({_place_of(one) for one in fresh}, wait=False)
        return fresh

    def _report_lag(self) -> None:
        behind: dict[str, int] = {}
        for place, part in self._parts.items():
            known = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
            if known is not None and known[1] >= 0:
                behind[place[0]] = behind.get(place[0], 0) + max(0, known[1] - part.progress.taken)
        for topic, messages in behind.items():
            BUS_LAG_MESSAGES.labels(topic, self._group).set(messages)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._away = error

    def _raise_if_away(self) -> None:
        if self._away is not None:
            self._consumer.list_topics(timeout=1)  # raises while nobody answers
            self._away = None


def _place_of(one: Delivery) -> Place:
    return one.topic, int(one.position.partition(":")[0])


def _offset_of(one: Delivery) -> int:
    return int(one.position.partition(":")[2])


def _take(queue: deque[_T], is_wanted: Callable[[_T], bool], count: int) -> list[_T]:
    """The first `count` of those that are wanted leave the queue."""
    taken: list[_T] = []
    kept: list[_T] = []
    while queue and len(taken) < count:
        one = queue.popleft()
        (taken if is_wanted(one) else kept).append(one)
    queue.extendleft(reversed(kept))
    return taken
