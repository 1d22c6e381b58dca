"""FC Data stream frames to domain events. Pure; whatever arrives, nothing is raised: what cannot be read is a Failure.

A classic SignalR frame holds broadcasts; each is a JSON string of {DataType, Content}, and Content is a JSON string of
the record. One X is both an OrderBookUpdated and a QuoteUpdated, which tell again what X-QUOTE and X-TRADE tell: they
come apart from the others, as `snapshots`. The n-th message of a frame (from 0) has the WAL
position "segment:offset:n", the first one the frame's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from qts.adapters.ssi.frames import FRAME
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
from qts.adapters.ssi.records import ForeignRoom, MarketIndex, OddLot, Quote, Record, SecurityStatus, Trade, TradeTick
from qts.adapters.ssi.symbols import kind_by_form
from qts.adapters.wal import message_position
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

RAW_CHARACTERS_MAX: Final = 4_000

# Securities in these states are matched on the exchange; any other or unknown state means: do not trade.
TRADABLE_STATUSES: Final = frozenset({"N", "NL", "ND", "SP"})

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


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that could not be read: its text, cut, and why."""

    raw: str
    reason: str
    wal_position: str


@dataclass(slots=True)
class Decoded:
    """`snapshots` are the events of X; `notices` are the texts of the server's Error calls (quota, refused
    subscription); `ignored` counts messages that are sound but mean nothing to us: other DataTypes, and trades of an
    index."""

    events: list[Event] = field(default_factory=list)
    snapshots: list[Event] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What a message does not say itself."""

    ts_received_ns: int
    wal_position: str
    instruments: Mapping[str, InstrumentKind]


class _Envelope(msgspec.Struct):
    data_type: str = msgspec.field(name="DataType")
    content: str = msgspec.field(name="Content")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_TICK: Final = msgspec.json.Decoder(TradeTick)
_STATUS: Final = msgspec.json.Decoder(SecurityStatus)
_TRADE: Final = msgspec.json.Decoder(Trade)
_QUOTE: Final = msgspec.json.Decoder(Quote)
_ODD_LOT: Final = msgspec.json.Decoder(OddLot)
_ROOM: Final = msgspec.json.Decoder(ForeignRoom)
_INDEX_RECORD: Final = msgspec.json.Decoder(MarketIndex)

_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


def decode_frame(
    raw: bytes | str, *, ts_received_ns: int, wal_position: str, instruments: Mapping[str, InstrumentKind]
) -> Decoded:
    """All events of one frame. `instruments` says which symbols are futures, whose prices are index points."""
    decoded = Decoded()
    try:
        frame = FRAME.decode(raw)
    except _UNREADABLE as error:
        decoded.failures.append(_failure(raw, f"frame: {error}", wal_position))
        return decoded
    if frame.error:
        decoded.notices.append(frame.error)
    for index, invocation in enumerate(frame.invocations or ()):
        context = Context(ts_received_ns, message_position(wal_position, index), instruments)
        for argument in invocation.arguments:
            if invocation.method == "Broadcast":
                _decode_broadcast(argument, context, decoded)
            elif invocation.method == "Error":
                decoded.notices.append(str(argument))
            else:
                decoded.ignored += 1
    return decoded


def _decode_broadcast(argument: Any, context: Context, into: Decoded) -> None:
    try:
        if not isinstance(argument, str):
            raise TypeError("the broadcast is no string")
        envelope = _ENVELOPE.decode(argument)
        data_type = envelope.data_type.strip().upper()
        read = _READERS.get(data_type)
        events = read(envelope.content, context) if read else []
    except (*_UNREADABLE, TypeError) as error:
        into.failures.append(_failure(argument, str(error), context.wal_position))
        return
    if events:
        (into.snapshots if data_type == "X" else into.events).extend(events)
    else:
        into.ignored += 1


def _failure(raw: object, reason: str, wal_position: str) -> Failure:
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    return Failure(text[:RAW_CHARACTERS_MAX], reason[:RAW_CHARACTERS_MAX], wal_position)


def _read_tick(content: str, context: Context) -> list[Event]:
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
    record = _TRADE.decode(content)
    symbol = _symbol(record.symbol)
    kind = _kind(symbol, context)
    if kind is None:
        return []
    price = _price(kind)
    return [
        QuoteUpdated(
            symbol=symbol,
            reference_vnd=_not_negative(price(record.ref_price)),
            ceiling_vnd=_not_negative(price(record.ceiling)),
            floor_vnd=_not_negative(price(record.floor)),
            last_vnd=_not_negative(price(record.last_price)),
            last_quantity=_not_negative(whole(record.last_vol)),
            total_quantity=_not_negative(whole(record.total_vol)),
            total_value_vnd=_not_negative(rounded(record.total_val)),
            high_vnd=_not_negative(price(record.highest if record.highest is not None else record.high)),
            low_vnd=_not_negative(price(record.lowest if record.lowest is not None else record.low)),
            average_vnd=_not_negative(_average(kind, record.avg_price)),
            estimated_match_vnd=_not_negative(price(record.est_matched_price)),
            aggressor=_AGGRESSORS.get(_code(record.side), ""),
            session=_session(record.trading_session),
            status=_status(record.trading_status),
            ts_exchange_ms=_exchange_ms(record, context),
            ts_received_ns=context.ts_received_ns,
            wal_position=context.wal_position,
        )
    ]


def _read_quote(content: str, context: Context) -> list[Event]:
    *levels, wire_symbol, day, at, session = msgspec.structs.astuple(_QUOTE.decode(content))
    symbol = _symbol(wire_symbol)
    kind = _kind(symbol, context)
    if kind is None:
        return []
    return [
        OrderBookUpdated(
            symbol=symbol,
            bids=_levels(kind, levels[0:10], levels[10:20]),
            asks=_levels(kind, levels[20:30], levels[30:40]),
            session=_session(session),
            ts_exchange_ms=epoch_ms(day or day_at(context.ts_received_ns), at or ""),
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
    bid_prices, bids = _odd_levels(record, "bid")
    ask_prices, asks = _odd_levels(record, "ask")
    return [
        OddLotUpdated(
            symbol=symbol,
            last_vnd=_not_negative(_price(kind)(record.last_price)),
            last_quantity=_not_negative(whole(record.last_vol)),
            bids=_levels(kind, bid_prices, bids),
            asks=_levels(kind, ask_prices, asks),
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


_READERS: Final[dict[str, Callable[[str, Context], list[Event]]]] = {
    "B": _read_tick,
    "X-TRADE": _read_trade,
    "X-QUOTE": _read_quote,
    "X": _read_snapshot,
    "OL": _read_odd_lots,
    "F": _read_status,
    "R": _read_room,
    "MI": _read_index,
}


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


def _levels(kind: InstrumentKind, prices: list[Number], quantities: list[Number]) -> tuple[tuple[int, int], ...]:
    """Best first; levels without a quantity are unused. A price of 0 stands for at-the-auction orders."""
    price, levels = _price(kind), []
    for level_price, level_quantity in zip(prices, quantities, strict=True):
        if level_quantity and (quantity := _not_negative(whole(level_quantity))):
            levels.append((_not_negative(price(level_price)), quantity))
    return tuple(levels)


def _not_negative(value: int) -> int:
    if value < 0:
        raise BadNumber(f"{value} is negative")
    return value


def _code(text: str | None) -> str:
    return text.strip().upper() if text else ""


def _session(text: str | None) -> str:
    """The domain's name of a session, or the unknown code as it came, which no rule admits orders in."""
    code = _code(text)
    return _SESSIONS.get(code, code)


def _status(text: str | None) -> str:
    code = _code(text)
    return _STATUSES.get(code, code)


def _exchange_ms(record: Record, context: Context) -> int:
    day = record.trading_date or day_at(context.ts_received_ns)
    return epoch_ms(day, record.time or record.trading_time or "")
