"""Strategies as documents: conditions on prices, indicators, patterns, predictions, time and position."""

from qts.domain.strategy.position_size import SIZES, Size
from qts.domain.strategy.rules.conditions import Condition, ConditionWrong, Group, Moment, parse_condition
from qts.domain.strategy.rules.document import METHODS, DocumentWrong, RuleSet, parse_document
from qts.domain.strategy.rules.nearness import Reading, members_met, readings
from qts.domain.strategy.rules.strategy import RuleStrategy, rule_class

__all__ = [
    "METHODS",
    "SIZES",
    "Condition",
    "ConditionWrong",
    "DocumentWrong",
    "Group",
    "Moment",
    "Reading",
    "RuleSet",
    "RuleStrategy",
    "Size",
    "members_met",
    "parse_condition",
    "parse_document",
    "readings",
    "rule_class",
]
