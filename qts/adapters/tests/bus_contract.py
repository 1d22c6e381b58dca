"""What every bus must do, whatever carries it. A test module of an adapter inherits `BusContract` and says how to
connect; the suite then runs against a real server."""

import time
from collections.abc import Callable

import pytest

from qts.domain.ports import Bus, BusMessage, Delivery

BLOCK_MS = 1_000


class BusContract:
    """Subclasses give the fixture `connect`: a new adapter object on the same server at each call."""

    @pytest.fixture
    def connect(self) -> Callable[[], Bus]:
        raise NotImplementedError

    @pytest.fixture
    def topic(self, unique: str) -> str:
        return f"test.{unique}.first"

    @pytest.fixture
    def other_topic(self, unique: str) -> str:
        return f"test.{unique}.second"

    def test_a_group_gets_each_message_once_in_order(self, connect, topic):
        bus = connect()
        bus.publish(messages(topic, 5))

        got = drain(bus, topic, expect=5)

        assert [(one.topic, one.key, one.body) for one in got] == [
            (topic, f"K{number % 2}", f"{number}".encode()) for number in range(5)
        ]
        assert len({one.position for one in got}) == 5
        assert read(bus, topic, block_ms=50) == []

    def test_two_groups_get_everything_each(self, connect, topic):
        bus = connect()
        bus.publish(messages(topic, 3))

        assert bodies(drain(bus, topic, group="a", expect=3)) == bodies(drain(bus, topic, group="b", expect=3))

    def test_several_topics_in_one_call(self, connect, topic, other_topic):
        bus = connect()
        bus.publish([*messages(topic, 2), *messages(other_topic, 2)])

        got: list[Delivery] = []
        for _ in range(10):
            if len(got) < 4:
                got.extend(bus.consume([topic, other_topic], group="g", consumer="c", count=100, block_ms=BLOCK_MS))
        assert [one.body for one in got if one.topic == topic] == [b"0", b"1"]
        assert [one.body for one in got if one.topic == other_topic] == [b"0", b"1"]

    def test_what_was_not_acknowledged_comes_first_after_a_restart(self, connect, topic):
        before = connect()
        before.publish(messages(topic, 4))
        got = drain(before, topic, expect=4, acknowledge=False)
        before.acknowledge("g", [got[0], got[2]])
        before.publish(messages(topic, 6)[4:])

        after = connect()

        assert bodies(read(after, topic)) == [b"1", b"3"]
        assert bodies(drain(after, topic, expect=2)) == [b"4", b"5"]

    def test_a_group_that_is_behind_skips_what_is_old_and_keeps_what_it_took(self, connect, topic):
        before = connect()
        before.publish(messages(topic, 2))
        assert bodies(drain(before, topic, expect=2, acknowledge=False)) == [b"0", b"1"]
        before.publish(messages(topic, 4)[2:])
        time.sleep(0.05)
        since_ms = time.time_ns() // 1_000_000
        time.sleep(0.05)
        before.publish(messages(topic, 6)[4:])

        after = connect()
        after.skip_older(topic, group="g", than_ms=since_ms)
        assert bodies(drain(after, topic, expect=4)) == [b"0", b"1", b"4", b"5"]

        after.skip_older(topic, group="g", than_ms=since_ms)  # it is further already: nothing comes again
        assert read(after, topic, block_ms=50) == []

    def test_the_same_run_does_not_get_its_unacknowledged_messages_again(self, connect, topic):
        bus = connect()
        bus.publish(messages(topic, 2))
        assert len(drain(bus, topic, expect=2, acknowledge=False)) == 2

        assert read(bus, topic, block_ms=50) == []

    def test_acknowledged_messages_never_come_again(self, connect, topic):
        bus = connect()
        bus.publish(messages(topic, 3))
        drain(bus, topic, expect=3)

        assert read(connect(), topic, block_ms=50) == []

    def test_messages_of_a_dead_consumer_go_to_a_living_one(self, connect, topic):
        dead = connect()
        dead.publish(messages(topic, 3))
        assert len(drain(dead, topic, consumer="dead", expect=3, acknowledge=False)) == 3

        living = connect()
        got = drain(living, topic, consumer="living", expect=3)

        assert bodies(got) == [b"0", b"1", b"2"]
        assert read(connect(), topic, consumer="dead", block_ms=50) == []

    def test_a_consumer_that_keeps_asking_keeps_its_messages(self, connect, topic):
        slow, other = connect(), connect()
        slow.publish(messages(topic, 1))
        assert len(drain(slow, topic, consumer="slow", expect=1, acknowledge=False)) == 1

        for _ in range(6):
            assert read(slow, topic, consumer="slow", block_ms=100) == []
            assert read(other, topic, consumer="other", block_ms=100) == []

    def test_an_empty_topic_answers_nothing_and_nothing_fails(self, connect, topic):
        bus = connect()
        assert list(read(bus, topic, block_ms=20)) == []
        bus.acknowledge("g", [])
        bus.publish([])
        assert list(read(bus, topic, block_ms=0)) == []

    def test_bytes_and_vietnamese_keys_arrive_as_they_were(self, connect, topic):
        bus = connect()
        body = bytes(range(256))
        bus.publish([BusMessage(topic, "Đặt lệnh", body)])

        (got,) = drain(bus, topic, expect=1)
        assert (got.key, got.body) == ("Đặt lệnh", body)

    def test_count_bounds_what_comes_at_once(self, connect, topic):
        bus = connect()
        bus.publish(messages(topic, 10))

        assert len(read(bus, topic, count=4)) <= 4
        assert len(drain(connect(), topic, expect=10)) == 10


def messages(topic: str, count: int) -> list[BusMessage]:
    return [BusMessage(topic, f"K{number % 2}", f"{number}".encode()) for number in range(count)]


def read(
    bus: Bus, topic: str, *, group: str = "g", consumer: str = "c", count: int = 100, block_ms: int = BLOCK_MS
) -> list[Delivery]:
    return list(bus.consume([topic], group=group, consumer=consumer, count=count, block_ms=block_ms))


def drain(
    bus: Bus, topic: str, *, expect: int, group: str = "g", consumer: str = "c", acknowledge: bool = True
) -> list[Delivery]:
    """Read until `expect` messages came, or nothing came three times in a row."""
    got: list[Delivery] = []
    empty = 0
    while len(got) < expect and empty < 3:
        batch = read(bus, topic, group=group, consumer=consumer)
        empty = 0 if batch else empty + 1
        got.extend(batch)
        if acknowledge:
            bus.acknowledge(group, batch)
    return got


def bodies(deliveries: list[Delivery]) -> list[bytes]:
    return [one.body for one in deliveries]
