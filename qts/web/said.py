"""What the inner parts say in English, in the reader's language: refusals with their values, and codes of the gate."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import get_language, get_language_from_request
from django.utils.translation import gettext as _

from qts.domain.errors import RuleCode, Said, said_by
from qts.domain.risk import RULES


def told(what: str | Exception) -> str:
    """A sentence, or why an exception was raised. What nobody made for people stands as it is."""
    sentence = said_by(what) if isinstance(what, Exception) else what
    if not isinstance(sentence, Said):
        return sentence
    values = {
        name: told(value) if isinstance(value, (Said, Exception)) else value for name, value in sentence.values.items()
    }
    return _(sentence.text).format(**values)


def language_of(scope: Mapping[str, Any]) -> str:
    """Of whoever has opened a socket: as pages do, what the person chose, else the browser."""
    if chosen := getattr(scope.get("user"), "language", ""):
        return str(chosen)
    accepted = dict(scope.get("headers", ())).get(b"accept-language", b"").decode("latin-1")
    asked = SimpleNamespace(COOKIES=scope.get("cookies", {}), META={"HTTP_ACCEPT_LANGUAGE": accepted})
    return get_language_from_request(asked)  # type: ignore[arg-type]  # the two things that it looks at


def rule_text(code: RuleCode) -> str:
    """What a control refuses, as a sentence."""
    said = _limit_sentences().get(code)
    if said:
        return said
    return rule_help(code) if code in RULES else code


def rule_help(code: RuleCode) -> str:
    """What a control's limit means."""
    return RULES[code].help_vi if get_language() == "vi" else RULES[code].help_en


rule_help_lazy = lazy(rule_help, str)


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
