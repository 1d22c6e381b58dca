"""Indicators by name, with the exact meaning of TA-Lib's functions: bar by bar as they come, or over a whole history.

Floats live here: an indicator suggests, it never settles.
"""

from qts.quant.indicators.batch import batch_values
from qts.quant.indicators.live import IndicatorSet, WideHistory
from qts.quant.indicators.names import (
    COLUMNS,
    HISTORY_BARS_MAX,
    STANDARD_NAMES,
    Described,
    Indicator,
    IndicatorUnknown,
    Study,
    catalogue,
    lies_on_prices,
    parse_indicator,
    problems_of,
    warm_up_bars,
)
from qts.quant.indicators.wide import WideColumns, widened
from qts.quant.ta_lib import load_library

__all__ = [
    "COLUMNS",
    "HISTORY_BARS_MAX",
    "STANDARD_NAMES",
    "Described",
    "Indicator",
    "IndicatorSet",
    "IndicatorUnknown",
    "Study",
    "WideColumns",
    "WideHistory",
    "batch_values",
    "catalogue",
    "lies_on_prices",
    "load_library",
    "parse_indicator",
    "problems_of",
    "warm_up_bars",
    "widened",
]
