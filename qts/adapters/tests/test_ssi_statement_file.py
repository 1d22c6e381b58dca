"""Statements as customers export them, and files that are none."""

from datetime import date

import pytest

from qts.adapters.ssi.statement_file import StatementRefused, read_statement
from qts.domain.portfolio import StatementTrade
from qts.domain.values import Side

VIETNAMESE = """\ufeffNgày GD,Mã CK,Mua/Bán,Khối lượng,Giá,Giá trị,Phí,Thuế
09/11/2026,SSI,Mua,"1,000","25,000","25,000,000","37,500",0
09/11/2026,ssi,Bán,300,25.000,7.500.000,11.250,7.500

"""
ENGLISH = """Symbol;Side;Date;Price;Quantity;Fee;Tax
SSI;Buy;2026-11-09;25000;1000;37500;
SSI;S;09-11-2026;25000;300;11250;7500"""
TRADES = [
    StatementTrade(date(2026, 11, 9), "SSI", Side.BUY, 25_000, 1_000, 37_500, 0),
    StatementTrade(date(2026, 11, 9), "SSI", Side.SELL, 25_000, 300, 11_250, 7_500),
]


@pytest.mark.parametrize("text", [VIETNAMESE, ENGLISH], ids=["Vietnamese", "English"])
def test_columns_are_found_by_their_headings(text):
    assert read_statement(text.encode()) == TRADES


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 lines"),
        (b"\xff\xfe", "not UTF-8"),
        (VIETNAMESE.replace("Phí", "Khác").encode(), "no column for the fee"),
        (VIETNAMESE.replace("Mua,", "Vay,").encode(), "line 2 is no purchase and no sale"),
        (VIETNAMESE.replace("09/11/2026,ssi", "31/02/2026,ssi").encode(), "line 3: '31/02/2026' is no day"),
        (VIETNAMESE.replace("11.250", "11.25").encode(), "line 3: '11.25' is no whole number"),
        (VIETNAMESE.replace(",7.500\n", "\n").encode(), "line 3 has 7 columns"),
        (
            f'{VIETNAMESE}"{"x" * 200_000}'.encode(),
            "a cell of it is too long",
        ),  # a forgotten quotation mark
        (VIETNAMESE.replace("11.250", "1" * 5_000).encode(), "line 3: '1+' is no whole number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(content, said):
    with pytest.raises(StatementRefused, match=said):
        read_statement(content)
