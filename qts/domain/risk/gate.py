"""The gate: every rule is asked, every breach is kept.

The table of rules is laid out once, for purchases and for sales, in plain rows: an order that breaks nothing costs one
`Case` and no other object.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import OrderIntent
from qts.domain.risk.case import Case, FactMissing
from qts.domain.risk.facts import RiskSnapshot
from qts.domain.risk.rule import Binds, Check, Measure, Rule, Typed
from qts.domain.risk.rules import RULES

_Row = tuple[RuleCode, Check | None, Measure | None, bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules in the order in which they are asked: (code, check, or measure and whether its limit is a floor). `sales`
    are those of an order that only makes less of what is held."""

    purchases: tuple[_Row, ...]
    sales: tuple[_Row, ...]


def plan_of(rules: Iterable[Rule]) -> Plan:
    rows = [(rule.applies_to_sales, (rule.code, rule.check, rule.measure, rule.binds is Binds.FLOOR)) for rule in rules]
    return Plan(
        purchases=tuple(row for _, row in rows),
        sales=tuple(row for applies, row in rows if applies),
    )


PLAN: Final = plan_of(RULES.values())


def evaluate(snapshot: RiskSnapshot, intent: OrderIntent, plan: Plan = PLAN) -> tuple[Breach, ...]:
    """The rules that keep the order back, in the table's order; empty when it may go out.

    A soft breach keeps it back until its value was typed again (`OrderRequest.confirmations`).
    """
    found = all_breaches(snapshot, intent, plan)
    return tuple(breach for breach in found if not is_confirmed(breach, intent)) if found else found


def all_breaches(snapshot: RiskSnapshot, intent: OrderIntent, plan: Plan = PLAN) -> tuple[Breach, ...]:
    """Every rule that the order breaks, confirmed or not."""
    case, limits, found = Case(snapshot, intent), snapshot.limits, None
    limit_of = limits.get
    for code, check, measure, is_floor in plan.sales if case.reduces else plan.purchases:
        try:
            if check is not None:
                breach = check(case)
                if breach is None:
                    continue
            else:
                limit = limit_of(code)
                if limit is None or measure is None:
                    continue
                actual = measure(case)
                if actual is None or (actual >= limit if is_floor else actual <= limit):
                    continue
                breach = Breach(code, limit=limit, actual=actual)
        except Exception as error:  # a check that cannot answer is a refusal, whatever went wrong in it
            breach = _unanswered(code, error, case)
        found = [breach] if found is None else [*found, breach]
    return () if found is None else tuple(found)


def is_confirmed(breach: Breach, intent: OrderIntent) -> bool:
    """Whether a soft breach was answered by typing the order's price or quantity once more."""
    rule = RULES.get(breach.code)
    if rule is None or not rule.is_soft or breach.code not in intent.confirmed:
        return False
    expected = intent.price_vnd if rule.typed is Typed.PRICE else intent.quantity
    return intent.confirmed[breach.code] == expected


def _unanswered(code: RuleCode, error: Exception, case: Case) -> Breach:
    if isinstance(error, FactMissing):
        return Breach(error.code, limit=case.limits.get(code), detail=error.detail)
    return Breach(RuleCode.CHECK_FAILED, detail=f"{code}: {type(error).__name__}")
