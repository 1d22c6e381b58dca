"""Indicators of one symbol, bar by bar.

TA-Lib's stream objects hold the state, so a new bar costs the same however long the history is, and gives the very
value that the batch function gives; until there is enough history for one of them, bars are collected.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, Self

import numpy as np

from qts.quant.indicators.names import STANDARD_NAMES, Study, library, parse_indicator

Row = tuple[float, float, float, float, float]


class Candle(Protocol):
    """What an indicator may be computed from; prices in VND."""

    @property
    def open_vnd(self) -> int: ...
    @property
    def high_vnd(self) -> int: ...
    @property
    def low_vnd(self) -> int: ...
    @property
    def close_vnd(self) -> int: ...
    @property
    def volume(self) -> int: ...


class _Stream(Protocol):
    """The part of TA-Lib 0.8's stream classes that is used."""

    @property
    def value(self) -> Any: ...

    def update(self, *inputs: float) -> Any: ...

    def copy(self) -> "_Stream": ...


class IndicatorSet:
    """The named indicators, fed bar by bar, oldest first. Raises IndicatorUnknown for a name that means nothing."""

    def __init__(self, names: Iterable[str] = STANDARD_NAMES, history: Iterable[Candle] = ()) -> None:
        asked = {name: parse_indicator(name) for name in dict.fromkeys(names)}
        self.names: Final = tuple(asked)
        self._studies: Final = tuple(dict.fromkeys(one.study for one in asked.values()))
        self._places: Final = [(name, self._studies.index(one.study), one.output) for name, one in asked.items()]
        self._early: list[Row] = [_row(bar) for bar in history]  # what came before every stream was open
        self._streams: list[_Stream | None] = [None] * len(self._studies)
        self._waiting = len(self._studies)
        if self._early:
            self._open_those_ready()

    def update(self, bar: Candle) -> None:
        """Take the next bar into account."""
        row = _row(bar)
        for study, stream in zip(self._studies, self._streams, strict=True):
            if stream is not None:
                stream.update(*[row[column] for column in study.inputs])
        if self._waiting:
            self._early.append(row)
            self._open_those_ready()

    def values(self) -> Mapping[str, float]:
        """The present values by name; one that needs more history, or is no number, is left out."""
        outputs = [_outputs(stream) for stream in self._streams]
        found = {name: outputs[place][output] for name, place, output in self._places if outputs[place]}
        return {name: value for name, value in found.items() if math.isfinite(value)}

    def copy(self) -> Self:
        """An independent twin: what one takes in, the other does not see."""
        twin = type(self)(self.names)
        twin._early = self._early.copy()
        twin._streams = [None if one is None else one.copy() for one in self._streams]
        twin._waiting = self._waiting
        return twin

    def _open_those_ready(self) -> None:
        columns: Any = None
        for place, study in enumerate(self._studies):
            if self._streams[place] is None and len(self._early) > study.lookback:
                columns = np.array(self._early).T.copy() if columns is None else columns
                self._streams[place] = _opened(study, columns)
                self._waiting -= self._streams[place] is not None
        if not self._waiting:
            self._early.clear()


def _row(bar: Candle) -> Row:
    return float(bar.open_vnd), float(bar.high_vnd), float(bar.low_vnd), float(bar.close_vnd), float(bar.volume)


def _opened(study: Study, columns: Any) -> _Stream | None:
    """None where the function's seeding needs a bar more than its lookback says."""
    stream = getattr(library().stream, study.function)
    try:
        opened: _Stream = stream(*[columns[column] for column in study.inputs], **dict(study.parameters))
    except library().InsufficientHistory:
        return None
    return opened


def _outputs(stream: _Stream | None) -> tuple[float, ...]:
    if stream is None:
        return ()
    value = stream.value
    return value if isinstance(value, tuple) else (value,)
