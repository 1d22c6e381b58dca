"""Files that spreadsheets open: every value as it was, and no text that becomes a formula."""

import csv
import io
import itertools
import zipfile
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from qts.adapters.tables import csv_file, xlsx_file

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
ROWS = st.lists(st.lists(st.one_of(TEXT, st.integers(-(2**60), 2**60), st.none()), min_size=1, max_size=4), max_size=5)


def cells_of(file: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))  # noqa: S314  # our own bytes
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    rows = sheet.findall(".//{*}row")
    return [["".join(cell.itertext()) for cell in row.findall("{*}c")] for row in rows]


@given(ROWS)
def test_a_workbook_holds_every_value(rows):
    readable = [["" if cell is None else str(cell) for cell in row] for row in rows]
    printable = [["".join(one for one in cell if one.isprintable()) for cell in row] for row in readable]
    assert cells_of(xlsx_file(rows)) == printable


@given(ROWS)
def test_a_csv_file_holds_every_value_and_no_formula(rows):
    read = list(csv.reader(io.StringIO(csv_file(rows).decode("utf-8-sig"), newline="")))
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    assert [[cell.removeprefix("'") for cell in row] for row in read if row] == [
        [cell.removeprefix("'") for cell in row] for row in texts if row
    ]
    for was, cell in zip(itertools.chain(*rows), itertools.chain(*read), strict=False):
        assert not isinstance(was, str) or not cell.startswith(("=", "+", "-", "@"))
