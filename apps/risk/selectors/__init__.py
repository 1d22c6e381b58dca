"""Reading limits, their use and the kill switches. Plain values; see `types` for their units."""

from apps.risk.selectors.kill import (
    FIRM,
    account_scope,
    is_killed,
    kill_states,
    kill_switches,
    strategy_scope,
    visible_kill_switches,
)
from apps.risk.selectors.limits import EffectiveLimit, effective_limits, limit_history, limits, visible_limits
from apps.risk.selectors.types import KillSwitchView, LimitUse, LimitView
from apps.risk.selectors.use import day_loss_vnd, limit_use

__all__ = [
    "FIRM",
    "EffectiveLimit",
    "KillSwitchView",
    "LimitUse",
    "LimitView",
    "account_scope",
    "day_loss_vnd",
    "effective_limits",
    "is_killed",
    "kill_states",
    "kill_switches",
    "limit_history",
    "limit_use",
    "limits",
    "strategy_scope",
    "visible_kill_switches",
    "visible_limits",
]
