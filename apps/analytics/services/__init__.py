"""What is calculated on every closed bar."""

from apps.analytics.services.indicators import (
    IndicatorEngine,
    prune_indicators,
    record_indicators,
)
from apps.analytics.services.patterns import PatternDesk, prune_patterns, record_patterns

__all__ = [
    "IndicatorEngine",
    "PatternDesk",
    "prune_indicators",
    "prune_patterns",
    "record_indicators",
    "record_patterns",
]
