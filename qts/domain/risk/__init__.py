"""The pre-trade gate: pure functions of a frozen snapshot and an intent."""

from qts.domain.risk.case import Case, FactMissing
from qts.domain.risk.facts import (
    AccountFacts,
    ActivityFacts,
    KillState,
    MarketFacts,
    RiskSnapshot,
    ScopeKind,
)
from qts.domain.risk.gate import Plan, all_breaches, evaluate, is_confirmed, plan_of
from qts.domain.risk.rule import Binds, Rule, Typed, Unit
from qts.domain.risk.rules import LIMIT_CODES, RULES, SOFT_CODES

__all__ = [
    "LIMIT_CODES",
    "RULES",
    "SOFT_CODES",
    "AccountFacts",
    "ActivityFacts",
    "Binds",
    "Case",
    "FactMissing",
    "KillState",
    "MarketFacts",
    "Plan",
    "RiskSnapshot",
    "Rule",
    "ScopeKind",
    "Typed",
    "Unit",
    "all_breaches",
    "evaluate",
    "is_confirmed",
    "plan_of",
]
