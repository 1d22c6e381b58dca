"""/ws/markets: quotes, forming bars, ticks, indexes and the state of the stream. Prices are whole VND."""

import asyncio
import time
from collections import deque
from collections.abc import Hashable
from functools import partial
from typing import Any, ClassVar

import msgspec
from asgiref.sync import sync_to_async

from apps.marketdata import selectors
from apps.marketdata.selectors import Market, ReplayMarket, ReplayView
from apps.marketdata.serializers.live import changed_fields, closed_bar, figures_out, grown, index_out, quote_out
from apps.marketdata.services.time_machine import watch_replay
from qts.domain.errors import Said
from qts.domain.events import (
    BarClosed,
    Event,
    ForeignRoomUpdated,
    IndexUpdated,
    OrderBookUpdated,
    QuoteUpdated,
    SessionChanged,
    TickReceived,
)
from qts.web.beats import Beat, beat_of
from qts.web.consumers import LiveChannel, LiveConsumer, QuickChannel, RefusedSubscription, Subscribe, topics_of
from qts.web.live_feed import feed_below
from qts.web.shared_changes import SharedChanges

TICKS_MAX = 200  # of one symbol in one message; a burst shows its newest
TICK_SYMBOLS_MAX = 50  # of one subscription: what waits for a slow client is bounded
STATUS_EVERY_S = 1.0
WATCH_EVERY_S = 10.0
REPLAY_OVER = 4410  # no use coming back
SUMMARY_EVERY_S = 1.0


class MarketChannel(LiveChannel):
    """A channel of one market: the live one, or a day that is played again."""

    def __init__(self, user: Any, request: Subscribe, market: Market) -> None:
        super().__init__(user, request)
        self.market = market


class _SymbolChannel(MarketChannel, QuickChannel):
    """A channel about some securities; no symbols means all of them."""

    _wanted: frozenset[str] = frozenset()

    async def open(self, beat: Beat) -> None:
        self._wanted, self.feed = frozenset(await self._symbols(beat)), beat.feed
        self.feed.attach(self.topics, self.on_event, self._wanted)

    def close(self) -> None:
        if self.feed is not None:
            self.feed.detach(self.topics, self.on_event, self._wanted)

    async def _symbols(self, beat: Beat) -> list[str]:
        """After a restart everybody asks at once: the list is read once a beat."""
        known = await beat.once("securities", sync_to_async(_listed))
        wanted = self.request.symbols or sorted(known)
        unknown = [symbol for symbol in wanted if symbol not in known]
        if unknown:
            raise RefusedSubscription(
                "UNKNOWN_SYMBOL", Said("There is no symbol {names}.", names=", ".join(unknown[:10]))
            )
        return wanted


class _SharedChannel(_SymbolChannel):
    """One whose changes are merged and encoded once for all sockets of a pace."""

    shared_changes: ClassVar[type[SharedChanges]]
    _changes: SharedChanges | None = None

    async def open(self, beat: Beat) -> None:
        self._wanted = frozenset(await self._symbols(beat))
        self._changes = beat.shared(self.shared_changes, beat.feed)
        self._changes.follow(self._wanted)
        self._heard = -1  # the beat that it was told last

    def close(self) -> None:
        if self._changes is not None:
            self._changes.leave(self._wanted)
            self._changes = None


class QuoteChanges(SharedChanges):
    """What changed of the quotes, for all sockets of one pace."""

    topics = topics_of([QuoteUpdated, OrderBookUpdated, SessionChanged, ForeignRoomUpdated])

    def fields(self, event: Event) -> dict[str, Any]:
        return changed_fields(event)


class QuotesChannel(_SharedChannel):
    """{symbol: {ref, ceil, floor, last, ..., bids, asks, session, status, ts}}; changes carry changed fields only."""

    shared_changes = QuoteChanges

    async def snapshot(self) -> dict[str, dict[str, Any]]:
        quotes = await sync_to_async(self.market.quotes)(sorted(self._wanted))
        return {symbol: quote_out(quote) for symbol, quote in quotes.items()}

    def told(self, beat: Beat) -> str | None:
        """Whoever missed a beat, being new or slow, is told all fields that are known of his symbols."""
        if self._changes is None:
            return None
        has_missed, self._heard = self._heard != beat.number - 1, beat.number
        return self._changes.told(beat, self._wanted, whole=has_missed)


class SummaryChanges(SharedChanges):
    """The few figures that a board is ordered by, for all sockets of one pace."""

    topics = topics_of([QuoteUpdated])

    def fields(self, event: Event) -> dict[str, Any]:
        return figures_out(event) if isinstance(event, QuoteUpdated) else {}


class SummaryChannel(_SharedChannel):
    """{symbol: {last, ref, total_qty, total_value}}, once a second; changes carry changed fields only."""

    shared_changes = SummaryChanges

    async def snapshot(self) -> dict[str, dict[str, Any]]:
        quotes = await sync_to_async(self.market.quotes)(sorted(self._wanted))
        return {symbol: figures_out(quote) for symbol, quote in quotes.items()}

    def told(self, beat: Beat) -> str | None:
        """All sockets of a pace in the same beats: what is told of one is told of all."""
        every = max(1, round(SUMMARY_EVERY_S / beat.pace_s))
        if self._changes is None or beat.number % every:
            return None
        has_missed, self._heard = self._heard != beat.number - every, beat.number
        return self._changes.told(beat, self._wanted, whole=has_missed)


class BarsChannel(_SymbolChannel):
    """{symbol: {time, open, high, low, close, volume}}: the forming minute, and each minute once more when it closed.

    `time` is the minute's start in Unix seconds. Live, the first forming minute after subscribing holds the matches
    since then, and its closing message replaces it with the whole minute; a replay's snapshot has it whole.
    """

    topics: ClassVar = topics_of([TickReceived, BarClosed])

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._forming: dict[str, dict[str, int]] = {}
        self._changed: dict[str, dict[str, int]] = {}

    async def snapshot(self) -> dict[str, dict[str, int]]:
        forming = await sync_to_async(self.market.forming)(sorted(self._wanted))
        self._forming = {symbol: closed_bar(bar) for symbol, bar in forming.items()}
        return dict(self._forming)

    def on_event(self, event: Event) -> None:
        if isinstance(event, BarClosed):
            self._changed[event.symbol] = closed_bar(event)
        elif isinstance(event, TickReceived):
            minute_s = event.ts_exchange_ms // 60_000 * 60
            self._changed[event.symbol] = self._forming[event.symbol] = grown(
                self._forming.get(event.symbol), minute_s, event
            )

    def told(self, beat: Beat) -> str | None:
        changed, self._changed = self._changed, {}
        return msgspec.json.encode(changed).decode() if changed else None


class TicksChannel(_SymbolChannel):
    """{symbol: [{time, price, qty}]}, oldest first; `time` in Unix milliseconds of the market's time."""

    topics: ClassVar = topics_of([TickReceived])

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._new: dict[str, deque[dict[str, int]]] = {}

    async def open(self, beat: Beat) -> None:
        if not 0 < len(self.request.symbols) <= TICK_SYMBOLS_MAX:
            raise RefusedSubscription(
                "TOO_MANY_NAMES", Said("Name 1 to {count} symbols for their matches.", count=TICK_SYMBOLS_MAX)
            )
        await super().open(beat)

    async def snapshot(self) -> dict[str, list[dict[str, int]]]:
        if len(self._wanted) > 1:
            return {}
        (symbol,) = self._wanted
        latest = await sync_to_async(self.market.ticks)(symbol)
        return {
            symbol: [{"time": tick.ts_exchange_ms, "price": tick.price_vnd, "qty": tick.quantity} for tick in latest]
        }

    def on_event(self, event: Event) -> None:
        if isinstance(event, TickReceived):
            tick = {"time": event.ts_exchange_ms, "price": event.price_vnd, "qty": event.quantity}
            self._new.setdefault(event.symbol, deque(maxlen=TICKS_MAX)).append(tick)

    def told(self, beat: Beat) -> str | None:
        new, self._new = {symbol: list(ticks) for symbol, ticks in self._new.items()}, {}
        return msgspec.json.encode(new).decode() if new else None


class IndexesChannel(MarketChannel, QuickChannel):
    """{code: {value, prior, ...}}; values in hundredths of a point. A change carries all fields."""

    topics: ClassVar = topics_of([IndexUpdated])

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._changed: dict[str, dict[str, Any]] = {}

    async def snapshot(self) -> dict[str, dict[str, Any]]:
        return {index.index_code: index_out(index) for index in await sync_to_async(self.market.indices)()}

    def on_event(self, event: Event) -> None:
        if isinstance(event, IndexUpdated):
            self._changed[event.index_code] = index_out(event)

    def told(self, beat: Beat) -> str | None:
        changed, self._changed = self._changed, {}
        return msgspec.json.encode(changed).decode() if changed else None


class StatusChannel(MarketChannel):
    """{stream: {state, age_ms}, clock: {now, speed, session}}, once a second; `now` in Unix ms of the market. Of a
    replay also `replay`: {id, day, state, speed, at, begins, until, percent, is_behind, is_silent, restarts}."""

    async def snapshot(self) -> dict[str, Any]:
        status = await sync_to_async(self.market.status)()
        moment = await sync_to_async(self.market.moment)()
        view = self.market.replay
        return {
            "stream": {"state": status.state, "age_ms": status.age_ms},
            "clock": {"now": moment.now_ms, "speed": moment.speed, "session": moment.session},
            **({"replay": _replay(view)} if view else {}),
        }

    def news(self, beat: Beat) -> Hashable | None:
        """All sockets of a pace are told in the same beat: one read for all."""
        return beat.number if beat.number % max(1, round(STATUS_EVERY_S / beat.pace_s)) == 0 else None

    async def read(self, news: int) -> dict[str, Any]:
        return await self.snapshot()


class MarketsConsumer(LiveConsumer):
    """`?market=replay:<id>` shows a day that is played again; without it, or with `live`, the live market."""

    channels: ClassVar = {
        "quotes": QuotesChannel,
        "summary": SummaryChannel,
        "bars": BarsChannel,
        "ticks": TicksChannel,
        "indexes": IndexesChannel,
        "status": StatusChannel,
    }

    async def prepare(self) -> int | None:
        found = await sync_to_async(selectors.market_of)(self.asked("market"))
        if found is None:
            return REPLAY_OVER
        self._market: Market = found
        self._looking: asyncio.Task[None] | None = None
        self._watched_at = 0.0
        if found.replay is not None:
            self._beat = self._beat_of(found.replay)
        return None

    def make_channel(self, kind: type[LiveChannel], request: Subscribe) -> LiveChannel:
        if not issubclass(kind, MarketChannel):
            raise TypeError(f"{kind.__name__} is no channel of a market")
        return kind(self.scope["user"], request, self._market)

    async def disconnect(self, code: int) -> None:
        looking = getattr(self, "_looking", None)
        if looking is not None:
            looking.cancel()
        await super().disconnect(code)

    async def on_beat(self, beat: Beat) -> None:
        if self._market.replay is not None and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._or_end(self._look(self._market.replay, beat)))
        await super().on_beat(beat)

    async def _look(self, known: ReplayView, beat: Beat) -> None:
        """A replay that has jumped is another market from then on: everything begins with a new snapshot."""
        view = await beat.once("replay", sync_to_async(partial(selectors.later, known)))
        if view is None or view.state.is_over:
            await self._end(REPLAY_OVER)
            return
        if time.monotonic() - self._watched_at >= WATCH_EVERY_S:
            self._watched_at = time.monotonic()
            await sync_to_async(watch_replay)(view.id)
        self._market = ReplayMarket(view)
        for channel in self._open.values():
            if isinstance(channel, MarketChannel):
                channel.market = self._market
        if view.run != known.run:
            await self.move(self._beat_of(view))

    def _beat_of(self, view: ReplayView) -> Beat:
        bus = view.names.bus
        return beat_of(self._asked_interval_ms(), bus, lambda: feed_below(bus, selectors.market_topics()))


def _replay(view: ReplayView) -> dict[str, Any]:
    return {
        "id": view.id,
        "day": view.day.isoformat(),
        "state": view.state,
        "speed": view.speed,
        "at": view.at_ms,
        "begins": view.begins_ms,
        "until": view.until_ms,
        "percent": view.percent,
        "is_behind": view.is_behind,
        "is_silent": view.is_silent,
        "restarts": view.restarts,
    }


def _listed() -> frozenset[str]:
    return frozenset(security.symbol for security in selectors.securities())
