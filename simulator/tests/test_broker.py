"""Customers' orders in process: fills, cancels, sessions, days, settlement."""

import json

import pytest

from qts.domain.values import OrderType, Side
from simulator.broker.orders import OrderStatus
from simulator.tests.worlds import Hand


def events(hand, order):
    """(type, status or quantity) of everything told about an order."""
    told = [json.loads(body) for body in hand.notices]
    mine = [one for one in told if one["data"].get("orderID") == order.order_id]
    return [(one["type"], one["data"].get("orderStatus") or one["data"].get("matchQty")) for one in mine]


def test_a_sale_brings_its_proceeds_two_trading_days_later(tmp_path):
    hand = Hand(tmp_path, "11-20 09:30")  # a Friday; the 24th is a holiday
    cash_vnd = hand.account.cash_vnd
    order = hand.order("SELL 500 SSI MTL")
    assert order.status is OrderStatus.FILLED
    assert hand.account.cash_vnd == cash_vnd
    value_vnd = order.filled_value_vnd
    proceeds_vnd = sum(lot.amount_vnd for lot in hand.account.cash_lots)
    fills = hand.world.journal.fills()
    fees_vnd = sum(one["quantity"] * one["price_vnd"] * 15 // 10_000 for one in fills)
    taxes_vnd = sum(one["quantity"] * one["price_vnd"] * 10 // 10_000 for one in fills)
    assert proceeds_vnd == value_vnd - fees_vnd - taxes_vnd
    hand.skip("11-23 14:59")
    hand.skip("11-25 12:59")
    assert hand.account.cash_vnd == cash_vnd
    hand.skip("11-25 13:00")
    assert hand.account.cash_vnd == cash_vnd + proceeds_vnd
    assert hand.account.cash_lots == []


def test_bought_shares_cannot_be_sold_before_they_arrive(tmp_path):
    hand = Hand(tmp_path, "11-20 09:30")
    bought = hand.order("BUY 200 SSI MTL")
    assert bought.filled_quantity == 200
    assert hand.account.holdings["SSI"].quantity == 10_200
    refused = hand.order("SELL 10100 SSI LO@38000")
    assert (refused.status, refused.error_code) == (OrderStatus.REJECTED, "ORD007")
    hand.skip("11-23 14:59")
    hand.skip("11-25 12:59")
    assert hand.order("SELL 10100 SSI LO@38000").error_code == "ORD016"  # the lunch break admits nothing
    hand.skip("11-25 13:01")
    last_vnd = hand.world.exchange.securities["SSI"].band.ceiling_vnd
    accepted = hand.order(f"SELL 10200 SSI LO@{last_vnd}")
    assert accepted.status in (OrderStatus.QUEUED, OrderStatus.PARTIALLY_FILLED)


def test_open_orders_hold_cash_and_shares(tmp_path):
    hand = Hand(tmp_path, "11-23 09:30")
    for _ in range(2):
        assert hand.order("BUY 50000 SSI LO@33350").status is OrderStatus.QUEUED
    assert hand.order("BUY 100000 SSI LO@33350").error_code == "ORD008"
    assert hand.order("SELL 9000 FPT LO@105200").status is OrderStatus.QUEUED
    assert hand.order("SELL 1100 FPT LO@105200").error_code == "ORD007"
    assert hand.order("SELL 1000 FPT LO@105200").status is OrderStatus.QUEUED


def test_a_partly_filled_order_can_be_cancelled_once(tmp_path):
    hand = Hand(tmp_path, "11-23 09:30")
    (ask,) = hand.world.exchange.securities["VNM"].book.depth(Side.SELL, 1)
    wanted = ask.quantity + 5_000
    order = hand.order(f"BUY {wanted} VNM LO@{ask.price_vnd}")
    assert order.status is OrderStatus.PARTIALLY_FILLED
    filled = order.filled_quantity
    assert hand.cancel(order) is None
    assert (order.status, order.cancelled_quantity) == (OrderStatus.PARTLY_FILLED_REST_CANCELLED, wanted - filled)
    assert events(hand, order)[-2:] == [("orderEvent", "WC"), ("orderEvent", "FFPC")]
    assert hand.cancel(order) is None  # accepted by the gateway, refused on the stream
    assert json.loads(hand.notices[-1])["data"]["errorCode"] == "ORD012"
    assert order.cancelled_quantity == wanted - filled


def test_no_cancel_in_an_auction(tmp_path):
    hand = Hand(tmp_path, "11-23 09:05")
    order = hand.order("BUY 100 SSI LO@33350")
    assert hand.cancel(order) is None
    assert json.loads(hand.notices[-1])["data"]["errorCode"] == "ORD011"
    assert order.status is OrderStatus.QUEUED


def test_an_opening_order_trades_at_the_opening_price_or_ends(tmp_path):
    hand = Hand(tmp_path, "11-23 09:05")
    order = hand.order("BUY 300 SSI ATO")
    assert order.order_type is OrderType.ATO
    hand.until("11-23 09:14:59")
    assert events(hand, order) == [("orderEvent", "RS"), ("orderEvent", "SD"), ("orderEvent", "QU")]
    hand.until("11-23 09:15")
    assert order.status is OrderStatus.FILLED
    open_vnd = hand.world.exchange.securities["SSI"].totals.open_vnd
    assert order.filled_value_vnd == 300 * open_vnd


def test_what_is_left_at_the_close_expires(tmp_path):
    hand = Hand(tmp_path, "11-23 14:00")
    order = hand.order("BUY 100 SSI LO@33350")
    hand.until("11-23 14:45")
    assert (order.status, order.cancelled_quantity) == (OrderStatus.EXPIRED, 100)
    assert events(hand, order)[-1] == ("orderEvent", "EX")
    hand.skip("11-25 09:20")
    assert hand.world.broker.orders == {}


def test_own_orders_do_not_meet(tmp_path):
    hand = Hand(tmp_path, "11-23 09:30")
    hand.order("BUY 100 SSI LO@33350")
    assert hand.order("SELL 100 SSI LO@33350").error_code == "ORD009"
    assert hand.order("SELL 100 SSI LO@38300").status is OrderStatus.QUEUED  # far from meeting


def test_a_request_id_serves_once_a_day(tmp_path):
    hand = Hand(tmp_path, "11-23 09:30")
    assert hand.order("BUY 100 SSI LO@33350", request_id="77").status is OrderStatus.QUEUED
    assert hand.order("BUY 100 SSI LO@33350", request_id="77") == "Duplicate requestID 77"
    assert len(hand.world.broker.orders) == 1
    hand.skip("11-23 14:59")
    hand.skip("11-25 09:20")
    assert not isinstance(hand.order("BUY 100 SSI LO@33350", request_id="77"), str)


@pytest.mark.parametrize("later", ["11-23 09:31", "11-23 14:00"])
def test_a_new_process_resumes_the_day(tmp_path, later):
    hand = Hand(tmp_path, "11-23 09:30")
    resting = hand.order("BUY 300 SSI LO@33350")
    filled = hand.order("BUY 100 FPT MTL")
    assert filled.status is OrderStatus.FILLED
    cash_vnd, told = hand.account.cash_vnd, len(hand.notices)
    hand.world.store.save()
    last_vnd = hand.world.exchange.securities["FPT"].totals.last_vnd

    again = Hand(tmp_path, later)  # the first one simply stopped
    assert again.account.cash_vnd == cash_vnd
    assert again.world.exchange.securities["FPT"].totals.last_vnd == last_vnd
    restored = again.world.broker.orders[resting.order_id]
    assert restored.status is OrderStatus.QUEUED
    assert again.world.exchange.securities["SSI"].book.depth(Side.BUY, 100)[-1].price_vnd == 33_350
    assert len(again.world.journal.notices("090135", again.world.broker.day, 1)) == told
    assert again.cancel(restored) is None
    assert restored.status is OrderStatus.CANCELLED
    assert [order.order_id for order in again.world.journal.all_orders()] == [resting.order_id, filled.order_id]


def test_a_new_process_on_a_later_day_ends_the_old_one(tmp_path):
    hand = Hand(tmp_path, "11-23 09:30")
    resting = hand.order("BUY 300 SSI LO@33350")
    hand.until("11-23 10:00")
    hand.world.store.save()
    close_vnd = hand.world.exchange.securities["SSI"].totals.last_vnd

    again = Hand(tmp_path, "11-25 09:20")
    (ended,) = again.world.journal.all_orders()
    assert (ended.order_id, ended.status, ended.cancelled_quantity) == (resting.order_id, OrderStatus.EXPIRED, 300)
    assert again.world.exchange.securities["SSI"].reference_vnd == close_vnd
    assert again.world.broker.open_orders("0901351") == []


def test_what_was_accepted_but_not_sent_on_is_sent_on_by_the_next_process(tmp_path):
    hand = Hand(tmp_path, "11-23 09:30")
    request = hand.new_order_request("BUY 100 SSI MTL")
    order = hand.world.intake.new_order(hand.customer, request, "127.0.0.1")
    hand.tell()  # committed and answered; then the process dies
    assert order.status is OrderStatus.READY

    again = Hand(tmp_path, "11-23 09:31")
    (known,) = again.world.journal.all_orders()
    assert (known.order_id, known.status, known.filled_quantity) == (order.order_id, OrderStatus.FILLED, 100)
