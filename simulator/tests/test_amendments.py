"""What may be amended, where the amended order stands, and what a refused amendment leaves."""

from collections.abc import Iterator

import pytest

from qts.domain.matching import BookOrder, Level
from qts.domain.values import Exchange, OrderType, Session, Side
from simulator.broker import funding
from simulator.broker.orders import Amendment, ClientOrder, OrderStatus
from simulator.exchange.security import SecurityState
from simulator.tests.brokerage import (
    CASH,
    DERIVATIVES,
    FUTURE,
    MARGIN,
    OTHER_CASH,
    OTHER_DERIVATIVES,
    Brokerage,
    listing,
)
from simulator.tests.markets import Floor, stock
from simulator.tests.worlds import DEVICE_ID
from simulator.wire.trading_requests import CancelOrder

AT_ODDS = "An amendment cannot turn a round lot into an odd lot, nor the other way round"


@pytest.fixture
def brokerage() -> Iterator[Brokerage]:
    made = Brokerage()
    yield made
    made.close()


# --- round lots and odd lots ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "wanted"), [(500, 50), (50, 500), (100, 99), (99, 100)])
def test_an_amendment_does_not_change_between_the_books(brokerage, quantity, wanted):
    order = brokerage.order(f"SELL {quantity} SSI LO@20000")
    brokerage.modify(order, price=20_000, quantity=wanted)
    assert brokerage.last_error()[0] == "ORD005"
    assert (order.error_text, order.quantity, order.status) == (AT_ODDS, quantity, OrderStatus.QUEUED)
    security = brokerage.security("SSI")
    stands = [book.depth(Side.SELL, 3) for book in (security.book, security.odd_book)]
    assert stands == ([[Level(20_000, quantity)], []] if quantity >= 100 else [[], [Level(20_000, quantity)]])


@pytest.mark.parametrize(("quantity", "wanted"), [(500, 100), (100, 500), (50, 99), (99, 1)])
def test_within_its_book_an_order_is_amended(brokerage, quantity, wanted):
    order = brokerage.order(f"SELL {quantity} SSI LO@20000")
    brokerage.modify(order, price=20_000, quantity=wanted)
    assert (order.error_code, order.quantity) == ("", wanted)
    brokerage.others(f"BUY {wanted} SSI LO@20000")
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, wanted)


def test_what_is_left_of_an_odd_lot_decides_where_it_belongs(brokerage):
    order = brokerage.order("SELL 90 SSI LO@20000")
    brokerage.others("BUY 30 SSI LO@20000")
    brokerage.modify(order, price=20_000, quantity=100)  # 70 of them are open
    assert (order.error_code, order.quantity, order.open_quantity) == ("", 100, 70)
    assert brokerage.security("SSI").odd_book.depth(Side.SELL, 1) == [Level(20_000, 70)]


def test_the_exchange_itself_keeps_the_books_apart():
    floor = Floor(stock("AAA"))
    floor.at("10:00")
    order = floor.enter("SELL 500 AAA LO@20000")
    with pytest.raises(ValueError, match="stays in its book"):
        floor.exchange.amend(floor["AAA"], order.order_id, remaining=50)
    with pytest.raises(KeyError):
        floor.exchange.amend(floor["AAA"], order.order_id + 1, remaining=50)
    assert floor["AAA"].book.depth(Side.SELL, 1) == [Level(20_000, 500)]


# --- one owner --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deeper", "better", "wanted", "account"),
    [
        ("SELL 100 SSI LO@20050", "SELL 100 SSI LO@20000", "BUY 200 SSI MTL", CASH),
        ("SELL 100 SSI LO@20050", "SELL 100 SSI LO@20000", "BUY 200 SSI MTL", MARGIN),
        *(
            (f"SELL 1 {FUTURE} LO@1900.1", f"SELL 1 {FUTURE} LO@1900", f"BUY 2 {FUTURE} {kind}", DERIVATIVES)
            for kind in ("MTL", "MAK", "MOK")
        ),
    ],
)
def test_a_market_order_does_not_reach_its_owners_deeper_order(brokerage, deeper, better, wanted, account):
    owner, stranger = (DERIVATIVES, OTHER_DERIVATIVES) if FUTURE in deeper else (CASH, OTHER_CASH)
    own = brokerage.order(deeper, owner)
    brokerage.others(better)
    order = brokerage.order(wanted, account)
    assert (order.status, order.error_code) == (OrderStatus.REJECTED, "ORD009")
    assert brokerage.tape.fills == []
    assert brokerage.order(wanted, stranger).status is own.status is OrderStatus.FILLED


def test_orders_at_the_closing_price_meet_only_each_other():
    brokerage = Brokerage("11-23 14:00", listed=(listing("SSI", Exchange.HNX, 20_000),))
    brokerage.others("SELL 100 SSI LO@20000")
    brokerage.others("BUY 100 SSI LO@20000")
    brokerage.order("BUY 100 SSI LO@19900")
    brokerage.until("11-23 14:46")
    shares = brokerage.order("SELL 100 SSI PLO")
    assert shares.status is OrderStatus.QUEUED  # its limit order waits for nothing any more
    assert brokerage.order("BUY 100 SSI PLO", MARGIN).error_code == "ORD009"
    assert brokerage.order("BUY 100 SSI PLO", OTHER_CASH).status is OrderStatus.QUEUED
    brokerage.until("11-23 14:56")
    assert shares.status is OrderStatus.FILLED
    brokerage.close()


def test_an_amended_odd_lot_does_not_meet_its_owners(brokerage):
    """Looked for in the book where it stands, which its old and its new quantity share."""
    order = brokerage.order("SELL 50 SSI LO@20100")
    waiting = brokerage.order("BUY 50 SSI LO@20000", MARGIN)
    brokerage.modify(order, price=20_100, quantity=100)
    brokerage.modify(order, price=20_000, quantity=order.quantity)
    assert (order.error_code, order.price_vnd, order.filled_quantity) == ("ORD009", 20_100, 0)
    assert waiting.filled_quantity == 0


# --- auctions ---------------------------------------------------------------------------------------------------------


def test_an_amendment_in_a_periodic_auction_waits_for_its_end():
    brokerage = Brokerage("11-23 08:00")
    brokerage.exchange.set_state("SSI", SecurityState.RESTRICTED)
    brokerage.until("11-25 09:17")
    assert brokerage.security("SSI").session is Session.PERIODIC
    brokerage.others("SELL 500 SSI LO@20100")
    order = brokerage.order("BUY 500 SSI LO@20000")
    brokerage.modify(order, price=20_100, quantity=500)
    assert (order.status, order.price_vnd, order.filled_quantity) == (OrderStatus.QUEUED, 20_100, 0)
    assert brokerage.tape.fills == []
    brokerage.until("11-25 09:26")
    brokerage.modify(order, price=20_050, quantity=500)
    assert brokerage.last_error()[0] == "ORD011"  # the last five minutes
    brokerage.until("11-25 09:30")
    assert (order.status, len(brokerage.tape.fills)) == (OrderStatus.FILLED, 1)
    brokerage.close()


@pytest.mark.parametrize(
    ("moment", "status", "code"),
    [
        ("11-23 10:01", OrderStatus.FILLED, ""),
        ("11-23 11:40", OrderStatus.QUEUED, "ORD011"),
        ("11-23 14:31", OrderStatus.QUEUED, "ORD011"),
    ],
)
def test_an_amendment_that_a_kill_left_is_asked_for_again(tmp_path, moment, status, code):
    file = tmp_path / "broker.sqlite"
    brokerage = Brokerage("11-23 10:00", journal_file=file)
    order = brokerage.order("BUY 500 SSI LO@20000")
    order.status, order.amendment = OrderStatus.WAITING_MODIFY, Amendment(20_100, 500)
    brokerage.broker.accept_change(order)
    brokerage.broker.commit()
    brokerage.close()
    again = Brokerage(moment, journal_file=file)
    security = again.security("SSI")
    if security.session is not Session.BREAK:
        again.others("SELL 500 SSI LO@20100")
    again.broker.route()
    known = again.broker.orders[order.order_id]
    assert (known.status, known.error_code, known.amendment) == (status, code, None)
    assert known.price_vnd == (20_100 if status is OrderStatus.FILLED else 20_000)
    assert [fill.quantity for _, fill in again.tape.fills] == ([500] if status is OrderStatus.FILLED else [])
    again.close()


def test_the_exchange_lets_an_amended_order_wait_outside_continuous_trading():
    floor = Floor(stock("AAA"))
    floor.at("10:00")
    order = floor.enter("BUY 500 AAA LO@20000")
    floor.enter("SELL 500 AAA LO@20100")
    floor.at("14:31")
    floor.exchange.amend(floor["AAA"], order.order_id, price_vnd=20_100)
    assert floor.tape == []
    floor.at("14:45")
    assert floor.tape == [("AAA", 20_100, 500)]


def test_a_quantity_that_has_traded_before_the_amendment_arrives(brokerage):
    order = brokerage.order("BUY 500 SSI LO@20000")
    order.status, order.amendment = OrderStatus.WAITING_MODIFY, Amendment(20_000, 200)
    brokerage.broker.accept_change(order)
    security = brokerage.security("SSI")
    number = brokerage.exchange.new_order_id()
    brokerage.exchange.submit(security, BookOrder(number, Side.SELL, OrderType.LO, 20_000, 200))
    brokerage.broker.route()
    assert (order.status, order.error_code, order.quantity) == (OrderStatus.PARTIALLY_FILLED, "ORD031", 500)


# --- the rest of a market order ---------------------------------------------------------------------------------------


def test_what_is_left_of_a_market_order_is_a_limit_order(brokerage):
    brokerage.others("SELL 100 SSI LO@20000")
    order = brokerage.order("BUY 300 SSI MTL")
    assert (order.status, order.filled_quantity, order.price_vnd) == (OrderStatus.PARTIALLY_FILLED, 100, 20_050)
    assert brokerage.notices[-1]["type"] == "orderEvent"
    assert brokerage.notices[-1]["data"]["price"] == 20_050
    assert held_vnd(brokerage, order) == 200 * 20_050 * 10_015 // 10_000
    brokerage.modify(order, price=20_100, quantity=300)
    assert (order.error_code, order.price_vnd, order.order_type) == ("", 20_100, OrderType.MTL)
    assert held_vnd(brokerage, order) == 200 * 20_100 * 10_015 // 10_000
    brokerage.modify(order, price=20_100, quantity=200)
    brokerage.others("SELL 300 SSI LO@20100")
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, 200)
    assert order.filled_value_vnd == 100 * 20_000 + 100 * 20_100


def held_vnd(brokerage: Brokerage, order: ClientOrder) -> int:
    return funding.held_cash_vnd(
        brokerage.account(order.account), [order], brokerage.exchange.securities, brokerage.broker.terms
    )


def test_orders_of_an_auction_have_no_limit_to_amend():
    brokerage = Brokerage("11-23 09:05")
    order = brokerage.order("BUY 100 SSI ATO")
    assert order.price_vnd == 0
    brokerage.modify(order, price=20_000, quantity=100)
    assert brokerage.last_error()[0] == "ORD011"
    brokerage.close()


# --- what a refusal leaves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("ORD012", {"price": 20_050, "quantity": 200}),
        ("ORD014", {}),
        ("ORD003", {"price": 25_000}),
        ("ORD004", {"price": 20_010}),
        ("ORD004", {"price": 20_000.5}),
        ("ORD005", {"quantity": 50}),
        ("ORD006", {"instrument_id": "FPT"}),
    ],
)
def test_a_refused_amendment_is_the_orders_last_error(brokerage, code, change):
    order = brokerage.order("BUY 100 SSI LO@20000")
    brokerage.modify(order, **{"price": 20_000, "quantity": 100, "request_id": "4711"} | change)
    assert brokerage.last_error() == (code, "4711")
    error = brokerage.notices[-1]["data"]
    assert (error["orderID"], error["message"]) == (order.order_id, order.error_text)
    (kept,) = brokerage.journal.all_orders()
    assert (kept.error_code, kept.reject_code, kept.status) == (code, "", OrderStatus.QUEUED)


def test_a_refusal_does_not_touch_what_the_order_waits_for_or_how_it_ended(brokerage):
    rejected = brokerage.order("BUY 100 SSI LO@20010")
    brokerage.cancel(rejected, request_id="4711")
    assert brokerage.last_error() == ("ORD012", "4711")
    assert (rejected.reject_code, rejected.unique_id) == ("ORD004", rejected.request_id)
    pending = brokerage.order("BUY 100 SSI LO@20000")
    pending.status, pending.unique_id = OrderStatus.WAITING_CANCEL, "4712"
    brokerage.broker.accept_change(pending)
    customer = brokerage.customer_of(CASH)
    again = CancelOrder(
        account=CASH,
        request_id="4713",
        instrument_id="SSI",
        buy_sell="B",
        device_id=DEVICE_ID,
        order_id=pending.order_id,
        market_id="VN",
    )
    brokerage.intake.cancel_order(customer, again, "127.0.0.1")
    assert (pending.status, pending.unique_id, pending.error_code) == (OrderStatus.WAITING_CANCEL, "4712", "ORD012")
    brokerage.broker.route()
    assert (pending.status, pending.unique_id) == (OrderStatus.CANCELLED, "4712")


def test_somebody_elses_order_learns_nothing(brokerage):
    order = brokerage.order("BUY 100 SSI LO@20000")
    brokerage.modify(order, price=20_050, quantity=100, account=MARGIN)
    assert brokerage.last_error()[0] == "ORD013"
    assert (order.error_code, order.price_vnd) == ("", 20_000)
