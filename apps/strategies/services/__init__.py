"""Strategies: taking them in, starting, stopping, promoting, turning what they want into orders; and backtests."""

from apps.strategies.services.attendance import prune_attendance
from apps.strategies.services.backtest_data import keep_file, keep_part, keep_stored
from apps.strategies.services.backtest_queue import (
    cancel_backtest,
    delete_backtest,
    queue_backtest,
    repeat_backtest,
    study_on,
)
from apps.strategies.services.backtest_work import backtests_to_run, run_backtest
from apps.strategies.services.lifecycle import (
    change_parameters,
    change_policy,
    create_strategy,
    fail_strategy,
    seed_demo_strategies,
    start_strategy,
    stop_strategy,
)
from apps.strategies.services.parity import measure_parity, parity_due
from apps.strategies.services.promotion import approve_promotion, propose_promotion, reject_promotion, take_back
from apps.strategies.services.refusals import BacktestRefused, StrategyRefused
from apps.strategies.services.rules import RulesPreview, preview_rules, read_document, save_rules
from apps.strategies.services.signals import run_signals_slice
from apps.strategies.services.templates import write_template
from apps.strategies.services.versions import change_version, examine, register_file, strategies_folder

__all__ = [
    "BacktestRefused",
    "RulesPreview",
    "StrategyRefused",
    "approve_promotion",
    "backtests_to_run",
    "cancel_backtest",
    "change_parameters",
    "change_policy",
    "change_version",
    "create_strategy",
    "delete_backtest",
    "examine",
    "fail_strategy",
    "keep_file",
    "keep_part",
    "keep_stored",
    "measure_parity",
    "parity_due",
    "preview_rules",
    "propose_promotion",
    "prune_attendance",
    "queue_backtest",
    "read_document",
    "register_file",
    "reject_promotion",
    "repeat_backtest",
    "run_backtest",
    "run_signals_slice",
    "save_rules",
    "seed_demo_strategies",
    "start_strategy",
    "stop_strategy",
    "strategies_folder",
    "study_on",
    "take_back",
    "write_template",
]
