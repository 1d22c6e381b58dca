"""The records of the FC Data stream as they stand on the wire. Unknown fields are dropped, all numbers are lenient.

What comes most has a second, strict form: all its numbers whole and not negative, as they are but for futures, whose
prices are points, and where something is missing. The decoder then gives integers at once (in its lax mode, to which
24500.0 is one), and a record that does not fit is read again in its lenient form.
"""

from typing import Annotated, Any, Final

import msgspec

from qts.adapters.ssi.numbers import Number

Whole = Annotated[int, msgspec.Meta(ge=0)]
_LEVELS = range(1, 11)


class Record(msgspec.Struct, rename="pascal"):
    trading_date: str | None = None
    time: str | None = None
    symbol: str | None = None
    trading_session: str | None = None
    trading_status: str | None = None
    trading_time: str | None = None  # older form of Time


class TradeTick(Record):
    """B."""

    close: Number = None
    volume: Number = None


class WholeTradeTick(Record):
    close: Whole = 0
    volume: Whole = 0


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


class WholeTrade(Record):
    """The two figures that the sender derives are not whole in either form."""

    ceiling: Whole = 0
    floor: Whole = 0
    ref_price: Whole = 0
    avg_price: Number = None
    last_price: Whole = 0
    last_vol: Whole = 0
    total_val: Number = None
    total_vol: Whole = 0
    est_matched_price: Whole = 0
    highest: Whole = 0
    lowest: Whole = 0
    high: Whole = 0
    low: Whole = 0
    side: str | None = None


TRADE_PRICES: Final = (
    "ceiling", "floor", "ref_price", "last_price", "est_matched_price", "highest", "lowest", "high", "low",
)  # fmt: skip
TRADE_QUANTITIES: Final = ("last_vol", "total_vol")


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


def _quote_fields(number: Any, nothing: int | None) -> list[tuple[str, Any, Any]]:
    """In the order of the wire, in which the decoder finds them twice as fast as in any other."""
    names = ("AskPrice", "AskVol", "BidPrice", "BidVol")
    return [
        ("TradingDate", str | None, None),
        ("Time", str | None, None),
        ("Symbol", str | None, None),
        *[(f"{name}{level}", number, nothing) for name in names for level in _LEVELS],
        ("TradingSession", str | None, None),
    ]


# Forty fields of one form: read by place with `structs.astuple`, which is three times as fast as by name.
Quote = msgspec.defstruct("Quote", _quote_fields(Number, None))
WholeQuote = msgspec.defstruct("WholeQuote", _quote_fields(Whole, 0))
