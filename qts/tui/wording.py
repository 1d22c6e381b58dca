"""Codes of the server as words in the user's language."""

from typing import Final

from qts.tui import formats, wire
from qts.tui.language import _, noop
from qts.tui.reasons import REASONS

PRICE_CODES: Final = frozenset({"PRICE_OFF_TICK", "PRICE_ABOVE_CEILING", "PRICE_BELOW_FLOOR"})
# What is typed once more to send an order all the same; a test compares this with the gate's own rules.
TYPED_AGAIN: Final = {
    "PRICE_FAR_FROM_LAST": "price",
    "PRICE_FAR_FROM_REFERENCE": "price",
    "PRICE_FAR_FROM_AVERAGE": "price",
    "SECURITY_WARNED": "quantity",
    "DUPLICATE_ORDER": "quantity",
    "PARTICIPATION_EXCEEDS_MAX": "quantity",
}
ORDER_TYPES: Final = ("LO", "ATO", "ATC", "MTL", "MOK", "MAK", "PLO")

_SESSIONS = {
    "PRE_OPEN": noop("Before the open"),
    "ATO": noop("Opening auction"),
    "CONTINUOUS": noop("Continuous"),
    "PERIODIC": noop("Call auction"),
    "BREAK": noop("Lunch break"),
    "ATC": noop("Closing auction"),
    "PLO": noop("After hours"),
    "CLOSED": noop("Closed"),
    "HALT": noop("Halted"),
}
_STATUSES = {
    "PENDING": noop("To be sent"),
    "SENT": noop("Sent"),
    "UNKNOWN": noop("Unclear"),
    "QUEUED": noop("At broker"),
    "OPEN": noop("Working"),
    "PARTIALLY_FILLED": noop("Part filled"),
    "FILLED": noop("Filled"),
    "AMEND_PENDING": noop("Amending"),
    "CANCEL_PENDING": noop("Cancelling"),
    "CANCELLED": noop("Cancelled"),
    "REJECTED": noop("Rejected"),
    "EXPIRED": noop("Expired"),
    "DENIED": noop("Refused"),
}
_OUTCOMES = {
    "SUBMITTED": noop("Order submitted"),
    "DENIED": noop("Refused"),
    "SKIPPED": noop("No order"),
}
_STRATEGY_STATES = {"STOPPED": noop("Stopped"), "RUNNING": noop("Running"), "FAILED": noop("Failed")}
_HOLDS = {"REDUCING": noop("only sales pass"), "HALTED": noop("nothing passes")}
_UNITS = {"VND": "₫", "shares": noop("shares"), "orders": noop("orders"), "days": noop("days")}


def _word(words: dict[str, str], code: str) -> str:
    return _(words[code]) if code in words else code


def session(code: str) -> str:
    return _word(_SESSIONS, code)


def status(code: str) -> str:
    return _word(_STATUSES, code)


def outcome(code: str) -> str:
    return _word(_OUTCOMES, code)


def strategy_state(code: str) -> str:
    return _word(_STRATEGY_STATES, code)


def hold_state(code: str) -> str:
    return _word(_HOLDS, code)


def side(code: str) -> str:
    return {"BUY": _("Buy"), "SELL": _("Sell")}.get(code, code)


def reason(code_or_text: str) -> str:
    """Why an order ended: a code as its sentence, anything else (the broker's words) as it is."""
    return _(REASONS[code_or_text][0]) if code_or_text in REASONS else code_or_text


def measured(value: int | None, unit: str) -> str:
    """With its unit; a time in seconds, hundredths of a percent as percent."""
    if value is None:
        return formats.NOTHING
    if unit == "ms":
        return f"{value / 1000:,.1f} s"
    if unit == "0.01 %":
        return f"{value / 100:,.2f} %"
    return f"{formats.signed(value)} {_word(_UNITS, unit)}".strip()


def refusal(breach: wire.Breach, kind: str) -> str:
    """One broken rule in a line: the sentence, what is allowed and what was asked."""
    unit = REASONS[breach.code][1] if breach.code in REASONS else ""
    parts = [reason(breach.code)]
    if breach.limit is not None or breach.actual is not None:
        allowed, asked = (
            formats.price(value, kind) if breach.code in PRICE_CODES else measured(value, unit)
            for value in (breach.limit, breach.actual)
        )
        parts.append(_("allowed {allowed}, asked {asked}").format(allowed=allowed, asked=asked))
    if breach.detail:
        parts.append(breach.detail)
    return " · ".join(parts)


def scope(code: str, accounts: list[wire.Account], strategies: list[wire.Strategy]) -> str:
    """`account:<id>` with the account's number, `strategy:<id>` with its name."""
    kind, _colon, name = code.partition(":")
    names = {f"account:{account.id}": account.number for account in accounts}
    names |= {f"strategy:{strategy.id}": strategy.name for strategy in strategies}
    kinds = {
        "firm": _("everything"),
        "account": _("account"),
        "strategy": _("strategy"),
        "symbol": _("symbol"),
        "exchange": _("exchange"),
        "user": _("user"),
    }
    return f"{kinds.get(kind, kind)} {names.get(code, name)}".strip()


def replay_state(state: str) -> str:
    words = {
        "starting": _("starting"),
        "playing": _("playing"),
        "paused": _("paused"),
        "seeking": _("jumping"),
        "at_end": _("at the end"),
    }
    return words.get(state, state)
