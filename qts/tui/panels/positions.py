"""What the account holds, at live marks, and its cash."""

from qts.tui import formats, wire
from qts.tui.board_colours import sign_style
from qts.tui.desk import Desk
from qts.tui.language import _
from qts.tui.panels.panel import MUTED_STYLE, NOTE_STYLE, Panel
from qts.tui.table import Cell, Column, LiveTable

COLUMNS = (
    Column(lambda: _("Symbol"), 9, is_right=False),
    Column(lambda: _("Quantity"), 9),
    Column(lambda: _("Sellable"), 9, rank=1),
    Column(lambda: _("Cost"), 8, rank=2),
    Column(lambda: _("Mark"), 8),
    Column(lambda: _("Value"), 9, rank=3),
    Column(lambda: _("Gain"), 12),
    Column(lambda: "%", 8, rank=1),
    Column(lambda: _("Realised"), 14, rank=4),
)


class PositionsPanel(Panel):
    def __init__(self, desk: Desk) -> None:
        table = LiveTable(COLUMNS, self._cells, id="positions-table")
        super().__init__(desk, "2", lambda: _("Positions"), table, id="positions")

    def draw(self) -> None:
        portfolio = self.desk.portfolio
        rows = {row.symbol: row for row in portfolio.positions} if portfolio else {}
        self._rows = rows
        self.table.set_keys(rows)
        self._show_money(portfolio)

    def _show_money(self, portfolio: wire.Portfolio | None) -> None:
        if portfolio is None:
            self.note([(_("No account."), MUTED_STYLE)])
            return
        day = portfolio.day_pnl
        self.note(
            [
                (f"{_('Equity')} {formats.short_money(portfolio.equity)}  ", NOTE_STYLE),
                (f"{_('Buying power')} {formats.short_money(portfolio.buying_power)}  ", NOTE_STYLE),
                (f"{_('Cash')} {formats.short_money(portfolio.cash_settled)}  ", NOTE_STYLE),
                (f"{_('Today')} {formats.short_money(day, plus=True)}", sign_style(day)),
            ]
        )

    def _cells(self, symbol: str) -> list[Cell]:
        row = self._rows[symbol]
        kind = self.desk.kind(symbol)
        average_vnd = (row.cost_total + row.quantity // 2) // row.quantity if row.quantity else None
        gain = row.unrealised
        share = formats.percent(gain, row.cost_total) if gain is not None else formats.NOTHING
        return [
            (symbol, None),
            (formats.quantity(row.quantity), None),
            (formats.quantity(row.sellable), None),
            (formats.price(average_vnd, kind), None),
            (formats.price(row.mark, kind), None),
            (formats.short_money(row.market_value), None),
            (formats.money(gain, plus=True), sign_style(gain)),
            (share, sign_style(gain)),
            (formats.money(row.realised, plus=True), sign_style(row.realised)),
        ]
