"""Alerts, their conditions and what is wrong with them, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.notifications.selectors import AlertView, RuleView
from apps.notifications.services import CHANNEL_SENTENCES, RULE_SENTENCES, ChannelProblem, RuleProblem, sentence
from apps.notifications.services.words import percent, price, thousandths

KINDS = {
    "PRICE_ABOVE": gettext_noop("Price rises to"),
    "PRICE_BELOW": gettext_noop("Price falls to"),
    "CHANGE_ABOVE": gettext_noop("Change today at least"),
    "CHANGE_BELOW": gettext_noop("Change today at most"),
    "INDICATOR_ABOVE": gettext_noop("Indicator rises to"),
    "INDICATOR_BELOW": gettext_noop("Indicator falls to"),
    "NEWS": gettext_noop("News sentiment"),
    "SIGNAL": gettext_noop("Prediction"),
    "FILL": gettext_noop("Own order filled"),
    "RISK": gettext_noop("Risk: limits, stops, margin"),
    "STREAM": gettext_noop("Health of streams and workers"),
    "TEST": gettext_noop("Test"),
}
KINDS_OFFERED = tuple(kind for kind in KINDS if kind != "TEST")
STATES = {"WAITING": gettext_noop("waits"), "SENT": gettext_noop("sent"), "FAILED": gettext_noop("given up")}
STATE_TONES = {"SENT": "ok", "FAILED": "bad", "WAITING": "info"}
CHANNELS = {
    "email": gettext_noop("E-mail"),
    "webhook": gettext_noop("Webhook"),
    "chat": gettext_noop("Chat (Telegram)"),
}


def alert_text(alert: AlertView) -> str:
    return sentence(alert.kind, alert.symbol, alert.facts)


def alert_kind(kind: str) -> str:
    return _(KINDS[kind]) if kind in KINDS else kind


def channel_kind(kind: str) -> str:
    return _(CHANNELS[kind]) if kind in CHANNELS else kind


def delivery_state(state: str) -> str:
    return _(STATES[state]) if state in STATES else state


def rule_text(rule: RuleView) -> str:
    """The condition as a phrase: 'SSI: Price rises to 26.00'."""
    parts = [alert_kind(rule.kind), rule.indicator, _threshold(rule)]
    said = " ".join(part for part in parts if part)
    return f"{rule.symbol}: {said}" if rule.symbol else said


def _threshold(rule: RuleView) -> str:
    if rule.threshold is None:
        return ""
    if rule.kind.startswith("PRICE"):
        return price(rule.symbol, rule.threshold)
    if rule.kind.startswith("CHANGE"):
        return percent(rule.threshold)
    return thousandths(rule.threshold) if rule.kind.startswith("INDICATOR") else f"≥ {rule.threshold}%"


def problem_text(problem: RuleProblem | ChannelProblem) -> str:
    """By its kind: some names stand in both lists."""
    return _(RULE_SENTENCES[problem] if isinstance(problem, RuleProblem) else CHANNEL_SENTENCES[problem])
