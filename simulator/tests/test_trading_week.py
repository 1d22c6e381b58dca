"""Trading days at sixty times real speed, beat by beat as the process does it, across a weekend and a holiday.

The figures expected are worked out here from the fills alone: fee 0.15 % of each fill on both sides, tax 0.1 % of each
sale, shares and proceeds on the second trading day after the trade at 13:00.
"""

import time as clock_time
from collections.abc import Iterator
from datetime import date, datetime, time

import pytest
from ssi_fctrading import FCTradingClient
from ssi_fctrading.models import fcmodel_requests as models

from qts.domain.market import AffineSchedule
from qts.domain.values import Side
from simulator.broker.orders import ClientOrder
from simulator.listings import vn30_listings
from simulator.server.pacemaker import BEAT_S
from simulator.tests.conftest import SimulatorProcess
from simulator.tests.worlds import ACCOUNT, DEVICE_ID, at
from simulator.trading_days import vietnam_calendar
from simulator.wire.trading_requests import CancelOrder, NewOrder
from simulator.world import Plan, World

SPEED = 60
OPENING_VND = 5_000_000_000
OPENING_SHARES = 10_000
# trading days, and when what was traded on them arrives; Tuesday the 24th is a holiday
ARRIVALS = {
    "11-16": "11-18",
    "11-17": "11-19",
    "11-18": "11-20",
    "11-19": "11-23",
    "11-20": "11-25",
    "11-23": "11-26",
    "11-25": "11-27",
    "11-26": "11-30",
    "11-27": "12-01",
}


class Week:
    """Wall time is counted, not waited for: each beat asks the schedule what the market shows."""

    def __init__(self, folder) -> None:
        calendar = vietnam_calendar()
        self.schedule = AffineSchedule(date(2026, 11, 16), time(8, 55), time(14, 50), 0.0, SPEED, calendar)
        plan = Plan(11, SPEED, time(14, 50), tuple(vn30_listings(["SSI"])))
        self.world = World(plan, calendar, folder)
        self.wall_s = 0.0
        self.request_id = 0
        self.world.start(self.now)
        self.world.settle_up()

    @property
    def now(self) -> datetime:
        return self.schedule.at(self.wall_s)

    @property
    def account(self):
        return self.world.broker.accounts[ACCOUNT]

    def until(self, text: str) -> None:
        moment = at(text)
        while self.now < moment:
            self.wall_s += BEAT_S
            self.world.advance(self.now)
            self.world.settle_up()

    def order(self, side: str, quantity: int, order_type: str, price: int = 0) -> ClientOrder:
        self.request_id += 1
        request = NewOrder(
            account=ACCOUNT,
            request_id=str(self.request_id),
            instrument_id="SSI",
            buy_sell=side[0],
            device_id=DEVICE_ID,
            market="VN",
            order_type=order_type,
            price=float(price),
            quantity=float(quantity),
        )
        order = self.world.intake.new_order(self.world.secrets.customers[0], request, "127.0.0.1")
        assert isinstance(order, ClientOrder), order
        self.world.settle_up()
        self.world.broker.route()
        self.world.settle_up()
        return order

    def cancel(self, order: ClientOrder) -> None:
        self.request_id += 1
        request = CancelOrder(
            account=ACCOUNT,
            request_id=str(self.request_id),
            instrument_id="SSI",
            buy_sell=order.side.value[0],
            device_id=DEVICE_ID,
            order_id=order.order_id,
            market_id="VN",
        )
        assert self.world.intake.cancel_order(self.world.secrets.customers[0], request, "127.0.0.1") is None
        self.world.broker.route()
        self.world.settle_up()

    def expected(self) -> tuple[int, int, int]:
        """Cash, shares and sellable shares (nothing is on offer), from the journal's fills."""
        cash, shares, sellable = OPENING_VND, OPENING_SHARES, OPENING_SHARES
        orders = {order.order_id: order for order in self.world.journal.all_orders()}
        for fill in self.world.journal.fills():
            value, day = fill["quantity"] * fill["price_vnd"], fill["day"][5:]
            has_arrived = self.now >= at(f"{ARRIVALS[day]} 13:00")
            fee = value * 15 // 10_000
            if orders[fill["orderID"]].side is Side.BUY:
                cash -= value + fee
                shares += fill["quantity"]
                sellable += fill["quantity"] if has_arrived else 0
            else:
                cash += value - fee - value * 10 // 10_000 if has_arrived else 0
                shares -= fill["quantity"]
                sellable -= fill["quantity"]
        return cash, shares, sellable

    def assert_books(self) -> None:
        account = self.account
        sellable = account.sellable_quantity("SSI", self.world.broker.open_orders(ACCOUNT))
        assert (account.cash_vnd, account.holdings["SSI"].quantity, sellable) == self.expected(), self.now


@pytest.fixture
def week(tmp_path) -> Iterator[Week]:
    made = Week(tmp_path)
    yield made
    made.world.close()


@pytest.mark.timeout(240)
def test_a_week_and_more_settles_to_the_dong(week):
    for day, arrival in ARRIVALS.items():
        week.until(f"{day} 10:00")
        bought, sold = week.order("BUY", 500, "MTL"), week.order("SELL", 300, "MTL")
        assert (bought.filled_quantity, sold.filled_quantity) == (500, 300), (day, bought, sold)
        week.assert_books()
        if day == "11-16":
            assert_bought_on_monday_sells_from_wednesday(week)
        for moment in ("12:59:54", "13:00:03", "14:49"):
            week.until(f"{day} {moment}")
            week.assert_books()
        assert len(week.account.share_lots) <= 2 * 3, arrival
    last = week.account.cash_vnd
    week.until("12-01 13:00:03")
    week.assert_books()
    assert week.account.cash_vnd > last  # the last two sales have arrived
    assert week.account.cash_lots == []
    moved = [one for one in week.world.journal.movements() if one.account == ACCOUNT]
    assert sum(one.amount_vnd for one in moved) == week.account.cash_vnd


def assert_bought_on_monday_sells_from_wednesday(week: Week) -> None:
    """300 of the opening shares are sold, 500 bought on Monday: 9,700 may be sold before Wednesday 13:00."""
    cash_vnd = week.account.cash_vnd
    for moment in ("11-16 10:01", "11-17 09:30", "11-18 11:29"):
        week.until(moment)
        ceiling = week.world.exchange.securities["SSI"].band.ceiling_vnd
        refused = week.order("SELL", 9_800, "LO", ceiling)
        assert (refused.status, refused.error_code) == ("RJ", "ORD007"), moment
    week.until("11-18 12:59:57")
    assert week.account.cash_vnd == cash_vnd
    week.until("11-18 13:00")
    (sale,) = [one for one in week.world.journal.all_orders() if one.side is Side.SELL and one.filled_quantity]
    fills = [
        one["quantity"] * one["price_vnd"] for one in week.world.journal.fills() if one["orderID"] == sale.order_id
    ]
    assert week.account.cash_vnd == cash_vnd + sum(one - one * 15 // 10_000 - one // 1_000 for one in fills)
    ceiling = week.world.exchange.securities["SSI"].band.ceiling_vnd
    accepted = week.order("SELL", 10_200, "LO", ceiling)
    assert accepted.status == "QU"
    week.cancel(accepted)
    assert accepted.status == "CL"


def test_a_process_at_that_speed_settles_too(tmp_path):
    """Three minutes of three days, around a weekend: bought on Thursday, refused on Friday, sold on Monday."""
    clock = f"affine:2026-11-19,14:25:00,14:29:00,{clock_time.time()},{SPEED}"
    process = SimulatorProcess(tmp_path, ["--clock", clock, "--symbols", "SSI"])
    process.start()
    try:
        customer = process.customer()
        client = FCTradingClient(
            process.url, customer["consumer_id"], customer["consumer_secret"], customer["private_key"], 0
        )
        client.verifyCode(customer["pin"])

        def send(request_id, side, quantity, order_type, price=0.0):
            order = models.NewOrder(
                ACCOUNT, request_id, "SSI", "VN", side, order_type, price, quantity, deviceId=DEVICE_ID
            )
            assert client.new_order(order)["status"] == 200
            state = process.wait_for_state(
                lambda seen: any(one["requestID"] == request_id and one["status"] != "RS" for one in seen["orders"])
            )
            return next(one for one in state["orders"] if one["requestID"] == request_id)

        assert send("1", "B", 500, "MTL")["filled_quantity"] == 500
        cash_vnd = process.control("state")["accounts"][ACCOUNT]["cash_vnd"]
        assert send("2", "S", 300, "MTL")["filled_quantity"] == 300
        process.wait_for_state(lambda state: state["trading_day"] == "2026-11-20")
        assert send("3", "S", 9_800, "MTL")["error_code"] == "ORD007"
        assert process.control("state")["accounts"][ACCOUNT]["cash_vnd"] == cash_vnd
        state = process.wait_for_state(lambda state: state["trading_day"] == "2026-11-23")
        sale = next(one["orderID"] for one in state["orders"] if one["requestID"] == "2")
        values = [one["quantity"] * one["price_vnd"] for one in state["fills"] if one["orderID"] == sale]
        state = process.wait_for_state(lambda state: state["accounts"][ACCOUNT]["cash_vnd"] > cash_vnd)
        proceeds = sum(value - value * 15 // 10_000 - value * 10 // 10_000 for value in values)
        assert state["accounts"][ACCOUNT]["cash_vnd"] == cash_vnd + proceeds
        assert send("4", "S", 10_200, "MTL")["error_code"] == ""
    finally:
        process.stop()
