"""Indicators over a whole history at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qts.domain.market import MINUTE_MS, Timeframe
from qts.quant.indicators.names import IndicatorUnknown, Study, parse_indicator
from qts.quant.indicators.wide import WideColumns, widened

Floats = NDArray[np.float64]


def batch_values(
    names: Iterable[str], columns: Sequence[Any], ts_start_ms: Any = None, bar_ms: int = MINUTE_MS
) -> Mapping[str, Floats]:
    """By name; `columns` are open, high, low, close and volume. NaN where there is not enough history yet.

    The value at a bar is that of the bars up to it: what comes later does not change it. A name with `@` needs to know
    when the bars began. Raises IndicatorUnknown.
    """
    inputs = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    wide: dict[Timeframe, WideColumns] = {}
    computed: dict[tuple[Study, Timeframe | None], tuple[Floats, ...]] = {}
    found = {}
    for name in names:
        indicator = parse_indicator(name, bar_ms)
        study, timeframe = key = indicator.study, indicator.timeframe
        if timeframe is not None and timeframe not in wide:
            if ts_start_ms is None:
                raise IndicatorUnknown(f"{name!r} needs to know when the bars began")
            wide[timeframe] = widened(timeframe, ts_start_ms, inputs, bar_ms)
        if key not in computed:
            computed[key] = _computed(study, inputs) if timeframe is None else _spread(study, wide[timeframe])
        found[name] = computed[key][indicator.output]
    return found


def _spread(study: Study, wide: WideColumns) -> tuple[Floats, ...]:
    return tuple(wide.spread(output) for output in _computed(study, wide.columns))


def _computed(study: Study, inputs: Sequence[Floats]) -> tuple[Floats, ...]:
    return tuple(_without_beginning(output, study.lookback) for output in study.over(inputs))


def _without_beginning(output: Any, lookback: int) -> Floats:
    """A candlestick pattern's zeros mean nothing before it could be seen."""
    told = np.array(output, dtype=np.float64)
    told[:lookback] = np.nan
    return told
