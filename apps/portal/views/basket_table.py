"""A table of orders as people paste or upload it: symbol, side, quantity, price or order type."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO

from django.utils.translation import gettext as _

from apps.portal.forms import read_price_vnd, read_quantity
from qts.domain.orders import OrderRequest
from qts.domain.orders.basket import ROWS_MAX
from qts.domain.values import OrderType, Side

SIDES = {
    **dict.fromkeys(("BUY", "B", "MUA", "M"), Side.BUY),
    **dict.fromkeys(("SELL", "S", "BAN", "BÁN"), Side.SELL),
}
COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` counts from 1 as the reader sees it."""

    line: int
    text: str
    sentence: str


def read_table(text: str, unit_of: Callable[[str], int]) -> tuple[list[OrderRequest], list[Mistake]]:
    """The orders, or what is wrong with their lines. Cells are apart by tabs, semicolons or commas; a first line
    without a side is a heading. `unit_of` gives the VND behind one unit of a symbol's price."""
    requests, mistakes = [], []
    for line, cells in enumerate(csv.reader(StringIO(text.strip()), delimiter=_delimiter(text)), start=1):
        row = [cell.strip() for cell in cells]
        if not any(row) or (line == 1 and not _has_side(row)):
            continue
        try:
            requests.append(_read_row(row, unit_of))
        except ValueError as error:
            mistakes.append(Mistake(line, " ".join(row), str(error)))
    if not mistakes and not 1 <= len(requests) <= ROWS_MAX:
        mistakes.append(Mistake(0, "", _("A basket has 1 to {most} orders.").format(most=ROWS_MAX)))
    return requests, mistakes


def _read_row(row: list[str], unit_of: Callable[[str], int]) -> OrderRequest:
    """Raises ValueError with a sentence for the reader."""
    if len([cell for cell in row if cell]) != COLUMNS:
        raise ValueError(_("Four cells are needed: symbol, side, quantity, price or order type."))
    symbol, side, quantity, last = (cell for cell in row if cell)
    if side.upper() not in SIDES:
        raise ValueError(_("The side is BUY or SELL."))
    try:
        shares = read_quantity(quantity)
    except ValueError as error:
        raise ValueError(_("Type whole shares, for example 1,200.")) from error
    if last.upper() in set(OrderType) - {OrderType.LO}:
        return OrderRequest(symbol.upper(), SIDES[side.upper()], OrderType(last.upper()), shares, None, "")
    try:
        price_vnd = read_price_vnd(last, unit_of(symbol.upper()))
    except ValueError as error:
        raise ValueError(_("Type a price as on the board, for example 25.30.")) from error
    return OrderRequest(symbol.upper(), SIDES[side.upper()], OrderType.LO, shares, price_vnd, "")


def _delimiter(text: str) -> str:
    return next((mark for mark in "\t;" if mark in text), ",")


def _has_side(row: list[str]) -> bool:
    return any(cell.upper() in SIDES for cell in row)
