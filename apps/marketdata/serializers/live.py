"""The shapes of market data over WebSocket: short names, whole VND, indices in hundredths of a point."""

from typing import Any

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


def quote_out(quote: LiveQuote) -> dict[str, Any]:
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


def figures_out(quote: LiveQuote | QuoteUpdated) -> dict[str, Any]:
    return {
        "last": quote.last_vnd,
        "ref": quote.reference_vnd,
        "total_qty": quote.total_quantity,
        "total_value": quote.total_value_vnd,
    }


def changed_fields(event: Event) -> dict[str, Any]:
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


def closed_bar(event: BarClosed) -> dict[str, int]:
    return {
        "time": event.ts_start_ms // 1000,
        "open": event.open_vnd,
        "high": event.high_vnd,
        "low": event.low_vnd,
        "close": event.close_vnd,
        "volume": event.volume,
    }


def grown(bar: dict[str, int] | None, minute_s: int, tick: TickReceived) -> dict[str, int]:
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


def index_out(index: LiveIndex | IndexUpdated) -> dict[str, Any]:
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
