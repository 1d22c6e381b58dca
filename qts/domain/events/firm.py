"""Risk, accounts, identity and configuration."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.events.base import Event, published


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBreached(Event):
    topic: ClassVar[str] = "risk.limit.breached"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    code: str
    limit: int
    actual: int
    ts_market_ms: int


@published
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
    effective_ms: int = 0  # market time, since the Unix epoch


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPlanned(Event):
    """Agreed, and in force from `effective_ms`; a later change of the same limit takes its place."""

    topic: ClassVar[str] = "risk.limit.planned"
    key_field: ClassVar[str] = "code"
    code: str
    scope: str
    limit_before: int
    limit_after: int
    version: int
    reason: str
    effective_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ArmingChanged(Event):
    """An account was let trade for a day, or was not any more."""

    topic: ClassVar[str] = "risk.arming.changed"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    trading_day: str  # ISO date
    is_armed: bool
    how: str  # checks, hand or override
    reason: str
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchChanged(Event):
    topic: ClassVar[str] = "risk.killSwitch.changed"
    key_field: ClassVar[str] = "scope"
    scope: str  # "firm", or a kind and what it names: "account:<id>", "strategy:<id>", "symbol:SSI", "user:<id>"
    engaged: bool
    reason: str
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class TradingStateChanged(Event):
    """A dead-man timer held a scope back for a cause, or let it go."""

    topic: ClassVar[str] = "risk.tradingState.changed"
    key_field: ClassVar[str] = "scope"
    scope: str
    cause: str
    state: str  # ACTIVE, REDUCING or HALTED, as far as this cause goes
    reason: str
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(Event):
    """One officer asks for what takes a second one."""

    topic: ClassVar[str] = "risk.approval.requested"
    key_field: ClassVar[str] = "proposal_id"
    proposal_id: str
    kind: str  # limits or release
    subject: str
    reason: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecided(Event):
    topic: ClassVar[str] = "risk.approval.decided"
    key_field: ClassVar[str] = "proposal_id"
    proposal_id: str
    status: str  # approved, rejected or withdrawn
    reason: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRequested(Event):
    topic: ClassVar[str] = "risk.exit.requested"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    symbol: str
    quantity: int
    reason: str
    ts_market_ms: int


@published
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


@published
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


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChanged(Event):
    """A user may see, trade or manage an account from now on; an empty role: nothing of it any more."""

    topic: ClassVar[str] = "account.membership.changed"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    user_id: str
    role: str
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDiffers(Event):
    """A nightly check found running totals that are not what the ledger's entries add up to."""

    topic: ClassVar[str] = "account.ledger.differs"
    key_field: ClassVar[str] = "account_id"
    account_id: str
    difference_count: int
    what: tuple[str, ...]  # the first of them
    ts_market_ms: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyChanged(Event):
    topic: ClassVar[str] = "strategy.strategy.changed"
    key_field: ClassVar[str] = "strategy_id"
    strategy_id: str
    status: str
    reason: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestChanged(Event):
    topic: ClassVar[str] = "strategy.backtest.changed"
    key_field: ClassVar[str] = "backtest_id"
    backtest_id: str
    status: str
    reason: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyVersionRegistered(Event):
    """A person has taken a strategy's file in as it is now; `content_hash` is the SHA-256 of its text."""

    topic: ClassVar[str] = "strategy.version.registered"
    key_field: ClassVar[str] = "name"
    name: str
    content_hash: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyVersionChanged(Event):
    """A strategy goes on with another version of its code, from the state of the one before or from nothing."""

    topic: ClassVar[str] = "strategy.version.changed"
    key_field: ClassVar[str] = "strategy_id"
    strategy_id: str
    content_hash: str
    previous_hash: str
    keeps_state: bool


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRequested(Event):
    """`mode` is wanted for exactly this code and these parameters; a second person decides."""

    topic: ClassVar[str] = "strategy.promotion.requested"
    key_field: ClassVar[str] = "strategy_id"
    promotion_id: str
    strategy_id: str
    mode: str
    code_hash: str
    reason: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionDecided(Event):
    topic: ClassVar[str] = "strategy.promotion.decided"
    key_field: ClassVar[str] = "strategy_id"
    promotion_id: str
    strategy_id: str
    mode: str
    status: str
    reason: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyModeChanged(Event):
    topic: ClassVar[str] = "strategy.mode.changed"
    key_field: ClassVar[str] = "strategy_id"
    strategy_id: str
    mode: str
    previous_mode: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    topic: ClassVar[str] = "configuration.setting.changed"
    key_field: ClassVar[str] = "name"
    name: str
    version: int


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChanged(Event):
    """A broker credential was stored or switched on or off; which one, never what it holds."""

    topic: ClassVar[str] = "configuration.credential.changed"
    key_field: ClassVar[str] = "name"
    name: str
    is_active: bool


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerCodeRequested(Event):
    """Somebody had the broker send a one-time code."""

    topic: ClassVar[str] = "account.brokerLogIn.requested"
    key_field: ClassVar[str] = "connection_id"
    connection_id: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLogInStarted(Event):
    """Somebody's one-time code has opened a token for orders; the code and the token are in no event."""

    topic: ClassVar[str] = "account.brokerLogIn.started"
    key_field: ClassVar[str] = "connection_id"
    connection_id: str
    ts_expires_ms: int  # wall clock


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLogInRefused(Event):
    topic: ClassVar[str] = "account.brokerLogIn.refused"
    key_field: ClassVar[str] = "connection_id"
    connection_id: str
    reason: str
    wrong_code_count: int  # in a row; more than five lock the service at the broker


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLogInExpired(Event):
    """The token for orders has ended: nothing leaves before somebody has entered a code."""

    topic: ClassVar[str] = "account.brokerLogIn.expired"
    key_field: ClassVar[str] = "connection_id"
    connection_id: str
    reason: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLogInExpiring(Event):
    """The token for orders will end within this trading day, soon."""

    topic: ClassVar[str] = "account.brokerLogIn.expiring"
    key_field: ClassVar[str] = "connection_id"
    connection_id: str
    ts_expires_ms: int  # wall clock


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyChanged(Event):
    """A key was made or revoked; its first characters, never the key."""

    topic: ClassVar[str] = "identity.apiKey.changed"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    name: str
    prefix: str
    scope: str
    is_active: bool


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """Somebody logged in; `is_verified` says whether a second factor was shown."""

    topic: ClassVar[str] = "identity.session.started"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    is_verified: bool
    ip_address: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    topic: ClassVar[str] = "identity.session.ended"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    ip_address: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class LogInFailed(Event):
    """A wrong password or code. For a name that no user has both fields are empty: people type passwords there."""

    topic: ClassVar[str] = "identity.login.failed"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    factor: str  # password or code
    ip_address: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class FactorChanged(Event):
    """A second factor was added to or removed from a user."""

    topic: ClassVar[str] = "identity.factor.changed"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    factor: str  # totp or recovery_codes
    is_present: bool
