"""Alerts, their conditions and what is wrong with them, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.notifications.selectors import AlertView, RuleView
from apps.notifications.services import ChannelProblem, RuleProblem, sentence
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
    return _rule_problems()[problem] if isinstance(problem, RuleProblem) else _channel_problems()[problem]


def _rule_problems() -> dict[str, str]:
    return {
        RuleProblem.KIND_UNKNOWN: _("Choose what to wait for."),
        RuleProblem.SYMBOL_MISSING: _("Type a symbol: a price, a change and an indicator are of one security."),
        RuleProblem.SYMBOL_MALFORMED: _("This symbol is not in the list of securities."),
        RuleProblem.INDICATOR_MISSING: _("Name the indicator as a strategy does, for example rsi_14."),
        RuleProblem.THRESHOLD_MISSING: _("Type the level at which to alert."),
        RuleProblem.THRESHOLD_OUT_OF_RANGE: _("The level cannot be read: type a price as on the board, or a number."),
        RuleProblem.COOLDOWN_OUT_OF_RANGE: _("The pause is between 0 minutes and a day."),
        RuleProblem.CHANNEL_NOT_FOUND: _("One of the channels is gone. Choose again."),
        RuleProblem.TOO_MANY_RULES: _("You have 200 alerts. Delete some first."),
        RuleProblem.RULE_NOT_FOUND: _("This alert is gone."),
    }


def _channel_problems() -> dict[str, str]:
    return {
        ChannelProblem.KIND_UNKNOWN: _("Choose e-mail, webhook or chat."),
        ChannelProblem.NAME_MISSING: _("Give the channel a name."),
        ChannelProblem.NAME_TAKEN: _("You have a channel of that name."),
        ChannelProblem.ADDRESS_MALFORMED: _("The address cannot be read."),
        ChannelProblem.ADDRESS_REFUSED: _("This address is refused: it must be https and outside of this network."),
        ChannelProblem.TOKEN_MALFORMED: _("Paste the bot's token as Telegram's BotFather gave it."),
        ChannelProblem.NO_MAIL_SERVER: _("No mail server is set up (MAIL_URL). Ask an operator."),
        ChannelProblem.QUIET_HALF_SET: _("Quiet hours need a beginning and an end."),
        ChannelProblem.TOO_MANY_CHANNELS: _("You have 20 channels. Delete one first."),
        ChannelProblem.CHANNEL_NOT_FOUND: _("This channel is gone."),
        ChannelProblem.TESTED_JUST_NOW: _("A test was sent a moment ago. Wait ten seconds."),
    }
