"""The keys that pages know, for the page that lists them."""

from collections.abc import Sequence

from django.utils.translation import gettext as _


def shortcuts() -> Sequence[tuple[str, Sequence[tuple[Sequence[str], str]]]]:
    """(where, [(keys, what they do)]), in the reader's language."""
    return [
        (_("Everywhere"), _everywhere()),
        (_("Price board"), _board()),
        (_("Symbol and ticket"), _ticket()),
        (_("Orders"), _orders()),
        (_("Time machine"), _replay()),
        (_("Rules"), [(("Ctrl", "S"), _("Save as a new version"))]),
    ]


def _everywhere() -> list[tuple[Sequence[str], str]]:
    return [
        (("/",), _("Find a symbol")),
        (("Ctrl", "K"), _("Go to a page, a symbol or a strategy")),
        (("?",), _("This page")),
        (("Esc",), _("Close a dialog")),
    ]


def _board() -> list[tuple[Sequence[str], str]]:
    return [
        (("↑", "↓", "PgUp", "PgDn", "Home", "End"), _("Choose a row")),
        (("Enter",), _("Open the symbol")),
        (("B", "S"), _("Buy or sell: in the ticket, or over a row of the board")),
        (("W",), _("On or off the list in sight")),
        (("/", "Esc"), _("Filter, forget the filter")),
    ]


def _ticket() -> list[tuple[Sequence[str], str]]:
    return [
        (("B", "S"), _("Buy or sell: in the ticket, or over a row of the board")),
        (("↑", "↓"), _("One tick or one lot more or less, in the ticket")),
        (("M",), _("The most that cash or shares allow")),
        (("Enter",), _("Check the order; again: send it")),
        (("↑", "↓", "←", "→"), _("From level to level of the depth; Enter takes its price")),
    ]


def _orders() -> list[tuple[Sequence[str], str]]:
    return [
        (("↑", "↓"), _("Choose an order")),
        (("Enter",), _("Why?")),
        (("X",), _("Mark it; the marked ones are cancelled together")),
        (("A",), _("Amend in the row: Enter asks for it, Esc leaves it")),
        (("C",), _("Cancel")),
    ]


def _replay() -> list[tuple[Sequence[str], str]]:
    return [
        ((_("Space"),), _("Play or pause")),
        ((",", "."), _("A minute back or on")),
        (("<", ">"), _("Ten minutes back or on")),
        (("[", "]"), _("Slower, faster")),
    ]
