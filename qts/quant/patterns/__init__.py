"""Candlestick and chart patterns: what was seen, at which bar it became certain, and the points that make it."""

from qts.quant.patterns.candles import (
    COMMONPLACE,
    PREFIX,
    candle_count,
    candle_patterns,
    candle_patterns_known,
)
from qts.quant.patterns.chart import (
    RANGE_BARS,
    SAID,
    ChartScanner,
    Pattern,
    PatternStream,
    chart_patterns,
    pattern_columns,
)
from qts.quant.patterns.live import CANDLE_TIMEFRAMES, PatternWatch, Seen
from qts.quant.patterns.shapes import CHART_PATTERNS

__all__ = [
    "CANDLE_TIMEFRAMES",
    "CHART_PATTERNS",
    "COMMONPLACE",
    "PREFIX",
    "RANGE_BARS",
    "SAID",
    "ChartScanner",
    "Pattern",
    "PatternStream",
    "PatternWatch",
    "Seen",
    "candle_count",
    "candle_patterns",
    "candle_patterns_known",
    "chart_patterns",
    "pattern_columns",
]
