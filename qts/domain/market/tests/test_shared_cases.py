"""The case table that travels with the market rules, where it is present."""

import csv
import os
from datetime import date, time
from pathlib import Path

import pytest

from qts.domain.market import (
    Band,
    admits,
    is_odd_lot,
    price_band,
    quantity_refusal,
    rule_book_on,
    session_at,
    tick_size_vnd,
)
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session

RULES = rule_book_on(date(2026, 1, 5))

REPOSITORY = Path(__file__).resolve().parents[4]
CASES = Path(os.environ.get("QTS_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "market-rules-cases.csv"


def rows(kind: str) -> list[dict[str, str]]:
    if not CASES.exists():
        return []
    with CASES.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == kind]


@pytest.mark.shared_data
def test_the_case_table_is_there():
    if not CASES.exists():
        pytest.skip(f"{CASES.name} is not part of this repository; set QTS_SHARED_DATA to its folder")
    assert {row["kind"] for kind in ("band", "session", "quantity") for row in rows(kind)} == {
        "band",
        "session",
        "quantity",
    }


@pytest.mark.parametrize("row", rows("band"), ids=lambda row: f"{row['exchange']}-{row['reference']}")
def test_band(row):
    exchange, kind = Exchange(row["exchange"]), InstrumentKind(row["instrument"])
    reference_vnd = int(row["reference"])
    band = price_band(RULES, exchange, kind, reference_vnd, first_day=row["first_day"] == "1")
    assert band == Band(ceiling_vnd=int(row["ceiling"]), floor_vnd=int(row["floor"]))
    assert tick_size_vnd(RULES, exchange, kind, reference_vnd) == int(row["tick_or_quantity"])


@pytest.mark.parametrize("row", rows("session"), ids=lambda row: f"{row['exchange']}-{row['time']}-{row['order_type']}")
def test_session(row):
    exchange = Exchange(row["exchange"])
    session = session_at(RULES, exchange, time.fromisoformat(row["time"]))
    assert admits(RULES, exchange, session, OrderType(row["order_type"])) == (row["result"] == "ok")
    closed = session in (Session.PRE_OPEN, Session.BREAK, Session.CLOSED)
    assert closed == (row["reason"] == "CLOSED")


@pytest.mark.parametrize("row", rows("quantity"), ids=lambda row: f"{row['exchange']}-{row['tick_or_quantity']}")
def test_quantity(row):
    exchange, kind, quantity = (
        Exchange(row["exchange"]),
        InstrumentKind(row["instrument"]),
        int(row["tick_or_quantity"]),
    )
    refusal = quantity_refusal(RULES, exchange, kind, quantity, OrderType(row["order_type"]))
    expected = {"": None, "LOT_SIZE": "QUANTITY_OFF_LOT", "MAX_QUANTITY": "QUANTITY_EXCEEDS_EXCHANGE_MAX"}
    assert refusal == expected[row["reason"]]
    assert is_odd_lot(RULES, exchange, kind, quantity) == (quantity < 100 and exchange is not Exchange.VNFE)
