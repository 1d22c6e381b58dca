"""The strategies on the account and what they decided, also what came to no order."""

from rich.style import Style

from qts.tui import formats, wire, wording
from qts.tui.board_colours import BAD, GOOD, MUTED, side_style
from qts.tui.desk import Desk
from qts.tui.language import _
from qts.tui.panels.panel import NOTE_STYLE, Panel
from qts.tui.table import Cell, Column, LiveTable

COLUMNS = (
    Column(lambda: _("Time"), 8, is_right=False),
    Column(lambda: _("Strategy"), 18, is_right=False),
    Column(lambda: _("Symbol"), 9, is_right=False),
    Column(lambda: _("Side"), 4, is_right=False),
    Column(lambda: _("Quantity"), 8),
    Column(lambda: _("Price"), 8, rank=1),
    Column(lambda: _("Outcome"), 15, is_right=False),
    Column(lambda: _("Why"), 10, is_right=False, rank=2, is_open=True),
)
STATE_TONES = {"RUNNING": GOOD, "FAILED": BAD, "STOPPED": MUTED, "SUBMITTED": GOOD, "DENIED": BAD, "SKIPPED": MUTED}


class SignalsPanel(Panel):
    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk, "3", lambda: _("Signals"), LiveTable(COLUMNS, self._cells, id="signals-table"), id="signals"
        )

    def draw(self) -> None:
        signals = self.desk.signals
        strategies = [row for row in signals.strategies if row.account_id == self.desk.account_id] if signals else []
        decisions = [row for row in signals.decisions if row.account_id == self.desk.account_id] if signals else []
        self._rows = {f"s{row.id}": row for row in strategies} | {f"d{row.id}": row for row in decisions}
        self.table.set_keys(self._rows)
        running = sum(row.status == "RUNNING" for row in strategies)
        text = _("{running} of {all} strategies run").format(running=running, all=len(strategies))
        self.note([(text, NOTE_STYLE)])

    def _cells(self, key: str) -> list[Cell]:
        row = self._rows[key]
        if isinstance(row, wire.Strategy):
            return _strategy_cells(row)
        return [
            (formats.clock(row.decided_at), None),
            (row.strategy_name, None),
            (row.symbol, None),
            (wording.side(row.side), side_style(row.side)),
            (formats.quantity(row.quantity), None),
            (formats.price(row.price_vnd, self.desk.kind(row.symbol)), None),
            (wording.outcome(row.outcome), _tone(row.outcome)),
            (wording.reason(row.outcome_reason) or row.signal, None),
        ]


def _strategy_cells(row: wire.Strategy) -> list[Cell]:
    state = (wording.strategy_state(row.status), _tone(row.status))
    return [("", None), (row.name, Style(bold=True)), *[("", None)] * 4, state, (row.status_reason, None)]


def _tone(state: str) -> Style | None:
    tone = STATE_TONES.get(state)
    return Style(color=tone) if tone else None
