"""The order book of the chosen symbol: asks above, bids below, the last price between them."""

from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical

from qts.tui import formats, language, wire
from qts.tui.board_colours import BUY, SELL, Tone, tone_of
from qts.tui.desk import Desk
from qts.tui.language import _, noop
from qts.tui.lines import Line, Lines
from qts.tui.panels.panel import MUTED_STYLE, PanelTitle

LEVELS = 3
PRICE_WIDTH, QUANTITY_WIDTH = 9, 11
BOLD = Style(bold=True)
LABELS = {"ask": noop("Ask"), "bid": noop("Bid")}
BARS = {"ask": Style(color=SELL), "bid": Style(color=BUY)}


class Ladder(Lines):
    DEFAULT_CSS = "Ladder { height: 1fr; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.symbol = ""

    def lines(self, width: int) -> list[Line]:
        quote = self._desk.quotes.get(self.symbol)
        if quote is None:
            return [[(f" {_('Choose a symbol on the board.')}", MUTED_STYLE)]]
        kind = self._desk.kind(self.symbol)
        largest = max((quantity for _price, quantity in quote.bids[:LEVELS] + quote.asks[:LEVELS]), default=0)
        room = max(width - PRICE_WIDTH - QUANTITY_WIDTH - 7, 0)

        def level(side: str, levels: list[wire.Level], number: int) -> Line:
            if number >= len(levels):
                return [(f" {_(LABELS[side]):<4}", MUTED_STYLE)]
            price_vnd, quantity = levels[number]
            text = formats.price(price_vnd, kind) if price_vnd else _("auction")
            bar = "▇" * (quantity * room // largest) if largest else ""
            return [
                (f" {_(LABELS[side]):<4}", MUTED_STYLE),
                (f"{text:>{PRICE_WIDTH}}", tone_of(price_vnd, quote).style),
                (f"{formats.quantity(quantity):>{QUANTITY_WIDTH}} ", None),
                (bar, BARS[side]),
            ]

        return [
            *(level("ask", quote.asks, number) for number in reversed(range(LEVELS))),
            self._last(quote, kind),
            *(level("bid", quote.bids, number) for number in range(LEVELS)),
            *_facts(quote, kind),
        ]

    def _last(self, quote: wire.Quote, kind: str) -> Line:
        tone = tone_of(quote.last, quote)
        change = formats.percent(quote.last - quote.ref, quote.ref) if quote.last else formats.NOTHING
        text = f"{tone.mark:>2}{formats.price(quote.last, kind):>{PRICE_WIDTH + 2}} {change:>8}"
        return [(f" {text}", tone.style + BOLD)]


class DepthPanel(Vertical):
    DEFAULT_CSS = "DepthPanel { width: 30; border-left: vkey #2c3648; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="depth")
        self._desk = desk
        self.title_line = PanelTitle("", lambda: self.ladder.symbol or _("Depth"))
        self.ladder = Ladder(desk)

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.ladder

    def show(self, symbol: str) -> None:
        self.ladder.symbol = symbol
        security = self._desk.securities.get(symbol)
        names = {"vi": security.name_vi, "en": security.name_en} if security else {}
        self.title_line.note = [(names.get(language.current(), ""), MUTED_STYLE)]
        self.title_line.redraw()
        self.ladder.redraw()

    def draw(self) -> None:
        self.ladder.redraw_if_changed()

    def show_age(self, stale_text: str) -> None:
        self.title_line.stale_text = stale_text
        self.title_line.redraw_if_changed()


def _facts(quote: wire.Quote, kind: str) -> list[Line]:
    def price(label: str, price_vnd: int, tone: Tone) -> Line:
        return [(f" {label} ", MUTED_STYLE), (f"{formats.price(price_vnd, kind)}", tone.style)]

    return [
        price(_("Floor"), quote.floor, Tone.FLOOR) + price(_("Ceiling"), quote.ceil, Tone.CEILING),
        price(_("Low"), quote.low, tone_of(quote.low, quote))
        + price(_("High"), quote.high, tone_of(quote.high, quote)),
        [(f" {_('Volume')} ", MUTED_STYLE), (formats.quantity(quote.total_qty), None)],
        [(f" {_('Foreign room')} ", MUTED_STYLE), (formats.quantity(quote.room), None)],
    ]
