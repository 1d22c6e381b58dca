"""Signals and policies of tests."""

from typing import Any

from qts.domain.strategy import PublishedSignal, Source
from qts.domain.strategy.deciding import DecisionPolicy, SourceTerms
from qts.domain.strategy.position_size import Size

HUNDRED = Size("fixed", {"quantity": 100})


def published(direction: int, strength: int = 100, **more: Any) -> PublishedSignal:
    given: dict[str, Any] = {
        "signal_id": "p1", "source": "prediction", "symbol": "SSI", "name": "up", "value": 0.5, "ts_made_ms": 0,
        "ts_known_ms": more.get("ts_made_ms", 0), "valid_s": 86_400,
    }  # fmt: skip
    return PublishedSignal(direction=direction, strength_percent=strength, **(given | more))


def three_sources(**more: Any) -> DecisionPolicy:
    return DecisionPolicy(
        (
            SourceTerms(Source.TECHNICAL, weight=60, is_needed=True),
            SourceTerms(Source.PREDICTION, weight=30, strength_percent_min=50, age_s_max=3_600),
            SourceTerms(Source.SENTIMENT, weight=10),
        ),
        **({"size": HUNDRED} | more),
    )
