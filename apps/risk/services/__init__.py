"""The gate, limits, kill switches and the monitor of losses."""

from apps.risk.services.approvals import (
    ApprovalProblem,
    ApprovalRefused,
    approve,
    propose_arming,
    propose_limits,
    propose_release,
    propose_rules,
    proposed_changes,
    refuse_person,
    reject,
    request_change,
)
from apps.risk.services.arming import ArmingProblem, ArmingRefused, ArmingWatch, arm, disarm, failing_checks
from apps.risk.services.dead_man import watch_dead_man_timers
from apps.risk.services.facts import snapshot_of
from apps.risk.services.facts_orders import (
    DAY_CODES,
    RATE_CODES,
    RECENT_CODES,
    WORKING_VALUE_CODES,
    OrderFacts,
    WorkingValue,
    ask_for_order_facts,
)
from apps.risk.services.gate import GateAnswer, judge, pre_trade_check, what_would_happen
from apps.risk.services.kill import KILL_CHANNEL, adopt_kill_file, engage_kill_switch
from apps.risk.services.limits import (
    LimitChange,
    LimitChangedMeanwhile,
    SecondOfficerNeeded,
    change_limit,
    refuse_nonsense,
    seed_limits,
)
from apps.risk.services.market_watch import watch_markets
from apps.risk.services.monitor import run_monitor_slice, watch_account, watch_accounts
from apps.risk.services.monitor_alerts import alert_log_in_ends
from apps.risk.services.monitor_exits import clear_exit_plan, set_exit_plan
from apps.risk.services.past_orders import PastOrder, PastOrders, ask_for_past_orders
from apps.risk.services.policy import diff_policy, export_policy, import_policy
from apps.risk.services.pre_open import offer_pre_open_check, pre_open_checks
from apps.risk.services.runaway import note_answer, pace_strategy, stop_losing_strategy
from apps.risk.services.states import Cause, hold, let_go
from apps.risk.services.what_if import Headroom, JudgedOrder, Judgement, WhatIf, what_if
from apps.risk.services.what_if_measures import Basis
from apps.risk.services.worker_watch import MonitorWatch, WorkerWatch

__all__ = [
    "DAY_CODES",
    "KILL_CHANNEL",
    "RATE_CODES",
    "RECENT_CODES",
    "WORKING_VALUE_CODES",
    "ApprovalProblem",
    "ApprovalRefused",
    "ArmingProblem",
    "ArmingRefused",
    "ArmingWatch",
    "Basis",
    "Cause",
    "GateAnswer",
    "Headroom",
    "JudgedOrder",
    "Judgement",
    "LimitChange",
    "LimitChangedMeanwhile",
    "MonitorWatch",
    "OrderFacts",
    "PastOrder",
    "PastOrders",
    "SecondOfficerNeeded",
    "WhatIf",
    "WorkerWatch",
    "WorkingValue",
    "adopt_kill_file",
    "alert_log_in_ends",
    "approve",
    "arm",
    "ask_for_order_facts",
    "ask_for_past_orders",
    "change_limit",
    "clear_exit_plan",
    "diff_policy",
    "disarm",
    "engage_kill_switch",
    "export_policy",
    "failing_checks",
    "hold",
    "import_policy",
    "judge",
    "let_go",
    "note_answer",
    "offer_pre_open_check",
    "pace_strategy",
    "pre_open_checks",
    "pre_trade_check",
    "propose_arming",
    "propose_limits",
    "propose_release",
    "propose_rules",
    "proposed_changes",
    "refuse_nonsense",
    "refuse_person",
    "reject",
    "request_change",
    "run_monitor_slice",
    "seed_limits",
    "set_exit_plan",
    "snapshot_of",
    "stop_losing_strategy",
    "watch_account",
    "watch_accounts",
    "watch_dead_man_timers",
    "watch_markets",
    "what_if",
    "what_would_happen",
]
