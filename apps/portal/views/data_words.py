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
from qts.web import words
from qts.web.words import word


def channel_label(topic: str) -> str:
    said = {
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
    return said.get(topic, topic)


def cause_label(cause: str) -> str:
    return word(words.GAP_CAUSES, cause)


def fill_label(fill: str) -> str:
    return word(words.GAP_FILLS, fill)


def letter_outcome_label(outcome: str) -> str:
    return word(words.LETTER_OUTCOMES, outcome)


def fault_label(fault: str) -> str:
    said = {
        "CROSSED": _("crossed: a bid at or above an ask"),
        "UNSORTED": _("levels out of order"),
        "AUCTION_PRICE": _("auction volume where there is no auction"),
        "TOO_DEEP": _("more than ten levels"),
        "TOTAL_FELL": _("the volume of the day became less"),
        "OUTSIDE_BAND": _("a price outside of the day's band"),
    }
    return said.get(fault, fault)


def sector_of(index_codes: list[str]) -> str:
    """The sector that an exchange's own index of sectors says; empty where none holds the security."""
    said = {
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
    return next((str(said[code]) for code in index_codes if code in said), "")


def step_label(kind: str) -> str:
    return word(words.LOAD_STEPS, kind)


def history_label(kind: str) -> str:
    return word(words.HISTORY_KINDS, kind)
