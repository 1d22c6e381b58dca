"""What the market did. Straight to the bus; never in the event log."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.events.base import Event, published


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class TickReceived(Event):
    """One match (FC Data's B). Identical ones are separate fills: never de-duplicate by content."""

    topic: ClassVar[str] = "marketData.tick.received"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    price_vnd: int
    quantity: int
    ts_exchange_ms: int
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteUpdated(Event):
    """Last match, day totals and price limits of one security (FC Data's X-TRADE and X). 0 = not there yet."""

    topic: ClassVar[str] = "marketData.quote.updated"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    reference_vnd: int
    ceiling_vnd: int
    floor_vnd: int
    last_vnd: int
    last_quantity: int
    total_quantity: int
    total_value_vnd: int
    high_vnd: int
    low_vnd: int
    average_vnd: int
    estimated_match_vnd: int
    aggressor: str  # BUY, SELL or "" when unknown
    session: str
    status: str
    ts_exchange_ms: int
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBookUpdated(Event):
    """Best levels, best first (FC Data's X-QUOTE); a price of 0 is the volume of at-the-auction orders."""

    topic: ClassVar[str] = "marketData.orderBook.updated"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    bids: tuple[tuple[int, int], ...]  # (price_vnd, quantity)
    asks: tuple[tuple[int, int], ...]
    session: str
    ts_exchange_ms: int
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class OddLotUpdated(Event):
    """The board of odd lots of one security (FC Data's OL): its last match and best levels. Odd lots make no price of
    the day, and no match of theirs is a TickReceived. The message's totals include round lots and are left out."""

    topic: ClassVar[str] = "marketData.oddLot.updated"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    last_vnd: int
    last_quantity: int
    bids: tuple[tuple[int, int], ...]  # (price_vnd, quantity)
    asks: tuple[tuple[int, int], ...]
    session: str
    status: str
    ts_exchange_ms: int
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BarClosed(Event):
    """One minute of matches; `ts_start_ms` is the market time at which the minute began."""

    topic: ClassVar[str] = "marketData.bar.closed"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    ts_start_ms: int
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    value_vnd: int
    trade_count: int
    ts_received_ns: int  # of the last tick inside
    wal_position: str  # of the last tick inside


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChanged(Event):
    """Trading session and status of one security (FC Data's F)."""

    topic: ClassVar[str] = "marketData.session.changed"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    exchange: str
    session: str
    status: str
    ts_exchange_ms: int
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class IndexUpdated(Event):
    """One index (FC Data's MI); values in hundredths of a point."""

    topic: ClassVar[str] = "marketData.index.updated"
    key_field: ClassVar[str] = "index_code"
    index_code: str
    value_centipoints: int
    prior_centipoints: int
    total_quantity: int
    total_value_vnd: int
    advances: int
    declines: int
    unchanged: int
    ceilings: int
    floors: int
    session: str
    ts_exchange_ms: int
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRoomUpdated(Event):
    """Foreign trading and room of one security in shares and VND (FC Data's R)."""

    topic: ClassVar[str] = "marketData.foreignRoom.updated"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    room_total: int
    room_left: int
    bought_quantity: int
    sold_quantity: int
    bought_value_vnd: int
    sold_value_vnd: int
    ts_exchange_ms: int
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class GapDetected(Event):
    """Between the two wall-clock moments market messages may be missing for the symbols ('*' = all).

    One that still goes on is told again, from the same moment to a later one. `cause` is a GapCause; the market's own
    times are the last ones that it named before and the first ones after.
    """

    topic: ClassVar[str] = "marketData.gap.detected"
    key_field: ClassVar[str] = "symbols"
    symbols: str
    ts_from_ns: int
    ts_to_ns: int
    cause: str
    reason: str
    ts_market_from_ms: int
    ts_market_to_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeadLettered(Event):
    """A message that could not be decoded: the raw text (cut at 4,000 characters), why, and where it is."""

    topic: ClassVar[str] = "marketData.ingestion.dlq"
    key_field: ClassVar[str] = "wal_position"
    raw: str
    reason: str
    ts_received_ns: int
    wal_position: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityUpdated(Event):
    topic: ClassVar[str] = "masterData.security.updated"
    key_field: ClassVar[str] = "symbol"
    symbol: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class RulesUpdated(Event):
    """`subject` names what is ruled, as TICKS HOSE STOCK; `effective_from` is a day, `version` the hash of all rows."""

    topic: ClassVar[str] = "masterData.rules.updated"
    key_field: ClassVar[str] = "subject"
    subject: str
    effective_from: str
    version: str
