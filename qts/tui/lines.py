"""A widget of some lines of styled text, drawn without rich's layout: cheap enough for ten times a second."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

Line = list[tuple[str, Style | None]]


class Lines(Widget):
    """Subclasses say what stands there; `redraw` asks them again."""

    DEFAULT_CSS = "Lines { height: 1; }"
    _drawn: list[Line] | None = None

    def lines(self, width: int) -> list[Line]:
        raise NotImplementedError

    def redraw(self) -> None:
        self._drawn = None
        self.refresh()

    def redraw_if_changed(self) -> None:
        """For what is asked often and changes rarely."""
        if self._drawn is None or self.lines(self.size.width) != self._drawn:
            self.redraw()

    def on_resize(self) -> None:
        self._drawn = None

    def render_line(self, y: int) -> Strip:
        if self._drawn is None:
            self._drawn = self.lines(self.size.width)
        line = self._drawn[y] if y < len(self._drawn) else []
        base = self.rich_style
        segments = [Segment(text, base + style if style else base) for text, style in line]
        return Strip(segments).adjust_cell_length(self.size.width, base)
