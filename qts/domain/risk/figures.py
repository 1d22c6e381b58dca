"""What the gate measured of an order that it judged: each control's figure beside its limit, for whoever asks why.

Worked out after the answer, from the same frozen snapshot by the same pure functions, so it is what was compared.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from qts.domain.errors import RuleCode
from qts.domain.market import max_order_quantity
from qts.domain.orders import OrderIntent
from qts.domain.risk.case import Case, FactMissing
from qts.domain.risk.checks import power_needed
from qts.domain.risk.facts import RiskSnapshot
from qts.domain.risk.rule import Binds, Rule, Unit
from qts.domain.risk.rules import RULES
from qts.domain.values import Side

BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Figure:
    """`actual` is None where the limit does not concern the order."""

    limit: int
    actual: int | None


def _ceiling(case: Case) -> Figure | None:
    return Figure(case.priced.ceiling_vnd, case.price_vnd) if case.priced is not None else None


def _floor(case: Case) -> Figure | None:
    return Figure(case.priced.floor_vnd, case.price_vnd) if case.priced is not None else None


def _exchange_max(case: Case) -> Figure | None:
    if case.instrument is None:
        return None
    return Figure(max_order_quantity(case.rules, case.instrument.exchange, case.instrument.kind), case.quantity)


def _buying_power(case: Case) -> Figure | None:
    figure = None if case.reduces else power_needed(case)
    return Figure(*figure) if figure is not None else None


def _contracts(case: Case) -> Figure | None:
    deposit = case.account.deposit
    if deposit is None or case.symbol not in deposit.months or case.quantity <= 0:
        return None
    after = deposit.with_order(case.symbol, Side.SELL if case.is_sale else Side.BUY, case.quantity)
    return Figure(deposit.terms.contracts_max, after.contracts)


def _sellable(case: Case) -> Figure | None:
    if not case.is_sale or case.account.deposit is not None:
        return None
    return Figure(case.account.sellable_quantity, case.quantity)


# The controls that answer by themselves and compare numbers. A price under the floor is on the wrong side of it.
OF_CHECKS: Final[Mapping[RuleCode, Callable[[Case], Figure | None]]] = {
    RuleCode.PRICE_ABOVE_CEILING: _ceiling,
    RuleCode.PRICE_BELOW_FLOOR: _floor,
    RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX: _exchange_max,
    RuleCode.BUYING_POWER_EXCEEDED: _buying_power,
    RuleCode.SELLABLE_QUANTITY_EXCEEDED: _sellable,
    RuleCode.CONTRACTS_EXCEED_MAX: _contracts,
}
_PRICES: Final = frozenset({RuleCode.PRICE_ABOVE_CEILING, RuleCode.PRICE_BELOW_FLOOR})
_FLOORS: Final = frozenset({RuleCode.PRICE_BELOW_FLOOR})


def figures_of(snapshot: RiskSnapshot, intent: OrderIntent) -> dict[RuleCode, Figure]:
    """Of every control that compared numbers, in the table's order. One that could not answer is left out: it is among
    the breaches, with its reason."""
    case, found = Case(snapshot, intent), {}
    for code, rule in RULES.items():
        if case.reduces and not rule.applies_to_sales:
            continue
        figure = _figure(rule, case)
        if figure is not None:
            found[code] = figure
    return found


def is_floor(code: RuleCode) -> bool:
    """Whether the order passes at or above the limit rather than at or below it."""
    rule = RULES.get(code)
    return code in _FLOORS or (rule is not None and rule.binds is Binds.FLOOR)


def used_bps(code: RuleCode, figure: Figure) -> int | None:
    """How much of its limit an order uses, 10,000 is all of it; more has overstepped it. None where that is no share:
    the limit does not concern it, one of the two is not above zero, it is a switch, or a price in its band."""
    rule = RULES.get(code)
    if figure.actual is None or code in _PRICES or (rule is not None and rule.unit is Unit.SWITCH):
        return None
    part, whole = (figure.limit, figure.actual) if is_floor(code) else (figure.actual, figure.limit)
    if part <= 0 or whole <= 0:
        return 0 if part <= 0 < whole else None
    return part * BPS // whole


def headroom(code: RuleCode, figure: Figure) -> int | None:
    """What is left until the limit, in the control's unit; below zero it is overstepped."""
    if figure.actual is None:
        return None
    return figure.actual - figure.limit if is_floor(code) else figure.limit - figure.actual


def controls_asked(*, is_sale: bool) -> tuple[RuleCode, ...]:
    """Of a purchase, or of a sale."""
    return tuple(code for code, rule in RULES.items() if rule.applies_to_sales or not is_sale)


def _figure(rule: Rule, case: Case) -> Figure | None:
    numbers = OF_CHECKS.get(rule.code)
    try:
        if numbers is not None:
            return numbers(case)
        limit = case.limits.get(rule.code)
        if limit is None or rule.measure is None:
            return None
        return Figure(limit, rule.measure(case))
    except (FactMissing, ArithmeticError, LookupError, TypeError, ValueError):
        return None


def _fingerprint() -> str:
    return hashlib.sha256(" ".join(RULES).encode()).hexdigest()[:8]


TABLE: Final = _fingerprint()  # which controls there were: kept with the figures, so that an old order is read rightly
