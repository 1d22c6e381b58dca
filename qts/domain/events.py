"""Every event that leaves a process, named once as Domain.Entity.Action. Names and fields are a public contract.

Each is a frozen dataclass of ids, integers and strings. Prices are VND (a future's price is its VND per contract),
quantities whole shares or contracts. `ts_exchange_ms` is the market's own time and `ts_received_ns` our wall clock,
both since the Unix epoch. `wal_position` names the raw message in the write-ahead log ("segment:offset").
Market data goes straight to the bus; every other event is recorded in the event log with its state change first.
"""

from dataclasses import dataclass
from typing import ClassVar, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events; `topic` is the bus topic, `key_field` names the field that is the partition key."""

    topic: ClassVar[str] = ""
    key_field: ClassVar[str] = ""

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))


_E = TypeVar("_E", bound=Event)
REGISTRY: dict[str, type[Event]] = {}


def _published(cls: type[_E]) -> type[_E]:
    if cls.topic in REGISTRY:
        raise ValueError(f"topic {cls.topic} is defined twice")
    REGISTRY[cls.topic] = cls
    return cls


# --- market data ------------------------------------------------------------------------------------------------


@_published
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


@_published
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


@_published
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


@_published
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


@_published
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


@_published
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


@_published
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


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class GapDetected(Event):
    """Between the two wall-clock moments market messages may be missing for the symbols ('*' = all)."""

    topic: ClassVar[str] = "marketData.gap.detected"
    key_field: ClassVar[str] = "symbols"
    symbols: str
    ts_from_ns: int
    ts_to_ns: int
    reason: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeadLettered(Event):
    """A message that could not be decoded: the raw text (cut at 4,000 characters), why, and where it is."""

    topic: ClassVar[str] = "marketData.ingestion.dlq"
    key_field: ClassVar[str] = "wal_position"
    raw: str
    reason: str
    ts_received_ns: int
    wal_position: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityUpdated(Event):
    topic: ClassVar[str] = "masterData.security.updated"
    key_field: ClassVar[str] = "symbol"
    symbol: str


# --- signals and decisions --------------------------------------------------------------------------------------


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorCalculated(Event):
    """Indicator values of one symbol after one closed bar; numbers as text, floats never cross the bus as money."""

    topic: ClassVar[str] = "technicalAnalysis.indicator.calculated"
    key_field: ClassVar[str] = "symbol"
    symbol: str
    ts_start_ms: int  # of the bar they were computed from
    values: dict[str, str]  # e.g. {"rsi_14": "61.53"}; a value that is not there yet is left out
    wal_position: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderProposed(Event):
    """A strategy's decision, with what it was made from."""

    topic: ClassVar[str] = "decision.order.proposed"
    key_field: ClassVar[str] = "account_id"
    decision_id: str
    strategy_id: str
    strategy_name: str
    account_id: str
    symbol: str
    side: str
    quantity: int
    order_type: str
    price_vnd: int
    signal: str
    ts_decided_ms: int
    wal_position: str


# --- orders -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(Event):
    """What every order event carries: the order as it is after the change."""

    key_field: ClassVar[str] = "account_id"
    order_id: str
    account_id: str
    symbol: str
    side: str
    order_type: str
    status: str
    quantity: int
    filled_quantity: int
    price_vnd: int  # 0 for orders without a limit price
    reason: str = ""
    ts_market_ms: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSubmitted(OrderEvent):
    topic: ClassVar[str] = "order.order.submitted"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(OrderEvent):
    """Refused by our own gate; nothing was sent and nothing reserved. `reason` holds the codes, comma separated."""

    topic: ClassVar[str] = "order.order.denied"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent(OrderEvent):
    topic: ClassVar[str] = "order.order.sent"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(OrderEvent):
    topic: ClassVar[str] = "order.order.acceptedByExchange"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(OrderEvent):
    """One fill; `filled_quantity` is the running total after it."""

    topic: ClassVar[str] = "order.order.filled"
    fill_id: str
    fill_quantity: int
    fill_price_vnd: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderEvent):
    """No more of it will trade: cancelled by request, or expired at the end of its session or day."""

    topic: ClassVar[str] = "order.order.cancelled"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRequested(OrderEvent):
    topic: ClassVar[str] = "order.order.cancelRequested"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended(OrderEvent):
    topic: ClassVar[str] = "order.order.amended"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderEvent):
    topic: ClassVar[str] = "order.order.rejectedByExchange"


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown(OrderEvent):
    """It may have reached the broker; its reservation stays until the broker has been asked."""

    topic: ClassVar[str] = "order.order.unknown"


# --- risk, accounts, configuration ------------------------------------------------------------------------------


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBreached(Event):
    topic: ClassVar[str] = "risk.limit.breached"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    code: str
    limit: int
    actual: int
    ts_market_ms: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged(Event):
    topic: ClassVar[str] = "risk.limit.changed"
    key_field: ClassVar[str] = "code"
    code: str
    scope: str
    limit_before: int
    limit_after: int
    version: int
    reason: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchChanged(Event):
    topic: ClassVar[str] = "risk.killSwitch.changed"
    key_field: ClassVar[str] = "scope"
    scope: str  # "firm" or "account:<id>" or "strategy:<id>"
    engaged: bool
    reason: str
    ts_market_ms: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRequested(Event):
    topic: ClassVar[str] = "risk.exit.requested"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    symbol: str
    quantity: int
    reason: str
    ts_market_ms: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged(Event):
    topic: ClassVar[str] = "account.position.changed"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    symbol: str
    quantity: int
    sellable_quantity: int
    cost_total_vnd: int
    realised_pnl_vnd: int  # of this symbol since the account was opened
    ts_market_ms: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class CashChanged(Event):
    topic: ClassVar[str] = "account.cash.changed"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    cash_settled_vnd: int
    cash_pending_vnd: int
    reserved_vnd: int
    buying_power_vnd: int
    ts_market_ms: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyChanged(Event):
    topic: ClassVar[str] = "strategy.strategy.changed"
    key_field: ClassVar[str] = "strategy_id"
    strategy_id: str
    status: str
    reason: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    topic: ClassVar[str] = "configuration.setting.changed"
    key_field: ClassVar[str] = "name"
    name: str
    version: int


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChanged(Event):
    """A broker credential was stored or switched on or off; which one, never what it holds."""

    topic: ClassVar[str] = "configuration.credential.changed"
    key_field: ClassVar[str] = "name"
    name: str
    is_active: bool


# --- identity -----------------------------------------------------------------------------------------------------


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """Somebody logged in; `is_verified` says whether a second factor was shown."""

    topic: ClassVar[str] = "identity.session.started"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    is_verified: bool
    ip_address: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    topic: ClassVar[str] = "identity.session.ended"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    ip_address: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class LogInFailed(Event):
    """A wrong password or code. For a name that no user has both fields are empty: people type passwords there."""

    topic: ClassVar[str] = "identity.login.failed"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    factor: str  # password or code
    ip_address: str


@_published
@dataclass(frozen=True, slots=True, kw_only=True)
class FactorChanged(Event):
    """A second factor was added to or removed from a user."""

    topic: ClassVar[str] = "identity.factor.changed"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    factor: str  # totp or recovery_codes
    is_present: bool
