"""What a decision was made from, in the shape that is stored with it: apps/strategies/selectors/reasoning.py."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from qts.domain.strategy.deciding.policy import DecisionPolicy, SourceTerms, policy_json
from qts.domain.strategy.position_size import Facts, Size, Sized
from qts.domain.strategy.published import PublishedSignal, Source

SHAPE_VERSION: Final = 1


class InputState(StrEnum):
    """What was made of a signal."""

    COUNTED = "COUNTED"
    TOO_OLD = "TOO_OLD"
    BELOW_CONFIDENCE = "BELOW_CONFIDENCE"
    DUPLICATE = "DUPLICATE"  # it came again
    MISSING = "MISSING"  # the source, or one that is named, said nothing that still holds
    NOT_ASKED = "NOT_ASKED"  # no policy counts it


class Ruling(StrEnum):
    """What the sources came to."""

    ENTER = "ENTER"
    LEAVE = "LEAVE"
    ALREADY_IN = "ALREADY_IN"
    NOTHING_TO_LEAVE = "NOTHING_TO_LEAVE"
    UNDECIDED = "UNDECIDED"
    VETOED = "VETOED"
    NEEDED_SOURCE_MISSING = "NEEDED_SOURCE_MISSING"
    COOLDOWN_AFTER_ORDER = "COOLDOWN_AFTER_ORDER"
    COOLDOWN_AFTER_EXIT = "COOLDOWN_AFTER_EXIT"
    SIZE_IS_NOTHING = "SIZE_IS_NOTHING"
    BY_STRATEGY = "BY_STRATEGY"  # it named its target or its order by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One signal that was looked at, or a source that said nothing."""

    source: str
    state: InputState
    name: str = ""
    signal_id: str = ""
    direction: int = 0
    strength_percent: int = 0
    value: float | None = None
    ts_ms: int | None = None
    age_s: int | None = None
    age_s_max: int | None = None
    weight: int | None = None
    strength_percent_min: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    code: Ruling
    direction: int
    score_percent: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """`size` is there where one was asked for: method, what it was asked with, and what it came to."""

    ts_ms: int
    inputs: Sequence[Input]
    policy: DecisionPolicy | None
    outcome: Outcome
    size: tuple[Size, Facts, int, Sized] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "version": SHAPE_VERSION,
            "ts_ms": self.ts_ms,
            "inputs": [_told(one) for one in self.inputs],
            "policy": policy_json(self.policy) if self.policy is not None else None,
            "outcome": _told(self.outcome),
            "size": _size_json(*self.size) if self.size is not None else None,
        }


def _told(one: Input | Outcome) -> dict[str, Any]:
    """Flat: `asdict` would copy every value, and orders wait for it."""
    return {name: getattr(one, name) for name in one.__slots__}


def input_of(signal: PublishedSignal, state: InputState, ts_ms: int, terms: SourceTerms | None) -> Input:
    return Input(
        source=signal.source,
        state=state,
        name=signal.name,
        signal_id=signal.signal_id,
        direction=signal.direction,
        strength_percent=signal.strength_percent,
        value=None if signal.source == Source.TECHNICAL else signal.value,
        ts_ms=signal.ts_made_ms,
        age_s=max(0, ts_ms - signal.ts_made_ms) // 1_000,
        reason=signal.reason,
        **_of_terms(terms),
    )


def missing(terms: SourceTerms, name: str = "") -> Input:
    return Input(source=terms.source, state=InputState.MISSING, name=name, **_of_terms(terms))


def by_strategy(ts_ms: int, signal: str, signal_id: str, seen: Iterable[PublishedSignal]) -> Reasoning:
    """Of a strategy that named its target or its order itself: what it saw from others is told, and weighed by no one
    but itself."""
    own = Input(source=Source.TECHNICAL, state=InputState.COUNTED, signal_id=signal_id, ts_ms=ts_ms, age_s=0,
                reason=signal)  # fmt: skip
    others = [input_of(one, InputState.NOT_ASKED, ts_ms, None) for one in seen]
    said = "the strategy named it by itself; no other source was weighed"
    return Reasoning(ts_ms, [own, *others], None, Outcome(Ruling.BY_STRATEGY, 0, None, said))


def _of_terms(terms: SourceTerms | None) -> dict[str, Any]:
    if terms is None:
        return {}
    return {
        "age_s_max": terms.age_s_max,
        "weight": terms.weight,
        "strength_percent_min": terms.strength_percent_min,
    }


def _size_json(size: Size, facts: Facts, round_lot: int, sized: Sized) -> Mapping[str, Any]:
    return {
        "method": size.method,
        "numbers": dict(size.numbers),
        "price_vnd": facts.price_vnd,
        "equity_vnd": facts.equity_vnd,
        "atr_vnd": facts.atr_vnd,
        "round_lot": round_lot,
        "wanted": sized.wanted,
        "quantity": sized.quantity,
        "reason": sized.reason,
    }
