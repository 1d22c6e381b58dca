"""Incremental indicators with the exact meaning of TA-Lib's batch functions.

Floats live here: an indicator suggests, it never settles. TA-Lib's stream objects hold the state, so a new close costs
the same however long the history is; until there is enough history for one of them, closes are collected.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, Self

import numpy as np


def _stream() -> Any:
    """TA-Lib brings pandas along, half a second and 40 MB: only a process that computes pays for it."""
    from talib import stream

    return stream


def load_library() -> None:
    """Pay for it now, and not when the first bar waits for its indicators."""
    _stream()


class _Stream(Protocol):
    """The part of TA-Lib 0.8's stream classes that is used."""

    @property
    def value(self) -> Any: ...

    def update(self, real: float, /) -> Any: ...

    def copy(self) -> "_Stream": ...


class _Study:
    """One TA-Lib function: how its stream is opened, and the names of its outputs in order."""

    def __init__(self, names: tuple[str, ...], closes_min: int, opened: Callable[[Any], _Stream]) -> None:
        self.names = names
        self.closes_min = closes_min
        self.opened = opened


STUDIES: Final = (
    _Study(("sma_5",), 5, lambda closes: _stream().SMA(closes, timeperiod=5)),
    _Study(("sma_20",), 20, lambda closes: _stream().SMA(closes, timeperiod=20)),
    _Study(("ema_12",), 12, lambda closes: _stream().EMA(closes, timeperiod=12)),
    _Study(("ema_26",), 26, lambda closes: _stream().EMA(closes, timeperiod=26)),
    _Study(("rsi_14",), 15, lambda closes: _stream().RSI(closes, timeperiod=14)),
    _Study(
        ("macd", "macd_signal", "macd_hist"),
        34,
        lambda closes: _stream().MACD(closes, fastperiod=12, slowperiod=26, signalperiod=9),
    ),
    _Study(
        ("bb_upper", "bb_middle", "bb_lower"),
        20,
        lambda closes: _stream().BBANDS(closes, timeperiod=20, nbdevup=2.0, nbdevdn=2.0, matype=0),
    ),
)
INDICATOR_NAMES: Final = tuple(name for study in STUDIES for name in study.names)
CLOSES_MAX_MIN: Final = max(study.closes_min for study in STUDIES)


class IndicatorSet:
    """All indicators of one symbol, fed close by close, oldest first."""

    def __init__(self, closes: Iterable[float] = ()) -> None:
        self._early: list[float] = []  # what came before every stream was open
        self._streams: dict[int, _Stream] = {}
        for close in closes:
            self.update(close)

    def update(self, close: float) -> None:
        """Take the next close into account; any finite number."""
        for one in self._streams.values():
            one.update(close)
        if len(self._streams) < len(STUDIES):
            self._early.append(close)
            self._open_those_ready()

    def values(self) -> Mapping[str, float]:
        """The present values by name; one that needs more history is left out."""
        found: dict[str, float] = {}
        for index, one in self._streams.items():
            outputs = one.value if isinstance(one.value, tuple) else (one.value,)
            found |= zip(STUDIES[index].names, map(float, outputs), strict=True)
        return {name: found[name] for name in INDICATOR_NAMES if name in found}

    def copy(self) -> Self:
        """An independent twin: what one takes in, the other does not see."""
        twin = type(self)()
        twin._early = self._early.copy()
        twin._streams = {index: one.copy() for index, one in self._streams.items()}
        return twin

    def _open_those_ready(self) -> None:
        for index, study in enumerate(STUDIES):
            if index not in self._streams and len(self._early) >= study.closes_min:
                self._streams[index] = study.opened(np.array(self._early, dtype=np.float64))
        if len(self._streams) == len(STUDIES):
            self._early.clear()
