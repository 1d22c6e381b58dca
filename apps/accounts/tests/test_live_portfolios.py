"""What a web process keeps for sockets that look at accounts: one listener, one step of an account by each symbol."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest

from apps.accounts import consumers, selectors
from apps.accounts.consumers import LivePortfolios, PositionsChannel
from apps.accounts.selectors import AccountState, AccountView, LivePortfolio, PositionState
from apps.marketdata.selectors import LiveQuote
from qts.domain.events import PositionChanged, QuoteUpdated
from qts.web.beats import Beat
from qts.web.consumers import Subscribe
from qts.web.live_feed import Listener, LiveFeed


class Feed(LiveFeed):
    """Without a bus."""

    def attach(self, topics: Iterable[str], listener: Listener, keys: Iterable[str] | None = None) -> None:
        for topic in topics:
            for key in [""] if keys is None else keys:
                self._keyed.setdefault((topic, key), set()).add(listener)

    def detach(self, topics: Iterable[str], listener: Listener, keys: Iterable[str] | None = None) -> None:
        super().detach(topics, listener, [""] if keys is None else keys)

    def listeners(self, symbol: str) -> int:
        return len(self._keyed.get((QuoteUpdated.topic, symbol), ()))

    def say(self, symbol: str, last_vnd: int, received_ns: int) -> None:
        event = QuoteUpdated(
            symbol=symbol, reference_vnd=100, ceiling_vnd=0, floor_vnd=0, last_vnd=last_vnd, last_quantity=0,
            total_quantity=0, total_value_vnd=0, high_vnd=0, low_vnd=0, average_vnd=0, estimated_match_vnd=0,
            aggressor="", session="", status="", ts_exchange_ms=0, ts_received_ns=received_ns, wal_position="0:0",
        )  # fmt: skip
        for listener in tuple(self._keyed.get((event.topic, symbol), ())):
            listener(event)


class Floor:
    """Accounts with 10 shares of each symbol they hold, all marked at 100."""

    def __init__(self, monkeypatch) -> None:
        self.feed, self.reads = Feed(), 0
        self.beat = Beat(250, self.feed)
        self.held: dict[UUID, list[str]] = {}
        monkeypatch.setattr(selectors, "live_portfolio", self._read)
        monkeypatch.setattr(consumers, "market_now", lambda: None)
        monkeypatch.setattr(
            PositionsChannel, "_visible", lambda channel, _user=None: [UUID(channel.request.accounts[0])]
        )
        self.meanwhile = lambda: None

    def _read(self, account_id: UUID, _now: None) -> LivePortfolio:
        self.reads += 1
        symbols = self.held[account_id]
        positions = {symbol: PositionState(symbol, 10, 10, 0, 0, 900) for symbol in symbols}
        state = AccountState(account_id, True, 0, 0, 0, 0, 0, 0, 0, 0, 0, dict.fromkeys(symbols, 10), positions)
        quotes = {symbol: LiveQuote(symbol, 100, last_vnd=100, ts_received_ns=1) for symbol in symbols}
        self.meanwhile()
        return LivePortfolio(AccountView(account_id, "1", "x", uuid4(), is_active=True), state, quotes)

    async def socket(self, account_id: UUID) -> PositionsChannel:
        channel = PositionsChannel(None, Subscribe("subscribe", "positions", accounts=[str(account_id)]))
        await channel.open(self.beat)
        await channel.snapshot()
        return channel

    async def told(self, channel: PositionsChannel) -> int | None:
        """The account's worth, or None for nothing new."""
        news: Any = channel.news(self.beat)
        data = None if news is None else await channel.read(news)
        return data["equity"] if data else None


@pytest.fixture
def floor(monkeypatch):
    return Floor(monkeypatch)


async def settled(floor, account_id):
    """Two sockets of one account, after the reads that opening them takes."""
    both = [await floor.socket(account_id), await floor.socket(account_id)]
    for channel in both:
        await floor.told(channel)
    assert [await floor.told(channel) for channel in both] == [None, None]
    return both


async def test_prices_between_two_beats_are_one_step_for_all_sockets(floor, monkeypatch):
    account_id = uuid4()
    floor.held[account_id] = ["SSI", "HPG"]
    first, second = await settled(floor, account_id)
    steps = []
    honest = LivePortfolio.hear
    monkeypatch.setattr(LivePortfolio, "hear", lambda live, quote: steps.append(quote.last_vnd) or honest(live, quote))
    reads = floor.reads
    for number, price in enumerate((101, 105, 103), 2):
        floor.feed.say("SSI", price, number)
    floor.feed.say("SSI", 999, 3)  # overtaken by the one of 4
    assert [await floor.told(first), await floor.told(second)] == [2_030, 2_030]
    assert (steps, floor.reads) == ([103], reads)
    assert [await floor.told(first), await floor.told(second)] == [None, None]
    assert floor.feed.listeners("SSI") == 1


async def test_another_accounts_prices_are_no_news(floor):
    mine, theirs = uuid4(), uuid4()
    floor.held |= {mine: ["SSI"], theirs: ["HPG"]}
    first, _ = await settled(floor, mine)
    other, _ = await settled(floor, theirs)
    floor.feed.say("HPG", 120, 2)
    assert (await floor.told(first), await floor.told(other)) == (None, 1_200)


async def test_what_comes_while_the_books_are_read_is_not_lost(floor):
    account_id = uuid4()
    floor.held[account_id] = ["SSI"]
    first, second = await settled(floor, account_id)
    floor.meanwhile = lambda: floor.feed.say("SSI", 130, 2)
    booked = PositionChanged(
        account_id=str(account_id), symbol="SSI", quantity=10, sellable_quantity=10, cost_total_vnd=900,
        realised_pnl_vnd=0, ts_market_ms=0,
    )  # fmt: skip
    first.on_event(booked)
    assert await floor.told(first) == 1_300
    assert await floor.told(second) == 1_300


async def test_a_symbol_that_a_booking_brings_is_followed_and_the_books_read_once_more(floor):
    account_id = uuid4()
    floor.held[account_id] = ["SSI"]
    first, second = await settled(floor, account_id)
    floor.held[account_id] = ["HPG"]
    reads = floor.reads
    first._is_booked = second._is_booked = True
    await floor.told(first)
    assert (floor.feed.listeners("SSI"), floor.feed.listeners("HPG")) == (0, 1)
    await floor.told(second)  # in the same beat a socket shares what the first was told; here it reads for itself
    assert await floor.told(first) is None
    assert floor.reads == reads + 2
    floor.feed.say("HPG", 140, 2)
    assert await floor.told(first) == 1_400


async def test_behind_the_last_socket_nothing_is_left(floor):
    account_id = uuid4()
    floor.held[account_id] = ["SSI"]
    first, second = await settled(floor, account_id)
    live = floor.beat.shared(LivePortfolios, floor.feed)
    first.close()
    floor.feed.say("SSI", 110, 2)
    assert await floor.told(second) == 1_100
    second.close()
    second.close()
    assert (live.view(account_id), floor.feed.listeners("SSI")) == (None, 0)
    assert not floor.feed._keyed
