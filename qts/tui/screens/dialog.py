"""What all dialogs share: a box in the middle, a message line, Escape goes back."""

from typing import TypeVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from qts.tui.board_colours import BAD, GOOD, WARN
from qts.tui.language import _

Result = TypeVar("Result")
TONES = {"bad": BAD, "good": GOOD, "warn": WARN}


class Dialog(ModalScreen[Result]):
    # Before any key that follows them: what is typed ahead must land in the next field, not in this one.
    BINDINGS = [
        Binding("escape", "leave", show=False),
        Binding("tab", "next_field", show=False, priority=True),
        Binding("shift+tab", "previous_field", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Dialog { align: center middle; background: #05070b 60%; }
    Dialog > .box { width: 74; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
                    background: #10141c; border: round #3d74f0; border-title-style: bold; overflow-y: auto; }
    Dialog Input { height: 1; border: none; padding: 0 1; background: #1e2533; }
    Dialog Input:focus { border: none; background: #2c3648; }
    Dialog Input:disabled { color: #8490a6; }
    Dialog .row { height: 1; layout: horizontal; }
    Dialog .label { width: 16; color: #aab3c5; }
    Dialog .row > Input, Dialog .row > Choice { width: 1fr; }
    Dialog .hint { color: #8490a6; }
    Dialog .message { height: auto; min-height: 1; }
    """

    def title_text(self) -> str:
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """The rows of the box."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self.title_text()
            yield from self.body()

    def say(self, text: str, tone: str = "") -> None:
        """On the message line; plain text, whatever the server put into it."""
        style = Style(color=TONES[tone]) if tone else Style()
        self.query_one(".message", Static).update(Text(text, style=style))

    def action_next_field(self) -> None:
        self.focus_next()

    def action_previous_field(self) -> None:
        self.focus_previous()

    def action_leave(self) -> None:
        self.dismiss(None)


def row(label: str, widget: Widget) -> Horizontal:
    return Horizontal(Static(label, classes="label", markup=False), widget, classes="row")


def message() -> Static:
    return Static("", classes="message", markup=False)


def hint(text: str) -> Static:
    return Static(text, classes="hint", markup=False)


class Choice(Widget, can_focus=True):
    """One of a few values; left and right, or its first letter, change it."""

    BINDINGS = [
        Binding("left", "step(-1)", show=False),
        Binding("right,space", "step(1)", show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: 1; background: #1e2533; padding: 0 1; }
    Choice:focus { background: #2c3648; text-style: bold; }
    """

    class Changed(Message):
        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> "Choice":
            return self.choice

    class Submitted(Changed):
        """Enter was pressed."""

    def __init__(self, options: list[tuple[str, str]], value: str, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._options = options
        self._number = next((n for n, (code, _word) in enumerate(options) if code == value), 0)

    @property
    def value(self) -> str:
        return self._options[self._number][0]

    def render(self) -> Text:
        return Text(f"‹ {self._options[self._number][1]} ›")

    def action_step(self, by: int) -> None:
        self._number = (self._number + by) % len(self._options)
        self.refresh()
        self.post_message(self.Changed(self))

    def key_enter(self) -> None:
        self.post_message(self.Submitted(self))


class Question(Dialog[bool]):
    """Yes by `y`, everything else is no."""

    BINDINGS = [Binding("y,c", "agree", show=False), Binding("n,enter", "leave", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def title_text(self) -> str:
        return self._title

    def body(self) -> ComposeResult:
        yield Static(self._text, markup=False)
        yield hint(_("y: yes · n, Esc: no"))

    def action_agree(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)


class OneLine(Dialog[str]):
    """Asks for one short text; Escape gives none."""

    def __init__(self, title: str, label: str) -> None:
        super().__init__()
        self._title, self._label = title, label

    def title_text(self) -> str:
        return self._title

    def body(self) -> ComposeResult:
        yield row(self._label, Input(id="line", max_length=200))
        yield hint(_("Enter: take · Esc: back"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())
