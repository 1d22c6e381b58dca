"""Codes as words, in the reader's language."""

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from apps.portal.views.replay_words import STATES, state_label
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import CODE_WANTED

SESSIONS = {
    "PRE_OPEN": gettext_noop("Before the open"),
    "ATO": gettext_noop("Opening auction"),
    "CONTINUOUS": gettext_noop("Continuous"),
    "BREAK": gettext_noop("Lunch break"),
    "ATC": gettext_noop("Closing auction"),
    "PLO": gettext_noop("After hours"),
    "CLOSED": gettext_noop("Closed"),
    "HALT": gettext_noop("Halted"),
}

MODES = {
    "PAPER": gettext_noop("Paper"),
    "SHADOW": gettext_noop("Shadow"),
    "LIVE": gettext_noop("Live"),
}

STRATEGY_STATUSES = {
    "RUNNING": gettext_noop("Running"),
    "STOPPED": gettext_noop("Stopped"),
    "FAILED": gettext_noop("Failed"),
}

DECISIONS = {
    "SUBMITTED": gettext_noop("Order sent"),
    "SHADOWED": gettext_noop("Written down (shadow)"),
    "DENIED": gettext_noop("Refused by the risk gate"),
    "SKIPPED": gettext_noop("No order"),
}

RULINGS = {
    "ENTER": gettext_noop("Enter"),
    "LEAVE": gettext_noop("Leave"),
    "ALREADY_IN": gettext_noop("Already in"),
    "NOTHING_TO_LEAVE": gettext_noop("Nothing to leave"),
    "UNDECIDED": gettext_noop("The sources do not agree enough"),
    "VETOED": gettext_noop("One source said no"),
    "NEEDED_SOURCE_MISSING": gettext_noop("A source that has to speak is missing"),
    "COOLDOWN_AFTER_ORDER": gettext_noop("Too soon after an order"),
    "COOLDOWN_AFTER_EXIT": gettext_noop("Too soon after leaving"),
    "SIZE_IS_NOTHING": gettext_noop("The size came to nothing"),
    "BY_STRATEGY": gettext_noop("The strategy decided by itself"),
}

INPUT_STATES = {
    "COUNTED": gettext_noop("counted"),
    "TOO_OLD": gettext_noop("too old"),
    "BELOW_CONFIDENCE": gettext_noop("not sure enough"),
    "DUPLICATE": gettext_noop("said already"),
    "MISSING": gettext_noop("missing"),
    "NOT_ASKED": gettext_noop("not asked"),
}

SOURCES = {
    "technical": gettext_noop("Technical analysis"),
    "prediction": gettext_noop("Prediction"),
    "sentiment": gettext_noop("News sentiment"),
}

DECISION_TONES = {"SUBMITTED": "ok", "SHADOWED": "info", "DENIED": "bad"}

STATUSES = {
    "PENDING": gettext_noop("Waiting to be sent"),
    "SENT": gettext_noop("Sent"),
    "UNKNOWN": gettext_noop("Unclear, asking the broker"),
    "QUEUED": gettext_noop("At the broker"),
    "OPEN": gettext_noop("Working"),
    "PARTIALLY_FILLED": gettext_noop("Partly filled"),
    "FILLED": gettext_noop("Filled"),
    "CANCEL_PENDING": gettext_noop("Cancelling"),
    "AMEND_PENDING": gettext_noop("Amending"),
    "CANCELLED": gettext_noop("Cancelled"),
    "REJECTED": gettext_noop("Rejected by the exchange"),
    "EXPIRED": gettext_noop("Expired"),
    "DENIED": gettext_noop("Refused by the risk gate"),
}

STATUS_TONES = {
    "PENDING": "info",
    "SENT": "info",
    "UNKNOWN": "warn",
    "QUEUED": "info",
    "OPEN": "info",
    "PARTIALLY_FILLED": "info",
    "FILLED": "ok",
    "CANCEL_PENDING": "warn",
    "AMEND_PENDING": "warn",
    "REJECTED": "bad",
    "DENIED": "bad",
}

OUTCOMES = {
    "UNKNOWN": gettext_noop("Not known yet"),
    "ANSWERED": gettext_noop("It had arrived"),
    "CONFIRMED": gettext_noop("It was done"),
    "REFUSED": gettext_noop("It was refused"),
    "NOT_RECEIVED": gettext_noop("It had not arrived"),
    "WITHDRAWN": gettext_noop("It never left"),
}

REQUESTS = {
    "PLACE": gettext_noop("Place"),
    "CANCEL": gettext_noop("Cancel"),
    "AMEND": gettext_noop("Amend"),
}

ROLES = {
    "trader": gettext_noop("Trader"),
    "risk_officer": gettext_noop("Risk officer"),
    "operator": gettext_noop("Operator"),
    "administrator": gettext_noop("Administrator"),
}

WHAT_IF_BASES = {
    "gate": gettext_noop("as the gate measured it then"),
    "order": gettext_noop("from the order itself"),
    "replay": gettext_noop("from the orders before it; fills count from the moment of their order"),
    "minute": gettext_noop("from what the account was worth in that minute"),
}

ORDER_TYPES = {
    "LO": gettext_noop("Limit order"),
    "ATO": gettext_noop("At the open"),
    "ATC": gettext_noop("At the close"),
    "MTL": gettext_noop("Market to limit"),
    "MOK": gettext_noop("Market, all or nothing"),
    "MAK": gettext_noop("Market, rest cancelled"),
    "PLO": gettext_noop("After hours at the close"),
}


def stream_label(state: str) -> str:
    words = {"connected": _("Connected"), "reconnecting": _("Reconnecting"), "down": _("No data")}
    return words.get(state, state)


def link_label(state: str) -> str:
    """State of an order stream, or of a gateway's circuit breaker: closed means that orders flow."""
    words = {
        "CONNECTED": _("Connected"),
        "RECONNECTING": _("Reconnecting"),
        "CLOSED": _("Working normally"),
        "OPEN": _("Interrupted"),
        "HALF_OPEN": _("Being tried"),
    }
    return words.get(state, state or "–")


def gateway_trouble_label(trouble: str) -> str:
    """The reasons that people act on; others stand as they were told."""
    return _("the broker wants a one-time code") if trouble == CODE_WANTED else program_text(trouble)


def program_text(told: str) -> str:
    """What a program said in its own words, marked as English for whoever reads it aloud."""
    return format_html('<span lang="en">{}</span>', told) if told else ""


def second_factor_label(factor: str) -> str:
    words = {
        SecondFactor.PIN: _("PIN"),
        SecondFactor.OTP: _("one-time code by SMS or e-mail"),
        SecondFactor.SMART_OTP: _("one-time code from the broker's app"),
    }
    return words[SecondFactor(factor)]


def unit_label(unit: str) -> str:
    """What the number of a limit counts (`qts.domain.risk.Unit`)."""
    return {"VND": "₫", "shares": _("shares"), "orders": _("orders"), "ms": "ms"}.get(unit, unit)


def trading_state_label(state: str) -> str:
    return {"REDUCING": _("only sales pass"), "HALTED": _("nothing passes")}.get(state, state)


def strategy_mode_label(mode: str) -> str:
    return _(MODES.get(mode, mode))


def strategy_status_label(status: str) -> str:
    return _(STRATEGY_STATUSES[status]) if status in STRATEGY_STATUSES else status


def decision_label(outcome: str) -> str:
    """What became of a decision."""
    return _(DECISIONS[outcome]) if outcome in DECISIONS else outcome


def ruling_label(code: str) -> str:
    """What the sources came to."""
    return _(RULINGS[code]) if code in RULINGS else code


def input_state_label(state: str) -> str:
    return _(INPUT_STATES[state]) if state in INPUT_STATES else state


def source_label(source: str) -> str:
    return _(SOURCES[source]) if source in SOURCES else source


def proposal_kind_label(kind: str) -> str:
    words = {
        "limits": _("Looser limit"),
        "release": _("Release of a kill switch"),
        "rules": _("Rules of the exchanges"),
        "arming": _("Trading against the checks before the open"),
    }
    return words.get(kind, kind)


def what_if_basis(basis: str) -> str:
    return _(WHAT_IF_BASES[basis])


def proposal_status_label(status: str) -> str:
    words = {"approved": _("approved"), "rejected": _("rejected"), "withdrawn": _("taken back"), "open": _("waits")}
    return words.get(status, status)


def session_label(session: str) -> str:
    return _(SESSIONS[session]) if session in SESSIONS else session


def status_label(status: str) -> str:
    return _(STATUSES[status]) if status in STATUSES else status


def role_label(role: str) -> str:
    return _(ROLES[role]) if role in ROLES else role


def order_type_label(order_type: str) -> str:
    return _(ORDER_TYPES[order_type]) if order_type in ORDER_TYPES else order_type


def outcome_label(state: str) -> str:
    return _(OUTCOMES[state]) if state in OUTCOMES else state


def intent_label(kind: str) -> str:
    return _(REQUESTS[kind]) if kind in REQUESTS else kind


def side_label(side: str) -> str:
    return pgettext("side of an order", "Buy") if side == "BUY" else pgettext("side of an order", "Sell")


def client_messages() -> dict[str, object]:
    """What the scripts may say; each key is used in static/js."""
    return {
        "sessions": {code: _(text) for code, text in SESSIONS.items()},
        "statuses": {code: _(text) for code, text in STATUSES.items()},
        "live": _("Live"),
        "connecting": _("Connecting"),
        "reconnecting": _("Reconnecting"),
        "stale": _("Data is late"),
        "down": _("No data"),
        "offline": _("Not connected"),
        "lost": _("The connection to the server is lost. Trying again in {seconds} s; what you see may be old."),
        "session_ended": _("Your session has ended. Log in again to go on."),
        "stream_down": _(
            "The market data stream is down since {age}. Prices are old; orders are refused until it is back."
        ),
        "stream_never": _("There is no market data yet. Orders are refused until it comes."),
        "stream_reconnecting": _("The market data stream is reconnecting. Prices may be old."),
        "stream_late": _("Market data is {age} old."),
        "failed": _("That did not work: the server answered {status}. Nothing was changed unless the page says so."),
        "forbidden": _(
            "That is not allowed: your rights, or your log-in, are no longer those of this page. Load it again."
        ),
        "unreachable": _("The server cannot be reached. Look at your orders before you try again."),
        "buy": pgettext("side of an order", "Buy"),
        "sell": pgettext("side of an order", "Sell"),
        "level": _("Level"),
        "target": _("Target"),
        "strength": _("Strength {n}%"),
        "price": _("Price"),
        "quantity": _("Quantity"),
        "take_off": _("Take it off the chart"),
        "watched": _("Watched"),
        "new_list": _("New list"),
        "delete_sure": _("Really delete it?"),
        "replay": _("Replay"),
        "replay_states": {state: state_label(state) for state in STATES},
        "replay_over": _("This replay is over. What you see stands still."),
        "replay_silent": _("Nobody plays this replay just now: the time machine is away. It goes on when it is back."),
        "replay_behind": _("slower than asked for: the machine does not manage more"),
        "replay_restarted": _("The player was started again and goes on where it was."),
        "seconds": _("{n} s"),
        "minutes": _("{n} min"),
    }
