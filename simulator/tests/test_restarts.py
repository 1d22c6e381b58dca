"""What a process that is killed leaves to the next: halts, states, the foreign room."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from qts.domain.matching import BookOrder
from qts.domain.values import Exchange, OrderType, Session, Side
from simulator.broker.orders import ClientOrder, OrderStatus
from simulator.exchange.corporate_actions import CorporateAction
from simulator.exchange.rooms import RoomGrowth
from simulator.listings import Listing, SecurityState
from simulator.tests.brokerage import CASH, FOREIGN, OTHER_CASH, listing
from simulator.tests.worlds import DEVICE_ID, at, without_order_flow
from simulator.trading_days import vietnam_calendar
from simulator.wire.market_records import trade_record
from simulator.wire.trading_requests import NewOrder
from simulator.world import Plan, World

LISTED = (
    listing("AAA", Exchange.HOSE, 20_000),
    listing("BBB", Exchange.HOSE, 30_000),
    listing("SSI", Exchange.HOSE, 20_000),
    listing("FPT", Exchange.HNX, 20_000),
)
AT_NOON = "11-23 10:00"


class Killed:
    """A world without generated orders that ends as by kill -9: what was not committed is lost."""

    def __init__(self, folder: Path, *, listed: tuple[Listing, ...] = LISTED, **plan: Any) -> None:
        self._make: Callable[[], World] = lambda: World(Plan(7, 1.0, None, listed, **plan), vietnam_calendar(), folder)
        self._request_id = 0
        self.world = self._make()

    def start(self, text: str) -> World:
        without_order_flow(self.world).start(at(text))
        self.world.settle_up()
        return self.world

    def start_again(self, text: str) -> World:
        self.world.journal._database.rollback()
        self.world.journal._database.close()
        self.world = self._make()
        return self.start(text)

    def order(self, text: str, account: str = CASH) -> ClientOrder:
        side, quantity, symbol, kind = text.split()
        self._request_id += 1
        customer = next(one for one in self.world.secrets.customers if account in one.account_numbers)
        request = NewOrder(
            account=account,
            request_id=str(self._request_id),
            instrument_id=symbol,
            buy_sell=side[0],
            device_id=DEVICE_ID,
            market="VN",
            order_type="PLO" if kind == "PLO" else "LO",
            price=0.0 if kind == "PLO" else float(kind),
            quantity=float(quantity),
        )
        order = self.world.intake.new_order(customer, request, "127.0.0.1")
        assert isinstance(order, ClientOrder), order
        self.world.settle_up()
        self.world.broker.route()
        self.world.settle_up()
        return order

    def others(self, side: Side, quantity: int, symbol: str, price_vnd: int) -> None:
        exchange = self.world.exchange
        order = BookOrder(exchange.new_order_id(), side, OrderType.LO, price_vnd, quantity)
        exchange.submit(exchange.securities[symbol], order)
        self.world.settle_up()

    def room(self, symbol: str) -> int:
        return self.world.exchange.securities[symbol].room_left


@pytest.fixture
def killed(tmp_path):
    one = Killed(tmp_path)
    yield one
    one.world.journal.close()


# --- halts and states -------------------------------------------------------------------------------------------------


def test_halts_outlast_a_kill_with_the_orders_that_stand_in_them(killed):
    exchange = killed.start(AT_NOON).exchange
    order = killed.order("BUY 100 AAA 20000")
    exchange.halt("AAA")
    exchange = killed.start_again("11-23 10:00:01").exchange
    sessions = [exchange.securities[symbol].session for symbol in ("AAA", "BBB")]
    assert sessions == [Session.HALT, Session.CONTINUOUS]
    assert killed.order("BUY 100 AAA 20000").error_code == "ORD017"
    exchange.resume("AAA")
    killed.others(Side.SELL, 100, "AAA", 20_000)
    assert killed.world.broker.orders[order.order_id].status is OrderStatus.FILLED
    exchange.halt("HOSE")
    exchange = killed.start_again("11-25 10:00").exchange  # another day
    assert exchange.securities["BBB"].session is Session.HALT
    exchange.resume("HOSE")
    exchange = killed.start_again("11-25 10:01").exchange
    assert exchange.securities["BBB"].session is Session.CONTINUOUS


def test_no_order_outlives_its_day_in_a_halt(killed):
    killed.start(AT_NOON)
    order = killed.order("BUY 100 AAA 20000")
    killed.world.exchange.halt("AAA")
    killed.start_again("11-23 15:05")
    assert killed.world.broker.orders[order.order_id].status is OrderStatus.EXPIRED


def test_states_outlast_a_kill_and_what_holds_tomorrow_holds_tomorrow(killed):
    exchange = killed.start(AT_NOON).exchange
    exchange.set_state("AAA", SecurityState.SUSPENDED)
    exchange.set_state("BBB", SecurityState.RESTRICTED)
    exchange = killed.start_again("11-23 10:01").exchange
    securities = exchange.securities
    assert (securities["AAA"].state, securities["AAA"].session) == (SecurityState.SUSPENDED, Session.HALT)
    assert (securities["BBB"].state, securities["BBB"].session) == (SecurityState.NORMAL, Session.CONTINUOUS)
    securities = killed.start_again("11-25 10:00").exchange.securities
    assert (securities["BBB"].state, securities["BBB"].session) == (SecurityState.RESTRICTED, Session.PERIODIC)
    killed.world.exchange.set_state("BBB", SecurityState.NORMAL)
    killed.world.exchange.set_state("BBB", SecurityState.RESTRICTED)  # thought better of it
    killed.world.exchange.set_state("AAA", SecurityState.NORMAL)
    securities = killed.start_again("11-26 10:00").exchange.securities
    assert [securities[symbol].state for symbol in ("AAA", "BBB")] == [SecurityState.NORMAL, SecurityState.RESTRICTED]


def test_a_first_day_outlasts_a_kill(killed):
    killed.start(AT_NOON).exchange.list_anew("AAA")
    for moment, ceiling_vnd in (("11-23 10:01", 21_400), ("11-25 08:00", 24_000), ("11-25 10:00", 24_000)):
        assert killed.start_again(moment).exchange.securities["AAA"].band.ceiling_vnd == ceiling_vnd
    assert killed.start_again("11-26 10:00").exchange.securities["AAA"].band.ceiling_vnd == 21_400


# --- prices -----------------------------------------------------------------------------------------------------------


def traded_twice(killed: Killed, symbol: str) -> None:
    for price_vnd, quantity in ((20_000, 300), (20_400, 100)):
        killed.others(Side.SELL, quantity, symbol, price_vnd)
        killed.others(Side.BUY, quantity, symbol, price_vnd)
    killed.world.store.save()


def test_the_next_days_reference_is_the_same_as_without_the_restart(tmp_path):
    listed = (listing("AAA", Exchange.HOSE, 20_000), listing("UUU", Exchange.UPCOM, 20_000))
    killed = Killed(tmp_path, listed=listed)
    killed.start(AT_NOON)
    traded_twice(killed, "AAA")
    traded_twice(killed, "UUU")
    killed.others(Side.SELL, 7, "AAA", 20_100)
    killed.others(Side.BUY, 7, "AAA", 20_100)
    killed.world.store.save()
    securities = killed.start_again("11-23 10:01").exchange.securities
    assert (securities["AAA"].totals.last_vnd, securities["AAA"].odd_totals.quantity) == (20_400, 7)
    securities = killed.start_again("11-25 10:00").exchange.securities
    assert [securities[symbol].reference_vnd for symbol in ("AAA", "UUU")] == [20_400, 20_100]
    securities = killed.start_again("11-25 10:01").exchange.securities
    assert [securities[symbol].prior_close_vnd for symbol in ("AAA", "UUU")] == [20_400, 20_400]
    records = [trade_record(securities[symbol], 0) for symbol in ("AAA", "UUU")]
    assert [(record["PriorVal"], record["RefPrice"]) for record in records] == [(20_400, 20_400), (20_400, 20_100)]
    assert (securities["AAA"].totals.quantity, securities["AAA"].odd_totals.quantity) == (0, 0)
    killed.world.journal.close()


@pytest.mark.parametrize(
    "starts",
    [
        ["11-23 10:00", "11-25 08:00", "11-25 10:00", "11-26 10:00"],  # again on the ex-date
        ["11-23 10:00", "11-26 10:00", "11-26 10:01"],  # down on the ex-date
        ["11-25 10:00", "11-25 10:01"],  # the very first day
    ],
)
def test_rights_come_off_once_and_never_not_at_all(tmp_path, starts):
    actions = {
        (date(2026, 11, 20), "AAA"): CorporateAction(cash_dividend_vnd=5_000),  # before all of it
        (date(2026, 11, 25), "AAA"): CorporateAction(cash_dividend_vnd=1_000, bonus_ratio=Fraction(1, 10)),
    }
    killed = Killed(tmp_path, actions=actions)
    killed.start(starts[0])
    for moment in starts[1:]:
        killed.start_again(moment)
    securities = killed.world.exchange.securities
    assert [securities[symbol].reference_vnd for symbol in ("AAA", "SSI")] == [17_250, 20_000]
    killed.world.journal.close()


# --- the foreign room -------------------------------------------------------------------------------------------------


def test_a_hold_on_the_room_that_was_never_saved_is_there_again(killed):
    killed.start(AT_NOON)
    room = killed.room("SSI")
    order = killed.order("BUY 1000 SSI 20000", FOREIGN)
    killed.others(Side.SELL, 300, "SSI", 20_000)
    killed.order("BUY 400 AAA 20000", FOREIGN)
    killed.start_again("11-23 10:01")
    assert (killed.room("SSI"), killed.room("AAA")) == (room - 1_000, room - 400)
    order = killed.world.broker.orders[order.order_id]
    killed.world.store.save()
    killed.others(Side.SELL, 100, "SSI", 20_000)
    killed.start_again("11-23 10:02")
    assert (killed.room("SSI"), killed.room("AAA")) == (room - 1_000, room - 400)
    assert (order.filled_quantity, killed.world.broker.orders[order.order_id].room_held) == (400, 600)
    killed.start_again("11-25 10:00")  # what was open is no more
    assert (killed.room("SSI"), killed.room("AAA")) == (room - 400, room)


@pytest.mark.parametrize(("growth", "on_the_day"), [(RoomGrowth.AT_MATCH, -300), (RoomGrowth.NEXT_DAY, -500)])
@pytest.mark.parametrize("is_saved", [False, True])
def test_what_a_foreigner_sold_makes_room_when_it_should(tmp_path, growth, on_the_day, is_saved):
    killed = Killed(tmp_path, room_growth=growth)
    killed.start(AT_NOON)
    room = killed.room("SSI")
    killed.others(Side.SELL, 500, "SSI", 20_000)
    killed.order("BUY 500 SSI 20000", FOREIGN)
    killed.start_again("11-25 14:00")
    killed.start_again("11-26 14:00")
    assert killed.room("SSI") == room - 500
    killed.others(Side.BUY, 200, "SSI", 20_000)
    assert killed.order("SELL 200 SSI 20000", FOREIGN).status is OrderStatus.FILLED
    if is_saved:
        killed.world.store.save()
    killed.start_again("11-26 14:01")
    killed.start_again("11-26 14:02")
    assert killed.room("SSI") == room + on_the_day
    killed.start_again("11-27 10:00")
    assert killed.room("SSI") == room - 300
    killed.world.journal.close()


def test_what_lost_orders_of_the_market_held_of_the_room_comes_free(tmp_path):
    plan = Plan(7, 10.0, None, LISTED[:1])
    world = World(plan, vietnam_calendar(), tmp_path)
    world.start(at("11-23 09:30"))
    world.advance(at("11-23 09:50"))
    world.settle_up()
    world.store.save()
    security = world.exchange.securities["AAA"]
    used = security.totals.foreign_bought_quantity - security.totals.foreign_sold_quantity
    whole = 10_000_000 * 49 // 200
    assert security.room_left < whole - used  # some of it is held
    world.journal.close()
    world = World(plan, vietnam_calendar(), tmp_path)
    world.store.restore_references(at("11-23 09:50").date())
    assert world.exchange.securities["AAA"].room_left == whole - used
    world.journal.close()


def test_after_hours_orders_meet_at_the_restart_where_the_kill_took_their_moment(killed):
    killed.start("11-23 10:00")
    for side in (Side.SELL, Side.BUY):
        killed.others(side, 100, "FPT", 20_200)
    killed.world.store.save()
    killed.world.skip_to(at("11-23 14:50"))
    orders = [killed.order("BUY 100 FPT PLO", OTHER_CASH), killed.order("SELL 100 FPT PLO")]
    assert [order.status for order in orders] == [OrderStatus.QUEUED] * 2
    killed.start_again("11-23 14:56")
    for order in orders:
        after = killed.world.broker.orders[order.order_id]
        assert (after.status, after.filled_value_vnd) == (OrderStatus.FILLED, 2_020_000)
