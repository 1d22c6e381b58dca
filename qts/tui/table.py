"""A table that redraws the rows that changed and nothing else; textual's own redraws more than this needs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

HEADER_STYLE = Style(color="#8490a6", bold=True)
CURSOR_STYLE = Style(bgcolor="#243352", bold=True)
CURSOR_STYLE_UNFOCUSED = Style(bgcolor="#161d2b")
STALE_STYLE = Style(dim=True, italic=True)
HEADER_LINES = 1

Cell = tuple[str, Style | None]


@dataclass(frozen=True, slots=True)
class Column:
    """`title` is asked each time: the language may change. `rank` says which go first when there is no room."""

    title: Callable[[], str]
    width: int
    is_right: bool = True
    rank: int = 0
    is_open: bool = False  # takes all the room that is left, where it is the last one shown


def fitted(text: str, width: int, *, is_right: bool) -> str:
    """Exactly `width` cells; what is too long ends with an ellipsis, so that a cut number is not taken for a whole."""
    length = cell_len(text)
    if length > width:
        return f"{set_cell_size(text, width - 1)}…"
    return " " * (width - length) + text if is_right else text + " " * (width - length)


def _over(strip: Strip, style: Style) -> Strip:
    """With the style on top of that of each cell."""
    return Strip(Segment.apply_style(strip, post_style=style), strip.cell_length)


class LiveTable(ScrollView, can_focus=True):
    """`cells` gives a row's cells, one for each column. Rows are named by keys; the cursor stays on its key."""

    BINDINGS = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "choose", show=False),
    ]
    DEFAULT_CSS = "LiveTable { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, table: "LiveTable", key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

    class Chosen(Moved):
        """Enter was pressed on a row."""

    def __init__(self, columns: Sequence[Column], cells: Callable[[str], list[Cell]], *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._columns = list(columns)
        self._cells = cells
        self._keys: list[str] = []
        self._rows: dict[str, int] = {}
        self._strips: dict[str, Strip] = {}
        self._cursor = 0
        self._shown: list[int] = []
        self._is_stale = False

    # --- what others say -------------------------------------------------------------------------------------------
    @property
    def key(self) -> str:
        """Of the row under the cursor; empty without rows."""
        return self._keys[self._cursor] if self._keys else ""

    def set_keys(self, keys: Iterable[str]) -> None:
        """These rows; where they are those of before, only what changed in them is drawn."""
        before, known, self._keys = self.key, self._keys, list(keys)
        if self._keys == known:
            self.touch(known)
            return
        self._rows = {key: row for row, key in enumerate(self._keys)}
        self._cursor = self._rows.get(before, min(self._cursor, max(len(self._keys) - 1, 0)))
        self._strips.clear()
        self.virtual_size = Size(self.size.width, len(self._keys) + HEADER_LINES)
        self.refresh()
        if self.key != before:
            self.post_message(self.Moved(self, self.key))

    def touch(self, keys: Iterable[str]) -> None:
        """These rows may have other cells now; those that look as before are left alone."""
        for key in keys:
            if key not in self._rows:
                continue
            drawn = self._strips.pop(key, None)
            if not self._is_in_sight(self._rows[key]):
                continue
            strip = self._strips[key] = self._strip(self._cells(key))
            if strip != drawn:
                self._refresh_row(self._rows[key])

    def redraw(self) -> None:
        """Every row, the titles too."""
        self._strips.clear()
        self.refresh()

    def move_to(self, key: str) -> None:
        if key in self._rows:
            self.action_move(self._rows[key] - self._cursor)

    @property
    def is_stale(self) -> bool:
        return self._is_stale

    @is_stale.setter
    def is_stale(self, is_stale: bool) -> None:
        if is_stale is not self._is_stale:
            self._is_stale = is_stale
            self.refresh()

    # --- drawing -----------------------------------------------------------------------------------------------------
    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < HEADER_LINES:
            titles: list[Cell] = [(column.title(), HEADER_STYLE) for column in self._columns]
            return self._strip(titles).adjust_cell_length(width, self.rich_style)
        row = y - HEADER_LINES + self.scroll_offset.y
        if row >= len(self._keys):
            return Strip.blank(width, self.rich_style)
        key = self._keys[row]
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._strip(self._cells(key))
        strip = strip.adjust_cell_length(width, self.rich_style)
        if row == self._cursor:
            strip = _over(strip, CURSOR_STYLE if self.has_focus else CURSOR_STYLE_UNFOCUSED)
        return _over(strip, STALE_STYLE) if self._is_stale else strip

    def _strip(self, cells: list[Cell]) -> Strip:
        """A row with fewer cells than there are columns is a sentence: its last one takes all the room."""
        base = self.rich_style
        segments = []
        room = self.size.width
        for number in self._shown:
            column = self._columns[number]
            text, style = cells[number]
            is_sentence = number == len(cells) - 1 and len(cells) < len(self._columns)
            is_open = is_sentence or (column.is_open and number == self._shown[-1])
            width = room - 1 if is_open else column.width
            drawn = base + style if style else base
            segments.append(Segment(fitted(text, width, is_right=column.is_right and not is_open) + " ", drawn))
            room -= width + 1
            if is_open:
                break
        return Strip(segments)

    def _fit(self) -> None:
        """Which columns there is room for."""
        room = self.size.width
        shown = []
        for number in sorted(range(len(self._columns)), key=lambda number: self._columns[number].rank):
            if (room := room - self._columns[number].width - 1) < 0:
                break
            shown.append(number)
        self._shown = sorted(shown)
        self._strips.clear()

    def _refresh_row(self, row: int) -> None:
        if self._is_in_sight(row):
            self.refresh(Region(0, row - self.scroll_offset.y + HEADER_LINES, self.size.width, 1))

    def _is_in_sight(self, row: int) -> bool:
        return HEADER_LINES <= row - self.scroll_offset.y + HEADER_LINES < self.size.height

    def on_resize(self, event: events.Resize) -> None:
        self._fit()
        self.virtual_size = Size(self.size.width, len(self._keys) + HEADER_LINES)
        self._follow_cursor()

    def on_focus(self) -> None:
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        self._refresh_row(self._cursor)

    def notify_style_update(self) -> None:
        """Colours have changed, such as when the focus came: strips hold the background."""
        super().notify_style_update()
        self._strips.clear()

    # --- keys --------------------------------------------------------------------------------------------------------
    def action_move(self, by: int) -> None:
        if not self._keys:
            return
        before, self._cursor = self._cursor, min(max(self._cursor + by, 0), len(self._keys) - 1)
        if before != self._cursor:
            self._refresh_row(before)
            self._refresh_row(self._cursor)
            self._follow_cursor()
            self.post_message(self.Moved(self, self.key))

    def action_page(self, direction: int) -> None:
        self.action_move(direction * max(self.size.height - HEADER_LINES - 1, 1))

    def action_choose(self) -> None:
        if self._keys:
            self.post_message(self.Chosen(self, self.key))

    def _follow_cursor(self) -> None:
        visible = self.size.height - HEADER_LINES
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + visible > HEADER_LINES:
            self.scroll_to(y=self._cursor - visible + 1, animate=False)
