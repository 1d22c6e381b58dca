"""Strategies and their decisions; backtests and what they found."""

from apps.strategies.models.attendance import Attendance
from apps.strategies.models.backtests import BacktestData, BacktestDocument, BacktestRun, BacktestStatus, BacktestSteps
from apps.strategies.models.parity import ParityDay, ParityStatus, QuestionNote
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
    "Attendance",
    "BacktestData",
    "BacktestDocument",
    "BacktestRun",
    "BacktestStatus",
    "BacktestSteps",
    "Decision",
    "DecisionOutcome",
    "Mode",
    "ParityDay",
    "ParityStatus",
    "Promotion",
    "QuestionNote",
    "Strategy",
    "StrategyStatus",
    "StrategyVersion",
]
