"""The records of the FC Data stream as they stand on the wire. Unknown fields are dropped, all numbers are lenient."""

from typing import Any

import msgspec

from qts.adapters.ssi.numbers import Number

_LEVELS = range(1, 11)


class Record(msgspec.Struct, rename="pascal"):
    symbol: str | None = None
    trading_date: str | None = None
    time: str | None = None
    trading_time: str | None = None  # older form of Time
    trading_session: str | None = None
    trading_status: str | None = None


class TradeTick(Record):
    """B."""

    open: Number = None
    high: Number = None
    low: Number = None
    close: Number = None
    volume: Number = None


class SecurityStatus(Record):
    """F."""

    exchange: str | None = None
    market_id: str | None = None


class Trade(Record):
    """X-TRADE, and the trade side of X. X names the day's range High and Low."""

    ceiling: Number = None
    floor: Number = None
    ref_price: Number = None
    avg_price: Number = None
    last_price: Number = None
    last_vol: Number = None
    total_val: Number = None
    total_vol: Number = None
    est_matched_price: Number = None
    highest: Number = None
    lowest: Number = None
    high: Number = None
    low: Number = None
    side: str | None = None


class OddLot(Record):
    """OL: three levels a side."""

    last_price: Number = None
    last_vol: Number = None
    bid_price1: Number = None
    bid_price2: Number = None
    bid_price3: Number = None
    bid_vol1: Number = None
    bid_vol2: Number = None
    bid_vol3: Number = None
    ask_price1: Number = None
    ask_price2: Number = None
    ask_price3: Number = None
    ask_vol1: Number = None
    ask_vol2: Number = None
    ask_vol3: Number = None


class ForeignRoom(Record):
    """R. The documents name four of the fields with an F in front, the samples without."""

    total_room: Number = None
    current_room: Number = None
    buy_vol: Number = None
    sell_vol: Number = None
    buy_val: Number = None
    sell_val: Number = None
    f_buy_vol: Number = None
    f_sell_vol: Number = None
    f_buy_val: Number = None
    f_sell_val: Number = None


class MarketIndex(Record):
    """MI."""

    index_id: str | None = None
    index_value: Number = None
    prior_index_value: Number = None
    total_qtty: Number = None
    total_value: Number = None
    advances: Number = None
    no_changes: Number = None
    declines: Number = None
    ceilings: Number = None
    floors: Number = None


def _level_fields() -> list[tuple[str, Any, Any]]:
    names = ("BidPrice", "BidVol", "AskPrice", "AskVol")
    return [(f"{name}{level}", Number, None) for name in names for level in _LEVELS]


# Forty fields of one form: read by place with `structs.astuple`, which is three times as fast as by name. After the
# levels follow Symbol, TradingDate, Time and TradingSession.
Quote = msgspec.defstruct(
    "Quote",
    [
        *_level_fields(),
        ("Symbol", str | None, None),
        ("TradingDate", str | None, None),
        ("Time", str | None, None),
        ("TradingSession", str | None, None),
    ],
)
