"""The bus contract on Kafka, and what only this adapter has."""

import asyncio
import time

import pytest
from confluent_kafka import Consumer, TopicPartition

from qts.adapters.bus import connect, connect_tail
from qts.adapters.bus.kafka import KafkaBus
from qts.adapters.bus.kafka_client import parse_address
from qts.adapters.tests.bus_contract import BusContract, bodies, drain, messages, read
from qts.adapters.tests.test_bus_tail import Collector
from qts.domain.errors import TerminalError, TransientError
from qts.domain.ports import BusMessage
from qts.observability.metrics import BUS_LAG_MESSAGES


class TestKafkaBusOnTheMockCluster(BusContract):
    @pytest.fixture
    def connect(self, kafka_mock):
        return lambda: KafkaBus(kafka_mock.url, claim_idle_ms=400, claim_every_s=0.05)

    @pytest.fixture
    def topic(self, kafka_mock, unique):
        return kafka_mock.make(f"test.{unique}.first")

    @pytest.fixture
    def other_topic(self, kafka_mock, unique):
        return kafka_mock.make(f"test.{unique}.second")


FORGETS_METADATA = pytest.mark.xfail(strict=True, reason="Tansu 0.6 forgets the metadata of a commit")


class TestKafkaBusOnABrokerProcess(BusContract):
    @pytest.fixture
    def connect(self, kafka_url):
        return lambda: KafkaBus(kafka_url, claim_idle_ms=400, claim_every_s=0.05)

    @FORGETS_METADATA
    def test_what_was_not_acknowledged_comes_first_after_a_restart(self, connect, topic):
        super().test_what_was_not_acknowledged_comes_first_after_a_restart(connect, topic)

    @FORGETS_METADATA
    def test_a_group_that_is_behind_skips_what_is_old_and_keeps_what_it_took(self, connect, topic):
        super().test_a_group_that_is_behind_skips_what_is_old_and_keeps_what_it_took(connect, topic)

    @FORGETS_METADATA
    def test_a_consumer_that_keeps_asking_keeps_its_messages(self, connect, topic):
        super().test_a_consumer_that_keeps_asking_keeps_its_messages(connect, topic)


@pytest.fixture
def topic(kafka_mock, unique):
    return kafka_mock.make(f"test.{unique}")


def test_a_key_keeps_its_partition_and_its_order(kafka_url, unique):
    url = f"{kafka_url}?partitions=4"
    sent = [BusMessage(unique, f"K{number % 9}", f"{number}".encode()) for number in range(90)]
    connect(url).publish(sent[:50])
    connect(url).publish(sent[50:])

    got = drain(connect(url), unique, expect=90)

    partitions: dict[str, set[str]] = {}
    for one in got:
        partitions.setdefault(one.key, set()).add(one.position.partition(":")[0])
    assert all(len(places) == 1 for places in partitions.values())
    assert len(set.union(*partitions.values())) > 1
    for key in partitions:
        assert [one.body for one in got if one.key == key] == [one.body for one in sent if one.key == key]


def test_partitions_that_somebody_adds_move_no_key(kafka_mock, topic):
    """The topic has four: the address says one, and one it stays."""
    connect(kafka_mock.url).publish(messages(topic, 6))
    assert {one.position.partition(":")[0] for one in drain(connect(kafka_mock.url), topic, expect=6)} == {"0"}


def test_fewer_partitions_than_the_address_says_are_refused(kafka_mock, topic):
    with pytest.raises(TerminalError, match=f"topic {topic} has 4 partitions, not 5"):
        connect(f"{kafka_mock.url}?partitions=5").publish(messages(topic, 1))


def test_what_is_acknowledged_out_of_order_survives_in_the_commit(kafka_mock, topic):
    bus = connect(kafka_mock.url)
    bus.publish(messages(topic, 6))
    got = drain(bus, topic, expect=6, acknowledge=False)
    for index in (4, 1, 2):
        bus.acknowledge("g", [got[index]])

    (stored,) = committed(kafka_mock, topic)
    assert stored.offset == 0
    assert stored.metadata.split(" ")[4:] == ["6", "1-3,4-5"]

    bus.acknowledge("g", [got[0]])
    (stored,) = committed(kafka_mock, topic)
    assert stored.offset == 3
    assert stored.metadata.split(" ")[4:] == ["3", "1-2"]


def committed(kafka_mock, topic):
    looker = Consumer({"bootstrap.servers": kafka_mock.url.removeprefix("kafka://"), "group.id": "g"})
    return looker.committed([TopicPartition(topic, 0)], timeout=5)


def test_a_run_that_was_replaced_can_acknowledge_nothing_more(kafka_mock, topic):
    before = KafkaBus(kafka_mock.url, claim_idle_ms=200, claim_every_s=0.05)
    before.publish(messages(topic, 2))
    got = drain(before, topic, expect=2, acknowledge=False)
    time.sleep(0.25)
    after = KafkaBus(kafka_mock.url, claim_idle_ms=200, claim_every_s=0.05)
    assert bodies(drain(after, topic, consumer="other", expect=2, acknowledge=False)) == [b"0", b"1"]

    with pytest.raises(TransientError, match="is another consumer's now"):
        before.acknowledge("g", got)
    assert read(before, topic, block_ms=0) == []


def test_a_later_run_of_the_same_name_is_not_put_off_by_a_last_commit_of_the_earlier(kafka_mock, topic):
    before, after = (KafkaBus(kafka_mock.url, claim_idle_ms=5_000, claim_every_s=0.05) for _ in range(2))
    before.publish(messages(topic, 2))
    got = drain(before, topic, expect=2, acknowledge=False)
    assert len(drain(after, topic, expect=2, acknowledge=False)) == 2
    before.acknowledge("g", got[:1])  # within the time in which it need not look

    time.sleep(0.1)
    assert read(after, topic, block_ms=0) == []
    after.publish(messages(topic, 3)[2:])
    assert bodies(drain(after, topic, expect=1)) == [b"2"]


def test_a_new_group_begins_where_it_was_told_to(kafka_mock, topic):
    bus = connect(kafka_mock.url)
    bus.publish(messages(topic, 3))

    assert read(connect(kafka_mock.url, group_start="$"), topic, group="from-now", block_ms=0) == []
    assert bodies(read(connect(kafka_mock.url), topic, group="from-start")) == [b"0", b"1", b"2"]
    bus.publish(messages(topic, 4)[3:])
    assert bodies(read(connect(kafka_mock.url, group_start="$"), topic, group="from-now")) == [b"3"]


def test_a_topic_that_is_not_asked_for_waits(kafka_mock, topic, unique):
    other = kafka_mock.make(f"test.{unique}.other")
    bus = connect(kafka_mock.url)
    bus.publish([*messages(topic, 2), *messages(other, 2)])
    assert len(drain(bus, topic, expect=2)) == 2
    assert len(drain(bus, other, expect=2)) == 2

    bus.publish([*messages(topic, 1), *messages(other, 1)])
    assert [one.topic for one in drain(bus, topic, expect=1)] == [topic]
    assert read(bus, topic, block_ms=300) == []
    assert [one.topic for one in drain(bus, other, expect=1)] == [other]


def test_a_broker_that_is_away_ends_in_transient_errors_and_comes_back(killable_kafka, monkeypatch):
    monkeypatch.setattr("qts.adapters.bus.kafka_client.REQUEST_S_MAX", 1.0)
    bus = connect(killable_kafka.url)
    bus.publish(messages("t", 1))
    assert len(drain(bus, "t", expect=1)) == 1
    killable_kafka.stop()

    with pytest.raises(TransientError):
        bus.publish(messages("t", 1))
    with pytest.raises(TransientError):
        drain(bus, "t", expect=1)
    with pytest.raises(TransientError):
        read(connect(killable_kafka.url), "t", block_ms=0)

    monkeypatch.undo()
    killable_kafka.start()  # without its data, as Tansu keeps them
    connect(killable_kafka.url).publish(messages("t.again", 2))
    assert bodies(drain(connect(killable_kafka.url), "t.again", expect=2)) == [b"0", b"1"]


def test_a_consumer_reports_how_far_its_group_is_behind(kafka_mock, topic):
    bus = KafkaBus(kafka_mock.url, claim_every_s=0.0)
    bus.publish(messages(topic, 5))
    assert len(read(bus, topic, count=2)) == 2
    read(bus, topic, count=1)
    (gauge,) = BUS_LAG_MESSAGES.labels(topic, "g").collect()
    assert gauge.samples[0].value == 3, "as it was before the second read"


def test_a_message_that_no_broker_takes_is_no_matter_of_time(kafka_mock, topic):
    with pytest.raises(TerminalError, match="MSG_SIZE_TOO_LARGE"):
        connect(kafka_mock.url).publish([BusMessage(topic, "K", b"x" * 2_000_000)])


def test_what_a_read_asks_for_is_bounded_in_time(kafka_mock, topic, monkeypatch):
    monkeypatch.setattr("qts.adapters.bus.kafka.BLOCK_MS_MAX", 300)
    bus = connect(kafka_mock.url)
    assert read(bus, topic, block_ms=0) == []
    started_at = time.monotonic()
    assert read(bus, topic, block_ms=60_000) == []
    assert 0.3 <= time.monotonic() - started_at < 2


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("kafka://", "needs the address of a broker"),
        ("kafka://a:9092?partition=3", "knows no 'partition'"),
        ("kafka://a:9092?partitions=0", "partitions is a whole number from 1 to 1000, not '0'"),
        ("kafka://a:9092?partitions=many", "not 'many'"),
        ("kafka://a:9092?security=tls", "security is one of"),
    ],
)
def test_an_address_that_cannot_be_is_told_what_is_wrong(url, complaint):
    with pytest.raises(TerminalError, match="EVENT_BUS_URL.*" + complaint):
        connect(url)


def test_an_address_with_a_password_speaks_tls_and_scram():
    address = parse_address("kafka://qts:p%40ss@a:9092,b:9093?ca=/ca.pem&replication=3&partitions=6")
    assert dict(address.config) == {
        "bootstrap.servers": "a:9092,b:9093",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "qts",
        "sasl.password": "p@ss",
        "ssl.ca.location": "/ca.pem",
    }
    assert (address.partitions, address.replication) == (6, 3)
    assert "p@ss" not in repr(address)


@pytest.fixture
async def collect():
    running = []

    def start(url: str, topics: list[str]) -> Collector:
        running.append(Collector(url, topics))
        return running[-1]

    yield start
    for one in running:
        await one.stop()


async def test_a_tail_gives_what_comes_after_its_start_and_nothing_before(kafka_mock, unique, collect):
    topics = [kafka_mock.make(unique), kafka_mock.make(f"{unique}.other")]
    bus = connect(kafka_mock.url)
    bus.publish(messages(unique, 3))
    collector = collect(kafka_mock.url, topics)
    await collector.until(lambda: collector.tail.connected)

    bus.publish(messages(unique, 5)[3:])
    bus.publish(messages(f"{unique}.other", 1))
    await collector.until(lambda: len(collector.got) == 3)

    await asyncio.sleep(0.2)
    assert sorted(collector.got) == [(unique, b"3"), (unique, b"4"), (f"{unique}.other", b"0")]


async def test_a_tail_waits_for_a_broker_and_tells_when_it_is_away(killable_kafka, collect, monkeypatch):
    monkeypatch.setattr("qts.adapters.bus.kafka_client.REQUEST_S_MAX", 0.5)
    killable_kafka.stop()
    collector = collect(killable_kafka.url, ["t"])
    await asyncio.sleep(0.3)
    assert not collector.tail.connected
    killable_kafka.start()
    await collector.until(lambda: collector.tail.connected)
    connect(killable_kafka.url).publish(messages("t", 1))
    await collector.until(lambda: collector.got == [("t", b"0")])

    killable_kafka.stop()
    await collector.until(lambda: not collector.tail.connected)


async def test_a_tail_ends_whenever_it_is_cancelled(kafka_mock, topic):
    for number in range(12):
        tail = Collector(kafka_mock.url, [topic])
        await asyncio.sleep(number * 0.003)
        tail.task.cancel()
        await asyncio.wait({tail.task}, timeout=5)
        assert tail.task.cancelled()


async def test_a_tail_goes_on_after_the_last_message_it_saw(kafka_mock, topic):
    """Whatever ends a connection, the next one begins there."""
    bus = connect(kafka_mock.url)
    tail = connect_tail(kafka_mock.url, [topic], block_ms=50)
    first, second = (aiter(tail) for _ in range(2))
    waiting = asyncio.ensure_future(anext(first))
    while not tail.connected:
        await asyncio.sleep(0.02)
    bus.publish(messages(topic, 1))
    assert bodies(await waiting) == [b"0"]
    await first.aclose()
    bus.publish(messages(topic, 2)[1:])

    assert bodies(await asyncio.wait_for(anext(second), 5)) == [b"1"]
    await second.aclose()
