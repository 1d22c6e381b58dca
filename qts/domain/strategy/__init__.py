"""The strategy interface: one class that runs in backtest, paper and live."""

from qts.domain.strategy.interface import (
    Bar,
    Context,
    Intent,
    Intents,
    PlaceOrder,
    Strategy,
    TargetPosition,
    Tick,
    intents_of,
)
from qts.domain.strategy.parameters import (
    Parameter,
    ParameterError,
    Parameters,
    describe_parameters,
    parameter,
    parse_parameters,
)
from qts.domain.strategy.registry import registered_strategies, strategy_class

__all__ = [
    "Bar",
    "Context",
    "Intent",
    "Intents",
    "Parameter",
    "ParameterError",
    "Parameters",
    "PlaceOrder",
    "Strategy",
    "TargetPosition",
    "Tick",
    "describe_parameters",
    "intents_of",
    "parameter",
    "parse_parameters",
    "registered_strategies",
    "strategy_class",
]
