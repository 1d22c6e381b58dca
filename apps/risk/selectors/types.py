"""What other parts of QTS see of limits and kill switches: frozen values."""

from dataclasses import dataclass
from datetime import datetime

from qts.domain.errors import RuleCode
from qts.domain.risk import Unit


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
    effective_at: datetime
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
