import asyncio
from contextlib import suppress

import pytest

from qts.adapters.bus import AsyncTail, connect, connect_tail
from qts.adapters.tests.bus_contract import messages


class Collector:
    """Runs a tail in a task and keeps what it gave."""

    def __init__(self, url: str, topics: list[str]) -> None:
        self.tail = connect_tail(url, topics, block_ms=100)
        self.got: list[tuple[str, bytes]] = []
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async for batch in self.tail:
            self.got.extend((one.topic, one.body) for one in batch)

    async def until(self, condition, seconds: float = 8.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                assert not self.task.done(), self.task
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def collect():
    running = []

    def start(url: str, topics: list[str]) -> Collector:
        running.append(Collector(url, topics))
        return running[-1]

    yield start
    for one in running:
        await one.stop()


async def test_a_tail_gives_what_comes_after_its_start_and_nothing_before(redis_url, unique, collect):
    bus = connect(redis_url)
    bus.publish(messages(unique, 3))
    collector = collect(redis_url, [unique, f"{unique}.other"])
    await collector.until(lambda: collector.tail.connected)

    bus.publish(messages(unique, 5)[3:])
    bus.publish(messages(f"{unique}.other", 1))
    await collector.until(lambda: len(collector.got) == 3)

    await asyncio.sleep(0.2)
    assert sorted(collector.got) == [(unique, b"3"), (unique, b"4"), (f"{unique}.other", b"0")]


async def test_a_tail_comes_back_after_an_outage_and_loses_nothing_that_was_kept(killable_redis, collect):
    bus = connect(killable_redis.url)
    collector = collect(killable_redis.url, ["t"])
    await collector.until(lambda: collector.tail.connected)
    bus.publish(messages("t", 1))
    await collector.until(lambda: len(collector.got) == 1)

    killable_redis.kill()
    await collector.until(lambda: not collector.tail.connected)
    killable_redis.start()
    bus.publish(messages("t", 3)[1:])

    await collector.until(lambda: len(collector.got) == 3)
    assert [body for _, body in collector.got] == [b"0", b"1", b"2"]
    assert collector.tail.connected


async def test_a_tail_waits_for_a_server_that_is_not_there_yet(killable_redis, collect):
    killable_redis.kill()
    collector = collect(killable_redis.url, ["t"])
    await asyncio.sleep(0.5)
    assert not collector.tail.connected
    killable_redis.start()

    await collector.until(lambda: collector.tail.connected)
    connect(killable_redis.url).publish(messages("t", 1))
    await collector.until(lambda: collector.got == [("t", b"0")])


async def test_a_cancellation_that_a_read_has_swallowed_still_ends_the_tail(redis_url, unique, monkeypatch):
    reads = []

    async def read_and_swallow(_tail, _client):
        reads.append(unique)
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.2)
        return []

    monkeypatch.setattr(AsyncTail, "_read", read_and_swallow)
    collector = Collector(redis_url, [unique])
    await collector.until(lambda: reads)
    collector.task.cancel()
    await asyncio.wait({collector.task}, timeout=5)
    assert collector.task.cancelled()


async def test_a_tail_ends_whenever_it_is_cancelled(redis_url, unique):
    """While it connects, looks for the ends, sends or waits: a busy bus meets all of these."""
    bus = connect(redis_url)
    for number in range(40):
        tail = Collector(redis_url, [unique, f"{unique}.other"])
        await asyncio.sleep(number * 0.0007)
        bus.publish(messages(unique, 1))
        await asyncio.sleep(number % 5 * 0.0003)
        tail.task.cancel()
        await asyncio.wait({tail.task}, timeout=5)
        assert tail.task.cancelled()
