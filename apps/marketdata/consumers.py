"""/ws/markets: quotes, forming bars, ticks, indexes and the state of the stream. Prices are whole VND."""

import time
from collections import defaultdict, deque
from typing import Any, ClassVar

from asgiref.sync import sync_to_async

from apps.marketdata import selectors
from apps.marketdata.selectors import LiveIndex, LiveQuote
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
from qts.web.consumers import LiveChannel, LiveConsumer, RefusedSubscription, topics_of

TICKS_MAX = 200  # of one symbol in one message; a burst shows its newest
STATUS_EVERY_S = 1.0


class _SymbolChannel(LiveChannel):
    """A channel about some securities; no symbols means all of them."""

    async def symbols(self) -> list[str]:
        known = {security.symbol for security in await sync_to_async(selectors.securities)()}
        wanted = self.request.symbols or sorted(known)
        unknown = [symbol for symbol in wanted if symbol not in known]
        if unknown:
            raise RefusedSubscription("UNKNOWN_SYMBOL", f"Unknown symbols: {', '.join(unknown[:10])}.")
        return wanted


class QuotesChannel(_SymbolChannel):
    """{symbol: {ref, ceil, floor, last, ..., bids, asks, session, status, ts}}; changes carry changed groups only."""

    topics: ClassVar = topics_of([QuoteUpdated, OrderBookUpdated, SessionChanged, ForeignRoomUpdated])

    async def snapshot(self) -> dict[str, dict[str, Any]]:
        self._changed: dict[str, dict[str, Any]] = defaultdict(dict)
        self._wanted = set(symbols := await self.symbols())
        quotes = await sync_to_async(selectors.live_quotes)(symbols)
        return {symbol: _quote(quote) for symbol, quote in quotes.items()}

    def on_event(self, event: Event) -> None:
        if event.key in getattr(self, "_wanted", ()):
            self._changed[event.key].update(_changed_fields(event))

    async def take(self) -> dict[str, dict[str, Any]] | None:
        changed, self._changed = self._changed, defaultdict(dict)
        return dict(changed) or None


class BarsChannel(_SymbolChannel):
    """{symbol: {time, open, high, low, close, volume}}: the forming minute, and each minute once more when it closed.

    `time` is the minute's start in Unix seconds. The first forming minute after subscribing holds the matches since
    then; its closing message replaces it with the whole minute.
    """

    topics: ClassVar = topics_of([TickReceived, BarClosed])

    async def snapshot(self) -> dict[str, dict[str, int]]:
        self._forming: dict[str, dict[str, int]] = {}
        self._changed: dict[str, dict[str, int]] = {}
        self._wanted = set(await self.symbols())
        return {}

    def on_event(self, event: Event) -> None:
        if event.key not in getattr(self, "_wanted", ()):
            return
        if isinstance(event, BarClosed):
            self._changed[event.symbol] = _closed_bar(event)
        elif isinstance(event, TickReceived):
            minute_s = event.ts_exchange_ms // 60_000 * 60
            self._changed[event.symbol] = self._forming[event.symbol] = _grown(
                self._forming.get(event.symbol), minute_s, event
            )

    async def take(self) -> dict[str, dict[str, int]] | None:
        changed, self._changed = self._changed, {}
        return changed or None


class TicksChannel(_SymbolChannel):
    """{symbol: [{time, price, qty}]}, oldest first; `time` in Unix milliseconds of the market's time."""

    topics: ClassVar = topics_of([TickReceived])

    async def snapshot(self) -> dict[str, list[dict[str, int]]]:
        self._new: dict[str, deque[dict[str, int]]] = defaultdict(lambda: deque(maxlen=TICKS_MAX))
        self._wanted = set(symbols := await self.symbols())
        if len(symbols) > 1:
            return {}
        latest = await sync_to_async(selectors.latest_ticks)(symbols[0], selectors.market_today())
        return {
            symbols[0]: [
                {"time": tick.ts_exchange_ms, "price": tick.price_vnd, "qty": tick.quantity} for tick in latest
            ]
        }

    def on_event(self, event: Event) -> None:
        if isinstance(event, TickReceived) and event.symbol in getattr(self, "_wanted", ()):
            tick = {"time": event.ts_exchange_ms, "price": event.price_vnd, "qty": event.quantity}
            self._new[event.symbol].append(tick)

    async def take(self) -> dict[str, list[dict[str, int]]] | None:
        new, self._new = self._new, defaultdict(lambda: deque(maxlen=TICKS_MAX))
        return {symbol: list(ticks) for symbol, ticks in new.items()} or None


class IndexesChannel(LiveChannel):
    """{code: {value, prior, ...}}; values in hundredths of a point."""

    topics: ClassVar = topics_of([IndexUpdated])

    async def snapshot(self) -> dict[str, dict[str, Any]]:
        self._changed: dict[str, dict[str, Any]] = {}
        return {index.index_code: _index(index) for index in await sync_to_async(selectors.live_indices)()}

    def on_event(self, event: Event) -> None:
        if isinstance(event, IndexUpdated) and hasattr(self, "_changed"):
            self._changed[event.index_code] = _index(event)

    async def take(self) -> dict[str, dict[str, Any]] | None:
        changed, self._changed = self._changed, {}
        return changed or None


class StatusChannel(LiveChannel):
    """{stream: {state, age_ms}, clock: {now, speed, session}}, once a second; `now` in Unix ms of the market."""

    async def snapshot(self) -> dict[str, Any]:
        self._said_at = time.monotonic()
        status = await sync_to_async(selectors.stream_status)()
        moment = await sync_to_async(selectors.market_moment)()
        return {
            "stream": {"state": status.state, "age_ms": status.age_ms},
            "clock": {"now": moment.now_ms, "speed": moment.speed, "session": moment.session},
        }

    async def take(self) -> dict[str, Any] | None:
        return await self.snapshot() if time.monotonic() - self._said_at >= STATUS_EVERY_S else None


class MarketsConsumer(LiveConsumer):
    channels: ClassVar = {
        "quotes": QuotesChannel,
        "bars": BarsChannel,
        "ticks": TicksChannel,
        "indexes": IndexesChannel,
        "status": StatusChannel,
    }


def _quote(quote: LiveQuote) -> dict[str, Any]:
    return {
        "ref": quote.reference_vnd,
        "ceil": quote.ceiling_vnd,
        "floor": quote.floor_vnd,
        "last": quote.last_vnd,
        "last_qty": quote.last_quantity,
        "total_qty": quote.total_quantity,
        "total_value": quote.total_value_vnd,
        "high": quote.high_vnd,
        "low": quote.low_vnd,
        "avg": quote.average_vnd,
        "est": quote.estimated_match_vnd,
        "bids": quote.bids,
        "asks": quote.asks,
        "session": quote.session,
        "status": quote.status,
        "room": quote.foreign_room_left,
        "foreign_bought": quote.foreign_bought_quantity,
        "foreign_sold": quote.foreign_sold_quantity,
        "ts": quote.ts_exchange_ms,
    }


def _changed_fields(event: Event) -> dict[str, Any]:
    match event:
        case QuoteUpdated():
            return {
                "ref": event.reference_vnd,
                "ceil": event.ceiling_vnd,
                "floor": event.floor_vnd,
                "last": event.last_vnd,
                "last_qty": event.last_quantity,
                "total_qty": event.total_quantity,
                "total_value": event.total_value_vnd,
                "high": event.high_vnd,
                "low": event.low_vnd,
                "avg": event.average_vnd,
                "est": event.estimated_match_vnd,
                "session": event.session,
                "status": event.status,
                "ts": event.ts_exchange_ms,
            }
        case OrderBookUpdated():
            return {"bids": event.bids, "asks": event.asks, "session": event.session, "ts": event.ts_exchange_ms}
        case SessionChanged():
            return {"session": event.session, "status": event.status, "ts": event.ts_exchange_ms}
        case ForeignRoomUpdated():
            return {
                "room": event.room_left,
                "foreign_bought": event.bought_quantity,
                "foreign_sold": event.sold_quantity,
                "ts": event.ts_exchange_ms,
            }
    return {}


def _closed_bar(event: BarClosed) -> dict[str, int]:
    return {
        "time": event.ts_start_ms // 1000,
        "open": event.open_vnd,
        "high": event.high_vnd,
        "low": event.low_vnd,
        "close": event.close_vnd,
        "volume": event.volume,
    }


def _grown(bar: dict[str, int] | None, minute_s: int, tick: TickReceived) -> dict[str, int]:
    price_vnd = tick.price_vnd
    if bar is None or bar["time"] < minute_s:
        return {
            "time": minute_s,
            "open": price_vnd,
            "high": price_vnd,
            "low": price_vnd,
            "close": price_vnd,
            "volume": tick.quantity,
        }
    return {
        **bar,
        "high": max(bar["high"], price_vnd),
        "low": min(bar["low"], price_vnd),
        "close": price_vnd,
        "volume": bar["volume"] + tick.quantity,
    }


def _index(index: LiveIndex | IndexUpdated) -> dict[str, Any]:
    return {
        "value": index.value_centipoints,
        "prior": index.prior_centipoints,
        "total_qty": index.total_quantity,
        "total_value": index.total_value_vnd,
        "advances": index.advances,
        "declines": index.declines,
        "unchanged": index.unchanged,
        "ceilings": index.ceilings,
        "floors": index.floors,
    }
