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


def sector_of(index_codes: list[str]) -> str:
    """The sector that an exchange's own index of sectors says; empty where none holds the security."""
    words = {
        "VNCOND": _("Consumer discretionary"),
        "VNCONS": _("Consumer staples"),
        "VNENE": _("Energy"),
        "VNFIN": _("Finance"),
        "VNHEAL": _("Health care"),
        "VNIND": _("Industry"),
        "VNIT": _("Information technology"),
        "VNMAT": _("Materials"),
        "VNREAL": _("Real estate"),
        "VNUTI": _("Utilities"),
    }
    return next((str(words[code]) for code in index_codes if code in words), "")


def step_label(kind: str) -> str:
    words = {
        "SECURITIES": _("Securities and their details"),
        "INDICES": _("List of indices"),
        "MEMBERS": _("Members of each index"),
        "DAYS": _("Days of each security up to yesterday"),
    }
    return words.get(kind, kind)


def history_label(kind: str) -> str:
    words = {
        "days": _("Daily bars"),
        "minutes": _("One-minute bars"),
        "prices": _("Daily prices, foreigners, put-through"),
        "indices": _("Days of the indices"),
    }
    return words.get(kind, kind)
