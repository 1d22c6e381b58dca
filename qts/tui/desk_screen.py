"""The one screen that is always there: board and depth above, the panels below, state and keys at the edges."""

import time
from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.screen import Screen

from qts.tui.bars import Banner, Connection, KeyBar, StatusBar
from qts.tui.desk import Desk, Part
from qts.tui.language import _
from qts.tui.panels.board import BoardPanel
from qts.tui.panels.depth import DepthPanel
from qts.tui.panels.orders import OrdersPanel
from qts.tui.panels.panel import Panel
from qts.tui.panels.positions import PositionsPanel
from qts.tui.panels.risk import RiskPanel
from qts.tui.panels.signals import SignalsPanel
from qts.tui.table import LiveTable

PATHS = {
    "board": "/ws/markets",
    "orders": "/ws/orders",
    "positions": "/ws/positions",
    "signals": "/ws/signals",
    "risk": "/ws/risk",
}


CSS = """
DeskScreen { background: #090c12; color: #e4e8f0; }
DeskScreen #top, DeskScreen #panels { height: 1fr; }
DeskScreen #panels > Panel { display: none; }
DeskScreen #panels > Panel.-chosen { display: block; }
DeskScreen.-wide #depth { width: 44; }
DeskScreen.-wide.-tall #panels { layout: grid; grid-size: 2 2; grid-gutter: 0 1; }
DeskScreen.-wide.-tall #panels > Panel { display: block; }
"""


def main_keys() -> list[tuple[str, str]]:
    return [
        ("b", _("buy")),
        ("s", _("sell")),
        ("c", _("cancel")),
        ("k", _("kill switch")),
        ("0-4", _("panels")),
        ("?", _("help")),
        ("q", _("quit")),
        ("a", _("account")),
        ("+", _("watch")),
        ("l", _("Tiếng Việt")),
        ("r", _("reconnect")),
    ]


class DeskScreen(Screen[None]):
    def __init__(self, desk: Desk, connection: Connection, person: Callable[[], str]) -> None:
        super().__init__()
        self._desk, self._connection = desk, connection
        self.status = StatusBar(desk, connection, person)
        self.banner = Banner(desk, connection)
        self.keys = KeyBar(main_keys)
        self.board = BoardPanel(desk)
        self.depth = DepthPanel(desk)
        self.orders = OrdersPanel(desk)
        self.panels: dict[str, Panel] = {
            "board": self.board,
            "orders": self.orders,
            "positions": PositionsPanel(desk),
            "signals": SignalsPanel(desk),
            "risk": RiskPanel(desk),
        }

    def compose(self) -> ComposeResult:
        yield self.status
        yield self.banner
        with Horizontal(id="top"):
            yield self.board
            yield self.depth
        with Container(id="panels"):
            yield from list(self.panels.values())[1:]
        yield self.keys

    def on_mount(self) -> None:
        self.orders.add_class("-chosen")
        self.set_focus(self.board.table)
        self.set_interval(1.0, self.show_time)

    @property
    def symbol(self) -> str:
        """The one under the board's cursor."""
        return self.board.table.key

    def choose(self, name: str) -> None:
        """Bring a panel to the front and the keys to it; the board is always in front."""
        if name != "board":
            for other, panel in self.panels.items():
                panel.set_class(other == name, "-chosen")
        self.set_focus(self.panels[name].table)  # at once: keys typed ahead are meant for it

    def watch_symbols(self, symbols: list[str]) -> None:
        self.board.table.set_keys(symbols)
        self.depth.show(self.symbol)

    def draw(self) -> None:
        """What has changed since the last time."""
        desk = self._desk
        dirty, desk.dirty = desk.dirty, set()
        changed, desk.changed_symbols = desk.changed_symbols, set()
        if Part.BOARD in dirty:
            self.board.draw()
        else:
            self.board.table.touch(changed)
        if changed:
            self.depth.draw()
        for part in (Part.ORDERS, Part.POSITIONS, Part.SIGNALS, Part.RISK):
            if part in dirty:
                self.panels[part].draw()
        if Part.STATUS in dirty:
            self.show_time()

    def draw_everything(self) -> None:
        """After the language or the account has changed."""
        self._desk.dirty = set(Part)
        self.draw()
        for panel in self.panels.values():
            panel.title_line.redraw()
            panel.table.redraw()
        self.depth.show(self.symbol)
        self.keys.redraw()

    def show_time(self) -> None:
        """Ages and clocks grow without anything having changed."""
        now = time.monotonic()
        self.status.redraw_if_changed()
        self.banner.show()
        self.board.draw_indexes()
        for name, path in PATHS.items():
            self.panels[name].show_age(self._connection.stale_text(path, now))
        self.depth.show_age(self._connection.stale_text(PATHS["board"], now))

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        if event.table is self.orders.table:
            self.notify(self.orders.story(event.key), markup=False)

    def on_live_table_moved(self, event: LiveTable.Moved) -> None:
        if event.table is self.board.table:
            self.depth.show(event.key)
