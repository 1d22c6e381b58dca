"""Strategies and their decisions; backtests and what they found."""

from apps.strategies.models.backtests import BacktestData, BacktestDocument, BacktestRun, BacktestStatus, BacktestSteps
from apps.strategies.models.strategies import (
    Decision,
    DecisionOutcome,
    Mode,
    Promotion,
    Strategy,
    StrategyStatus,
    StrategyVersion,
)

__all__ = [
    "BacktestData",
    "BacktestDocument",
    "BacktestRun",
    "BacktestStatus",
    "BacktestSteps",
    "Decision",
    "DecisionOutcome",
    "Mode",
    "Promotion",
    "Strategy",
    "StrategyStatus",
    "StrategyVersion",
]
