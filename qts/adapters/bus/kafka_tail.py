"""The live tail of `qts.adapters.bus.tail` on Kafka: no group is kept, nothing is committed, from now on."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from qts.adapters.bus.kafka_client import REQUEST_S_MAX, kafka_client, partitions_of
from qts.adapters.bus.tail import BACK_OFF_MAX_S, COUNT
from qts.domain.errors import TransientError
from qts.domain.ports import Delivery

log = structlog.get_logger(__name__)

FETCH_WAIT_MS = 100


class KafkaTail:
    """As `AsyncTail`: it comes back by itself and goes on after the last message it saw.

    librdkafka waits in a thread of its own, one for each tail; a web process has one tail.
    """

    def __init__(self, url: str, topics: Sequence[str], *, block_ms: int = 1_000, count: int = COUNT) -> None:
        self._client = kafka_client(url)
        self._topics = list(topics)
        self._block_s = block_ms / 1000
        self._count = count
        self._next: dict[tuple[str, int], int] = {}
        self._away = False
        self.connected = False

    async def __aiter__(self) -> AsyncIterator[list[Delivery]]:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-tail")
            consumer: Consumer | None = None
            try:
                consumer = await loop.run_in_executor(thread, self._begin)
                self.connected, failures = True, 0
                while True:
                    if batch := await loop.run_in_executor(thread, self._read, consumer):
                        yield batch
            except (KafkaException, TransientError) as error:
                self.connected = False
                failures += 1
                log.warning("bus_tail_disconnected", reason=str(error), failures=failures)
            finally:
                if consumer is not None:
                    thread.submit(consumer.close)  # after the read that may still wait
                thread.shutdown(wait=False)
            await asyncio.sleep(min(BACK_OFF_MAX_S, 0.1 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0))

    def _begin(self) -> Consumer:
        self._away = False
        self._client.ensure_topics(self._topics)
        settings = {"enable.partition.eof": False, "fetch.wait.max.ms": FETCH_WAIT_MS, "error_cb": self._on_error}
        consumer = Consumer(
            self._client.config(
                group_id=f"qts-tail-{uuid.uuid4()}", enable_auto_commit=False, auto_offset_reset="earliest"
            )
            | settings
        )
        for topic in self._topics:
            for place in partitions_of(topic, self._client.address):
                key = place.topic, place.partition
                if key not in self._next:
                    self._next[key] = consumer.get_watermark_offsets(place, timeout=REQUEST_S_MAX)[1]
        consumer.assign([TopicPartition(*key, offset) for key, offset in self._next.items()])
        return consumer

    def _read(self, consumer: Consumer) -> list[Delivery]:
        first = consumer.poll(self._block_s)
        if first is None:
            if self._away:
                consumer.list_topics(timeout=1)  # raises while nobody answers
                self._away = False
            return []
        return [self._delivery(one) for one in (first, *consumer.consume(self._count - 1, 0))]

    def _delivery(self, message: Message) -> Delivery:
        if (error := message.error()) is not None:
            raise KafkaException(error)
        topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        self._next[topic, partition] = offset + 1
        return Delivery(topic, (message.key() or b"").decode(), message.value() or b"", f"{partition}:{offset}")

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._away = True
