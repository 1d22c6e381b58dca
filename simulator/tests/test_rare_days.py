"""Days that are not like others, through the wire: without a closing price, the first day of trading."""

from collections.abc import AsyncIterator

import pytest

from qts.domain.values import Exchange
from simulator.tests.brokerage import CASH, listing
from simulator.tests.wire_client import SetClock, WireClient
from simulator.tests.worlds import at, without_order_flow
from simulator.trading_days import vietnam_calendar
from simulator.world import Plan, World

LISTED = (listing("SSI", Exchange.HOSE, 20_000), listing("HHH", Exchange.HNX, 20_000))


@pytest.fixture
async def wire(tmp_path) -> AsyncIterator[WireClient]:
    """Nobody else trades."""
    world = without_order_flow(World(Plan(7, 1.0, None, LISTED), vietnam_calendar(), tmp_path))
    async with WireClient(world, SetClock(at("11-23 08:40")), world.secrets.customers[0]) as client:
        yield client


async def test_without_a_closing_price_an_after_hours_order_is_refused_by_its_code(wire):
    wire.clock.moment = at("11-23 14:46")
    told = await wire.order(CASH, instrumentID="HHH", orderType="PLO", quantity=100)
    assert (told["orderStatus"], told["rejectReason"], told["filledQty"]) == ("RJ", "ORD016", 0)
    assert told["lastErrorEvent"]["errorCode"] == "ORD016"
    assert told["lastErrorEvent"]["message"] == "There is no closing price to trade at"
    wire.clock.moment = at("11-23 14:47")  # the market lives on
    again = await wire.order(CASH, instrumentID="HHH", orderType="PLO", quantity=200)
    assert again["rejectReason"] == "ORD016"


async def test_the_first_trading_day_by_the_control(wire):
    wire.clock.moment = at("11-23 10:00")
    answered = await wire.post("sim/security", {"symbol": "HHH", "lists_anew": True})
    assert answered["first_day"] == "2026-11-25"
    assert (await wire.order(CASH, instrumentID="HHH", price=22_100, quantity=100))["rejectReason"] == "ORD003"
    assert (await wire.order(CASH, instrumentID="HHH", price=20_000, quantity=10))["orderStatus"] == "QU"
    wire.clock.moment = at("11-25 10:00")
    told = [
        await wire.order(CASH, instrumentID="HHH", price=price, quantity=quantity)
        for price, quantity in ((26_000, 100), (26_100, 100), (14_000, 100), (13_900, 100), (20_000, 10))
    ]
    codes = [row["rejectReason"] for row in told]
    assert codes == ["0", "ORD003", "0", "ORD002", "ORD018"]
    assert (await wire.order(CASH, instrumentID="SSI", price=20_000, quantity=10))["orderStatus"] == "QU"
