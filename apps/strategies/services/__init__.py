"""Strategies: starting and stopping them, running them, and turning what they want into orders."""

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
    "StrategyRefused",
    "create_strategy",
    "fail_strategy",
    "run_signals_slice",
    "seed_demo_strategies",
    "start_strategy",
    "stop_strategy",
]
