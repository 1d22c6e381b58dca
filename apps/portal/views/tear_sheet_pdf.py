"""A tear sheet as PDF, drawn here: figures, curves, months, trades, in the fonts that the pages have."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.fonts import FontFace

from apps.accounts.selectors import AccountView, TradeRow
from apps.portal.views.formats import money_text, price_text, quantity_text
from apps.portal.views.performance import HEIGHT, WIDTH
from apps.portal.views.wording import side_label
from qts.domain.market import to_vietnam

FONTS: Final = "vendor/inter/5.3.0"
MARGIN_MM: Final = 12.0
PAGE_WIDTH_MM: Final = 210.0 - 2 * MARGIN_MM
CURVE_MM: Final = 38.0
TRADES_MAX: Final = 60
SMALL, NORMAL, LARGE = 7, 9, 15
_INK, _MUTED, _LINE = (28, 32, 40), (110, 118, 130), (30, 90, 200)
_HEAT: Final = {
    "up": ((226, 244, 233), (196, 232, 209), (150, 213, 174), (98, 189, 134)),
    "down": ((252, 229, 229), (247, 203, 203), (238, 163, 163), (224, 116, 116)),
}


def tear_sheet_pdf(account: AccountView, sheet: dict[str, Any]) -> bytes:
    """Of what `tear_sheet` found, in the language of the page."""
    pdf = _new_file(_("Performance"))
    pdf.set_font(size=LARGE)
    pdf.cell(text=f"{_('Performance')} · {account.number} {account.name}", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(size=NORMAL)
    if not sheet.get("figures"):
        pdf.cell(text=_("Too few days yet"))
        return bytes(pdf.output())
    pdf.set_text_color(*_MUTED)
    pdf.cell(text=f"{sheet['since']:%d/%m/%Y} – {sheet['until']:%d/%m/%Y}", new_x="LMARGIN", new_y="NEXT")
    pdf.set_text_color(*_INK)
    pdf.ln(3)
    _figures(pdf, sheet["figures"])
    _curve(pdf, _("Net worth"), sheet["equity_points"])
    _curve(pdf, _("Below its peak"), sheet["drawdown_points"])
    _months(pdf, sheet["months"])
    _trades(pdf, sheet["trades"][:TRADES_MAX])
    return bytes(pdf.output())


def _new_file(title: str) -> FPDF:
    pdf = FPDF()
    folder = settings.BASE_DIR / "static" / FONTS
    pdf.add_font("latin", fname=folder / "inter-latin-wght-normal.woff2")
    pdf.add_font("vietnamese", fname=folder / "inter-vietnamese-wght-normal.woff2")
    pdf.set_font("latin")
    pdf.set_fallback_fonts(["vietnamese"])
    pdf.set_title(title)
    pdf.set_margin(MARGIN_MM)
    pdf.set_text_color(*_INK)
    pdf.add_page()
    return pdf


def _figures(pdf: FPDF, figures: Sequence[tuple[str, str]]) -> None:
    """In three columns, as on the page."""
    per_row = 3
    rows = [figures[first : first + per_row] for first in range(0, len(figures), per_row)]
    width = PAGE_WIDTH_MM / per_row
    for row in rows:
        top = pdf.get_y()
        for number, (name, value) in enumerate(row):
            pdf.set_xy(MARGIN_MM + number * width, top)
            pdf.set_font(size=SMALL)
            pdf.set_text_color(*_MUTED)
            pdf.cell(width, 4, text=name, new_x="LEFT", new_y="NEXT")
            pdf.set_font(size=NORMAL)
            pdf.set_text_color(*_INK)
            pdf.cell(width, 5, text=value)
        pdf.set_xy(MARGIN_MM, top + 11)


def _heading(pdf: FPDF, text: str) -> None:
    pdf.ln(2)
    pdf.set_font(size=NORMAL)
    pdf.cell(text=text, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)


def _curve(pdf: FPDF, title: str, points: str) -> None:
    """`points` are those of a polyline in a box of WIDTH x HEIGHT."""
    _heading(pdf, title)
    top = pdf.get_y()
    pairs = [tuple(map(float, pair.split(","))) for pair in points.split()]
    placed = [(MARGIN_MM + x * PAGE_WIDTH_MM / WIDTH, top + y * CURVE_MM / HEIGHT) for x, y in pairs]
    pdf.set_draw_color(*_LINE)
    pdf.set_line_width(0.3)
    pdf.polyline(placed)
    pdf.set_y(top + CURVE_MM)


def _months(pdf: FPDF, months: Sequence[tuple[int, Sequence[Any], Any]]) -> None:
    _heading(pdf, _("Months"))
    pdf.set_font(size=SMALL - 1)
    with pdf.table(first_row_as_headings=False, text_align="RIGHT", line_height=5) as table:
        heading = table.row()
        for text in ("", *map(str, range(1, 13)), _("Year")):
            heading.cell(text)
        for year, cells, whole in months:
            row = table.row()
            row.cell(str(year))
            for cell in (*cells, whole):
                row.cell(cell.text if cell else "", style=_heat(cell.heat) if cell else None)


def _heat(name: str) -> FontFace:
    """`heat-up-1` to `heat-down-4`, the classes of the page."""
    _prefix, direction, step = name.split("-")
    return FontFace(fill_color=_HEAT[direction][int(step) - 1])


def _trades(pdf: FPDF, trades: Sequence[TradeRow]) -> None:
    if not trades:
        return
    _heading(pdf, _("Trades"))
    pdf.set_font(size=SMALL)
    columns = (_("Time"), _("Symbol"), _("Side"), _("Quantity"), _("Price"), _("Fee and tax"), _("Realised P&L"))
    aligned = ("LEFT", "LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT")
    with pdf.table(text_align=aligned, line_height=5, col_widths=(20, 12, 10, 14, 12, 16, 16)) as table:
        for texts in (columns, *map(_trade, trades)):
            table.row(texts)


def _trade(trade: TradeRow) -> tuple[str, ...]:
    result = trade.result
    return (
        f"{to_vietnam(trade.booked_at):%d/%m/%Y %H:%M}",
        trade.symbol,
        str(side_label(trade.side)),
        quantity_text(trade.quantity),
        price_text(trade.price_vnd),
        money_text(result.fee_vnd + result.tax_vnd),
        money_text(result.average_pnl_vnd) if result.is_sale else "",
    )
