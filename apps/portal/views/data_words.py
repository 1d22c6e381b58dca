"""Words for gaps, channels and unreadable messages."""

from django.utils.translation import gettext as _

from apps.marketdata import selectors as marketdata
from qts.domain.events import (
    ForeignRoomUpdated,
    IndexUpdated,
    MessageDeadLettered,
    OddLotUpdated,
    OrderBookUpdated,
    QuoteUpdated,
    SessionChanged,
    TickReceived,
)


def channel_label(topic: str) -> str:
    words = {
        TickReceived.topic: _("Matches (B)"),
        QuoteUpdated.topic: _("Quotes (X-TRADE, X)"),
        OrderBookUpdated.topic: _("Order books (X-QUOTE, X)"),
        SessionChanged.topic: _("Sessions (F)"),
        ForeignRoomUpdated.topic: _("Foreign room (R)"),
        IndexUpdated.topic: _("Indices (MI)"),
        OddLotUpdated.topic: _("Odd lots (OL)"),
        marketdata.SNAPSHOTS: _("Snapshots (X)"),
        MessageDeadLettered.topic: _("Unreadable"),
    }
    return words.get(topic, topic)


def cause_label(cause: str) -> str:
    words = {
        "RECONNECT": _("connection lost"),
        "SILENCE": _("silence"),
        "VOLUME": _("volume and matches differ"),
        "INDEX": _("index moved without a match"),
        "LOG": _("log unreadable"),
    }
    return words.get(cause, cause)


def fill_label(fill: str) -> str:
    words = {
        "WAITING": _("waiting for history"),
        "COMPLETE": _("nothing was missed"),
        "FILLED": _("filled from history"),
        "PARTIAL": _("filled in part"),
        "IMPOSSIBLE": _("history has no more"),
    }
    return words.get(fill, fill)


def outcome_label(outcome: str) -> str:
    words = {
        "": _("not read again yet"),
        "PUBLISHED": _("readable now: its match was published"),
        "SUPERSEDED": _("readable now: newer messages have replaced it"),
        "UNREADABLE": _("still unreadable"),
        "GONE": _("the log does not keep it any more"),
    }
    return words.get(outcome, outcome)


def fault_label(fault: str) -> str:
    words = {
        "CROSSED": _("crossed: a bid at or above an ask"),
        "UNSORTED": _("levels out of order"),
        "AUCTION_PRICE": _("auction volume where there is no auction"),
        "TOO_DEEP": _("more than ten levels"),
        "TOTAL_FELL": _("the volume of the day became less"),
        "OUTSIDE_BAND": _("a price outside of the day's band"),
    }
    return words.get(fault, fault)
