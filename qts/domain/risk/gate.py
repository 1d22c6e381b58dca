"""The gate: every rule is asked, every breach is kept."""

from collections.abc import Iterable

from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import OrderIntent
from qts.domain.risk.facts import RiskSnapshot
from qts.domain.risk.rules import RULES, Rule


def evaluate(
    snapshot: RiskSnapshot, intent: OrderIntent, rules: Iterable[Rule] = tuple(RULES.values())
) -> tuple[Breach, ...]:
    """All rules that the order breaks, in the table's order; empty when it may go out."""
    return tuple(breach for rule in rules if (breach := _ask(rule, snapshot, intent)) is not None)


def _ask(rule: Rule, snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    try:
        return rule.check(snapshot, intent)
    except Exception as error:  # a check that cannot answer is a refusal, whatever went wrong in it
        return Breach(RuleCode.CHECK_FAILED, detail=f"{rule.code}: {type(error).__name__}")
