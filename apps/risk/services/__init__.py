"""The gate, limits, kill switches and the monitor of losses."""

from apps.risk.services.gate import pre_trade_check
from apps.risk.services.kill import engage_kill_switch, release_kill_switch
from apps.risk.services.limits import LimitChangedMeanwhile, change_limit, seed_limits
from apps.risk.services.monitor import run_monitor_slice, watch_account, watch_accounts

__all__ = [
    "LimitChangedMeanwhile",
    "change_limit",
    "engage_kill_switch",
    "pre_trade_check",
    "release_kill_switch",
    "run_monitor_slice",
    "seed_limits",
    "watch_account",
    "watch_accounts",
]
