"""The orders of the account, live."""

from rich.style import Style

from qts.tui import formats, wire, wording
from qts.tui.board_colours import BAD, GOOD, MUTED, WARN, side_style
from qts.tui.desk import WORKING, Desk
from qts.tui.language import _
from qts.tui.panels.panel import NOTE_STYLE, Panel
from qts.tui.table import Cell, Column, LiveTable

COLUMNS = (
    Column(lambda: _("Time"), 8, is_right=False),
    Column(lambda: _("Symbol"), 9, is_right=False),
    Column(lambda: _("Side"), 4, is_right=False),
    Column(lambda: _("Type"), 4, is_right=False, rank=1),
    Column(lambda: _("Quantity"), 9),
    Column(lambda: _("Price"), 8),
    Column(lambda: _("Filled"), 9),
    Column(lambda: _("Average"), 8, rank=2),
    Column(lambda: _("Status"), 12, is_right=False),
    Column(lambda: _("Reason"), 10, is_right=False, rank=3, is_open=True),
)
TONES = {
    "FILLED": GOOD,
    "PARTIALLY_FILLED": GOOD,
    "REJECTED": BAD,
    "DENIED": BAD,
    "UNKNOWN": WARN,
    "CANCEL_PENDING": WARN,
    "CANCELLED": MUTED,
    "EXPIRED": MUTED,
}


class OrdersPanel(Panel):
    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk, "1", lambda: _("Orders"), LiveTable(COLUMNS, self._cells, id="orders-table"), id="orders"
        )

    def draw(self) -> None:
        shown = self.desk.orders_shown()
        self.table.set_keys(order.id for order in shown)
        working = sum(order.status in WORKING for order in shown)
        self.note([(_("{working} working of {all}").format(working=working, all=len(shown)), NOTE_STYLE)])

    def story(self, order_id: str) -> str:
        """All that is known of why an order is as it is; for Enter, where the column has no room."""
        order = self.desk.orders[order_id]
        kind = self.desk.kind(order.symbol)
        reasons = [wording.refusal(breach, kind) for breach in order.breaches] or [wording.reason(order.reason)]
        about = f"{wording.side(order.side)} {formats.quantity(order.quantity)} {order.symbol} {order.order_type}"
        return "\n".join([f"{about}: {wording.status(order.status)}", *filter(None, reasons)])

    @property
    def chosen(self) -> wire.Order | None:
        return self.desk.orders.get(self.table.key)

    def _cells(self, order_id: str) -> list[Cell]:
        order = self.desk.orders[order_id]
        kind = self.desk.kind(order.symbol)
        tone = TONES.get(order.status)
        status_style = Style(color=tone) if tone else None
        return [
            (formats.clock(order.submitted_at), None),
            (order.symbol, None),
            (wording.side(order.side), side_style(order.side)),
            (order.order_type, None),
            (formats.quantity(order.quantity), None),
            (formats.price(order.price_vnd, kind), None),
            (formats.quantity(order.filled_quantity), None),
            (formats.price(order.average_fill_vnd, kind), None),
            (wording.status(order.status), status_style),
            (_why(order, kind), status_style),
        ]


def _why(order: wire.Order, kind: str) -> str:
    if order.breaches:
        return wording.refusal(order.breaches[0], kind)
    return wording.reason(order.reason)
