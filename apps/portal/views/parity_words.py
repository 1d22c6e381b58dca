"""Causes and kinds of differences between a recorded day and a backtest of it, in the reader's language."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

CAUSES: Final = {
    "NOT_RUNNING": gettext_noop("It did not run"),
    "TOO_OLD": gettext_noop("The news was too old"),
    "OTHER_VERSION": gettext_noop("Another version of its code"),
    "DATA_GAP": gettext_noop("Gap in the data"),
    "LATE_BAR": gettext_noop("Late or corrected bar"),
    "WARM_UP": gettext_noop("Warm-up of an indicator"),
    "HOLDING": gettext_noop("It held another quantity"),
    "FILL": gettext_noop("The matching model filled otherwise"),
    "TIMER": gettext_noop("Timer or session"),
    "RESTARTED": gettext_noop("Its process started again"),
    "HELD_BEFORE": gettext_noop("It held another quantity before"),
    "UNEXPLAINED": gettext_noop("Not explained"),
}
KINDS: Final = {
    "DIFFERENT": gettext_noop("Decided otherwise"),
    "RECORDED_ONLY": gettext_noop("Only that day"),
    "BACKTEST_ONLY": gettext_noop("Only in the backtest"),
}
WHYS: Final = {
    "NONE": gettext_noop("same"),
    "PRICE": gettext_noop("price"),
    "QUANTITY": gettext_noop("quantity"),
    "TIME": gettext_noop("time"),
}


def cause_label(cause: str) -> str:
    return _(CAUSES[cause]) if cause in CAUSES else cause


def kind_label(kind: str) -> str:
    return _(KINDS[kind]) if kind in KINDS else kind


def why_label(why: str) -> str:
    return _(WHYS[why]) if why in WHYS else why


def intent_text(side: Mapping[str, Any] | None) -> str:
    """What one side wanted, in a few words."""
    if not side:
        return "–"
    intent = side["intent"]
    if intent.get("kind") == "target":
        return _("hold {quantity}").format(quantity=intent.get("quantity"))
    return f"{intent.get('side')} {intent.get('quantity')} {intent.get('order_type')}"
