"""The indicators of a whole history at once, and each bar's as a mapping."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from qts.backtest.table import BarTable
from qts.quant.indicators import batch_values


def indicator_columns(table: BarTable, names: tuple[str, ...], bar_ms: int) -> Any:
    """One row a name, one column a bar; each symbol's values are of its own bars."""
    values = np.full((len(names), len(table)), np.nan)
    for place in range(len(table.symbols)):
        rows = table.place == place
        prices = (table.open_vnd, table.high_vnd, table.low_vnd, table.close_vnd, table.volume)
        found = batch_values(names, [column[rows] for column in prices], table.ts_start_ms[rows], bar_ms)
        for number, name in enumerate(names):
            values[number, rows] = found[name]
    return values


def mappings(names: Sequence[str], values: Any) -> Iterator[Mapping[str, float]]:
    """The indicators of each bar by name, without those that are not there yet."""
    if not names:
        return repeat({}, values.shape[1])
    rows = zip(*values.tolist(), strict=True)
    if np.isfinite(values).all():
        return map(dict, map(zip, repeat(names), rows))
    return ({name: value for name, value in zip(names, row, strict=True) if math.isfinite(value)} for row in rows)
