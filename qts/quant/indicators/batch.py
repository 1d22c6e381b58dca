"""Indicators over a whole history at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qts.quant.indicators.names import Study, library, parse_indicator

Floats = NDArray[np.float64]


def batch_values(names: Iterable[str], columns: Sequence[Any]) -> Mapping[str, Floats]:
    """By name; `columns` are open, high, low, close and volume. NaN where there is not enough history yet.

    The value at a bar is that of the bars up to it: what comes later does not change it.
    """
    inputs = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    computed: dict[Study, tuple[Floats, ...]] = {}
    found = {}
    for name in names:
        indicator = parse_indicator(name)
        if indicator.study not in computed:
            computed[indicator.study] = _computed(indicator.study, inputs)
        found[name] = computed[indicator.study][indicator.output]
    return found


def _computed(study: Study, inputs: Sequence[Floats]) -> tuple[Floats, ...]:
    given = getattr(library(), study.function)(*[inputs[column] for column in study.inputs], **dict(study.parameters))
    outputs = given if isinstance(given, tuple) else (given,)
    return tuple(_without_beginning(output, study.lookback) for output in outputs)


def _without_beginning(output: Any, lookback: int) -> Floats:
    """A candlestick pattern's zeros mean nothing before it could be seen."""
    told = np.array(output, dtype=np.float64)
    told[:lookback] = np.nan
    return told
