"""Refusals as sentences: what was asked, what is allowed, in the reader's language and units."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.portal.views import formats
from qts.domain.errors import Breach, RuleCode
from qts.domain.risk import RULES, Unit

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
        detail=breach.detail,
    )


def reason_text(reason: str) -> str:
    """Why an order ended: a code as its sentence, anything else (the broker's words) as it is."""
    return rule_text(RuleCode(reason)) if reason in set(RuleCode) else reason


def rule_text(code: RuleCode) -> str:
    """What a control refuses, as a sentence."""
    said = _limit_sentences().get(code)
    if said:
        return said
    rule = RULES.get(code)
    if rule is None:
        return code
    return rule.help_vi if get_language() == "vi" else rule.help_en


def _limit_sentences() -> dict[RuleCode, str]:
    """Where the rule's own text names a limit rather than what went wrong, or the gate has no such rule."""
    return {
        RuleCode.ORDER_VALUE_EXCEEDS_MAX: _("The order is worth more than one order may be."),
        RuleCode.POSITION_EXCEEDS_MAX: _("The position would become larger than allowed."),
        RuleCode.DAILY_LOSS_EXCEEDS_MAX: _("The account has lost more today than allowed; only sales pass."),
        RuleCode.OPEN_ORDERS_EXCEED_MAX: _("The account has too many working orders."),
        RuleCode.MARKET_DATA_STALE: _("The market data is too old to trade on."),
        RuleCode.ACCOUNT_NOT_FOUND: _("You have no such account to trade."),
        RuleCode.SESSION_FORBIDS_CANCEL: _("The exchange takes no cancel in this session."),
        RuleCode.IDEMPOTENCY_KEY_REUSED: _("This ticket was already used for another order. Open a new one."),
        RuleCode.ORDER_NOT_FOUND: _("There is no such order in your accounts."),
        RuleCode.ORDER_NOT_CANCELLABLE: _("The order is over: nothing is left to cancel."),
        RuleCode.SESSION_FORBIDS_AMEND: _("The exchange takes no more amendments today."),
        RuleCode.ORDER_NOT_AMENDABLE: _("The order cannot be amended now."),
        RuleCode.AMEND_CHANGES_NOTHING: _("Price and quantity are what they were."),
        RuleCode.AMEND_CHANGES_BOTH: _(
            "The exchange takes a new price or a new quantity, not both: replace the order instead."
        ),
        RuleCode.QUANTITY_NOT_ABOVE_FILLED: _("The new quantity must be above what has traded already."),
        RuleCode.REQUEST_IN_PROGRESS: _("The same request is still being worked on."),
        RuleCode.NOT_SENT_IN_TIME: _("It could not leave for a minute and was taken back: the broker was away."),
        RuleCode.TERMS_MISSING: _("Something is missing that this kind of order needs."),
        RuleCode.TERMS_NOT_ALLOWED: _("Something is given that this kind of order does not have."),
        RuleCode.LEVELS_OUT_OF_ORDER: _("The stop and the target lie on the wrong sides of the price."),
        RuleCode.TRIGGER_ALREADY_MET: _("The price is there already: place an order instead."),
        RuleCode.VALIDITY_OUT_OF_RANGE: _("The last day lies between today and 90 days from now."),
        RuleCode.SLICES_OUT_OF_RANGE: _("An order goes out in 2 to 200 parts of at least one lot."),
        RuleCode.PLAN_NOT_FOUND: _("There is no such order in your accounts."),
        RuleCode.PLAN_NOT_ACTIVE: _("It is over: nothing is left to take back."),
        RuleCode.CHECK_FAILED: _("A risk check could not answer, and that counts as no."),
    }


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
