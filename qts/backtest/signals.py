"""Published signals as JSON: rows in the order of PublishedSignal's fields."""

from collections.abc import Sequence
from typing import Any, Final

from qts.backtest.spec import SpecWrong
from qts.domain.errors import Said
from qts.domain.strategy import PublishedSignal, Source

SIGNALS_MAX: Final = 20_000
_SOURCES: Final = (Source.PREDICTION, Source.SENTIMENT)


def signals_json(signals: Sequence[PublishedSignal]) -> list[list[Any]]:
    return [list(one) for one in signals]


def signals_of_json(told: object) -> list[PublishedSignal]:
    """Raises SpecWrong."""
    if not isinstance(told, list) or len(told) > SIGNALS_MAX:
        raise SpecWrong(Said("signals are a list of {signals_max:,} at most", signals_max=SIGNALS_MAX))
    return [_signal(one) for one in told]


def _signal(told: Any) -> PublishedSignal:
    try:
        found = PublishedSignal(*told)
        is_one = (
            found.source in _SOURCES
            and all(isinstance(text, str) for text in (found.signal_id, found.symbol, found.name, found.reason))
            and isinstance(found.value, int | float)
            and all(type(number) is int for number in (found.ts_made_ms, found.ts_known_ms, found.valid_s))
            and found.direction in {-1, 0, 1}
            and found.strength_percent in range(101)
        )
    except TypeError:
        is_one = False
    if not is_one:
        raise SpecWrong(
            Said("{told!r} is no signal: it is a list of {names}", told=told, names=", ".join(PublishedSignal._fields))
        )
    return found
