"""Changing limits: a new version with a reason each time; the next order sees it.

Tighter is one person's act. Looser takes two: `change_limit` refuses it, and `approvals` carries it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from apps.eventlog.services import record
from apps.risk.locks import lock_limit
from apps.risk.models import RiskLimit
from apps.risk.selectors.scopes import NAMED_KINDS, is_scope
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.events import LimitChanged, LimitPlanned
from qts.domain.risk import LIMIT_CODES, RULES
from qts.domain.values import Actor, ActorKind

Scope = RiskLimit.Scope
PLAN: Final = Actor(ActorKind.SYSTEM, "planned-limit")

LIMIT_MAX: Final = 10**17  # above all money there is in the market, and below what a column of the database holds

FIRST_LIMITS: Final = {
    RuleCode.ORDER_VALUE_EXCEEDS_MAX: 2_000_000_000,
    RuleCode.POSITION_EXCEEDS_MAX: 200_000,
    RuleCode.DAILY_LOSS_EXCEEDS_MAX: 200_000_000,
    RuleCode.OPEN_ORDERS_EXCEED_MAX: 100,
    RuleCode.MARKET_DATA_STALE: 15_000,
}


class LimitChangedMeanwhile(TerminalError):
    """Somebody else has changed the limit since the caller read it."""


class SecondOfficerNeeded(TerminalError):
    """The change lets more through than is let through now: one person cannot do that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """What one limit shall be, at once or from `effective_at` (market time). `seen_version` is the version looked at,
    0 for a limit that was never set."""

    code: RuleCode
    limit: int
    scope: str = Scope.FIRM
    scope_id: str = ""
    is_active: bool = True
    seen_version: int | None = None
    effective_at: datetime | None = None

    @property
    def name(self) -> str:
        return f"{self.code} {self.scope}{':' if self.scope_id else ''}{self.scope_id}"

    def as_json(self) -> dict[str, Any]:
        return {
            "code": str(self.code),
            "scope": str(self.scope),
            "scope_id": self.scope_id,
            "limit": self.limit,
            "is_active": self.is_active,
            "seen_version": self.seen_version or 0,
            **({"effective_at": self.effective_at.isoformat()} if self.effective_at else {}),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "LimitChange":
        given = {**stored, "code": RuleCode(stored["code"])}
        if "effective_at" in stored:
            given["effective_at"] = datetime.fromisoformat(stored["effective_at"])
        return cls(**given)


def change_limit(
    *,
    code: RuleCode,
    limit: int,
    reason: str,
    actor: Actor,
    now: datetime,
    scope: str = Scope.FIRM,
    scope_id: str = "",
    is_active: bool = True,
    seen_version: int | None = None,
    effective_at: datetime | None = None,
) -> int:
    """Set or tighten a limit, in the unit of its rule; the new version's number. It acts on every order gated after
    the commit, in every process, or from `effective_at` where that is later. What was planned before is void then,
    unless it is tighter still and this acts at once: then it stays planned.

    `seen_version` is the version that the caller looked at; raises LimitChangedMeanwhile when it is not the current
    one any more, SecondOfficerNeeded when the change lets more through than what is in force or planned, TerminalError
    for a rule without a limit, a negative number, or a change without a reason.
    """
    change = LimitChange(
        code=code,
        limit=limit,
        scope=scope,
        scope_id=scope_id,
        is_active=is_active,
        seen_version=seen_version,
        effective_at=effective_at,
    )
    refuse_nonsense(change, reason)
    with transaction.atomic():
        current = lock_in_force(change, now)
        if is_looser(change, current):
            raise SecondOfficerNeeded(f"{change.name}: looser than now, which takes a second risk officer")
        if _takes_back_a_plan(change, current, now):
            raise SecondOfficerNeeded(f"{change.name}: looser than planned, which takes a second risk officer")
        return apply_change(change, current, reason=reason, actor=actor, now=now)


def is_looser(change: LimitChange, current: RiskLimit | None) -> bool:
    """Whether it lets an order pass that is refused now; which way that is, the rule knows."""
    return RULES[change.code].is_looser(_number(current), change.limit if change.is_active else None)


def _takes_back_a_plan(change: LimitChange, current: RiskLimit | None, now: datetime) -> bool:
    """Whether it would only undo a tightening that somebody planned. What tightens at once leaves such a plan alone."""
    planned = planned_version(change)
    if planned is None or not is_looser(change, planned):
        return False
    is_later = change.effective_at is not None and change.effective_at > now
    return is_later or _number(current) == (change.limit if change.is_active else None)


def _number(version: RiskLimit | None) -> int | None:
    return version.limit if version is not None and version.is_active else None


def planned_version(change: LimitChange) -> RiskLimit | None:
    """What is agreed for later of the limit that shall be changed."""
    planned = RiskLimit.objects.filter(code=change.code, scope=change.scope, scope_id=change.scope_id, is_planned=True)
    return planned.first()


def apply_change(
    change: LimitChange, current: RiskLimit | None, *, reason: str, actor: Actor, now: datetime, approved_by: str = ""
) -> int:
    """Write the next version of a locked limit; inside the caller's transaction. Raises LimitChangedMeanwhile.

    Two people know what is planned, and their word takes its place; one person's does only where it is as tight.
    """
    seen = current.version if current else 0
    if change.seen_version is not None and change.seen_version != seen:
        raise LimitChangedMeanwhile(f"{change.name} is at version {seen} by now")
    versions = RiskLimit.objects.filter(code=change.code, scope=change.scope, scope_id=change.scope_id)
    newest = versions.order_by("-version").first()
    effective_at = max(change.effective_at or now, now)
    planned = planned_version(change)
    versions.filter(is_planned=True).update(is_planned=False, voided_at=now)
    if current and effective_at == now:
        versions.filter(pk=current.pk).update(is_current=False)
    row = RiskLimit.objects.create(
        code=change.code,
        scope=change.scope,
        scope_id=change.scope_id,
        limit=change.limit,
        is_active=change.is_active,
        version=newest.version + 1 if newest else 1,
        is_current=effective_at == now,
        is_planned=effective_at > now,
        reason=reason.strip(),
        changed_by=str(actor),
        approved_by=approved_by,
        effective_at=effective_at,
    )
    _announce(LimitPlanned if row.is_planned else LimitChanged, row, current, actor, now)
    if planned is not None and not approved_by and is_looser(change, planned):
        _plan_again(planned, row, now)
    return row.version


def _plan_again(planned: RiskLimit, current: RiskLimit, now: datetime) -> None:
    """As the newest version, for the newest of what is due is what acts."""
    planned.pk, planned.version, planned._state.adding = None, current.version + 1, True
    planned.save(force_insert=True)
    _announce(LimitPlanned, planned, current, PLAN, now)


def lock_in_force(change: LimitChange, now: datetime) -> RiskLimit | None:
    """The version in force of a limit that shall be changed, locked; None when there is none yet."""
    current = lock_limit(change.code, change.scope, change.scope_id)
    planned = RiskLimit.objects.filter(
        code=change.code, scope=change.scope, scope_id=change.scope_id, is_planned=True, effective_at__lte=now
    ).first()
    if planned is None:
        return current
    if current:
        RiskLimit.objects.filter(pk=current.pk).update(is_current=False)
    planned.is_planned, planned.is_current = False, True
    planned.save(update_fields=["is_planned", "is_current"])
    _announce(LimitChanged, planned, current, PLAN, now)
    return planned


def move_up_planned(now: datetime) -> int:
    """Make current what was planned for a moment that has come; how many. The gate does not wait for it: this is for
    whoever reads the current rows, and for the event."""
    due = RiskLimit.objects.filter(is_planned=True, effective_at__lte=now)
    changes = [
        LimitChange(code=RuleCode(row.code), limit=row.limit, scope=row.scope, scope_id=row.scope_id) for row in due
    ]
    for change in changes:
        with transaction.atomic():
            lock_in_force(change, now)
    return len(changes)


def seed_limits(now: datetime) -> None:
    """The firm's first limits; one that was set before stays as it is."""
    actor = Actor(ActorKind.SYSTEM, "set-up")
    with transaction.atomic():
        known = set(RiskLimit.objects.filter(scope=Scope.FIRM).values_list("code", flat=True))
        rows = [
            RiskLimit(
                code=code, scope=Scope.FIRM, limit=limit, version=1, is_current=True, reason="first limits",
                changed_by=str(actor), effective_at=now,
            )
            for code, limit in FIRST_LIMITS.items()
            if code not in known
        ]  # fmt: skip
        for row in RiskLimit.objects.bulk_create(rows):
            _announce(LimitChanged, row, None, actor, now)


def _announce(
    kind: type[LimitChanged] | type[LimitPlanned], row: RiskLimit, before: RiskLimit | None, actor: Actor, now: datetime
) -> None:
    event = kind(
        code=RuleCode(row.code),
        scope=f"{row.scope}:{row.scope_id}" if row.scope_id else row.scope,
        limit_before=before.limit if before else row.limit,
        limit_after=row.limit,
        version=row.version,
        reason=row.reason,
        effective_ms=round(row.effective_at.timestamp() * 1000),
    )
    record(event, actor=actor, now=now)


def refuse_nonsense(change: LimitChange, reason: str) -> None:
    if change.code not in LIMIT_CODES:
        raise TerminalError(f"{change.code} has no limit to set")
    if change.scope not in Scope.values or (change.scope == Scope.FIRM) == bool(change.scope_id):
        raise TerminalError(f"{change.scope!r} with {change.scope_id!r} names no scope")
    if change.scope not in RULES[change.code].scopes:
        raise TerminalError(f"{change.code} cannot be set for a {change.scope}")
    if change.scope in NAMED_KINDS and not is_scope(f"{change.scope}:{change.scope_id}"):
        raise TerminalError(f"no {change.scope} is written {change.scope_id!r}: the limit would never act")
    if change.limit < 0:
        raise TerminalError(f"a limit is not negative: {change.limit}")
    if change.limit > LIMIT_MAX:
        raise TerminalError(f"a limit is {LIMIT_MAX:,} at most, not {change.limit:,}: switch it off instead")
    if not reason.strip():
        raise TerminalError("a change of a limit needs a reason")
