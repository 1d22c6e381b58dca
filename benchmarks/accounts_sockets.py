"""What a web process does for browsers that watch portfolios while prices change. Inside a process that has Django."""

import time
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
from qts.web.live_feed import LiveFeed

PRICE_VND = 20_000


def one_second(symbols: list[str], watched: int, prices: int, frame_s: float) -> float:
    """Seconds of work in a second of the market: `watched` browsers, each with an account of its own that holds every
    symbol. Each price to every channel, and a frame of each in its turn."""
    beat = Beat(round(frame_s * 1_000), LiveFeed())
    live = beat.shared(LivePortfolios)
    channels = [_channel(symbols, live) for _ in range(watched)]
    events = _events(symbols, prices)
    frames = round(1 / frame_s)
    began = time.perf_counter()
    for number in range(frames):
        for event in events[number::frames]:
            for channel in channels:
                channel.on_event(event)
        for channel in channels:
            assert msgspec.json.encode(_told(channel, beat)), "prices changed and nobody was told"
    return time.perf_counter() - began


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
    positions = {symbol: PositionState(symbol, 100, 100, 0, 0, 2_000_000) for symbol in symbols}
    opening = dict.fromkeys(symbols, 100)
    account = AccountView(uuid4(), "1", "Benchmark", uuid4(), is_active=True)
    state = AccountState(account.id, True, 10**9, 0, 0, 0, 0, 0, 0, 0, 10**9, opening, positions)
    quotes = {symbol: LiveQuote(symbol, PRICE_VND, last_vnd=PRICE_VND) for symbol in symbols}
    channel = PositionsChannel(None, Subscribe("subscribe", "positions"))
    channel.account_ids, channel._account_id, channel._live = (account.id,), account.id, live
    live._known[account.id] = LivePortfolio(account, state, quotes)
    channel._followed = live.symbols(account.id)  # as after a snapshot
    assert live.view(account.id).equity_vnd == 10**9 + 100 * PRICE_VND * len(symbols)
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
