"""Records of the FC Data stream to domain events, one reader for each DataType. Pure.

A reader raises msgspec.MsgspecError, ValueError, OverflowError or RecursionError for a record that cannot be true, and
gives no events for one that is sound and means nothing to us.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

import msgspec

from qts.adapters.ssi.market_time import day_at, epoch_ms
from qts.adapters.ssi.numbers import (
    BadNumber,
    Number,
    centipoints,
    points_to_vnd,
    points_to_vnd_rounded,
    rounded,
    whole,
)
from qts.adapters.ssi.records import (
    TRADE_PRICES,
    TRADE_QUANTITIES,
    ForeignRoom,
    MarketIndex,
    OddLot,
    Quote,
    Record,
    SecurityStatus,
    Trade,
    TradeTick,
    WholeQuote,
    WholeTrade,
    WholeTradeTick,
)
from qts.adapters.ssi.symbols import kind_by_form
from qts.domain.events import (
    Event,
    ForeignRoomUpdated,
    IndexUpdated,
    OddLotUpdated,
    OrderBookUpdated,
    QuoteUpdated,
    SessionChanged,
    TickReceived,
)
from qts.domain.values import Exchange, InstrumentKind, Session, Side

Levels = tuple[tuple[int, int], ...]

_SESSIONS: Final = {
    "ATO": Session.ATO.value,
    "LO": Session.CONTINUOUS.value,
    "ATC": Session.ATC.value,
    "PLO": Session.PLO.value,
    "PT": Session.CLOSED.value,  # put-through only: no order of ours is matched
    "C": Session.CLOSED.value,
    "CLOSE": Session.CLOSED.value,
    "BREAK": Session.BREAK.value,
    "H": Session.HALT.value,
    "HALT": Session.HALT.value,
}
_STATUSES: Final = {"NORMAL": "N", "ACTIVE": "N"}
_EXCHANGES: Final = {"DER": Exchange.VNFE.value, "DERIVATIVES": Exchange.VNFE.value}
_AGGRESSORS: Final = {"BU": Side.BUY.value, "SD": Side.SELL.value}

# SSI sends the average price of a future in VND per contract although everything else is in points (seen 2024-06-27).
_POINTS_MAX: Final = 1_000_000

_TICK: Final = msgspec.json.Decoder(TradeTick)
_WHOLE_TICK: Final = msgspec.json.Decoder(WholeTradeTick, strict=False)
_STATUS: Final = msgspec.json.Decoder(SecurityStatus)
_TRADE: Final = msgspec.json.Decoder(Trade)
_WHOLE_TRADE: Final = msgspec.json.Decoder(WholeTrade, strict=False)
_QUOTE: Final = msgspec.json.Decoder(Quote)
_WHOLE_QUOTE: Final = msgspec.json.Decoder(WholeQuote, strict=False)
_ODD_LOT: Final = msgspec.json.Decoder(OddLot)
_ROOM: Final = msgspec.json.Decoder(ForeignRoom)
_INDEX_RECORD: Final = msgspec.json.Decoder(MarketIndex)


@dataclass(slots=True)
class Context:
    """What a message does not say itself."""

    ts_received_ns: int
    wal_position: str
    instruments: Mapping[str, InstrumentKind]


def _read_tick(content: str, context: Context) -> list[Event]:
    record: TradeTick | WholeTradeTick
    try:
        record = _WHOLE_TICK.decode(content)
    except msgspec.ValidationError:
        record = _TICK.decode(content)
    symbol = _symbol(record.symbol)
    kind = _kind(symbol, context)
    if kind is None:
        return []
    price_vnd, quantity = _price(kind)(record.close), whole(record.volume)
    if price_vnd <= 0 or quantity <= 0:
        raise BadNumber(f"a match of {quantity} at {price_vnd} VND")
    return [
        TickReceived(
            symbol=symbol,
            price_vnd=price_vnd,
            quantity=quantity,
            ts_exchange_ms=_exchange_ms(record, context),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _read_trade(content: str, context: Context) -> list[Event]:
    lenient, trade = None, WholeTrade()
    try:
        trade = _WHOLE_TRADE.decode(content)
    except msgspec.ValidationError:
        lenient = _TRADE.decode(content)
    symbol = _symbol((lenient or trade).symbol)
    kind = _kind(symbol, context)
    if kind is None:
        return []
    if lenient or kind is InstrumentKind.FUTURE:
        trade = _in_whole_dong(lenient or trade, kind)
    return [
        QuoteUpdated(
            symbol=symbol,
            reference_vnd=trade.ref_price,
            ceiling_vnd=trade.ceiling,
            floor_vnd=trade.floor,
            last_vnd=trade.last_price,
            last_quantity=trade.last_vol,
            total_quantity=trade.total_vol,
            total_value_vnd=_not_negative(rounded(trade.total_val)),
            high_vnd=trade.highest or trade.high,
            low_vnd=trade.lowest or trade.low,
            average_vnd=_not_negative(_average(kind, trade.avg_price)),
            estimated_match_vnd=trade.est_matched_price,
            aggressor=_AGGRESSORS.get(_code(trade.side), ""),
            session=_session(trade.trading_session),
            status=_status(trade.trading_status),
            ts_exchange_ms=_exchange_ms(trade, context),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _in_whole_dong(trade: Trade | WholeTrade, kind: InstrumentKind) -> WholeTrade:
    price, figures = _price(kind), msgspec.structs.asdict(trade)
    figures |= {name: _not_negative(price(figures[name])) for name in TRADE_PRICES}
    return WholeTrade(**figures | {name: _not_negative(whole(figures[name])) for name in TRADE_QUANTITIES})


def _read_quote(content: str, context: Context) -> list[Event]:
    levels: Callable[[InstrumentKind, Any, Any], Levels] = _whole_levels
    try:
        fields = msgspec.structs.astuple(_WHOLE_QUOTE.decode(content))
    except msgspec.ValidationError:
        fields = msgspec.structs.astuple(_QUOTE.decode(content))
        levels = _levels
    symbol = _symbol(fields[2])
    kind = _kind(symbol, context)
    if kind is None:
        return []
    if kind is InstrumentKind.FUTURE:
        levels = _levels
    return [
        OrderBookUpdated(
            symbol=symbol,
            bids=levels(kind, fields[23:33], fields[33:43]),
            asks=levels(kind, fields[3:13], fields[13:23]),
            session=_session(fields[43]),
            ts_exchange_ms=epoch_ms(fields[0] or day_at(context.ts_received_ns), fields[1] or ""),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _read_snapshot(content: str, context: Context) -> list[Event]:
    return [*_read_quote(content, context), *_read_trade(content, context)]


def _read_odd_lots(content: str, context: Context) -> list[Event]:
    record = _ODD_LOT.decode(content)
    symbol = _symbol(record.symbol)
    kind = _kind(symbol, context)
    if kind is None:
        return []
    return [
        OddLotUpdated(
            symbol=symbol,
            last_vnd=_not_negative(_price(kind)(record.last_price)),
            last_quantity=_not_negative(whole(record.last_vol)),
            bids=_levels(kind, *_odd_levels(record, "bid")),
            asks=_levels(kind, *_odd_levels(record, "ask")),
            session=_session(record.trading_session),
            status=_status(record.trading_status),
            ts_exchange_ms=_exchange_ms(record, context),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _odd_levels(record: OddLot, side: str) -> tuple[list[Number], list[Number]]:
    prices = [getattr(record, f"{side}_price{level}") for level in (1, 2, 3)]
    return prices, [getattr(record, f"{side}_vol{level}") for level in (1, 2, 3)]


def _read_status(content: str, context: Context) -> list[Event]:
    record = _STATUS.decode(content)
    market = _code(record.exchange) or _code(record.market_id)
    return [
        SessionChanged(
            symbol=_symbol(record.symbol),
            exchange=_EXCHANGES.get(market, market),
            session=_session(record.trading_session),
            status=_status(record.trading_status),
            ts_exchange_ms=_exchange_ms(record, context),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _read_room(content: str, context: Context) -> list[Event]:
    record = _ROOM.decode(content)
    return [
        ForeignRoomUpdated(
            symbol=_symbol(record.symbol),
            room_total=rounded(record.total_room),
            room_left=rounded(record.current_room),
            bought_quantity=rounded(record.buy_vol if record.buy_vol is not None else record.f_buy_vol),
            sold_quantity=rounded(record.sell_vol if record.sell_vol is not None else record.f_sell_vol),
            bought_value_vnd=rounded(record.buy_val if record.buy_val is not None else record.f_buy_val),
            sold_value_vnd=rounded(record.sell_val if record.sell_val is not None else record.f_sell_val),
            ts_exchange_ms=_exchange_ms(record, context),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _read_index(content: str, context: Context) -> list[Event]:
    record = _INDEX_RECORD.decode(content)
    return [
        IndexUpdated(
            index_code=_symbol(record.index_id),
            value_centipoints=centipoints(record.index_value),
            prior_centipoints=centipoints(record.prior_index_value),
            total_quantity=rounded(record.total_qtty),
            total_value_vnd=rounded(record.total_value),
            advances=whole(record.advances),
            declines=whole(record.declines),
            unchanged=whole(record.no_changes),
            ceilings=whole(record.ceilings),
            floors=whole(record.floors),
            session=_session(record.trading_session),
            ts_exchange_ms=_exchange_ms(record, context),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _symbol(text: str | None) -> str:
    if not text or not (symbol := text.strip()):
        raise ValueError("no symbol")
    return symbol


def _kind(symbol: str, context: Context) -> InstrumentKind | None:
    """None for an index, which has no order book."""
    if known := context.instruments.get(symbol):
        return known
    return kind_by_form(symbol)


def _price(kind: InstrumentKind) -> Callable[[Number], int]:
    return points_to_vnd if kind is InstrumentKind.FUTURE else whole


def _average(kind: InstrumentKind, value: Number) -> int:
    if kind is InstrumentKind.FUTURE and rounded(value) < _POINTS_MAX:
        return points_to_vnd_rounded(value)
    return rounded(value)


def _whole_levels(_kind: InstrumentKind, prices: Sequence[int], quantities: Sequence[int]) -> Levels:
    """Best first; levels without a quantity are unused. A price of 0 stands for at-the-auction orders."""
    return tuple(compress(zip(prices, quantities, strict=False), quantities))


def _levels(kind: InstrumentKind, prices: Sequence[Number], quantities: Sequence[Number]) -> Levels:
    """The same of numbers in any form; what an unused level's price is does not matter."""
    price, used = _price(kind), []
    for level_price, level_quantity in zip(prices, quantities, strict=True):
        if level_quantity and (quantity := _not_negative(whole(level_quantity))):
            used.append((_not_negative(price(level_price)), quantity))
    return tuple(used)


def _not_negative(value: int) -> int:
    if value < 0:
        raise BadNumber(f"{value} is negative")
    return value


def _code(text: str | None) -> str:
    return text.strip().upper() if text else ""


def _session(text: str | None) -> str:
    """The domain's name of a session, or the unknown code as it came, which no rule admits orders in."""
    if known := _SESSIONS.get(text or ""):
        return known
    code = _code(text)
    return _SESSIONS.get(code, code)


def _status(text: str | None) -> str:
    if text == "N":
        return text
    code = _code(text)
    return _STATUSES.get(code, code)


def _exchange_ms(record: Record, context: Context) -> int:
    day = record.trading_date or day_at(context.ts_received_ns)
    return epoch_ms(day, record.time or record.trading_time or "")


READERS: Final[Mapping[str, Callable[[str, Context], list[Event]]]] = {
    "B": _read_tick,
    "X-TRADE": _read_trade,
    "X-QUOTE": _read_quote,
    "X": _read_snapshot,
    "OL": _read_odd_lots,
    "F": _read_status,
    "R": _read_room,
    "MI": _read_index,
}
