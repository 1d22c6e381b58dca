"""The pre-trade gate: pure functions of a frozen snapshot and an intent."""

from qts.domain.risk.facts import AccountFacts, KillState, MarketFacts, RiskSnapshot
from qts.domain.risk.gate import evaluate
from qts.domain.risk.rules import LIMIT_CODES, RULES, Rule, Unit

__all__ = [
    "LIMIT_CODES",
    "RULES",
    "AccountFacts",
    "KillState",
    "MarketFacts",
    "RiskSnapshot",
    "Rule",
    "Unit",
    "evaluate",
]
