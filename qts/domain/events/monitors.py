"""What watching the accounts found; nothing was refused by it."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.events.base import Event, published


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitApproached(Event):
    """The use of a limit passed 80, 90 or 100 % for the first time today."""

    topic: ClassVar[str] = "risk.limit.approached"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    code: str
    level_percent: int
    limit: int
    actual: int
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFired(Event):
    """A condition that a person wants to hear of came true; `kind` is an AlertKind of apps/notifications."""

    topic: ClassVar[str] = "notification.alert.fired"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    alert_id: str
    kind: str
    symbol: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCalled(Event):
    """The account owes or has promised more cash than has arrived; told once a day."""

    topic: ClassVar[str] = "risk.margin.called"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    shortfall_vnd: int
    ts_market_ms: int
