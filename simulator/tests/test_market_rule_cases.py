"""The shared cases of the market rules through the wire: a signed order at the row's time, and what becomes of it.

The file is real reference data and not part of this repository: without it these tests say so and do not run.
"""

import csv
import os
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from qts.domain.market import FUTURE_MULTIPLIER_VND, next_price_down, next_price_up, price_band, rule_book_on
from qts.domain.values import Exchange, InstrumentKind
from simulator.tests.brokerage import CASH, DERIVATIVES, FUTURE, listing
from simulator.tests.wire_client import SetClock, WireClient
from simulator.tests.worlds import at
from simulator.trading_days import vietnam_calendar
from simulator.world import Plan, World

RULES = rule_book_on(date(2026, 1, 5))

REPOSITORY = Path(__file__).resolve().parents[2]
CASES = Path(os.environ.get("QTS_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "market-rules-cases.csv"
ACCEPTED = frozenset({"QU", "PF", "FF", "CL", "FFPC"})
SYMBOLS = {Exchange.HOSE: "AAA", Exchange.HNX: "BBB", Exchange.UPCOM: "CCC", Exchange.VNFE: FUTURE}
REFUSALS = {  # (reason of the case, order type, exchange): what the wire says
    ("CLOSED", "LO", "HOSE"): "ORD016",
    ("CLOSED", "LO", "VNFE"): "ORD016",
    ("CLOSED", "PLO", "HOSE"): "ORD010",  # HOSE has no trading after hours at all
    ("CLOSED", "PLO", "HNX"): "ORD016",
    ("TYPE_NOT_IN_SESSION", "ATO", "HOSE"): "ORD016",
    ("TYPE_NOT_IN_SESSION", "MTL", "HOSE"): "ORD016",
    ("TYPE_NOT_IN_SESSION", "ATO", "HNX"): "ORD010",
    ("TYPE_NOT_IN_SESSION", "ATC", "UPCOM"): "ORD010",
    ("LOT_SIZE", "LO", "UPCOM"): "ORD005",
    ("MAX_QUANTITY", "LO", "VNFE"): "ORD008",
}


def cases(*kinds: str) -> list[dict[str, str]]:
    if not CASES.exists():
        pytest.skip(f"{CASES.name} is not part of this repository; set QTS_SHARED_DATA to its folder")
    with CASES.open(encoding="utf-8", newline="") as lines:
        found = [row for row in csv.DictReader(lines) if row["kind"] in kinds]
    return sorted(found, key=lambda row: row["time"] or "10:00:00")


def plan(listings) -> Plan:
    return Plan(seed=7, clock_speed=10.0, clock_end=None, listings=tuple(listings))


@pytest.fixture
async def wire(tmp_path, monkeypatch) -> AsyncIterator[WireClient]:
    """The four markets before they open, cheap enough for the largest order."""
    listings = [
        listing("AAA", Exchange.HOSE, 5_000),
        listing("BBB", Exchange.HNX, 5_000),
        listing("CCC", Exchange.UPCOM, 5_000),
        listing(FUTURE, Exchange.VNFE, 1_900 * FUTURE_MULTIPLIER_VND, InstrumentKind.FUTURE),
    ]
    async with _client(monkeypatch, World(plan(listings), vietnam_calendar(), tmp_path), "08:40") as client:
        yield client


def _client(monkeypatch, world: World, start: str) -> WireClient:
    """Without quotas: the cases come faster than a customer may send."""
    monkeypatch.setattr("simulator.server.application.TRADING_LIMITS", ())
    return WireClient(world, SetClock(at(f"11-23 {start}")), world.secrets.customers[0])


async def test_sessions_and_quantities(wire):
    seen = 0
    for row in cases("session", "quantity"):
        wire.clock.moment = at(f"11-23 {row['time'] or '10:00:00'}")
        exchange, order_type = Exchange(row["exchange"]), row["order_type"]
        is_future = exchange is Exchange.VNFE
        order = {
            "instrumentID": SYMBOLS[exchange],
            "market": "VNFE" if is_future else "VN",
            "orderType": order_type,
            "quantity": int(row["tick_or_quantity"] or (1 if is_future else 100)),
            "price": 0 if order_type != "LO" else 1_900 if is_future else 5_000,
        }
        told = await wire.order(DERIVATIVES if is_future else CASH, **order)
        case = (row["kind"], *order.values(), row["time"])
        if row["result"] == "ok":
            assert told["orderStatus"] in ACCEPTED, (case, told)
            assert told["lastErrorEvent"] is None
        else:
            expected = REFUSALS[row["reason"], order_type, row["exchange"]]
            assert (told["orderStatus"], told["rejectReason"]) == ("RJ", expected), (case, told)
            assert told["lastErrorEvent"]["errorCode"] == expected
        seen += 1
    assert seen == 21


async def test_bands(tmp_path, monkeypatch):
    """A purchase at the ceiling and one at the floor are taken; a step beyond, or off the step, is refused."""
    rows = cases("band")
    listings = [
        listing(f"B{number:02}", Exchange(row["exchange"]), int(row["reference"]), InstrumentKind(row["instrument"]))
        for number, row in enumerate(rows)
    ]
    world = World(plan(listings), vietnam_calendar(), tmp_path)
    for one, row in zip(listings, rows, strict=True):
        if row["first_day"] == "1":  # a wider band for its first day of trading
            kind = one.instrument.kind
            world.exchange.securities[one.symbol].widened = price_band(
                RULES, one.instrument.exchange, kind, one.reference_vnd, first_day=True
            )
    async with _client(monkeypatch, world, "10:00") as wire:
        for one, row in zip(listings, rows, strict=True):
            exchange, kind = one.instrument.exchange, one.instrument.kind
            ceiling, floor, tick = int(row["ceiling"]), int(row["floor"]), int(row["tick_or_quantity"])
            expected = {
                ceiling: "",
                floor: "",
                next_price_up(RULES, exchange, kind, ceiling): "ORD003",
                next_price_down(RULES, exchange, kind, floor): "ORD002",
            }
            if tick > 1:
                expected[one.reference_vnd + tick // 2] = "ORD004"
            for price, code in expected.items():
                if price <= 0:
                    continue
                told = await wire.order(CASH, instrumentID=one.symbol, price=price, quantity=100)
                if code:
                    assert (told["orderStatus"], told["rejectReason"]) == ("RJ", code), (row, price, told)
                else:
                    assert told["orderStatus"] in ACCEPTED, (row, price, told)
    assert len(rows) == 50
