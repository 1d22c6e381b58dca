"""What the gate looks at: one account and one market at one moment, frozen. Money is VND, quantity shares.

A fact that only some limits need is None, or zero, where none of them is in force: nobody looked it up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from qts.domain.errors import RuleCode
from qts.domain.market import Instrument, RuleBook
from qts.domain.portfolio import Deposit, FeeSchedule, Means
from qts.domain.values import Session


class ScopeKind(StrEnum):
    """What a limit can be set for. Every limit that covers an order binds it."""

    FIRM = "firm"
    ACCOUNT = "account"
    STRATEGY = "strategy"
    USER = "user"
    SYMBOL = "symbol"
    SECTOR = "sector"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """One security now. `stream_age_ms` is wall time since the last frame of the market stream, None if it is not live.

    `has_quote` says that the prices are of the current trading day, not left over from an earlier one. `last_vnd` and
    `average_vnd` are 0 before the first match; `average_volume` is shares a day over the last twenty trading days.
    `gap_count` counts the holes in the symbol's data during the last minutes. `is_armed`: the broker has told the
    security today; `told_on` is the newest day on which it did.
    """

    instrument: Instrument
    reference_vnd: int
    ceiling_vnd: int
    floor_vnd: int
    session: Session
    is_tradable: bool
    has_quote: bool
    stream_age_ms: int | None
    last_vnd: int = 0
    average_vnd: int = 0
    is_warned: bool = False
    quote_age_ms: int | None = None
    day_volume: int = 0
    average_volume: int | None = None
    listed_quantity: int = 0
    foreign_room_left: int | None = None
    master_data_age_days: int | None = None
    gap_count: int = 0
    is_armed: bool = True
    told_on: date | None = None


@dataclass(frozen=True, slots=True)
class KillState:
    """A kill switch or trading hold that covers the order: its scope, and whether sales of held shares still pass."""

    scope: str
    allows_reducing: bool


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account before the order. `day_pnl_vnd` is realised and open profit since yesterday's close, net of fees
    and tax; None when a held symbol has no price, because an unknown loss must not look like none.

    `held_vnd` is what is held at its marks, `working_buys_vnd` and `working_sales_vnd` what works at the dearest price
    it can trade at; `sector_vnd` is the part of held and bought that is of the order's sector, None when the sector is
    not recorded. `is_armed`: the checks before the open have let the account trade today.
    """

    is_active: bool
    buying_power_vnd: int
    position_quantity: int
    pending_buy_quantity: int
    sellable_quantity: int
    open_order_count: int
    day_pnl_vnd: int | None
    realised_today_vnd: int = 0
    equity_vnd: int | None = None
    peak_equity_vnd: int | None = None
    held_vnd: int | None = None
    working_buys_vnd: int = 0
    working_sales_vnd: int = 0
    sector_vnd: int | None = None
    means: Means | None = None  # None: a cash account's buying power alone pays
    deposit: Deposit | None = None  # of a derivatives account, with the order's symbol among its months
    is_armed: bool = True


@dataclass(frozen=True, slots=True)
class ActivityFacts:
    """What the account, and those who send for it, have on the market and sent before this order.

    `opposite_count` counts own working orders of the other side in the symbol; `opposite_price_vnd` is the one that
    this order would meet first, None when all of them are without a price (they meet anything). Rates are messages of
    the last second of the wall clock, None where the order has no such sender. `repeated_count` are orders of the
    strategy for the same symbol and side during the last minute. Day figures are of the current trading day.
    """

    opposite_count: int = 0
    opposite_price_vnd: int | None = None
    opposite_unpriced_count: int = 0
    day_value_vnd: int = 0
    day_symbol_quantity: int = 0
    day_order_count: int = 0
    day_trade_count: int = 0
    user_rate: int | None = None
    strategy_rate: int | None = None
    account_rate: int = 0
    broker_rate: int = 0
    repeated_count: int | None = None
    same_order_age_ms: int | None = None
    signal_age_ms: int | None = None
    actor_may_trade: bool = True


@dataclass(frozen=True, slots=True)
class RiskSnapshot:
    """Everything the checks may know. `limits` holds the tightest limit in force for this order, by rule; `rules` are
    the exchanges' of the day."""

    account: AccountFacts
    market: MarketFacts | None
    limits: Mapping[RuleCode, int]
    rules: RuleBook
    kills: tuple[KillState, ...] = ()
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    activity: ActivityFacts = field(default_factory=ActivityFacts)
