"""Row locks of limits and kill switches. Both come after the account in the order of locks."""

from apps.risk.models import KillSwitch, RiskLimit


def lock_current_limit(code: str, scope: str, scope_id: str) -> RiskLimit | None:
    """The version in force, locked until the transaction ends; None when the limit was never set."""
    rows = RiskLimit.objects.select_for_update().filter(code=code, scope=scope, scope_id=scope_id, is_current=True)
    return rows.first()


def lock_kill_switch(scope: str) -> KillSwitch | None:
    return KillSwitch.objects.select_for_update().filter(scope=scope).first()
