"""Changing limits: a new version with a reason each time; the next order sees it."""

from datetime import datetime
from typing import Final

from django.db import transaction

from apps.eventlog.services import record
from apps.risk.locks import lock_limit
from apps.risk.models import RiskLimit
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.events import LimitChanged
from qts.domain.risk import LIMIT_CODES
from qts.domain.values import Actor, ActorKind

Scope = RiskLimit.Scope

FIRST_LIMITS: Final = {
    RuleCode.ORDER_VALUE_EXCEEDS_MAX: 2_000_000_000,
    RuleCode.POSITION_EXCEEDS_MAX: 200_000,
    RuleCode.DAILY_LOSS_EXCEEDS_MAX: 200_000_000,
    RuleCode.OPEN_ORDERS_EXCEED_MAX: 100,
    RuleCode.MARKET_DATA_STALE: 15_000,
}


class LimitChangedMeanwhile(TerminalError):
    """Somebody else has changed the limit since the caller read it."""


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
) -> int:
    """Set a limit, in the unit of its rule; the new version's number. It acts on every order gated after the commit.

    `seen_version` is the version that the caller looked at; raises LimitChangedMeanwhile when it is not the current
    one any more. Raises TerminalError for a rule without a limit, a negative number, or a change without a reason.
    """
    _refuse_nonsense(code, scope, scope_id, limit, reason)
    with transaction.atomic():
        current = lock_limit(code, scope, scope_id)
        if seen_version is not None and seen_version != (current.version if current else 0):
            raise LimitChangedMeanwhile(f"{code} is at version {current.version if current else 0} by now")
        version = current.version + 1 if current else 1
        if current:
            RiskLimit.objects.filter(pk=current.pk).update(is_current=False)
        RiskLimit.objects.create(
            code=code,
            scope=scope,
            scope_id=scope_id,
            limit=limit,
            is_active=is_active,
            version=version,
            reason=reason.strip(),
            changed_by=str(actor),
            effective_at=now,
        )
        event = LimitChanged(
            code=code,
            scope=f"{scope}:{scope_id}" if scope_id else scope,
            limit_before=current.limit if current else limit,
            limit_after=limit,
            version=version,
            reason=reason.strip(),
        )
        record(event, actor=actor, now=now)
    return version


def seed_limits(now: datetime) -> None:
    """The firm's first limits; one that was set before stays as it is."""
    known = set(RiskLimit.objects.filter(scope=Scope.FIRM).values_list("code", flat=True))
    for code, limit in FIRST_LIMITS.items():
        if code not in known:
            change_limit(
                code=code, limit=limit, reason="first limits", actor=Actor(ActorKind.SYSTEM, "set-up"), now=now
            )


def _refuse_nonsense(code: RuleCode, scope: str, scope_id: str, limit: int, reason: str) -> None:
    if code not in LIMIT_CODES:
        raise TerminalError(f"{code} has no limit to set")
    if scope not in Scope.values or (scope == Scope.FIRM) == bool(scope_id):
        raise TerminalError(f"{scope!r} with {scope_id!r} names no scope")
    if limit < 0:
        raise TerminalError(f"a limit is not negative: {limit}")
    if not reason.strip():
        raise TerminalError("a change of a limit needs a reason")
