"""Strategies: starting and stopping them, running them, turning what they want into orders; and backtests of them."""

from apps.strategies.services.backtest_data import BacktestRefused, keep_file, keep_part, keep_stored
from apps.strategies.services.backtest_queue import (
    cancel_backtest,
    delete_backtest,
    queue_backtest,
    repeat_backtest,
    study_on,
)
from apps.strategies.services.backtest_work import backtests_to_run, run_backtest
from apps.strategies.services.lifecycle import (
    StrategyRefused,
    create_strategy,
    fail_strategy,
    seed_demo_strategies,
    start_strategy,
    stop_strategy,
)
from apps.strategies.services.signals import run_signals_slice

__all__ = [
    "BacktestRefused",
    "StrategyRefused",
    "backtests_to_run",
    "cancel_backtest",
    "create_strategy",
    "delete_backtest",
    "fail_strategy",
    "keep_file",
    "keep_part",
    "keep_stored",
    "queue_backtest",
    "repeat_backtest",
    "run_backtest",
    "run_signals_slice",
    "seed_demo_strategies",
    "start_strategy",
    "stop_strategy",
    "study_on",
]
