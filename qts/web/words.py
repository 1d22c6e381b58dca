"""The codes of stored columns as words, in the reader's language: the columns' choices, and what pages say for them."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Words = Mapping[str, str | Promise]

SIDES: Final[Words] = {
    "BUY": pgettext_lazy("side of an order", "Buy"),
    "SELL": pgettext_lazy("side of an order", "Sell"),
}

ORDER_TYPES: Final[Words] = {
    "LO": _("Limit order"),
    "ATO": _("At the open"),
    "ATC": _("At the close"),
    "MTL": _("Market to limit"),
    "MOK": _("Market, all or nothing"),
    "MAK": _("Market, rest cancelled"),
    "PLO": _("After hours at the close"),
}

ORDER_STATUSES: Final[Words] = {
    "PENDING": _("Waiting to be sent"),
    "SENT": _("Sent"),
    "UNKNOWN": _("Unclear, asking the broker"),
    "QUEUED": _("At the broker"),
    "OPEN": _("Working"),
    "PARTIALLY_FILLED": _("Partly filled"),
    "FILLED": _("Filled"),
    "CANCEL_PENDING": _("Cancelling"),
    "AMEND_PENDING": _("Amending"),
    "CANCELLED": _("Cancelled"),
    "REJECTED": _("Rejected by the exchange"),
    "EXPIRED": _("Expired"),
    "DENIED": _("Refused by the risk gate"),
}

REQUESTS: Final[Words] = {"PLACE": _("Place"), "CANCEL": _("Cancel"), "AMEND": _("Amend")}

REQUEST_STATES: Final[Words] = {
    "READY": _("To be sent"),
    "CLAIMED": _("Being sent"),
    "UNKNOWN": _("Not known yet"),
    "ANSWERED": _("It had arrived"),
    "CONFIRMED": _("It was done"),
    "REFUSED": _("It was refused"),
    "NOT_RECEIVED": _("It had not arrived"),
    "WITHDRAWN": _("It never left"),
}

# of baskets and blocks
SENDING_STATES: Final[Words] = {"SENDING": _("Being sent"), "SENT": _("Sent")}

PLAN_KINDS: Final[Words] = {
    "STOP": _("Stop, at the market"),
    "STOP_LIMIT": _("Stop limit"),
    "TRAILING_STOP": _("Trailing stop"),
    "TAKE_PROFIT": _("Take profit"),
    "OCO": _("OCO: target and stop, one cancels the other"),
    "BRACKET": _("Bracket: order with target and stop"),
    "IF_DONE": _("If done: a second order after the first"),
}

SLICE_KINDS: Final[Words] = {
    "ICEBERG": _("Iceberg: shows a part at a time"),
    "TWAP": _("TWAP: equal parts over time"),
}

# of conditional and sliced orders, and of the legs of the former
PLAN_STATES: Final[Words] = {
    "ACTIVE": _("Active"),
    "DORMANT": _("After the first order"),
    "WATCHING": _("Watching"),
    "TRIGGERED": _("Triggered"),
    "REFUSED": _("Refused by the risk gate"),
    "CANCELLED": _("Cancelled"),
    "EXPIRED": _("Expired"),
    "DONE": _("Done"),
    "STOPPED": _("Stopped"),
}

LEG_ROLES: Final[Words] = {
    "STOP": _("stop-loss"),
    "TRAIL": _("trailing stop"),
    "TARGET": _("take-profit"),
    "THEN": _("second order"),
}

DIRECTIONS: Final[Words] = {"AT_OR_BELOW": _("at or below the level"), "AT_OR_ABOVE": _("at or above the level")}

DIFFERENCES: Final[Words] = {
    "UNKNOWN_STATUS": _("status that is not known"),
    "IMPOSSIBLE_STEP": _("impossible change of status"),
    "OVERFILL": _("filled more than was ordered"),
    "FILL_MISSING": _("a fill is missing"),
    "ORDER_MISSING": _("the broker does not have the order"),
    "UNRESOLVED_AT_DAY_END": _("unclear at the end of the day"),
    "UNREADABLE": _("unreadable message"),
    "FILL_MISMATCH": _("a fill differs"),
    "FOREIGN_FILL": _("fill of an order placed elsewhere"),
    "BOOKS_REFUSED": _("the books refused it"),
    "ORDER_MISMATCH": _("an order differs"),
    "ACT_FAILED": _("a report could not be booked"),
}

# of an order stream, or of a gateway's circuit breaker: closed means that orders flow
LINKS: Final[Words] = {
    "CONNECTED": _("Connected"),
    "RECONNECTING": _("Reconnecting"),
    "CLOSED": _("Working normally"),
    "OPEN": _("Interrupted"),
    "HALF_OPEN": _("Being tried"),
}

SECURITY_KINDS: Final[Words] = {
    "STOCK": _("stock"),
    "ETF": _("fund (ETF)"),
    "WARRANT": _("covered warrant"),
    "FUTURE": _("futures contract"),
}

GAP_CAUSES: Final[Words] = {
    "RECONNECT": _("connection lost"),
    "SILENCE": _("silence"),
    "VOLUME": _("volume and matches differ"),
    "INDEX": _("index moved without a match"),
    "LOG": _("log unreadable"),
}

GAP_FILLS: Final[Words] = {
    "WAITING": _("waiting for history"),
    "COMPLETE": _("nothing was missed"),
    "FILLED": _("filled from history"),
    "PARTIAL": _("filled in part"),
    "IMPOSSIBLE": _("history has no more"),
}

LETTER_OUTCOMES: Final[Words] = {
    "": _("not read again yet"),
    "PUBLISHED": _("readable now: its match was published"),
    "SUPERSEDED": _("readable now: newer messages have replaced it"),
    "UNREADABLE": _("still unreadable"),
    "GONE": _("the log does not keep it any more"),
}

HISTORY_KINDS: Final[Words] = {
    "days": _("Daily bars"),
    "minutes": _("One-minute bars"),
    "prices": _("Daily prices, foreigners, put-through"),
    "indices": _("Days of the indices"),
}

LOAD_STEPS: Final[Words] = {
    "SECURITIES": _("Securities and their details"),
    "INDICES": _("List of indices"),
    "MEMBERS": _("Members of each index"),
    "DAYS": _("Days of each security up to yesterday"),
}

ARCHIVED: Final[Words] = {"ticks": _("matches"), "minutes": _("one-minute bars")}

RULE_SUBJECTS: Final[Words] = {
    "CALENDAR": _("Trading calendar"),
    "TIMETABLE": _("Sessions of the day"),
    "RESTRICTED_TIMETABLE": _("Sessions of restricted securities"),
    "ADMISSIONS": _("Order types of each session"),
    "TICKS": _("Price steps"),
    "LOT": _("Round lot"),
    "ORDER_MAX": _("Largest order"),
    "BAND": _("Price band"),
    "ODD_LOTS": _("Odd lots"),
    "REFERENCE": _("Reference price"),
    "PUT_THROUGH": _("Put-through trades"),
    "AFTER_HOURS": _("After-hours session"),
    "SETTLEMENT": _("Settlement"),
    "POSITION_LIMITS": _("Limits of futures positions"),
}

ACTION_KINDS: Final[Words] = {
    "CASH_DIVIDEND": _("Cash dividend"),
    "STOCK_DIVIDEND": _("Stock dividend"),
    "BONUS": _("Bonus shares"),
    "SPLIT": _("Split"),
    "RIGHTS": _("Rights to subscribe"),
}

MODES: Final[Words] = {"PAPER": _("Paper"), "SHADOW": _("Shadow"), "LIVE": _("Live")}

STRATEGY_STATUSES: Final[Words] = {"RUNNING": _("Running"), "STOPPED": _("Stopped"), "FAILED": _("Failed")}

DECISIONS: Final[Words] = {
    "SUBMITTED": _("Order sent"),
    "SHADOWED": _("Written down (shadow)"),
    "DENIED": _("Refused by the risk gate"),
    "SKIPPED": _("No order"),
}

STUDIES: Final[Words] = {
    "RUN": _("Single run"),
    "SWEEP": _("Grid sweep"),
    "WALK_FORWARD": _("Walk-forward"),
    "SEARCH": _("Bayesian search"),
}

STUDY_STATES: Final[Words] = {
    "QUEUED": _("Waiting"),
    "RUNNING": _("Running"),
    "DONE": _("Done"),
    "FAILED": _("Failed"),
    "CANCELLED": _("Cancelled"),
}

BAR_PERIODS: Final[Words] = {"TICK": _("one match"), "MINUTE": _("one minute"), "DAY": _("one day")}


ROLES: Final[Words] = {
    "trader": _("Trader"),
    "risk_officer": _("Risk officer"),
    "operator": _("Operator"),
    "administrator": _("Administrator"),
}

UNITS: Final[Words] = {
    "VND": "₫",
    "shares": _("shares"),
    "contracts": _("contracts"),
    "orders": _("orders"),
    "ms": "ms",
    "0.01 %": "0.01 %",
    "days": _("days"),
    "messages/s": _("messages/s"),
    "orders/trade": _("orders/trade"),
    "gaps": _("gaps"),
    "0 or 1": _("0 or 1"),
}


def word(words: Words, code: str) -> str:
    """A code that has no word stands for itself."""
    return str(words.get(code, code))


def choices(words: Words, codes: object = None) -> list[tuple[str, str | Promise]]:
    """Of a column: all that there are words for, or those of an enumeration."""
    return [(str(code), words[str(code)]) for code in (words if codes is None else codes)]  # type: ignore[attr-defined]
