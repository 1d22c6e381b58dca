"""The strategies that come with QTS, by key: a short name, or `package.module:Class` for one of this project's."""

from importlib import import_module
from typing import Any

from qts.domain.strategy.examples.bollinger_breakout import BollingerBreakout
from qts.domain.strategy.examples.closing_rebalance import ClosingRebalance
from qts.domain.strategy.examples.index_future_momentum import IndexFutureMomentum
from qts.domain.strategy.examples.moving_average_cross import MovingAverageCross
from qts.domain.strategy.examples.pairs import Pairs
from qts.domain.strategy.examples.rsi_mean_reversion import RsiMeanReversion
from qts.domain.strategy.interface import Strategy

_EXAMPLES: tuple[type[Strategy[Any]], ...] = (
    MovingAverageCross,
    RsiMeanReversion,
    BollingerBreakout,
    Pairs,
    IndexFutureMomentum,
    ClosingRebalance,
)
_CLASSES: dict[str, type[Strategy[Any]]] = {cls.key: cls for cls in _EXAMPLES}


def registered_strategies() -> list[type[Strategy[Any]]]:
    return list(_CLASSES.values())


def strategy_class(key: str) -> type[Strategy[Any]]:
    """Raises KeyError for a key that names no strategy."""
    if key in _CLASSES:
        return _CLASSES[key]
    module, separator, name = key.partition(":")
    if not separator:
        raise KeyError(key)
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise KeyError(key) from error
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise KeyError(key)
    return cls
