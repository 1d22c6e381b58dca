"""A titled part of the screen around a table."""

from collections.abc import Callable

from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical

from qts.tui.board_colours import MUTED, WARN
from qts.tui.desk import Desk
from qts.tui.language import _
from qts.tui.lines import Line, Lines
from qts.tui.table import LiveTable

TITLE_STYLE = Style(bold=True, color="#e4e8f0")
KEY_STYLE = Style(bold=True, color="#6c9bff")
NOTE_STYLE = Style(color="#aab3c5")
STALE_TITLE_STYLE = Style(bold=True, color="#10141c", bgcolor=WARN)
MUTED_STYLE = Style(color=MUTED)


class PanelTitle(Lines):
    """Key, name, a note of the panel, and at the right how old it is when it is old."""

    DEFAULT_CSS = "PanelTitle { background: #161b26; }"

    def __init__(self, key: str, name: Callable[[], str]) -> None:
        super().__init__()
        self._key, self._words = key, name
        self.note: Line = []
        self.stale_text = ""

    def lines(self, width: int) -> list[Line]:
        title: Line = [(f" {self._key} ", KEY_STYLE), (f"{self._words()} ", TITLE_STYLE)]
        stale: Line = [(f" {_('OLD')} {self.stale_text} ", STALE_TITLE_STYLE), (" ", None)] if self.stale_text else []
        return [[*title, *stale, *self.note]]


class Panel(Vertical):
    """`draw` is called when something changed in what it shows."""

    DEFAULT_CSS = "Panel { height: 1fr; }"

    def __init__(self, desk: Desk, key: str, name: Callable[[], str], table: LiveTable, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self.desk = desk
        self.table = table
        self.title_line = PanelTitle(key, name)

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.table

    def draw(self) -> None:
        raise NotImplementedError

    def note(self, line: Line) -> None:
        self.title_line.note = line
        self.title_line.redraw_if_changed()

    def show_age(self, stale_text: str) -> None:
        """How old the content is, where it is old; empty where it is live."""
        self.table.is_stale = bool(stale_text)
        self.title_line.stale_text = stale_text
        self.title_line.redraw_if_changed()
