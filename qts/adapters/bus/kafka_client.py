"""Addresses, limits and errors of Kafka, and one producer per address."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zlib import crc32

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from qts.domain.errors import TerminalError, TransientError

log = structlog.get_logger(__name__)

REQUEST_S_MAX = 4.0  # less than a lease lasts: who asks holds one
ANSWER_S_MAX = 2.0  # to the question whether it is there
DELIVERY_S_MAX = 4.0  # then a message counts as not delivered, though it may arrive
PARTITIONS_MAX = 1_000
SECURITY = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
# what fails is raised and logged by the caller; the library would write twenty lines a second to stderr
_QUIET = {"log_level": 0, "client.id": "qts", "reconnect.backoff.max.ms": 1_000}
_PARAMETERS = frozenset({"partitions", "replication", "security", "sasl_mechanism", "ca"})
_REFUSED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError._AUTHENTICATION,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.POLICY_VIOLATION,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError._INVALID_ARG,
    }
)  # the same again would be refused again


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """`partitions` says how many of each topic QTS writes and reads: it decides where a key lives, so it is told here
    and not asked of the broker, where somebody may add some and so move every key."""

    config: tuple[tuple[str, str], ...] = field(repr=False)  # may hold a password
    partitions: int = 1
    replication: int = -1  # the broker's own default

    def partition_of(self, key: str) -> int:
        return crc32(key.encode()) % self.partitions


@cache
def parse_address(url: str) -> KafkaAddress:
    """`kafka://[user:password@]host:port[,host:port...][?partitions=&replication=&security=&sasl_mechanism=&ca=]`."""
    parts = urlsplit(url)
    user, has_user, servers = parts.netloc.rpartition("@")
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := sorted(asked.keys() - _PARAMETERS):
        raise TerminalError(f"EVENT_BUS_URL: kafka:// knows no '{unknown[0]}'; known: {', '.join(sorted(_PARAMETERS))}")
    if not servers:
        raise TerminalError("EVENT_BUS_URL: kafka:// needs the address of a broker, as in kafka://host:9092")
    security = asked.get("security", "sasl_ssl" if has_user else "plaintext")
    if security not in SECURITY:
        raise TerminalError(f"EVENT_BUS_URL: security is one of {', '.join(SECURITY)}, not '{security}'")
    config = {"bootstrap.servers": servers, "security.protocol": security}
    if has_user:
        name, _, password = user.partition(":")
        config["sasl.mechanism"] = asked.get("sasl_mechanism", "SCRAM-SHA-512")
        config["sasl.username"], config["sasl.password"] = unquote(name), unquote(password)
    if "ca" in asked:
        config["ssl.ca.location"] = asked["ca"]
    return KafkaAddress(
        tuple(config.items()),
        partitions=_number(asked.get("partitions", "1"), "partitions", 1, PARTITIONS_MAX),
        replication=_number(asked.get("replication", "-1"), "replication", -1, 100),
    )


def _number(text: str, name: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise TerminalError(f"EVENT_BUS_URL: {name} is a whole number from {least} to {most}, not '{text}'")
    return number


def as_error(error: KafkaError) -> TransientError | TerminalError:
    kind = TerminalError if error.code() in _REFUSED else TransientError
    return kind(f"Kafka: {error.name()}: {error.str()}")


@contextmanager
def kafka_errors() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise as_error(error.args[0]) from error


class _Sending:
    """What is still under way of one call, and the first thing that went wrong."""

    def __init__(self, messages: int) -> None:
        self._lock = threading.Lock()
        self.open = messages
        self.failed: KafkaError | None = None

    def delivered(self, error: KafkaError | None, _message: object) -> None:
        with self._lock:
            self.open -= 1
            self.failed = self.failed or error


class KafkaClient:
    """Producer and topics of one address; safe from any thread."""

    def __init__(self, url: str) -> None:
        self.address = parse_address(url)
        self._config: dict[str, Any] = {**dict(self.address.config), **_QUIET}
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._known: set[str] = set()

    def config(self, **more: Any) -> dict[str, Any]:
        return self._config | {name.replace("_", "."): value for name, value in more.items()}

    def send(self, messages: Iterable[tuple[str, str, bytes]]) -> None:
        """Topic, key and body each. Returns when every broker in sync has all of them."""
        rows = list(messages)
        self.ensure_topics({topic for topic, _, _ in rows})
        producer, sending = self._its_producer(), _Sending(len(rows))
        deadline = time.monotonic() + DELIVERY_S_MAX + 1
        with kafka_errors():
            for topic, key, body in rows:
                self._produce(producer, sending, (topic, key, body), deadline)
            while sending.open and time.monotonic() < deadline:
                producer.poll(0.05)
        if sending.failed is not None or sending.open:
            self._replace(producer)
        if sending.failed is not None:
            raise as_error(sending.failed)
        if sending.open:
            raise TransientError(f"Kafka: {sending.open} of {len(rows)} messages were not confirmed")

    def _produce(self, producer: Producer, sending: _Sending, row: tuple[str, str, bytes], deadline: float) -> None:
        topic, key, body = row
        while True:
            try:
                producer.produce(
                    topic,
                    value=body,
                    key=key.encode(),
                    partition=self.address.partition_of(key),
                    on_delivery=sending.delivered,
                )
            except BufferError:  # the local queue is full: let some go out
                if time.monotonic() > deadline:
                    raise TransientError("Kafka: the queue of the producer stays full") from None
                producer.poll(0.05)
            else:
                return

    def _its_producer(self) -> Producer:
        with self._lock:
            if self._producer is None:
                limits = {"delivery.timeout.ms": int(DELIVERY_S_MAX * 1000), "linger.ms": 1}
                self._producer = Producer(self._config | {"enable.idempotence": True, "acks": "all"} | limits)
            return self._producer

    def _replace(self, producer: Producer) -> None:
        """One that has lost count of its messages refuses further ones, and one that met a broker without its memory
        goes on asking for the old one: after a failure the next call begins anew."""
        with self._lock:
            if self._producer is producer:
                self._producer = None

    def answers(self) -> None:
        """Raises TransientError when no broker answers in time, TerminalError when it refuses us."""
        with kafka_errors():
            AdminClient(self._config).list_topics(timeout=ANSWER_S_MAX)

    def ensure_topics(self, topics: Iterable[str]) -> None:
        """Make those that are missing; a broker that makes topics by itself may do it in our place."""
        if not (missing := sorted(set(topics) - self._known)):
            return
        with kafka_errors():
            admin = AdminClient(self._config)
            has = {
                name: len(topic.partitions) for name, topic in admin.list_topics(timeout=REQUEST_S_MAX).topics.items()
            }
            if absent := [topic for topic in missing if topic not in has]:
                has |= self._made(admin, absent)
        for topic in missing:
            if has[topic] < self.address.partitions:
                raise TerminalError(
                    f"EVENT_BUS_URL: topic {topic} has {has[topic]} partitions, not {self.address.partitions}:"
                    " add some at the broker, or say partitions= as they are"
                )
        self._known.update(missing)

    def _made(self, admin: AdminClient, topics: Sequence[str]) -> dict[str, int]:
        wanted = [NewTopic(topic, self.address.partitions, self.address.replication) for topic in topics]
        for topic, made in admin.create_topics(wanted, request_timeout=REQUEST_S_MAX / 2).items():
            try:
                made.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    log.warning("kafka_topic_not_made", topic=topic, reason=error.args[0].str())
        return {topic: self._partitions(admin, topic) for topic in topics}

    def _partitions(self, admin: AdminClient, topic: str) -> int:
        """Asking for one topic by name is what makes it on brokers that do so by themselves."""
        deadline = time.monotonic() + REQUEST_S_MAX
        while True:
            told = admin.list_topics(topic, timeout=REQUEST_S_MAX).topics[topic]
            if told.error is None and told.partitions:
                return len(told.partitions)
            if time.monotonic() > deadline:
                raise TransientError(f"Kafka: topic {topic} is not there: {told.error}")
            time.sleep(0.05)


@cache
def kafka_client(url: str) -> KafkaClient:
    return KafkaClient(url)


def partitions_of(topic: str, address: KafkaAddress) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(address.partitions)]
