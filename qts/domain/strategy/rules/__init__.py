"""Strategies as documents: conditions on prices, indicators, patterns, predictions, time and position."""

from qts.domain.strategy.rules.conditions import Condition, ConditionWrong, Group, Moment, parse_condition
from qts.domain.strategy.rules.document import SIZES, DocumentWrong, RuleSet, Size, parse_document
from qts.domain.strategy.rules.strategy import RuleStrategy, rule_class

__all__ = [
    "SIZES",
    "Condition",
    "ConditionWrong",
    "DocumentWrong",
    "Group",
    "Moment",
    "RuleSet",
    "RuleStrategy",
    "Size",
    "parse_condition",
    "parse_document",
    "rule_class",
]
