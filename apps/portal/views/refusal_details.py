"""What a refusal adds to its code. It is stored as the gate said it, in English with codes; here it gets a language."""

import re
from functools import cache
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.portal.views.wording import SESSIONS, order_type_label, session_label, status_label

DETAILS: Final = (
    gettext_noop("it is {status}"),
    gettext_noop("it is an {order_type} order"),
    gettext_noop("it is being cancelled"),
    gettext_noop("an earlier amendment is not resolved"),
    gettext_noop("in {session}"),
    gettext_noop("{order_type} in {session}"),
    gettext_noop("{price} is in the band"),
    gettext_noop("derivatives need a derivatives account"),
    gettext_noop("a derivatives account holds futures only"),
    gettext_noop("the sector of {symbol} is not recorded"),
    gettext_noop("the listed quantity of {symbol} is not recorded"),
    gettext_noop("the foreign room of {symbol} is not known"),
    gettext_noop("what is held cannot be valued: a held symbol has no price"),
    gettext_noop("the equity is unknown: a held symbol has no price"),
    gettext_noop("the account has no equity"),
    gettext_noop("the day's loss is unknown: a held symbol has no price"),
    gettext_noop("the account's highest equity is not recorded"),
    gettext_noop("the average volume of {symbol} is not known"),
    gettext_noop("the market stream is not connected"),
    gettext_noop("no quote of {symbol} has come today"),
    gettext_noop("no master data has been loaded"),
    gettext_noop("{symbol} was last told on {day}"),
    gettext_noop("{symbol} was never told"),
)
_LABELS: Final = {"status": status_label, "session": session_label, "order_type": order_type_label}


def detail_text(detail: str) -> str:
    """In the reader's language where its kind is known; a symbol, a scope or a number stands as it is."""
    if detail in SESSIONS:
        return session_label(detail)
    for template, pattern in _patterns():
        if found := pattern.fullmatch(detail):
            values = {
                name: _LABELS[name](text) if name in _LABELS else text for name, text in found.groupdict().items()
            }
            return _(template).format(**values)
    return detail


@cache
def _patterns() -> tuple[tuple[str, "re.Pattern[str]"], ...]:
    """A place holds one word: a code, a symbol or a number."""
    return tuple((one, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>\\S+)", re.escape(one)))) for one in DETAILS)
