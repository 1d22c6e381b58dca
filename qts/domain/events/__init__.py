"""Every event that leaves a process, named once as Domain.Entity.Action. Names and fields are a public contract.

Each is a frozen dataclass of ids, integers and strings. Prices are VND (a future's price is its VND per contract),
quantities whole shares or contracts. `ts_exchange_ms` is the market's own time and `ts_received_ns` our wall clock,
both since the Unix epoch. `wal_position` names the raw message in the write-ahead log ("segment:offset").
Market data goes straight to the bus; every other event is recorded in the event log with its state change first.
"""

from qts.domain.events.base import REGISTRY, Event
from qts.domain.events.decisions import (
    IndicatorCalculated,
    OrderProposed,
)
from qts.domain.events.firm import (
    CashChanged,
    CredentialChanged,
    ExitRequested,
    FactorChanged,
    KillSwitchChanged,
    LimitBreached,
    LimitChanged,
    LogInFailed,
    PositionChanged,
    SessionEnded,
    SessionStarted,
    SettingChanged,
    StrategyChanged,
)
from qts.domain.events.market import (
    BarClosed,
    ForeignRoomUpdated,
    GapDetected,
    IndexUpdated,
    MessageDeadLettered,
    OrderBookUpdated,
    QuoteUpdated,
    SecurityUpdated,
    SessionChanged,
    TickReceived,
)
from qts.domain.events.orders import (
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderCancelRequested,
    OrderDenied,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderSubmitted,
    OrderUnknown,
)

__all__ = [
    "REGISTRY",
    "BarClosed",
    "CashChanged",
    "CredentialChanged",
    "Event",
    "ExitRequested",
    "FactorChanged",
    "ForeignRoomUpdated",
    "GapDetected",
    "IndexUpdated",
    "IndicatorCalculated",
    "KillSwitchChanged",
    "LimitBreached",
    "LimitChanged",
    "LogInFailed",
    "MessageDeadLettered",
    "OrderAccepted",
    "OrderAmended",
    "OrderBookUpdated",
    "OrderCancelRequested",
    "OrderCancelled",
    "OrderDenied",
    "OrderEvent",
    "OrderFilled",
    "OrderProposed",
    "OrderRejected",
    "OrderSent",
    "OrderSubmitted",
    "OrderUnknown",
    "PositionChanged",
    "QuoteUpdated",
    "SecurityUpdated",
    "SessionChanged",
    "SessionEnded",
    "SessionStarted",
    "SettingChanged",
    "StrategyChanged",
    "TickReceived",
]
