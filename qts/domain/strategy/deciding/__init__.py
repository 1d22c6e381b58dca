"""The decision engine: from the signals of several sources to one target, with its reasoning; docs/decisions.md."""

from qts.domain.strategy.deciding.engine import Asked, Decided, DecisionEngine, Position, Recalled, Wish
from qts.domain.strategy.deciding.policy import (
    USUAL_POLICY,
    DecisionPolicy,
    PolicyWrong,
    Resolution,
    SourceTerms,
    parse_policy,
    policy_json,
)
from qts.domain.strategy.deciding.reasoning import Input, InputState, Outcome, Reasoning, Ruling, by_strategy

__all__ = [
    "USUAL_POLICY",
    "Asked",
    "Decided",
    "DecisionEngine",
    "DecisionPolicy",
    "Input",
    "InputState",
    "Outcome",
    "PolicyWrong",
    "Position",
    "Reasoning",
    "Recalled",
    "Resolution",
    "Ruling",
    "SourceTerms",
    "Wish",
    "by_strategy",
    "parse_policy",
    "policy_json",
]
