"""What a web process does for browsers that watch portfolios while prices change. Inside a process that has Django."""

import time
from collections.abc import Iterable
from random import Random
from typing import Any
from uuid import uuid4

import msgspec

from apps.accounts.consumers import LivePortfolios, PositionsChannel
from apps.accounts.selectors import AccountState, AccountView, LivePortfolio, PositionState
from apps.marketdata.selectors import LiveQuote
from qts.domain.events import QuoteUpdated
from qts.web.beats import Beat
from qts.web.consumers import Subscribe
from qts.web.live_feed import Listener, LiveFeed

PRICE_VND, QUANTITY, CASH_VND = 20_000, 100, 10**9


def one_second(symbols: list[str], watched: int, prices: int, frame_s: float) -> float:
    """Processor time in seconds of a second of the market: `watched` browsers, each with an account of its own that
    holds every symbol. Each price to whoever listens, and a frame of each browser in its turn."""
    feed = _Feed()
    beat = Beat(round(frame_s * 1_000), feed)
    live = beat.shared(LivePortfolios, feed)
    channels = [_channel(symbols, live) for _ in range(watched)]
    frames, last_vnd = round(1 / frame_s), dict.fromkeys(symbols, PRICE_VND)
    events, took_s = _events(symbols, prices), 0.0
    for number in range(frames):
        some = events[number::frames]
        last_vnd |= {event.symbol: event.last_vnd for event in some}
        began = time.process_time()
        for event in some:
            feed.hand_out(event)
        told = [_told(channel, beat) for channel in channels]
        frame = [msgspec.json.encode(one) for one in told]
        took_s += time.process_time() - began
        assert {one["equity"] for one in told} == {CASH_VND + QUANTITY * sum(last_vnd.values())}
        assert len(frame) == watched
    return took_s


class _Feed(LiveFeed):
    """Without a bus behind it: it hands out what it is given."""

    def attach(self, topics: Iterable[str], listener: Listener, keys: Iterable[str] | None = None) -> None:
        for topic in topics:
            for key in keys or ():
                self._keyed.setdefault((topic, key), set()).add(listener)

    def hand_out(self, event: QuoteUpdated) -> None:
        for listener in self._keyed.get((event.topic, event.key), ()):
            listener(event)


def _told(channel: PositionsChannel, beat: Beat) -> dict[str, Any]:
    """No booking: `read` ends without waiting for anything."""
    news: Any = channel.news(beat)
    try:
        channel.read(news).send(None)
    except StopIteration as done:
        told: dict[str, Any] = done.value
        return told
    raise AssertionError("the channel read the books again")


def _channel(symbols: list[str], live: LivePortfolios) -> PositionsChannel:
    positions = {symbol: PositionState(symbol, QUANTITY, QUANTITY, 0, 0, 2_000_000) for symbol in symbols}
    opening = dict.fromkeys(symbols, QUANTITY)
    account = AccountView(uuid4(), "1", "Benchmark", uuid4(), is_active=True)
    state = AccountState(account.id, True, CASH_VND, 0, 0, 0, 0, 0, 0, 0, CASH_VND, opening, positions)
    quotes = {symbol: LiveQuote(symbol, PRICE_VND, last_vnd=PRICE_VND) for symbol in symbols}
    channel = PositionsChannel(None, Subscribe("subscribe", "positions"))
    channel.account_ids, channel._account_id, channel._live = (account.id,), account.id, live
    live.join(account.id)
    live._keep(account.id, LivePortfolio(account, state, quotes))
    live._stale.clear()  # as after the read that follows the first one
    return channel


def _events(symbols: list[str], count: int) -> list[QuoteUpdated]:
    random = Random(7)
    zero: dict[str, Any] = dict.fromkeys(
        ("last_quantity", "total_quantity", "total_value_vnd", "high_vnd", "low_vnd", "average_vnd",
         "estimated_match_vnd", "ts_exchange_ms"), 0,
    )  # fmt: skip
    return [
        QuoteUpdated(
            symbol=random.choice(symbols), reference_vnd=PRICE_VND, ceiling_vnd=0, floor_vnd=0,
            last_vnd=random.randint(10_000, 90_000), aggressor="", session="", status="", ts_received_ns=number + 1,
            wal_position="0:0", **zero,
        )
        for number in range(count)
    ]  # fmt: skip
