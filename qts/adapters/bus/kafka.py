"""The bus on Kafka: a topic per topic, the key's partition, at-least-once delivery.

With one partition (the default) all keys of a topic come in order, as from a Redis stream; with more of them each key's
messages do.
"""

import time
from collections.abc import Sequence

from qts.adapters.bus.kafka_client import kafka_client
from qts.adapters.bus.kafka_group import GroupReader
from qts.adapters.redis_client import BLOCK_MS_MAX
from qts.domain.errors import TransientError
from qts.domain.ports import BusMessage, Delivery

CLAIM_IDLE_MS = 15_000  # a consumer that did not even ask for this long is dead; it must exceed BLOCK_MS_MAX
CLAIM_EVERY_S = 5.0


class KafkaBus:
    """`qts.domain.ports.Bus` on Kafka. Every method raises TransientError while no broker answers.

    An object serves one run of one consumer per group, in one thread; publishing is safe from any thread.
    """

    def __init__(
        self,
        url: str,
        *,
        group_start: str = "0",
        claim_idle_ms: int = CLAIM_IDLE_MS,
        claim_every_s: float = CLAIM_EVERY_S,
    ) -> None:
        self._client = kafka_client(url)
        self._group_start = group_start
        self._claim_idle_s = claim_idle_ms / 1000
        self._claim_every_s = claim_every_s
        self._readers: dict[tuple[str, str], GroupReader] = {}
        self._older_than_ms: dict[tuple[str, str], int] = {}

    def publish(self, messages: Sequence[BusMessage]) -> None:
        """Returns when all brokers in sync have everything. After a TransientError some of it may be there."""
        if messages:
            self._client.send((one.topic, one.key, one.body) for one in messages)

    def consume(
        self, topics: Sequence[str], *, group: str, consumer: str, count: int, block_ms: int
    ) -> Sequence[Delivery]:
        """As on Redis; `count` bounds all topics together."""
        reader = self._readers.get((group, consumer))
        if reader is None:
            reader = self._reader(group, consumer)
        return reader.read(topics, count=count, block_s=min(block_ms, BLOCK_MS_MAX) / 1000)

    def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """Raises TransientError when another consumer has taken over meanwhile: it gets the messages again."""
        if not deliveries:
            return
        readers = [reader for (name, _), reader in self._readers.items() if name == group]
        if not readers:
            raise TransientError(f"Kafka: this run has read nothing of group {group}")
        for reader in readers:
            reader.acknowledge([one for one in deliveries if len(readers) == 1 or reader.has(one)])

    def has_lost(self, topic: str, *, group: str) -> bool:
        """Not that we know: how many days Kafka keeps messages is set there."""
        return False

    def skip_older(self, topic: str, *, group: str, than_ms: int) -> None:
        """It holds for what this object reads from now on, by the time at which each message was published."""
        self._older_than_ms[group, topic] = than_ms
        for (name, _), reader in self._readers.items():
            if name == group:
                reader.skip_older(topic, than_ms)

    def _reader(self, group: str, consumer: str) -> GroupReader:
        reader = GroupReader(
            self._client,
            group,
            consumer,
            run=time.time_ns(),
            group_start=self._group_start,
            claim_idle_s=self._claim_idle_s,
            claim_every_s=self._claim_every_s,
        )
        for (name, topic), than_ms in self._older_than_ms.items():
            if name == group:
                reader.skip_older(topic, than_ms)
        self._readers[group, consumer] = reader
        return reader
