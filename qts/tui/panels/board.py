"""The price board of the watchlist."""

from rich.style import Style

from qts.tui import formats, wire
from qts.tui.board_colours import Tone, tone_of
from qts.tui.desk import Desk
from qts.tui.language import _
from qts.tui.lines import Line
from qts.tui.panels.panel import MUTED_STYLE, Panel
from qts.tui.table import Cell, Column, LiveTable

COLUMNS = (
    Column(lambda: _("Symbol"), 9, is_right=False),
    Column(lambda: "", 2, is_right=False),
    Column(lambda: _("Last"), 8),
    Column(lambda: "%", 7, rank=1),
    Column(lambda: _("Volume"), 10, rank=2),
    Column(lambda: _("Bid"), 8, rank=3),
    Column(lambda: _("Ask"), 8, rank=4),
    Column(lambda: _("Ref."), 8, rank=5),
    Column(lambda: _("Ceiling"), 8, rank=6),
    Column(lambda: _("Floor"), 8, rank=6),
    Column(lambda: _("High"), 8, rank=7),
    Column(lambda: _("Low"), 8, rank=7),
)
INDEXES_SHOWN = ("VNINDEX", "VN30")
BOLD = Style(bold=True)
NO_QUOTE = wire.Quote()


class BoardPanel(Panel):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "0", lambda: _("Board"), LiveTable(COLUMNS, self._cells, id="board-table"), id="board")

    def draw(self) -> None:
        self.table.touch(self.desk.quotes)

    def draw_indexes(self) -> None:
        shown: Line = []
        for code in INDEXES_SHOWN:
            if index := self.desk.indexes.get(code):
                quote = wire.Quote(ref=index.prior)
                tone = tone_of(index.value, quote)
                change = formats.percent(index.value - index.prior, index.prior)
                shown += [(f" {code} ", MUTED_STYLE), (f"{formats.index(index.value)}{tone.mark} {change}", tone.style)]
        self.note(shown)

    def _cells(self, symbol: str) -> list[Cell]:
        quote = self.desk.quotes.get(symbol, NO_QUOTE)
        kind = self.desk.kind(symbol)
        shown = quote.last or quote.est  # an auction has an expected price first
        tone = tone_of(shown, quote)
        change = formats.percent(shown - quote.ref, quote.ref) if shown else formats.NOTHING

        def price(price_vnd: int) -> Cell:
            return formats.price(price_vnd, kind), tone_of(price_vnd, quote).style

        return [
            (symbol, tone.style + BOLD),
            (tone.mark, tone.style),
            price(shown),
            (change, tone.style),
            (formats.quantity(quote.total_qty), None),
            price(_best(quote.bids)),
            price(_best(quote.asks)),
            (formats.price(quote.ref, kind), Tone.REFERENCE.style),
            (formats.price(quote.ceil, kind), Tone.CEILING.style),
            (formats.price(quote.floor, kind), Tone.FLOOR.style),
            price(quote.high),
            price(quote.low),
        ]


def _best(levels: list[wire.Level]) -> int:
    return levels[0][0] if levels else 0
