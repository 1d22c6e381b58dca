"""What is stopped or held, the use of every limit, and what the gate refused."""

from rich.style import Style

from qts.tui import formats, language, wire, wording
from qts.tui.board_colours import BAD, GOOD, WARN
from qts.tui.desk import Desk
from qts.tui.language import _
from qts.tui.lines import Line
from qts.tui.panels.panel import NOTE_STYLE, Panel
from qts.tui.table import Cell, Column, LiveTable

COLUMNS = (
    Column(lambda: "", 9, is_right=False),
    Column(lambda: _("What"), 30, is_right=False),
    Column(lambda: _("Now"), 15),
    Column(lambda: _("Limit"), 15),
    Column(lambda: _("Use"), 6),
)
BAR = Column(lambda: "", 20, is_right=False, rank=1)
BAR_CELLS = 20
REFUSED_MAX = 20
ALARM = Style(color=BAD, bold=True)


class RiskPanel(Panel):
    def __init__(self, desk: Desk) -> None:
        table = LiveTable((*COLUMNS, BAR), self._cells, id="risk-table")
        super().__init__(desk, "4", lambda: _("Risk"), table, id="risk")

    def draw(self) -> None:
        rows: dict[str, list[Cell]] = {}
        strategies = self.desk.signals.strategies if self.desk.signals else []
        for switch in self.desk.stops():
            name = wording.scope(switch.scope, self.desk.accounts, strategies)
            rows[f"stop {switch.scope}"] = _told(_("STOPPED"), f"{name}: {switch.reason}")
        for hold in self.desk.holds:
            name = wording.scope(hold.scope, self.desk.accounts, strategies)
            rows[f"hold {hold.scope}"] = _told(_("HELD"), f"{name}: {hold.reason}")
        for limit in self.desk.limits():
            rows[f"limit {limit.code} {limit.scope}"] = _limit_cells(limit, self.desk.limit_names.get(limit.code))
        for order in self.desk.refused_orders()[:REFUSED_MAX]:
            rows[f"refused {order.id}"] = _refused_cells(order, self.desk.kind(order.symbol))
        self._rows = rows
        self.table.set_keys(rows)
        self.note(self._summary())

    def _summary(self) -> Line:
        stops = len(self.desk.stops())
        if stops:
            return [(_("kill switches engaged: {n}").format(n=stops), ALARM)]
        return [(_("no kill switch engaged"), NOTE_STYLE)]

    def _cells(self, key: str) -> list[Cell]:
        return self._rows[key]


def _told(what: str, text: str) -> list[Cell]:
    return [(what, ALARM), (text, ALARM)]


def _limit_cells(limit: wire.LimitUse, about: wire.Limit | None) -> list[Cell]:
    percent = limit.percent
    helps = {"vi": about.help_vi, "en": about.help_en} if about else {}
    style = _use_style(percent)
    filled = min(max(percent or 0, 0), 100) * BAR_CELLS // 100
    return [
        (_("limit"), None),
        (helps.get(language.current(), limit.code), None),
        (wording.measured(limit.actual, limit.unit), style),
        (wording.measured(limit.limit, limit.unit), None),
        (formats.NOTHING if percent is None else f"{percent} %", style),
        ("█" * filled + "░" * (BAR_CELLS - filled), style),
    ]


def _refused_cells(order: wire.Order, kind: str) -> list[Cell]:
    why = wording.refusal(order.breaches[0], kind) if order.breaches else wording.reason(order.reason)
    text = f"{formats.clock(order.submitted_at)} {wording.side(order.side)} {order.symbol}: {why}"
    return [(_("refused"), Style(color=BAD)), (text, None)]


def _use_style(percent: int | None) -> Style:
    """Alerts go out at 80, 90 and 100 % of a limit."""
    if percent is None or percent < 80:
        return Style(color=GOOD)
    return Style(color=WARN) if percent < 100 else ALARM
