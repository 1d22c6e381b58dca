"""Indicators of one symbol, bar by bar.

TA-Lib's stream objects hold the state, so a new bar costs the same however long the history is, and gives the very
value that the batch function gives; until there is enough history for one of them, bars are collected.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Protocol, Self

import numpy as np

from qts.domain.market import BarWidener, TimedBar, Timeframe, window_of
from qts.quant.indicators.names import STANDARD_NAMES, Study, parse_indicator
from qts.quant.ta_lib import library

Row = tuple[int, int, int, int, int]  # a double holds them exactly
WideHistory = Mapping[Timeframe, Iterable[TimedBar]]


class _Stream(Protocol):
    """The part of TA-Lib 0.8's stream classes that is used; `update` returns the new `value`."""

    @property
    def value(self) -> Any: ...

    def update(self, *inputs: float) -> Any: ...

    def copy(self) -> "_Stream": ...


class IndicatorSet:
    """The named indicators, fed minute by minute, oldest first. Raises IndicatorUnknown for a name that means nothing.

    `wide` are bars of wider timeframes that began before the window of the last of `history`; where a timeframe is not
    in it, its bars are made of `history` alone.
    """

    def __init__(
        self,
        names: Iterable[str] = STANDARD_NAMES,
        history: Iterable[TimedBar] = (),
        wide: WideHistory | None = None,
    ) -> None:
        asked = {name: parse_indicator(name) for name in dict.fromkeys(names)}
        self.names = tuple(asked)
        timeframes = dict.fromkeys([None, *(one.timeframe for one in asked.values())])
        studies = {
            timeframe: tuple(dict.fromkeys(one.study for one in asked.values() if one.timeframe == timeframe))
            for timeframe in timeframes
        }
        order = [(timeframe, study) for timeframe, group in studies.items() for study in group]
        self._places = [(name, order.index((one.timeframe, one.study)), one.output) for name, one in asked.items()]
        minutes = list(history)
        self._base = _Streams(studies[None], minutes)
        self._wide = [
            _WideStreams(timeframe, group, minutes, (wide or {}).get(timeframe))
            for timeframe, group in studies.items()
            if timeframe is not None
        ]

    def update(self, bar: TimedBar) -> None:
        """Take the next bar into account."""
        self._base.update(_row(bar))
        for one in self._wide:
            one.update(bar)

    def values(self) -> Mapping[str, float]:
        """The present values by name; one that needs more history, or is no number, is left out."""
        outputs = self._base.outputs
        for one in self._wide:
            outputs = outputs + one.streams.outputs  # `+=` would write into those of the minutes
        return {
            name: value
            for name, place, output in self._places
            if (given := outputs[place]) and isfinite(value := given[output])
        }

    def copy(self) -> Self:
        """An independent twin: what one takes in, the other does not see."""
        twin = type(self)(())
        twin.names, twin._places = self.names, self._places
        twin._base = self._base.copy()
        twin._wide = [one.copy() for one in self._wide]
        return twin


class _Streams:
    """Some studies over bars of one length; `outputs` are each study's latest, empty before it has any."""

    __slots__ = ("_early", "_inputs", "_streams", "_studies", "_waiting", "outputs")

    def __init__(self, studies: Sequence[Study], history: Iterable[TimedBar] = ()) -> None:
        self._studies, self._inputs = studies, [study.inputs for study in studies]
        self._early: list[Row] = []  # what came before every stream was open
        self._streams: list[_Stream | None] = [None] * len(studies)
        self.outputs: list[tuple[float, ...]] = [()] * len(studies)
        self._waiting = len(studies)
        if studies:
            self._early += [_row(bar) for bar in history]
            self._open_those_ready()

    def update(self, row: Row) -> None:
        place, outputs = -1, self.outputs
        for stream, inputs in zip(self._streams, self._inputs, strict=True):
            place += 1
            if stream is None:
                continue
            given = stream.update(row[inputs[0]]) if len(inputs) == 1 else stream.update(*[row[one] for one in inputs])
            outputs[place] = given if isinstance(given, tuple) else (given,)
        if self._waiting:
            self._early.append(row)
            self._open_those_ready()

    def copy(self) -> Self:
        twin = type(self)(())
        twin._studies, twin._inputs = self._studies, self._inputs
        twin._early = self._early.copy()
        twin._streams = [None if one is None else one.copy() for one in self._streams]
        twin.outputs = self.outputs.copy()
        twin._waiting = self._waiting
        return twin

    def _open_those_ready(self) -> None:
        columns: Any = None
        for place, study in enumerate(self._studies):
            if self._streams[place] is None and len(self._early) > study.lookback:
                columns = np.array(self._early, dtype=float).T.copy() if columns is None else columns
                self._streams[place] = stream = _opened(study, columns)
                self.outputs[place] = _outputs(stream)
                self._waiting -= stream is not None
        if not self._waiting:
            self._early.clear()


class _WideStreams:
    """Some studies over bars that are made of minutes; their values change when one of those is over."""

    __slots__ = ("_widener", "streams")

    def __init__(
        self,
        timeframe: Timeframe,
        studies: Sequence[Study],
        minutes: Sequence[TimedBar] = (),
        before: Iterable[TimedBar] | None = None,
    ) -> None:
        self._widener = BarWidener(timeframe)
        self.streams = _Streams(studies, before or ())
        since_ms = window_of(timeframe, minutes[-1].ts_start_ms)[0] if minutes and before is not None else 0
        for bar in minutes:
            if bar.ts_start_ms >= since_ms:
                self.update(bar)

    def update(self, bar: TimedBar) -> None:
        for closed in self._widener.add(bar):
            self.streams.update(_row(closed))

    def copy(self) -> Self:
        twin = type(self)(self._widener.timeframe, ())
        twin._widener, twin.streams = self._widener.copy(), self.streams.copy()
        return twin


def _row(bar: TimedBar) -> Row:
    return bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd, bar.volume


def _opened(study: Study, columns: Any) -> _Stream | None:
    """None where the function's seeding needs a bar more than its lookback says."""
    try:
        opened: _Stream = study.stream(columns)
    except library().InsufficientHistory:
        return None
    return opened


def _outputs(stream: _Stream | None) -> tuple[float, ...]:
    if stream is None:
        return ()
    value = stream.value
    return value if isinstance(value, tuple) else (value,)
