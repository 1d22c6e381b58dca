"""A broker's statement of trades as CSV. Columns are found by their headings, Vietnamese or English, in any order.

The headings are those of SSI's web site as customers export them; which of them a file has is not documented, so a file
without one that is needed is refused with its name. Numbers may have thousands separators; a price may be in VND only.
"""

import csv
import io
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from qts.domain.errors import Said, TerminalError
from qts.domain.portfolio import StatementTrade
from qts.domain.values import Side

ROWS_MAX: Final = 20_000
CELL_LENGTH_MAX: Final = 60  # what is longer is nothing that is looked for, and is not said back
DIGITS_MAX: Final = 15
_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "day": ("ngay giao dich", "ngay gd", "ngay", "trading date", "date"),
    "symbol": ("ma ck", "ma chung khoan", "ma", "symbol", "stock"),
    "side": ("mua/ban", "loai giao dich", "loai gd", "loai lenh", "side", "buy/sell"),
    "quantity": ("khoi luong", "kl khop", "khoi luong khop", "so luong", "quantity", "volume"),
    "price": ("gia", "gia khop", "gia khop (vnd)", "price"),
    "fee": ("phi", "phi giao dich", "phi gd", "fee"),
    "tax": ("thue", "thue ban", "thue tncn", "tax"),
}
_SIDES: Final = {"mua": Side.BUY, "m": Side.BUY, "b": Side.BUY, "buy": Side.BUY}
_SIDES_SOLD: Final = {"ban": Side.SELL, "s": Side.SELL, "sell": Side.SELL}
_DAYS: Final = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y")


class StatementRefused(TerminalError):
    """The file is no statement of trades; the message says in which line and why."""


def read_statement(content: bytes) -> list[StatementTrade]:
    """Raises StatementRefused for a file that cannot be read to the last dong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementRefused(Said("the file is not UTF-8 text: save it as CSV UTF-8")) from error
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=";" if text.count(";") > text.count(",") else ","))
    except csv.Error as error:  # a quotation mark that nothing closes makes one cell of all that follows
        raise StatementRefused(Said("the file is no table: a cell of it is too long")) from error
    if not rows or len(rows) > ROWS_MAX:
        raise StatementRefused(
            Said("the file has {rows} lines; 1 to {rows_max:,} are read", rows=len(rows), rows_max=ROWS_MAX)
        )
    columns = _columns(rows[0])
    lines = enumerate(rows[1:], start=2)
    return [_trade(row, columns, number) for number, row in lines if any(cell.strip() for cell in row)]


def _columns(headings: list[str]) -> dict[str, int]:
    plain = [_plain(heading) for heading in headings]
    columns = {}
    for name, known in _HEADINGS.items():
        found = next((plain.index(heading) for heading in known if heading in plain), None)
        if found is None:
            raise StatementRefused(
                Said("the first line names no column for the {name}: one of {known}", name=name, known=", ".join(known))
            )
        columns[name] = found
    return columns


def _trade(row: list[str], columns: Mapping[str, int], number: int) -> StatementTrade:
    if len(row) <= max(columns.values()):
        raise StatementRefused(Said("line {number} has {row} columns", number=number, row=len(row)))
    cell = {name: row[index].strip()[:CELL_LENGTH_MAX] for name, index in columns.items()}
    side = (_SIDES | _SIDES_SOLD).get(_plain(cell["side"]))
    if side is None or not cell["symbol"]:
        raise StatementRefused(
            Said("line {number} is no purchase and no sale of a symbol: {cell!r}", number=number, cell=cell["side"])
        )
    return StatementTrade(
        day=_day(cell["day"], number),
        symbol=cell["symbol"].upper(),
        side=side,
        price_vnd=_whole(cell["price"], number),
        quantity=_whole(cell["quantity"], number),
        fee_vnd=_whole(cell["fee"] or "0", number),
        tax_vnd=_whole(cell["tax"] or "0", number),
    )


def _day(text: str, number: int) -> date:
    for form in _DAYS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise StatementRefused(Said("line {number}: {text!r} is no day", number=number, text=text))


def _whole(text: str, number: int) -> int:
    """A number in whole dong or shares: separators go, a part of a dong is refused."""
    plain = text.replace(" ", "").replace("\u00a0", "")
    for separator in (",", "."):
        head, *groups = plain.split(separator)
        if groups and all(len(group) == 3 and group.isdecimal() for group in groups) and head.isdecimal():
            plain = head + "".join(groups)
    if not (plain.isascii() and plain.isdecimal() and len(plain) <= DIGITS_MAX):
        raise StatementRefused(Said("line {number}: {text!r} is no whole number", number=number, text=text))
    return int(plain)


def _plain(text: str) -> str:
    """Without marks, capitals and doubled spaces, so that both ways of writing a letter are one."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return " ".join("".join(mark for mark in bare if not unicodedata.combining(mark)).lower().split())
