"""What the gate looks at: one account and one market at one moment, frozen. Money is VND, quantity shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qts.domain.errors import RuleCode
from qts.domain.market import Instrument
from qts.domain.portfolio import FeeSchedule
from qts.domain.values import Session


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """One security now. `stream_age_ms` is wall time since the last frame of the market stream, None if it is not live.

    `has_quote` says that the prices are of the current trading day, not left over from an earlier one.
    """

    instrument: Instrument
    reference_vnd: int
    ceiling_vnd: int
    floor_vnd: int
    session: Session
    is_tradable: bool
    has_quote: bool
    stream_age_ms: int | None


@dataclass(frozen=True, slots=True)
class KillState:
    """An engaged kill switch that covers the order: its scope, and whether sales of held shares still pass."""

    scope: str
    allows_reducing: bool


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account before the order. `day_pnl_vnd` is realised and open profit since yesterday's close, net of fees
    and tax; None when a held symbol has no price, because an unknown loss must not look like none.
    """

    is_active: bool
    buying_power_vnd: int
    position_quantity: int
    pending_buy_quantity: int
    sellable_quantity: int
    open_order_count: int
    day_pnl_vnd: int | None


@dataclass(frozen=True, slots=True)
class RiskSnapshot:
    """Everything the checks may know. `limits` holds the tightest limit in force for this order, by rule."""

    account: AccountFacts
    market: MarketFacts | None
    limits: Mapping[RuleCode, int]
    kills: tuple[KillState, ...] = ()
    fees: FeeSchedule = field(default_factory=FeeSchedule)
