"""Reading strategies, decisions, why an order exists, and backtests."""

from apps.strategies.selectors.research import (
    UNFINISHED,
    BacktestDataView,
    BacktestStrategyView,
    BacktestView,
    backtest,
    backtest_data,
    backtest_document,
    backtest_strategies,
    backtest_table,
    backtests,
    unfinished_backtests,
)
from apps.strategies.selectors.strategies import (
    DecisionView,
    Explanation,
    StrategyView,
    decisions,
    explanation,
    strategies,
    strategy,
    strategy_parameters,
)

__all__ = [
    "UNFINISHED",
    "BacktestDataView",
    "BacktestStrategyView",
    "BacktestView",
    "DecisionView",
    "Explanation",
    "StrategyView",
    "backtest",
    "backtest_data",
    "backtest_document",
    "backtest_strategies",
    "backtest_table",
    "backtests",
    "decisions",
    "explanation",
    "strategies",
    "strategy",
    "strategy_parameters",
    "unfinished_backtests",
]
