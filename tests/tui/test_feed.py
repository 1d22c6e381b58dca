"""One socket against a server that does what servers should not: gaps, nonsense, sudden ends."""

import asyncio
import json
from contextlib import asynccontextmanager

import msgspec
import pytest
from websockets.asyncio.server import serve

from qts.tui import feed as feeds
from qts.tui.feed import Feed, FeedState
from qts.tui.session import Session

WAIT_S = 5.0


class Market:
    """A scripted server: each connection plays the next script, a list of messages or a close code."""

    def __init__(self, *scripts) -> None:
        self._scripts = list(scripts)
        self.asked: list[dict] = []
        self.paths: list[str] = []

    async def play(self, socket) -> None:
        self.paths.append(socket.request.path)
        script = self._scripts.pop(0) if self._scripts else []
        for step in script:
            if step == "hear":
                self.asked.append(json.loads(await socket.recv()))
            elif isinstance(step, int):
                await socket.close(step)
                return
            else:
                await socket.send(step if isinstance(step, str) else json.dumps(step))
        await socket.wait_closed()


def said(seq: int, data: object, channel: str = "quotes") -> dict:
    return {"channel": channel, "seq": seq, "data": data}


@pytest.fixture
def listen(monkeypatch):
    """`async with listen(market) as (feed, heard)`: heard holds (data, is snapshot)."""
    monkeypatch.setattr(feeds, "PAUSE_S_MIN", 0.02)
    monkeypatch.setattr(feeds, "PAUSE_S_MAX", 0.05)

    @asynccontextmanager
    async def listening(market):
        heard: list[tuple[dict, bool]] = []

        def hear(channel, data, is_snapshot):
            heard.append((msgspec.json.decode(data, type=dict[str, int]), is_snapshot))

        async with serve(market.play, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with Session(f"http://127.0.0.1:{port}") as session:
                feed = Feed(session, "/ws/markets", hear, lambda _feed: None)
                await feed.subscribe("quotes", symbols=["SSI"])
                running = asyncio.create_task(feed.run())
                yield feed, heard
                running.cancel()

    return listening


async def until(is_so) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_it_asks_for_the_terminals_rate_and_takes_the_snapshot_before_any_change(listen):
    market = Market(["hear", said(3, {"old": 1}), said(0, {"a": 1}), said(1, {"a": 2})])
    async with listen(market) as (feed, heard):
        await until(lambda: len(heard) == 2)
        assert heard == [({"a": 1}, True), ({"a": 2}, False)]
        assert market.paths == ["/ws/markets?interval_ms=100"]
        assert market.asked == [{"action": "subscribe", "channel": "quotes", "symbols": ["SSI"]}]
        assert feed.state is FeedState.LIVE


async def test_a_gap_in_the_numbers_asks_for_a_snapshot_on_the_same_socket(listen):
    market = Market(["hear", said(0, {"a": 1}), said(2, {"a": 3}), "hear", said(3, {"a": 4}), said(0, {"a": 5})])
    async with listen(market) as (_feed, heard):
        await until(lambda: len(heard) == 2)
        assert heard == [({"a": 1}, True), ({"a": 5}, True)]
        assert (len(market.asked), len(market.paths)) == (2, 1)


@pytest.mark.parametrize(
    "nonsense", ["{", "[]", '{"channel": "quotes"}', said(1, {"a": "text"}), said(1, None), 4500, 4503]
)
async def test_after_nonsense_or_a_sudden_end_the_socket_is_opened_again(listen, nonsense):
    market = Market(["hear", said(0, {"a": 1}), nonsense], ["hear", said(0, {"a": 7})])
    async with listen(market) as (feed, heard):
        await until(lambda: len(heard) == 2)
        assert heard[1] == ({"a": 7}, True)
        assert feed.state is FeedState.LIVE


@pytest.mark.parametrize("code", [4401, 4403])
async def test_the_end_of_the_session_is_final_until_somebody_logs_in(listen, code):
    market = Market(["hear", said(0, {"a": 1}), code], ["hear", said(0, {"a": 2})])
    async with listen(market) as (feed, heard):
        await until(lambda: feed.state is FeedState.ENDED)
        await asyncio.sleep(0.2)
        assert len(market.paths) == 1, "no use trying"
        feed.resume()
        await until(lambda: len(heard) == 2)


async def test_a_refused_subscription_is_kept_for_the_user(listen):
    refusal = said(0, {"code": "UNKNOWN_SYMBOL", "message": "Unknown symbols: XYZ."}, "error")
    async with listen(Market(["hear", refusal])) as (feed, heard):
        await until(lambda: feed.mistake is not None)
        assert feed.mistake.message == "Unknown symbols: XYZ."
        assert heard == []


async def test_without_a_server_it_goes_on_trying(listen):
    async with Session("http://127.0.0.1:1") as session:
        feed = Feed(session, "/ws/markets", lambda *_: None, lambda _feed: None)
        running = asyncio.create_task(feed.run())
        await until(lambda: feed.state is FeedState.LOST)
        first = feed.retry_at
        await until(lambda: feed.retry_at > first)
        running.cancel()
