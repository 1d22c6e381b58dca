"""Stop means stop: engaging and releasing kill switches."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.eventlog.services import record
from apps.risk.locks import lock_kill_switch
from apps.risk.models import KillSwitch
from apps.risk.selectors import FIRM
from qts.domain.errors import TerminalError
from qts.domain.events import KillSwitchChanged
from qts.domain.values import Actor


def engage_kill_switch(*, scope: str, reason: str, actor: Actor, now: datetime, allows_reducing: bool = False) -> bool:
    """Stop a scope: "firm", "account:<id>" or "strategy:<id>". From the commit on no order of it passes the gate.

    `allows_reducing` still lets sales of held shares pass. Engaging what is engaged changes nothing, except from
    reducing to full. The event makes the orders' side cancel what is working. True when it changed something.
    """
    return _set(scope, is_engaged=True, allows_reducing=allows_reducing, reason=reason, actor=actor, now=now)


def release_kill_switch(*, scope: str, reason: str, actor: Actor, now: datetime) -> bool:
    """Let the scope trade again; True when it was stopped."""
    return _set(scope, is_engaged=False, allows_reducing=False, reason=reason, actor=actor, now=now)


def _set(scope: str, *, is_engaged: bool, allows_reducing: bool, reason: str, actor: Actor, now: datetime) -> bool:
    _refuse_nonsense(scope, reason)
    with transaction.atomic():
        if is_engaged:  # two people may stop a scope for the first time at once; the second waits here for the first
            KillSwitch.objects.bulk_create([KillSwitch(scope=scope, changed_at=now)], ignore_conflicts=True)
        switch = lock_kill_switch(scope)
        if switch is None:
            return False
        full_already = switch.is_engaged and not switch.allows_reducing
        if switch.is_engaged == is_engaged and (full_already or switch.allows_reducing == allows_reducing):
            return False
        switch.is_engaged = is_engaged
        switch.allows_reducing = allows_reducing
        switch.reason = reason.strip()
        switch.changed_by = str(actor)
        switch.changed_at = now
        switch.save(update_fields=["is_engaged", "allows_reducing", "reason", "changed_by", "changed_at"])
        event = KillSwitchChanged(
            scope=scope, engaged=is_engaged, reason=reason.strip(), ts_market_ms=round(now.timestamp() * 1000)
        )
        record(event, actor=actor, now=now)
    return True


def _refuse_nonsense(scope: str, reason: str) -> None:
    kind, _, scope_id = scope.partition(":")
    if scope != FIRM and (kind not in {"account", "strategy"} or not _is_uuid(scope_id)):
        raise TerminalError(f"{scope!r} is no scope of a kill switch")
    if not reason.strip():
        raise TerminalError("a kill switch needs a reason")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
