"""Stop means stop: engaging kill switches. One person stops; letting go takes two, see `approvals`."""

from datetime import datetime

from django.db import connection, transaction

from apps.accounts import selectors as accounts
from apps.eventlog.services import record
from apps.risk.locks import lock_kill_switch
from apps.risk.models import KillSwitch
from apps.risk.selectors import FIRM, is_scope, kill_file_stops
from qts.domain.errors import TerminalError
from qts.domain.events import ExitRequested, KillSwitchChanged
from qts.domain.values import Actor, ActorKind

KILL_FILE = Actor(ActorKind.SYSTEM, "kill-file")
# PostgreSQL's NOTIFY: whoever sends orders looks at once, even with the bus and every other worker dead.
KILL_CHANNEL = "qts_kill_switch"
FLATTENED_KINDS = (FIRM, "account", "symbol")


def engage_kill_switch(
    *,
    scope: str,
    reason: str,
    actor: Actor,
    now: datetime,
    allows_reducing: bool = False,
    flatten: bool = False,
) -> bool:
    """Stop a scope: "firm", "account:<id>", "strategy:<id>", "symbol:SSI", "exchange:HOSE" or "user:<id>". From the
    commit on no order of it passes the gate or leaves.

    `allows_reducing` still lets sales of held shares pass; `flatten` asks for such sales of everything that can be sold
    (firm, account, symbol). Engaging what is engaged changes nothing, except from reducing to full. The event makes the
    orders' side cancel what is working. True when it changed something.
    """
    refuse_scope(scope)
    if not reason.strip():
        raise TerminalError("a kill switch needs a reason")
    if flatten and scope.partition(":")[0] not in FLATTENED_KINDS:
        raise TerminalError("shares are sold for the firm, an account or a symbol only")
    lets_reducing = allows_reducing or flatten
    with transaction.atomic():
        # two people may stop a scope for the first time at once; the second waits here for the first
        KillSwitch.objects.bulk_create([KillSwitch(scope=scope, changed_at=now)], ignore_conflicts=True)
        switch = lock_kill_switch(scope)
        if switch is None:
            raise TerminalError(f"the switch of {scope} was deleted from the database")
        is_full_already = switch.is_engaged and not switch.allows_reducing
        is_new = not (is_full_already or (switch.is_engaged and lets_reducing))
        if is_new:
            switch.is_engaged, switch.allows_reducing = True, lets_reducing
            _write(switch, reason, actor, now)
        if flatten and not is_full_already:
            _ask_for_exits(scope, reason, actor, now)
    return is_new


def release_locked(switch: KillSwitch, *, reason: str, actor: Actor, now: datetime) -> None:
    """Let the scope of a locked switch trade again; inside the transaction of whoever made sure that two agreed."""
    if switch.scope in kill_file_stops():
        raise TerminalError("the kill file on disk names it: remove the file first")
    switch.is_engaged, switch.allows_reducing = False, False
    _write(switch, reason, actor, now)


def adopt_kill_file(now: datetime) -> list[str]:
    """Engage the switches of what the kill file names, so that the stop outlives the file; the scopes that are new."""
    return [
        scope
        for scope, reason in kill_file_stops().items()
        if engage_kill_switch(scope=scope, reason=f"kill file {reason}".strip()[:500], actor=KILL_FILE, now=now)
    ]


def refuse_scope(scope: str) -> None:
    if not is_scope(scope):
        raise TerminalError(f"{scope!r} is no scope of a kill switch")


def _write(switch: KillSwitch, reason: str, actor: Actor, now: datetime) -> None:
    switch.version += 1
    switch.reason, switch.changed_by, switch.changed_at = reason.strip()[:500], str(actor), now
    switch.save(update_fields=["is_engaged", "allows_reducing", "version", "reason", "changed_by", "changed_at"])
    event = KillSwitchChanged(
        scope=switch.scope,
        engaged=switch.is_engaged,
        reason=switch.reason,
        ts_market_ms=round(now.timestamp() * 1000),
    )
    record(event, actor=actor, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [KILL_CHANNEL, switch.scope])


def _ask_for_exits(scope: str, reason: str, actor: Actor, now: datetime) -> None:
    """One request for each holding that can be sold now. What arrives later (T+2) has to be asked for again."""
    kind, _, name = scope.partition(":")
    for account in accounts.active_accounts():
        if kind == "account" and str(account.id) != name:
            continue
        for symbol, held in sorted(accounts.account_state(account.id, now).positions.items()):
            if held.sellable_quantity > 0 and (kind != "symbol" or symbol == name):
                event = ExitRequested(
                    account_id=str(account.id),
                    symbol=symbol,
                    quantity=held.sellable_quantity,
                    reason=f"flatten: {reason.strip()}"[:500],
                    ts_market_ms=round(now.timestamp() * 1000),
                )
                record(event, actor=actor, now=now)
