"""Worked examples; fee 0.15 %, sale tax 0.1 %, both rounded down."""

from typing import Any
from uuid import uuid4

import pytest
from django.db.transaction import TransactionManagementError

from apps.accounts import selectors, services
from apps.accounts.models import CashSettlement, LedgerEntry, Reservation, ShareLot, TradeBooking
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.errors import TerminalError
from qts.domain.values import Side

BUY, SELL = Side.BUY, Side.SELL


def test_a_purchase_moves_cost_into_the_position_and_owes_the_cash(account_id, desk):
    # 200 x 25,000 = 5,000,000 and a fee of 7,500
    desk.fill(BUY, 200, 25_000)
    state = selectors.account_state(account_id, MONDAY)
    assert state.cash_settled_vnd == 100_000_000
    assert state.payable_vnd == 5_007_500
    assert state.buying_power_vnd == 94_992_500
    position = state.positions["SSI"]
    assert (position.quantity, position.cost_total_vnd) == (1_200, 29_007_500)
    assert position.sellable_quantity == 1_000
    assert selectors.ledger_differences(account_id) == []


def test_a_sale_earns_the_price_less_fee_tax_and_average_cost(account_id, desk):
    # 300 x 25,000 = 7,500,000; fee 11,250; tax 7,500; cost 24,000,000 x 300 / 1,000 = 7,200,000
    desk.fill(SELL, 300, 25_000)
    state = selectors.account_state(account_id, MONDAY)
    assert state.cash_pending_vnd == 7_481_250
    assert state.buying_power_vnd == 100_000_000  # the cash of a sale is there on T+2, not before
    assert state.realised_pnl_vnd == state.realised_today_vnd == 281_250
    assert state.positions["SSI"].quantity == state.positions["SSI"].sellable_quantity == 700
    assert state.positions["SSI"].cost_total_vnd == 16_800_000
    assert selectors.ledger_differences(account_id) == []


def test_the_legs_of_a_sale_are_on_the_ledger(account_id, desk):
    desk.fill(SELL, 300, 25_000, fill_id="f1")
    legs = LedgerEntry.objects.filter(reference="f1").values_list("ledger", "amount_vnd", "quantity")
    assert sorted(legs) == [
        ("FEES", 11_250, 0),
        ("RECEIVABLE", 7_481_250, 0),
        ("SECURITIES", -7_200_000, -300),
        ("TAXES", 7_500, 0),
        ("TRADING_RESULT", -300_000, 0),
    ]


def test_the_same_fill_twice_is_booked_once(account_id, desk):
    order_id = desk.reserve(BUY, 200, 5_007_500)
    desk.fill(BUY, 200, 25_000, order_id=order_id, fill_id="f1")
    before = selectors.account_state(account_id, MONDAY)
    entries = LedgerEntry.objects.count()
    desk.fill(BUY, 200, 25_000, order_id=order_id, fill_id="f1")
    assert selectors.account_state(account_id, MONDAY) == before
    assert LedgerEntry.objects.count() == entries
    assert (TradeBooking.objects.count(), ShareLot.objects.count(), CashSettlement.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    "other", [{"quantity": 100}, {"price_vnd": 25_050}, {"symbol": "HPG"}, {"side": Side.SELL}], ids=str
)
def test_a_known_fill_id_with_other_content_is_refused(account_id, desk, other):
    order_id = desk.reserve(BUY, 200, 5_007_500)
    fill = {"side": BUY, "quantity": 200, "price_vnd": 25_000, "order_id": order_id, "fill_id": "f1"}
    desk.fill(**fill)
    before = selectors.account_state(account_id, MONDAY)
    with pytest.raises(TerminalError, match="booked already"):
        desk.fill(**fill | other)
    assert selectors.account_state(account_id, MONDAY) == before


@pytest.mark.parametrize(("side", "quantity", "price_vnd"), [(BUY, 0, 25_000), (BUY, -100, 25_000), (SELL, 100, 0)])
def test_what_cannot_be_a_fill_is_refused_and_nothing_is_booked(account_id, desk, side, quantity, price_vnd):
    entries = LedgerEntry.objects.count()
    with pytest.raises(TerminalError, match="is none"):
        desk.fill(side, quantity, price_vnd)
    assert LedgerEntry.objects.count() == entries
    assert TradeBooking.objects.exists() is False


def test_a_sale_of_more_than_the_books_hold_is_refused_and_the_books_stay_balanced(account_id, desk):
    with pytest.raises(TerminalError, match="the books hold 1000"):
        desk.fill(SELL, 1_100, 25_000)
    assert TradeBooking.objects.exists() is False
    assert selectors.account_state(account_id, MONDAY).positions["SSI"].quantity == 1_000
    assert selectors.ledger_differences(account_id) == []


def test_a_fill_for_an_unknown_account_is_refused(desk):
    desk.account_id = uuid4()
    with pytest.raises(TerminalError, match=str(desk.account_id)):
        desk.fill(BUY, 100, 25_000)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_booked_or_reserved_outside_of_a_transaction():
    names: dict[str, Any] = {
        "account_id": uuid4(),
        "order_id": uuid4(),
        "symbol": "SSI",
        "side": BUY,
        "quantity": 100,
        "now": MONDAY,
    }
    with pytest.raises(TransactionManagementError):
        services.book_fill(fill_id="f1", price_vnd=25_000, **names)
    with pytest.raises(TransactionManagementError):
        services.reserve(amount_vnd=2_503_750, **names)
    with pytest.raises(TransactionManagementError):
        services.release_reservation(order_id=uuid4(), now=MONDAY)


def test_partial_fills_consume_the_reservation_and_give_the_rest_back(account_id, desk):
    # 1,000 at 20,000 hold back 20,000,000 + 30,000; filled 400 at 19,900 and 600 at 20,000
    order_id = desk.reserve(BUY, 1_000, 20_030_000)
    assert selectors.account_state(account_id, MONDAY).buying_power_vnd == 79_970_000
    desk.fill(BUY, 400, 19_900, order_id=order_id)  # 7,960,000 + 11,940
    state = selectors.account_state(account_id, MONDAY)
    assert (state.reserved_orders_vnd, state.payable_vnd) == (12_018_000, 7_971_940)
    assert state.positions["SSI"].pending_buy_quantity == 600
    desk.fill(BUY, 600, 20_000, order_id=order_id)  # 12,000,000 + 18,000
    state = selectors.account_state(account_id, MONDAY)
    assert (state.reserved_orders_vnd, state.payable_vnd) == (0, 19_989_940)
    assert state.open_order_count == 0
    assert Reservation.objects.get().state == Reservation.State.POSTED
    assert selectors.ledger_differences(account_id) == []


def test_a_fill_after_its_cancel_is_booked_all_the_same(account_id, desk):
    order_id = desk.reserve(BUY, 1_000, 20_030_000)
    desk.release(order_id)
    desk.fill(BUY, 400, 20_000, order_id=order_id)
    state = selectors.account_state(account_id, MONDAY)
    assert (state.reserved_orders_vnd, state.payable_vnd, state.buying_power_vnd) == (0, 8_012_000, 91_988_000)
    assert Reservation.objects.get().state == Reservation.State.VOIDED


def test_realised_profit_of_today_starts_again_tomorrow(account_id, desk):
    desk.fill(SELL, 300, 25_000)
    assert selectors.account_state(account_id, MONDAY).realised_today_vnd == 281_250
    tuesday = selectors.account_state(account_id, day(1))
    assert (tuesday.realised_today_vnd, tuesday.realised_pnl_vnd) == (0, 281_250)
    desk.fill(SELL, 100, 23_000, now=day(1))  # 2,300,000 - 3,450 - 2,300 - 2,400,000
    tuesday = selectors.account_state(account_id, day(1))
    assert (tuesday.realised_today_vnd, tuesday.realised_pnl_vnd) == (-105_750, 175_500)


def test_each_fill_keeps_what_it_did_to_the_books(account_id, desk):
    desk.fill(SELL, 300, 25_000, fill_id="f1")
    (booking,) = selectors.trade_bookings(account_id, MONDAY.date())
    assert (booking.fill_id, booking.side, booking.quantity, booking.price_vnd) == ("f1", SELL, 300, 25_000)
    assert (booking.fee_vnd, booking.tax_vnd, booking.cost_vnd) == (11_250, 7_500, 7_200_000)
    assert booking.realised_pnl_vnd == 281_250
    assert selectors.trade_bookings(account_id, day(1).date()) == []
