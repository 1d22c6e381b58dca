"""Locks of limits, kill switches and what belongs to them. All come after the account in the order of locks, and a
proposal before what it is about."""

from datetime import date
from uuid import UUID

from django.db import connection

from apps.risk.models import ChangeProposal, ExitPlan, KillSwitch, RiskLimit, StrategyPulse, TradingArming

_LOCK_PULSE = """
    INSERT INTO risk_strategypulse AS pulse (strategy_id, ordered_at_ms, caused_at_ms, refusals_in_a_row)
    VALUES (%s, '{}', '{}', 0)
    ON CONFLICT (strategy_id) DO UPDATE SET refusals_in_a_row = pulse.refusals_in_a_row
    RETURNING pulse.strategy_id, pulse.ordered_at_ms, pulse.caused_at_ms, pulse.refusals_in_a_row
"""


def lock_limit(code: str, scope: str, scope_id: str) -> RiskLimit | None:
    """The current version, with the limit locked until the transaction ends; None when it was never set.

    The lock is on the limit's name. A lock on the current row would not do: whoever waited for it finds that this row
    is the current one no more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"risk_limit:{code}:{scope}:{scope_id}"]
        )
    return RiskLimit.objects.filter(code=code, scope=scope, scope_id=scope_id, is_current=True).first()


def lock_kill_switch(scope: str) -> KillSwitch | None:
    return KillSwitch.objects.select_for_update().filter(scope=scope).first()


def lock_proposal(proposal_id: UUID) -> ChangeProposal | None:
    return ChangeProposal.objects.select_for_update().filter(id=proposal_id).first()


def lock_arming(account_id: UUID, day: date) -> TradingArming | None:
    """The row of that day, with its name locked until the transaction ends; None before anything was said."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"risk_arming:{account_id}:{day}"])
    return TradingArming.objects.filter(account_id=account_id, trading_day=day).first()


def lock_pulse(strategy_id: str) -> StrategyPulse:
    """Made when it is not there yet; two first orders at once meet here. One statement: every order waits for it."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_PULSE, [strategy_id])
        return StrategyPulse(*cursor.fetchone())


def lock_exit_plan(account_id: UUID, symbol: str) -> ExitPlan | None:
    """The plan in force of a position."""
    return ExitPlan.objects.select_for_update().filter(account_id=account_id, symbol=symbol, is_active=True).first()
