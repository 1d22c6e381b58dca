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
from qts.domain.risk.figures import Figure, controls_asked, figures_of, headroom, is_floor, used_bps
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
    "Figure",
    "KillState",
    "MarketFacts",
    "Plan",
    "RiskSnapshot",
    "Rule",
    "ScopeKind",
    "Typed",
    "Unit",
    "all_breaches",
    "controls_asked",
    "evaluate",
    "figures_of",
    "headroom",
    "is_confirmed",
    "is_floor",
    "plan_of",
    "used_bps",
]
