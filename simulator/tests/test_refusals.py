"""Every refusal with its exact code or text, and what it leaves behind: nothing."""

from collections.abc import Iterator

import pytest

from simulator.broker.orders import OrderStatus
from simulator.broker.terms import Terms
from simulator.exchange.security import SecurityState
from simulator.tests.brokerage import (
    CASH,
    DERIVATIVES,
    FOREIGN,
    FUTURE,
    LISTED,
    MARGIN,
    OTHER_CASH,
    OTHER_DERIVATIVES,
    Brokerage,
)


@pytest.fixture
def brokerage() -> Iterator[Brokerage]:
    made = Brokerage()
    yield made
    made.close()


BY_CODE = [
    ("ORD001", "BUY 100 XXX LO@20000", CASH, {}),
    ("ORD002", "BUY 100 SSI LO@18550", CASH, {}),
    ("ORD003", "BUY 100 SSI LO@21450", CASH, {}),
    ("ORD002", "SELL 100 SHS LO@17900", CASH, {}),
    ("ORD003", "BUY 100 ACV LO@57600", CASH, {}),
    ("ORD003", f"BUY 1 {FUTURE} LO@2033.1", DERIVATIVES, {}),
    ("ORD004", "BUY 100 SSI LO@20010", CASH, {}),
    ("ORD004", "BUY 100 SHS LO@20050", CASH, {}),
    ("ORD004", f"BUY 1 {FUTURE} LO@1900.05", DERIVATIVES, {}),
    ("ORD005", "BUY 150 SSI LO@20000", CASH, {}),
    ("ORD005", "BUY 101 ACV LO@50000", CASH, {}),
    ("ORD006", "BUY 100 SSI LO@20000", DERIVATIVES, {"market": "VNFE"}),
    ("ORD007", "SELL 10100 SSI LO@20000", CASH, {}),
    ("ORD007", "SELL 100 SSI LO@20000", OTHER_CASH, {}),
    ("ORD008", "BUY 250000 SSI LO@20000", CASH, {}),  # 5,000,000,000 and the fee
    ("ORD008", "BUY 500100 SSI LO@20000", CASH, {}),  # more than an order may be
    ("ORD008", f"BUY 501 {FUTURE} LO@1900", DERIVATIVES, {}),
    ("ORD010", "BUY 100 SSI MOK", CASH, {}),
    ("ORD010", "BUY 100 SHS ATO", CASH, {}),
    ("ORD010", "BUY 100 ACV MTL", CASH, {}),
    ("ORD010", f"BUY 1 {FUTURE} PLO", DERIVATIVES, {}),
    ("ORD015", "BUY 100 SSI LO@20000", CASH, {"channel_id": "BR"}),
    ("ORD016", "BUY 100 SSI ATO", CASH, {}),
    ("ORD016", "BUY 100 SHS PLO", CASH, {}),
    ("ORD018", "BUY 50 SHS MTL", CASH, {}),
    ("ORD025", f"BUY 1 {FUTURE} LO@1900", CASH, {}),
    ("ORD025", "BUY 100 SSI LO@20000", DERIVATIVES, {}),
    ("ORD034", "BUY 40000 FPT LO@100000", FOREIGN, {}),
    ("ORD036", "BUY 30000 FPT LO@100000", FOREIGN, {}),
    ("ORD039", "BUY 200000 SSI LO@20000", MARGIN, {}),
    ("ORD040", f"BUY 62 {FUTURE} LO@1900", DERIVATIVES, {}),
]


@pytest.mark.parametrize(("code", "text", "account", "changes"), BY_CODE)
def test_what_is_refused_after_the_gateway(brokerage, code, text, account, changes):
    if account == FOREIGN:
        brokerage.exchange.rooms.hold(brokerage.security("FPT"), brokerage.security("FPT").room_left - 20_000)
        brokerage.broker.accounts[FOREIGN].cash_vnd = 10_000_000_000
        object.__setattr__(brokerage.security("FPT").listing, "listed_shares", 80_000)  # at most 39,200 for foreigners
    room = brokerage.security("FPT").room_left
    cash_vnd = brokerage.account(account).cash_vnd
    order = brokerage.order(text, account, **changes)
    assert (order.status, order.error_code) == (OrderStatus.REJECTED, code)
    assert brokerage.statuses(order) == ["RS"]
    assert brokerage.last_error() == (code, order.request_id)
    assert brokerage.broker.open_orders(account) == []
    assert brokerage.account(account).cash_vnd == cash_vnd
    assert brokerage.security("FPT").room_left == room
    assert brokerage.tape.fills == []


def test_what_would_just_have_been_accepted(brokerage):
    """The neighbours of the table above, on the right side of their borders."""
    for text, account in [
        ("BUY 100 SSI LO@18600", CASH),
        ("BUY 100 SSI LO@21400", CASH),
        ("BUY 99 SHS LO@20000", CASH),
        ("SELL 10000 FPT LO@107000", CASH),
        ("BUY 49900 ACV LO@50000", CASH),
        ("BUY 198000 SSI LO@20000", MARGIN),
        (f"BUY 61 {FUTURE} LO@1900", DERIVATIVES),
        (f"BUY 1 {FUTURE} LO@2033", OTHER_DERIVATIVES),
    ]:
        assert brokerage.order(text, account).status is OrderStatus.QUEUED, text


def test_after_hours_needs_a_closing_price_of_the_day(brokerage):
    brokerage.until("11-23 14:50")
    order = brokerage.order("BUY 100 SHS PLO")
    assert (order.status, order.error_code) == (OrderStatus.REJECTED, "ORD016")
    assert order.error_text == "There is no closing price to trade at"
    assert brokerage.tape.fills == []
    brokerage.until("11-25 10:00")
    brokerage.others("SELL 100 SHS LO@20000")
    brokerage.others("BUY 100 SHS LO@20000")
    brokerage.until("11-25 14:50")
    assert brokerage.order("BUY 100 SHS PLO").status is OrderStatus.QUEUED
    brokerage.until("11-26 14:50")  # the closing price of yesterday is none of today's
    assert brokerage.order("BUY 100 SHS PLO").error_code == "ORD016"


@pytest.mark.parametrize("state", [SecurityState.SUSPENDED, SecurityState.HALTED])
def test_a_suspended_security_takes_no_order(brokerage, state):
    brokerage.security("SSI").standing = state
    assert brokerage.order("BUY 100 SSI LO@20000").error_code == "ORD017"
    assert brokerage.order("BUY 100 FPT LO@100000").status is OrderStatus.QUEUED


def test_a_halted_market_takes_no_order_and_none_back(brokerage):
    resting = brokerage.order("BUY 100 SSI LO@20000")
    brokerage.exchange.halt("HOSE")
    assert brokerage.order("BUY 100 SSI LO@20000").error_code == "ORD017"
    assert brokerage.cancel(resting) is None
    assert brokerage.last_error()[0] == "ORD011"
    assert brokerage.order("BUY 100 SHS LO@20000").status is OrderStatus.QUEUED
    brokerage.exchange.resume("HOSE")
    assert brokerage.cancel(resting) is None
    assert resting.status is OrderStatus.CANCELLED


def test_a_locked_account_takes_no_order(brokerage):
    brokerage.broker.lock_account(CASH, is_locked=True)
    assert brokerage.order("BUY 100 SSI LO@20000").error_code == "ORD026"
    brokerage.broker.lock_account(CASH, is_locked=False)
    assert brokerage.order("BUY 100 SSI LO@20000").status is OrderStatus.QUEUED


def test_out_of_margin_room():
    brokerage = Brokerage(terms=Terms(credit_limit_vnd=100_000_000))
    assert brokerage.order("BUY 110000 SSI LO@20000", MARGIN).error_code == "ORD038"
    assert brokerage.order("BUY 104800 SSI LO@20000", MARGIN).status is OrderStatus.QUEUED
    brokerage.close()


def test_the_position_limit_counts_open_orders_of_all_months():
    brokerage = Brokerage(terms=Terms(position_limit_contracts=10))
    assert brokerage.order(f"BUY 6 {FUTURE} LO@1900", DERIVATIVES).status is OrderStatus.QUEUED
    assert brokerage.order(f"BUY 5 {FUTURE} LO@1900", DERIVATIVES).error_code == "ORD008"
    assert brokerage.order(f"BUY 4 {FUTURE} LO@1900", DERIVATIVES).status is OrderStatus.QUEUED
    brokerage.close()


AT_ONCE = [
    ("Account is not exist.", {"account": "0901352"}),
    ("Account is not exist.", {"account": "1184411"}),
    ("RequestID must be 1 to 8 digits", {"request_id": "123456789"}),
    ("RequestID must be 1 to 8 digits", {"request_id": "12a"}),
    ("DeviceId is invalid", {"device_id": ""}),
    ("BuySell must be B or S", {"buy_sell": "X"}),
    ("Order type is invalid", {"order_type": "GTD"}),
    ("Price is null or equal zero when order is market order", {"order_type": "MTL"}),
    ("Price must be greater than zero when order is limit order", {"price": 0.0}),
    ("Price must be greater than zero when order is limit order", {"price": -1.0}),
    ("Price is not a whole number of dong", {"price": 20_000.5}),
    ("Price is invalid", {"price": 1e300}),
    ("Quantity must be a whole number greater than zero", {"quantity": 0.0}),
    ("Quantity must be a whole number greater than zero", {"quantity": 100.5}),
    ("Quantity must be a whole number greater than zero", {"quantity": 1e300}),
    ("Stop order is for derivatives only", {"stop_order": True, "stop_type": "D", "stop_price": 19_000.0}),
]


@pytest.mark.parametrize(("text", "changes"), AT_ONCE)
def test_what_the_gateway_refuses_at_once(brokerage, text, changes):
    told = len(brokerage.notices)
    customer = brokerage.customer_of(CASH)
    request = brokerage.request("BUY 100 SSI LO@20000", **changes)
    assert brokerage.intake.new_order(customer, request, "127.0.0.1") == text
    assert (brokerage.broker.orders, len(brokerage.notices)) == ({}, told)


STOPS = [
    ("Stop type is invalid", {"stop_type": "Z", "stop_price": 1890.0}),
    ("Stop type O is not supported", {"stop_type": "O", "stop_price": 1890.0}),
    ("Stop type B is not supported", {"stop_type": "B", "stop_price": 1890.0, "loss_step": 1.0}),
    ("Stop price must be greater than zero", {"stop_type": "D"}),
    ("Stop step must be greater than zero", {"stop_type": "E", "stop_price": 1890.0}),
    ("Stop step must be greater than zero", {"stop_type": "D", "stop_price": 1890.0, "stop_step": -1.0}),
    ("Stop price is invalid", {"stop_type": "D", "stop_price": 1890.000001}),
]


@pytest.mark.parametrize(("text", "changes"), STOPS)
def test_what_is_wrong_with_a_stop_order(brokerage, text, changes):
    refusal = brokerage.attempt(f"SELL 1 {FUTURE} LO@1890", DERIVATIVES, stop_order=True, **changes)
    assert refusal == text
    assert brokerage.broker.orders == {}


def test_changes_that_are_refused(brokerage):
    order = brokerage.order("BUY 300 SSI LO@20000")
    ended = brokerage.order("BUY 100 SSI LO@20000")
    brokerage.cancel(ended)
    brokerage.others("SELL 100 SSI LO@20000")
    assert order.filled_quantity == 100

    def refused_as(code, **change):
        wanted = {"price": 20_000, "quantity": 300} | change
        assert brokerage.modify(order, **wanted) is None
        assert brokerage.last_error()[0] == code, wanted
        assert (order.price_vnd, order.quantity, order.status) == (20_000, 300, OrderStatus.PARTIALLY_FILLED)

    refused_as("ORD014")
    refused_as("ORD012", price=20_050, quantity=400)
    refused_as("ORD031", quantity=100)
    refused_as("ORD003", price=21_450)
    refused_as("ORD004", price=20_010)
    refused_as("ORD005", quantity=350)
    refused_as("ORD008", quantity=300_000)
    refused_as("ORD013", order_id="99")
    refused_as("ORD006", instrument_id="FPT")
    refused_as("ORD006", buy_sell="S")
    brokerage.cancel(ended)
    assert brokerage.last_error()[0] == "ORD012"
    assert brokerage.cancel(order, order_id="") == "'Order ID' must not be empty."
    assert brokerage.cancel(order, account=OTHER_CASH) == "Account is not exist."
    brokerage.until("11-23 14:31")
    brokerage.cancel(order)
    assert brokerage.last_error()[0] == "ORD011"
    refused_as("ORD011", price=20_050)
    assert brokerage.order("BUY 100 SSI LO@20000", request_id="77").status is OrderStatus.QUEUED
    assert brokerage.attempt("BUY 100 SSI LO@20000", request_id="77") == "Duplicate requestID 77"


def test_what_a_refused_change_leaves_is_an_error_of_a_live_order(brokerage):
    order = brokerage.order("BUY 300 SSI LO@20000")
    brokerage.modify(order, price=20_000, quantity=300_000)
    assert (order.error_code, order.reject_code) == ("ORD008", "")


def test_one_owner_does_not_meet_itself_in_any_of_its_accounts(brokerage):
    assert brokerage.order("SELL 100 SSI LO@20000").status is OrderStatus.QUEUED
    assert brokerage.order("BUY 100 SSI LO@20000", MARGIN).error_code == "ORD009"
    assert brokerage.order("BUY 100 SSI LO@19950", MARGIN).status is OrderStatus.QUEUED
    assert brokerage.order("BUY 50 SSI LO@20000", MARGIN).status is OrderStatus.QUEUED  # odd lots meet elsewhere
    higher = brokerage.order("BUY 100 SSI LO@19900")
    brokerage.modify(higher, price=20_000, quantity=100)
    assert brokerage.last_error()[0] == "ORD009"
    assert higher.price_vnd == 19_900
    assert brokerage.order("BUY 100 SSI LO@20000", OTHER_CASH).status is OrderStatus.FILLED


def test_no_opposite_orders_in_an_auction():
    brokerage = Brokerage("11-23 09:05")
    assert brokerage.order("SELL 100 SSI LO@21000").status is OrderStatus.QUEUED
    assert brokerage.order("BUY 100 SSI LO@19000", MARGIN).error_code == "ORD009"
    assert brokerage.order("BUY 100 SSI LO@19000", OTHER_CASH).status is OrderStatus.QUEUED
    brokerage.close()


def test_the_listed_are_what_the_table_assumes():
    assert [(one.symbol, one.reference_vnd) for one in LISTED[:4]] == [
        ("SSI", 20_000),
        ("FPT", 100_000),
        ("SHS", 20_000),
        ("ACV", 50_000),
    ]
