"""What is calculated on every closed bar, and what other programs publish about symbols."""

from apps.analytics.services.indicators import (
    IndicatorEngine,
    prune_indicators,
    record_indicators,
)
from apps.analytics.services.patterns import PatternDesk, prune_patterns, record_patterns
from apps.analytics.services.signals import GivenSignal, SignalsRefused, prune_signals, publish_signals

__all__ = [
    "GivenSignal",
    "IndicatorEngine",
    "PatternDesk",
    "SignalsRefused",
    "prune_indicators",
    "prune_patterns",
    "prune_signals",
    "publish_signals",
    "record_indicators",
    "record_patterns",
]
