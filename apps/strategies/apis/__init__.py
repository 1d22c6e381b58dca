"""Strategies, decisions and backtests over REST."""

from apps.strategies.apis.backtests import (
    BacktestApi,
    BacktestCancelApi,
    BacktestDataApi,
    BacktestResultApi,
    BacktestsApi,
    BacktestStrategiesApi,
)
from apps.strategies.apis.days import StrategyDayApi
from apps.strategies.apis.parity import ParityDayApi, ParityDaysApi
from apps.strategies.apis.strategies import (
    DecisionsApi,
    OrderExplanationApi,
    PromotionApi,
    PromotionsApi,
    StrategiesApi,
    StrategyFileApi,
    StrategyFilesApi,
    StrategyModeApi,
    StrategyPolicyApi,
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
    "ParityDayApi",
    "ParityDaysApi",
    "PromotionApi",
    "PromotionsApi",
    "StrategiesApi",
    "StrategyDayApi",
    "StrategyFileApi",
    "StrategyFilesApi",
    "StrategyModeApi",
    "StrategyPolicyApi",
    "StrategyStartApi",
    "StrategyStopApi",
    "StrategyVersionApi",
]
