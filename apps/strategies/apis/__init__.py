"""Strategies, decisions and backtests over REST."""

from apps.strategies.apis.backtests import (
    BacktestApi,
    BacktestCancelApi,
    BacktestDataApi,
    BacktestResultApi,
    BacktestsApi,
    BacktestStrategiesApi,
)
from apps.strategies.apis.strategies import (
    DecisionsApi,
    OrderExplanationApi,
    PromotionApi,
    PromotionsApi,
    StrategiesApi,
    StrategyFileApi,
    StrategyFilesApi,
    StrategyModeApi,
    StrategyStartApi,
    StrategyStopApi,
    StrategyVersionApi,
)

__all__ = [
    "BacktestApi",
    "BacktestCancelApi",
    "BacktestDataApi",
    "BacktestResultApi",
    "BacktestStrategiesApi",
    "BacktestsApi",
    "DecisionsApi",
    "OrderExplanationApi",
    "PromotionApi",
    "PromotionsApi",
    "StrategiesApi",
    "StrategyFileApi",
    "StrategyFilesApi",
    "StrategyModeApi",
    "StrategyStartApi",
    "StrategyStopApi",
    "StrategyVersionApi",
]
