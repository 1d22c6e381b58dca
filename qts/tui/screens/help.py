"""All keys, on one page."""

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from qts.tui.language import _
from qts.tui.screens.dialog import Dialog


def all_keys() -> list[tuple[str, str]]:
    return [
        ("↑ ↓ PgUp PgDn", _("move in a list; Tab goes to the next one")),
        ("0 1 2 3 4", _("board, orders, positions, signals, risk")),
        ("b s", _("buy or sell the symbol that is chosen on the board")),
        ("Enter", _("on an order: why it is as it is")),
        ("c", _("cancel the order under the cursor")),
        ("k", _("kill switch: stop, or ask for a release")),
        ("a", _("next account")),
        ("+ -", _("put a symbol on the watchlist, take it off")),
        ("l", _("Vietnamese or English")),
        ("r", _("connect again now")),
        ("?", _("this page")),
        ("q", _("log out and quit")),
    ]


class Help(Dialog[None]):
    BINDINGS = [Binding("enter,q,question_mark,space", "leave", show=False)]

    def title_text(self) -> str:
        return _("Keys")

    def body(self) -> ComposeResult:
        text = Text()
        for key, sentence in all_keys():
            text.append(f"{key:>14}  ", Style(color="#6c9bff", bold=True))
            text.append(f"{sentence}\n")
        text.append(f"\n{_('Marks beside the colours of prices')}: ▲▲ {_('ceiling')}  ▲ {_('up')}  ■ {_('reference')}")
        text.append(f"  ▼ {_('down')}  ▼▼ {_('floor')}\n")
        text.append(_("Prices are in thousand VND, futures in points. OLD beside a title: the server is silent."))
        yield Static(text)
