"""Reading limits, their use and the kill switches. Plain values; see `types` for their units."""

from apps.risk.selectors.approvals import open_proposals, past_proposals, proposal
from apps.risk.selectors.kill import (
    MARKET_CAUSES,
    held_for,
    holds,
    is_anything_stopped,
    is_killed,
    is_to_be_cancelled,
    kill_states,
    kill_switches,
    market_stop,
    trading_state,
    visible_kill_switches,
)
from apps.risk.selectors.kill_file import kill_file_stops
from apps.risk.selectors.limits import (
    EffectiveLimit,
    effective_limits,
    is_sector_limited,
    limit_history,
    limits,
    planned_limits,
    sectors,
    strategy_loss_limits,
    visible_limits,
)
from apps.risk.selectors.scopes import FIRM, account_scope, is_known, is_scope, names_something, strategy_scope
from apps.risk.selectors.types import HoldView, KillSwitchView, LimitUse, LimitView, ProposalView
from apps.risk.selectors.use import day_loss_vnd, limit_use

__all__ = [
    "FIRM",
    "MARKET_CAUSES",
    "EffectiveLimit",
    "HoldView",
    "KillSwitchView",
    "LimitUse",
    "LimitView",
    "ProposalView",
    "account_scope",
    "day_loss_vnd",
    "effective_limits",
    "held_for",
    "holds",
    "is_anything_stopped",
    "is_killed",
    "is_known",
    "is_scope",
    "is_sector_limited",
    "is_to_be_cancelled",
    "kill_file_stops",
    "kill_states",
    "kill_switches",
    "limit_history",
    "limit_use",
    "limits",
    "market_stop",
    "names_something",
    "open_proposals",
    "past_proposals",
    "planned_limits",
    "proposal",
    "sectors",
    "strategy_loss_limits",
    "strategy_scope",
    "trading_state",
    "visible_kill_switches",
    "visible_limits",
]
