"""What other parts of QTS see of market data: frozen values, never model rows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from qts.domain.market import Band, Instrument, RuleBook, to_vietnam
from qts.domain.values import Exchange, InstrumentKind, Session

ALL_SYMBOLS = "*"
Level = tuple[int, int]  # (price_vnd, quantity); a price of 0 is the volume of at-the-auction orders


@dataclass(frozen=True, slots=True)
class SecurityView:
    """Master data of one security."""

    symbol: str
    exchange: Exchange
    kind: InstrumentKind
    name_vi: str
    name_en: str
    lot_size: int
    listed_quantity: int
    is_active: bool
    told_on: date | None = None  # the newest trading day on which the broker told it in full

    @property
    def name(self) -> str:
        return self.name_vi or self.name_en or self.symbol

    @property
    def instrument(self) -> Instrument:
        return Instrument(symbol=self.symbol, exchange=self.exchange, kind=self.kind, lot_size=self.lot_size)


@dataclass(frozen=True, slots=True)
class LiveQuote:
    """The latest of one security as the price board shows it. 0 = not there yet; all of one trading day.

    `ts_exchange_ms` and `ts_received_ns` are those of the last message of any kind, 0 when none came today.
    """

    symbol: str
    reference_vnd: int = 0
    ceiling_vnd: int = 0
    floor_vnd: int = 0
    last_vnd: int = 0
    last_quantity: int = 0
    total_quantity: int = 0
    total_value_vnd: int = 0
    high_vnd: int = 0
    low_vnd: int = 0
    average_vnd: int = 0
    estimated_match_vnd: int = 0
    aggressor: str = ""
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    session: str = ""
    status: str = ""
    foreign_room_total: int = 0
    foreign_room_left: int = 0
    foreign_bought_quantity: int = 0
    foreign_sold_quantity: int = 0
    ts_exchange_ms: int = 0
    ts_received_ns: int = 0

    @property
    def change_vnd(self) -> int:
        """Against the reference; 0 before the first match of the day."""
        return self.last_vnd - self.reference_vnd if self.last_vnd and self.reference_vnd else 0

    def is_from(self, day: date) -> bool:
        """Whether a message of that trading day is in it."""
        return to_vietnam(datetime.fromtimestamp(self.ts_exchange_ms / 1000, tz=UTC)).date() == day


@dataclass(frozen=True, slots=True)
class OddLotBook:
    """The board of odd lots of one security: the last match on it, and at most three levels a side."""

    symbol: str
    last_vnd: int
    last_quantity: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    session: str
    status: str
    ts_exchange_ms: int


@dataclass(frozen=True, slots=True)
class ToldVolume:
    """What the exchange says was matched of a security today, and where in the log it said so."""

    quantity: int
    wal_position: str


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """One index; values in hundredths of a point."""

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
    ts_exchange_ms: int
    ts_received_ns: int


@dataclass(frozen=True, slots=True)
class MarketState:
    """What the risk gate needs to know of one security at one moment.

    `rules` are the exchanges' of the day. `mark_vnd` is the last price, or the reference before the first match;
    `average_vnd` is 0 before it. Ages are milliseconds of the wall clock; None = nothing has been received.
    `is_tradable` is False for every status or session code we do not know, `is_warned` True for one that still trades
    and is about to be delisted. `day_volume` is shares matched today; `foreign_room_left` is None until the exchange
    has told it today.
    """

    instrument: Instrument
    rules: RuleBook
    reference_vnd: int
    band: Band
    last_vnd: int
    mark_vnd: int
    best_bid_vnd: int
    best_ask_vnd: int
    session: Session
    is_tradable: bool
    is_warned: bool
    quote_age_ms: int | None
    stream_age_ms: int | None
    average_vnd: int
    day_volume: int
    listed_quantity: int
    foreign_room_left: int | None
    told_on: date | None


class StreamState(StrEnum):
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The market stream as its reader last reported it; a reader that stopped reporting is DOWN.

    `age_ms` is the time of the wall clock since the last frame of any kind (the broker sends one at least every 10 s).
    """

    state: StreamState
    last_frame_ns: int
    since_ns: int
    age_ms: int | None
    detail: str = ""

    @property
    def is_live(self) -> bool:
        return self.state is StreamState.CONNECTED


@dataclass(frozen=True, slots=True)
class Bar:
    """One minute of matches."""

    symbol: str
    starts_at: datetime
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    value_vnd: int
    trade_count: int
    wal_position: str

    @property
    def ts_start_ms(self) -> int:
        return round(self.starts_at.timestamp() * 1_000)


@dataclass(frozen=True, slots=True)
class TickView:
    """One stored match; `ts_exchange_ms` is market time since the Unix epoch."""

    symbol: str
    ts_exchange_ms: int
    price_vnd: int
    quantity: int


@dataclass(frozen=True, slots=True)
class DayBar:
    """One trading day, unadjusted."""

    symbol: str
    trading_day: date
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    value_vnd: int


@dataclass(frozen=True, slots=True)
class DeadLetterView:
    """`outcome` is "" until it was read again."""

    id: int
    received_at: datetime
    wal_position: str
    reason: str
    raw: str
    outcome: str
    replayed_at: datetime | None
    replay_count: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Between the two moments of the wall clock messages may be missing for the symbols ('*' = all).

    `cause` is a GapCause; `market_from_at` and `market_to_at` are the market's own times. Of the matches that were
    missed, history has given `filled_quantity` in so many minutes and has not got `missing_quantity` either.
    """

    symbols: str
    from_at: datetime
    to_at: datetime
    reason: str
    cause: str
    market_from_at: datetime
    market_to_at: datetime
    marked_at: datetime
    fill: str
    filled_minutes: int
    filled_quantity: int
    missing_quantity: int

    @property
    def length_s(self) -> float:
        return (self.to_at - self.from_at).total_seconds()

    @property
    def is_filled(self) -> bool:
        """No match of it is missing any more."""
        return self.fill in {"COMPLETE", "FILLED"}

    def touches(self, symbol: str) -> bool:
        return self.symbols == ALL_SYMBOLS or symbol in self.symbols.split(",")
