"""Strategies: taking them in, starting and stopping them, promoting them, and turning what they want into orders."""

from apps.strategies.services.lifecycle import (
    create_strategy,
    fail_strategy,
    seed_demo_strategies,
    start_strategy,
    stop_strategy,
)
from apps.strategies.services.promotion import approve_promotion, propose_promotion, reject_promotion, take_back
from apps.strategies.services.refusals import StrategyRefused
from apps.strategies.services.signals import run_signals_slice
from apps.strategies.services.templates import write_template
from apps.strategies.services.versions import change_version, examine, register_file, strategies_folder

__all__ = [
    "StrategyRefused",
    "approve_promotion",
    "change_version",
    "create_strategy",
    "examine",
    "fail_strategy",
    "propose_promotion",
    "register_file",
    "reject_promotion",
    "run_signals_slice",
    "seed_demo_strategies",
    "start_strategy",
    "stop_strategy",
    "strategies_folder",
    "take_back",
    "write_template",
]
