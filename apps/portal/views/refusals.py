"""Refusals as sentences: what was asked, what is allowed, in the reader's language and units."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.portal.views import formats
from apps.portal.views.refusal_details import detail_text
from qts.domain.errors import Breach, RuleCode
from qts.domain.risk import RULES, Unit
from qts.web.said import rule_text

PRICE_CODES = frozenset({RuleCode.PRICE_OFF_TICK, RuleCode.PRICE_ABOVE_CEILING, RuleCode.PRICE_BELOW_FLOOR})


@dataclass(frozen=True, slots=True)
class Refusal:
    """One broken rule for a reader; `allowed` and `asked` are empty where the rule knows no numbers."""

    code: str
    sentence: str
    allowed: str
    asked: str
    detail: str


def refusals(breaches: Iterable[Breach]) -> list[Refusal]:
    return [_refusal(breach) for breach in breaches]


def _refusal(breach: Breach) -> Refusal:
    rule = RULES.get(breach.code)
    return Refusal(
        code=breach.code,
        sentence=rule_text(breach.code),
        allowed=figure_text(breach.code, breach.limit, rule.unit if rule else Unit.NONE),
        asked=figure_text(breach.code, breach.actual, rule.unit if rule else Unit.NONE),
        detail=detail_text(breach.detail),
    )


def reason_text(reason: str) -> str:
    """Why an order ended: a code as its sentence, anything else (the broker's words) as it is."""
    return rule_text(RuleCode(reason)) if reason in set(RuleCode) else reason


def figure_text(code: RuleCode, value: int | None, unit: Unit) -> str:
    """A control's number in its unit; empty where there is none."""
    if value is None:
        return ""
    if code in PRICE_CODES:
        return formats.price_text(value)
    if unit is Unit.MILLISECONDS:
        return _("{seconds} s").format(seconds=formats.signed(round(value / 1000)))
    text = formats.signed(value)
    words = {Unit.VND: "₫", Unit.SHARES: _("shares"), Unit.ORDERS: _("orders")}
    return f"{text} {words[unit]}" if unit in words else text
