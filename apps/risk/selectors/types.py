"""What other parts of QTS see of limits and kill switches: frozen values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from qts.domain.errors import RuleCode
from qts.domain.risk import Unit
from qts.domain.risk.states import TradingState


@dataclass(frozen=True, slots=True)
class LimitView:
    """One version of one limit; `limit` is in the unit of its rule."""

    code: RuleCode
    scope: str
    scope_id: str
    limit: int
    unit: Unit
    is_active: bool
    version: int
    reason: str
    changed_by: str
    approved_by: str
    effective_at: datetime
    is_planned: bool
    voided_at: datetime | None
    help_vi: str
    help_en: str


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How much of a limit an account uses now. `actual` and `percent` are None when that is not known."""

    code: RuleCode
    scope: str
    limit: int
    actual: int | None
    unit: Unit
    percent: int | None
    help_vi: str
    help_en: str


@dataclass(frozen=True, slots=True)
class KillSwitchView:
    """One scope's switch; `allows_reducing` lets sales of held shares pass while it is engaged."""

    scope: str
    is_engaged: bool
    allows_reducing: bool
    reason: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class HoldView:
    """A scope that a dead-man timer holds back, and why."""

    scope: str
    cause: str
    state: TradingState
    reason: str
    changed_at: datetime


class PreOpenName(StrEnum):
    """The checks before the open, in the order in which a person goes through them."""

    CALENDAR = "CALENDAR"
    CLOCK = "CLOCK"
    MASTER_DATA = "MASTER_DATA"
    MARKET_STREAM = "MARKET_STREAM"
    LOG_IN = "LOG_IN"
    GATEWAY = "GATEWAY"
    BOOKS = "BOOKS"
    LIMITS = "LIMITS"
    STOPS = "STOPS"
    STRATEGIES = "STRATEGIES"


class PreOpenVerdict(StrEnum):
    OK = "OK"
    WAITS = "WAITS"  # it comes by itself, if everything runs
    BAD = "BAD"  # a person has to do something


@dataclass(frozen=True, slots=True)
class PreOpenCheck:
    """One check of one account. `since` is market time, None while nobody has written it down yet."""

    name: PreOpenName
    state: PreOpenVerdict
    detail: str = ""
    since: datetime | None = None

    @property
    def is_ok(self) -> bool:
        return self.state is PreOpenVerdict.OK


@dataclass(frozen=True, slots=True)
class ArmingView:
    """Whether an account may trade on a day, and who said so."""

    account_id: UUID
    trading_day: date
    is_armed: bool
    how: str
    reason: str
    needs_officer: bool
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ProposalView:
    """What waits for a second officer, or waited. `lines` say what would change; `expires_at_wall` is wall time."""

    id: UUID
    kind: str
    subject: str
    lines: tuple[str, ...]
    content: dict[str, Any]
    content_hash: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at_wall: datetime
    status: str
    is_expired: bool
    decided_by: str
    decided_at: datetime | None
    decision_reason: str
