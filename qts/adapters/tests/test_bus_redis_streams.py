"""The bus contract on Redis Streams, and what only this adapter has."""

import time

import pytest
import redis

from qts.adapters.bus import connect
from qts.adapters.bus.redis_streams import RedisStreamsBus, stream_key
from qts.adapters.redis_client import BLOCK_MS_MAX, SOCKET_TIMEOUT_S
from qts.adapters.tests.bus_contract import BusContract, bodies, drain, messages, read
from qts.domain.errors import TerminalError, TransientError
from qts.observability.metrics import BUS_LAG_MESSAGES


class TestRedisStreamsBus(BusContract):
    @pytest.fixture
    def connect(self, redis_url):
        return lambda: RedisStreamsBus(redis_url, claim_idle_ms=400, claim_every_s=0.05)


def test_a_blocking_read_ends_before_its_socket_would():
    assert BLOCK_MS_MAX / 1000 < SOCKET_TIMEOUT_S


def test_a_read_that_asks_for_a_minute_comes_back_within_the_limit(redis_url, unique, monkeypatch):
    monkeypatch.setattr("qts.adapters.bus.redis_streams.BLOCK_MS_MAX", 300)
    started_at = time.monotonic()
    assert read(connect(redis_url), unique, block_ms=60_000) == []
    assert 0.3 <= time.monotonic() - started_at < 2


def test_no_block_means_no_waiting(redis_url, unique):
    started_at = time.monotonic()
    assert read(connect(redis_url), unique, block_ms=0) == []
    assert time.monotonic() - started_at < 0.5


def test_a_new_group_begins_where_it_was_told_to(redis_url, unique):
    bus = connect(redis_url)
    bus.publish(messages(unique, 3))

    assert read(connect(redis_url, group_start="$"), unique, group="from-now", block_ms=0) == []
    assert bodies(read(connect(redis_url), unique, group="from-start")) == [b"0", b"1", b"2"]
    bus.publish(messages(unique, 4)[3:])
    assert bodies(read(connect(redis_url, group_start="$"), unique, group="from-now")) == [b"3"]


def test_a_server_that_lost_its_data_gets_its_groups_back(killable_redis):
    bus = connect(killable_redis.url)
    bus.publish(messages("t", 1))
    drain(bus, "t", expect=1)
    killable_redis.kill()
    with pytest.raises(TransientError):
        bus.publish(messages("t", 1))
    with pytest.raises(TransientError):
        read(bus, "t")
    killable_redis.start()

    bus.publish(messages("t", 2))

    assert bodies(drain(bus, "t", expect=2)) == [b"0", b"1"]


def test_a_silent_server_ends_in_a_transient_error_and_no_repetition(killable_redis, monkeypatch):
    monkeypatch.setattr("qts.adapters.redis_client.SOCKET_TIMEOUT_S", 0.5)
    bus = connect(killable_redis.url + "?silent")
    bus.publish(messages("t", 1))
    killable_redis.pause()
    started_at = time.monotonic()
    with pytest.raises(TransientError):
        bus.publish(messages("t", 1))
    assert time.monotonic() - started_at < 3
    killable_redis.resume()

    with redis.Redis.from_url(killable_redis.url) as client:
        deadline = time.monotonic() + 5
        while client.xlen(stream_key("t")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        assert client.xlen(stream_key("t")) == 2, "the timed-out message arrived once, not once per retry"


def test_messages_trimmed_before_they_were_handled_do_not_come_back(redis_url, unique):
    bus = connect(redis_url)
    bus.publish(messages(unique, 3))
    assert len(drain(bus, unique, expect=3, acknowledge=False)) == 3
    with redis.Redis.from_url(redis_url) as client:
        client.xtrim(stream_key(unique), maxlen=1, approximate=False)

    again = connect(redis_url)

    assert bodies(read(again, unique)) == [b"2"]
    with redis.Redis.from_url(redis_url) as client:
        assert client.xpending(stream_key(unique), "g")["pending"] == 1


def test_own_pending_messages_come_in_portions_of_count(redis_url, unique):
    bus = connect(redis_url)
    bus.publish(messages(unique, 7))
    assert len(drain(bus, unique, expect=7, acknowledge=False)) == 7

    again = connect(redis_url)

    assert [bodies(read(again, unique, count=3)) for _ in range(3)] == [
        [b"0", b"1", b"2"],
        [b"3", b"4", b"5"],
        [b"6"],
    ]


def test_a_consumer_reports_how_far_its_group_is_behind(redis_url, unique):
    bus = RedisStreamsBus(redis_url, claim_every_s=0.0)
    bus.publish(messages(unique, 5))
    read(bus, unique, count=2)
    read(bus, unique, count=1)
    (gauge,) = BUS_LAG_MESSAGES.labels(unique, "g").collect()
    assert gauge.samples[0].value == 3, "as it was before the second read"


@pytest.mark.parametrize("url", ["amqp://x", "", "localhost:6379"])
def test_an_address_that_no_adapter_speaks_is_named(url):
    with pytest.raises(TerminalError, match="EVENT_BUS_URL: no bus speaks"):
        connect(url)
