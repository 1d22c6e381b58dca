"""What accounts of each kind hold, pay and receive: exact figures, worked by hand."""

from collections.abc import Iterator

import pytest

from qts.domain.market import FUTURE_MULTIPLIER_VND
from simulator.broker import derivatives, margin
from simulator.broker.movements import MovementKind
from simulator.broker.orders import OrderStatus
from simulator.broker.terms import Terms
from simulator.tests.brokerage import (
    CASH,
    DERIVATIVES,
    FOREIGN,
    FUTURE,
    MARGIN,
    OTHER_CASH,
    OTHER_DERIVATIVES,
    Brokerage,
)

Kind = MovementKind


@pytest.fixture
def brokerage() -> Iterator[Brokerage]:
    made = Brokerage()
    yield made
    made.close()


def movements(brokerage, account):
    return [(one.kind, one.amount_vnd) for one in brokerage.journal.movements() if one.account == account][1:]


def margin_of(brokerage, number=MARGIN):
    broker = brokerage.broker
    return margin.margin_account_answer(
        brokerage.account(number), broker.open_orders(number), brokerage.exchange.securities, broker.terms
    )


def deposit_of(brokerage, number=DERIVATIVES):
    broker = brokerage.broker
    return derivatives.deposit_answer(
        brokerage.account(number), broker.open_orders(number), brokerage.exchange.securities, broker.terms
    )


# --- cash -----------------------------------------------------------------------------------------------------------


def test_a_purchase_pays_value_and_fee_at_the_match(brokerage):
    brokerage.others("SELL 300 SSI LO@20000")
    brokerage.order("BUY 300 SSI LO@20100")
    assert brokerage.account(CASH).cash_vnd == 5_000_000_000 - 6_000_000 - 9_000
    assert movements(brokerage, CASH) == [(Kind.PURCHASE, -6_000_000), (Kind.FEE, -9_000)]


def test_a_sale_pays_fee_and_tax_out_of_its_proceeds_on_arrival(brokerage):
    brokerage.others("BUY 300 SSI LO@20050")
    order = brokerage.order("SELL 300 SSI LO@20050")
    assert movements(brokerage, CASH) == []
    brokerage.until("11-25 12:59")  # the 24th is a holiday
    assert brokerage.account(CASH).cash_vnd == 5_000_000_000
    brokerage.until("11-26 12:59")
    assert brokerage.account(CASH).cash_vnd == 5_000_000_000
    brokerage.until("11-26 13:00")
    assert movements(brokerage, CASH) == [(Kind.PROCEEDS, 6_015_000), (Kind.FEE, -9_022), (Kind.TAX, -6_015)]
    assert brokerage.account(CASH).cash_vnd == 5_000_000_000 + 6_015_000 - 9_022 - 6_015
    assert {one.order_id for one in brokerage.journal.movements() if one.order_id} == {order.order_id}


def test_another_fee_is_another_fee():
    brokerage = Brokerage(terms=Terms(fee_rate_bps=35, sale_tax_rate_bps=20))
    brokerage.others("SELL 100 SSI LO@20000")
    brokerage.order("BUY 100 SSI LO@20000")
    assert movements(brokerage, CASH) == [(Kind.PURCHASE, -2_000_000), (Kind.FEE, -7_000)]
    brokerage.close()


def test_odd_lots_trade_in_their_own_book_and_are_booked_alike(brokerage):
    brokerage.others("SELL 70 SSI LO@20000")
    order = brokerage.order("BUY 50 SSI LO@20000")
    assert order.status is OrderStatus.FILLED
    assert brokerage.account(CASH).holdings["SSI"].quantity == 10_050
    assert brokerage.security("SSI").totals.quantity == 0
    assert brokerage.order("SELL 10000 SSI LO@20050").status is OrderStatus.QUEUED
    assert brokerage.order("SELL 50 SSI LO@20050").error_code == "ORD007"  # bought today


# --- margin ---------------------------------------------------------------------------------------------------------


def test_a_margin_purchase_borrows_what_is_missing(brokerage):
    brokerage.others("SELL 150000 SSI LO@20000")
    brokerage.order("BUY 150000 SSI LO@20000", MARGIN)
    account = brokerage.account(MARGIN)
    assert (account.cash_vnd, account.debt_vnd) == (0, 1_004_500_000)
    assert movements(brokerage, MARGIN) == [
        (Kind.LOAN, 1_004_500_000),
        (Kind.PURCHASE, -3_000_000_000),
        (Kind.FEE, -4_500_000),
    ]
    told = margin_of(brokerage)
    assert (told["equity"], told["lmv"], told["debt"]) == (1_995_500_000, 3_000_000_000, 1_004_500_000)
    assert told["ee"] == 1_995_500_000 - 1_500_000_000
    assert told["purchasingPower"] == 991_000_000  # at half of its value
    assert (told["marginRatio"], told["action"], told["callMargin"]) == (66.52, "SAFE", 0)


def test_purchasing_power_on_margin_is_exactly_what_can_be_bought(brokerage):
    assert margin_of(brokerage)["purchasingPower"] == 4_000_000_000
    assert brokerage.order("BUY 199500 SSI LO@20000", MARGIN).error_code == "ORD039"  # half of it and the fee
    assert brokerage.order("BUY 199400 SSI LO@20000", MARGIN).status is OrderStatus.QUEUED
    assert margin_of(brokerage)["ee"] == 2_000_000_000 - 1_994_000_000 - 5_982_000


def test_shares_of_upcom_are_not_lent_on(brokerage):
    assert brokerage.order("BUY 40000 ACV LO@50000", MARGIN).error_code == "ORD008"
    assert brokerage.order("BUY 39900 ACV LO@50000", MARGIN).status is OrderStatus.QUEUED


def test_interest_accrues_every_night_and_proceeds_repay_interest_first(brokerage):
    brokerage.others("SELL 150000 SSI LO@20000")
    brokerage.order("BUY 150000 SSI LO@20000", MARGIN)
    brokerage.until("11-25 09:30")  # two nights: the 24th is a holiday
    nightly = 1_004_500_000 * 1_300 // (10_000 * 365)
    account = brokerage.account(MARGIN)
    assert account.interest_vnd == 1_004_500_000 * 1_300 * 2 // (10_000 * 365)
    assert nightly == 357_767
    brokerage.until("11-26 13:30")
    interest = account.interest_vnd
    assert interest == 715_534 + nightly
    brokerage.others("BUY 1000 SSI LO@20000")
    assert brokerage.order("SELL 1000 SSI LO@20000", MARGIN).status is OrderStatus.FILLED
    brokerage.until("11-30 13:00")
    net = 20_000_000 - 30_000 - 20_000
    accrued = interest + nightly + 1_004_500_000 * 1_300 * 3 // (10_000 * 365)  # one night, then a weekend
    assert (account.interest_vnd, account.debt_vnd, account.cash_vnd) == (0, 1_004_500_000 - net + accrued, 0)
    assert movements(brokerage, MARGIN)[-2:] == [(Kind.INTEREST, -accrued), (Kind.REPAYMENT, accrued - net)]


def test_a_falling_market_calls_and_then_forces_a_sale(brokerage):
    brokerage.others("SELL 199400 SSI LO@20000")
    brokerage.order("BUY 199400 SSI LO@20000", MARGIN)
    assert margin_of(brokerage)["action"] == "SAFE"
    debt = brokerage.account(MARGIN).debt_vnd
    states = []
    for price in (16_700, 16_650, 14_300, 14_250):
        brokerage.security("SSI").totals.last_vnd = price
        told = margin_of(brokerage)
        states.append(told["action"])
        equity, value = 199_400 * price - debt, 199_400 * price
        assert told["callMargin"] == max(0, value * 40 // 100 - equity)
        assert told["callForcesell"] == max(0, value * 30 // 100 - equity)
    assert states == ["SAFE", "CALL", "CALL", "FORCESELL"]
    assert brokerage.order("BUY 100 FPT LO@100000", MARGIN).error_code == "ORD039"


# --- foreign owners -------------------------------------------------------------------------------------------------


def test_foreign_orders_hold_the_room_until_they_end(brokerage):
    room = brokerage.security("SSI").room_left
    order = brokerage.order("BUY 1000 SSI LO@20000", FOREIGN)
    assert brokerage.security("SSI").room_left == room - 1_000
    brokerage.others("SELL 300 SSI LO@20000")
    assert brokerage.security("SSI").room_left == room - 1_000
    brokerage.modify(order, price=20_000, quantity=800)
    assert brokerage.security("SSI").room_left == room - 800
    brokerage.cancel(order)
    assert order.status is OrderStatus.PARTLY_FILLED_REST_CANCELLED
    assert brokerage.security("SSI").room_left == room - 300
    assert brokerage.security("SSI").totals.foreign_bought_quantity == 300
    brokerage.others("BUY 200 SSI LO@20000")
    assert brokerage.order("SELL 200 SSI LO@20000", FOREIGN).status is OrderStatus.FILLED
    assert brokerage.security("SSI").room_left == room - 100
    brokerage.order("BUY 500 SSI LO@20000", FOREIGN)
    brokerage.until("11-25 09:30")
    assert brokerage.security("SSI").room_left == room - 100


def test_domestic_orders_leave_the_room_alone(brokerage):
    room = brokerage.security("SSI").room_left
    brokerage.order("BUY 1000 SSI LO@20000")
    assert brokerage.security("SSI").room_left == room


# --- derivatives ----------------------------------------------------------------------------------------------------

POINT = FUTURE_MULTIPLIER_VND


def test_contracts_bind_margin_and_pay_fee_and_tax(brokerage):
    brokerage.others(f"SELL 10 {FUTURE} LO@1900")
    brokerage.order(f"BUY 10 {FUTURE} LO@1900", DERIVATIVES)
    value = 10 * 1_900 * POINT
    tax = value * 17 * 10 // (2 * 100 * 10_000)
    assert tax == 161_500
    assert movements(brokerage, DERIVATIVES) == [(Kind.FEE, -50_000), (Kind.TAX, -161_500)]
    told = deposit_of(brokerage)
    assert told["internalMargin"]["initialMargin"] == 323_000_000
    assert told["accountBalance"] == 2_000_000_000 - 211_500
    assert told["internalMargin"]["accountRatio"] == round(32_300_000_000 / told["accountBalance"], 2)
    event = [one for one in brokerage.notices if one["type"] == "clientPortfolioEvent"][-1]["data"]
    assert event["clientPortfoliosClose"] is None
    (row,) = event["clientPortfoliosOpen"]
    assert (row["martketID"], row["instrumentID"], row["net"], row["bidAvgPrice"]) == ("VNFE", FUTURE, 10, 1_900.0)


def test_the_deposit_covers_margin_fee_and_tax_or_there_is_no_order(brokerage):
    account = brokerage.account(DERIVATIVES)
    account.cash_vnd = 323_000_000 + 50_000 + 161_500 - 1
    assert brokerage.order(f"BUY 10 {FUTURE} LO@1900", DERIVATIVES).error_code == "ORD040"
    account.cash_vnd += 1
    assert brokerage.order(f"BUY 10 {FUTURE} LO@1900", DERIVATIVES).status is OrderStatus.QUEUED
    account.cash_vnd = 0
    assert brokerage.order(f"SELL 10 {FUTURE} LO@1910", DERIVATIVES).status is OrderStatus.QUEUED  # binds no more


def test_every_day_gains_and_losses_go_through_the_clearing_house(brokerage):
    brokerage.others(f"SELL 10 {FUTURE} LO@1900")
    brokerage.order(f"BUY 10 {FUTURE} LO@1900", DERIVATIVES)
    brokerage.others(f"BUY 4 {FUTURE} LO@1905")
    brokerage.order(f"SELL 4 {FUTURE} LO@1905", DERIVATIVES)
    told = derivatives.positions_answer(brokerage.account(DERIVATIVES), brokerage.exchange.securities)
    (row,) = told["openPosition"]
    assert (row["net"], row["tradingPL"], row["floatingPL"]) == (6, 4 * 5.0 * POINT, 6 * 5.0 * POINT)
    before = brokerage.account(DERIVATIVES).cash_vnd
    brokerage.others(f"SELL 1 {FUTURE} LO@1892.5")
    brokerage.others(f"BUY 1 {FUTURE} LO@1892.5")
    brokerage.until("11-25 09:30")
    settlement = brokerage.security(FUTURE).reference_vnd
    variation = 6 * settlement - 6 * 1_900 * POINT + 4 * 5 * POINT
    assert brokerage.account(DERIVATIVES).cash_vnd == before + variation
    assert movements(brokerage, DERIVATIVES)[-1] == (Kind.VARIATION, variation)
    assert brokerage.account(DERIVATIVES).contracts[FUTURE].cost_vnd == 6 * settlement
    brokerage.until("11-26 09:30")  # a day without a trade: nothing more to pay
    assert brokerage.account(DERIVATIVES).cash_vnd == before + variation


def test_a_contract_is_closed_on_its_last_day():
    brokerage = Brokerage("12-16 10:00")
    brokerage.others(f"BUY 3 {FUTURE} LO@1900")
    brokerage.order(f"SELL 3 {FUTURE} LO@1900", DERIVATIVES)
    brokerage.until("12-17 10:00")  # the third Thursday
    assert brokerage.account(DERIVATIVES).contracts[FUTURE].net == -3
    brokerage.others(f"SELL 1 {FUTURE} LO@1880")
    brokerage.others(f"BUY 1 {FUTURE} LO@1880")
    brokerage.until("12-18 10:00")
    account = brokerage.account(DERIVATIVES)
    assert account.contracts == {}
    paid = sum(amount for kind, amount in movements(brokerage, DERIVATIVES) if kind is Kind.VARIATION)
    assert paid == 3 * 20 * POINT
    assert deposit_of(brokerage)["internalMargin"]["initialMargin"] == 0
    brokerage.close()


def test_closing_needs_no_margin_and_both_sides_of_a_trade_are_marked_to_zero(brokerage):
    assert brokerage.order(f"BUY 15 {FUTURE} LO@1900", OTHER_DERIVATIVES).status is OrderStatus.QUEUED
    brokerage.order(f"SELL 15 {FUTURE} LO@1900", DERIVATIVES)
    assert brokerage.account(OTHER_DERIVATIVES).contracts[FUTURE].net == 15
    assert brokerage.order(f"BUY 1 {FUTURE} LO@1900", OTHER_DERIVATIVES).error_code == "ORD040"
    assert brokerage.order(f"SELL 15 {FUTURE} LO@1910", OTHER_DERIVATIVES).status is OrderStatus.QUEUED
    brokerage.others(f"SELL 1 {FUTURE} LO@1850")
    brokerage.others(f"BUY 1 {FUTURE} LO@1850")
    brokerage.until("11-25 09:30")
    paid = [one for one in brokerage.journal.movements() if one.kind is Kind.VARIATION]
    assert sorted(one.account for one in paid) == [DERIVATIVES, OTHER_DERIVATIVES]
    assert sum(one.amount_vnd for one in paid) == 0
    assert paid[0].amount_vnd != 0


# --- orders that wait here ------------------------------------------------------------------------------------------


def test_an_early_order_waits_where_the_broker_holds_it():
    brokerage = Brokerage("11-23 08:30", terms=Terms(holds_early_orders=True))
    order = brokerage.order("BUY 100 SSI LO@20000")
    back = brokerage.order("BUY 100 SSI LO@20000")
    never = brokerage.order("BUY 100 SSI MOK")
    assert (order.status, never.error_code) == (OrderStatus.EARLY, "ORD010")
    assert brokerage.cancel(back) is None
    assert back.status is OrderStatus.CANCELLED
    brokerage.until("11-23 09:00")
    assert brokerage.statuses(order) == ["IAV", "RS", "SD", "QU"]
    assert brokerage.statuses(back) == ["IAV", "WC", "CL"]
    brokerage.until("11-23 11:45")
    lunch = brokerage.order("BUY 100 SSI MTL")
    assert brokerage.order("BUY 100 SSI ATO").error_code == "ORD016"  # none comes today
    assert lunch.status is OrderStatus.EARLY
    brokerage.until("11-23 13:00")
    assert brokerage.statuses(lunch)[:3] == ["IAV", "RS", "SD"]
    brokerage.close()


def test_without_that_an_early_order_is_refused():
    brokerage = Brokerage("11-23 08:59:59")
    assert brokerage.order("BUY 100 SSI LO@20000").error_code == "ORD016"
    brokerage.until("11-23 11:30")
    assert brokerage.order("BUY 100 SSI LO@20000").error_code == "ORD016"
    brokerage.close()


def test_a_large_order_waits_for_approval():
    brokerage = Brokerage(terms=Terms(approval_from_vnd=100_000_000))
    assert brokerage.order("BUY 4900 SSI LO@20000").status is OrderStatus.QUEUED
    order = brokerage.order("BUY 5000 SSI LO@20000")
    assert order.status is OrderStatus.WAITING_APPROVAL
    brokerage.until("11-23 09:30:01")
    assert order.status is OrderStatus.WAITING_APPROVAL
    brokerage.until("11-23 09:30:02")
    assert brokerage.statuses(order) == ["WA", "RS", "SD", "QU"]
    brokerage.close()


@pytest.mark.parametrize(
    ("stop", "quiet", "triggering"),
    [
        ({"stop_type": "D", "stop_price": 1_890.0}, [1_895, 1_890.1], 1_890),
        ({"stop_type": "U", "stop_price": 1_910.0}, [1_905, 1_909.9], 1_910),
        ({"stop_type": "E", "stop_price": 1_890.0, "stop_step": 5.0}, [1_895, 1_905, 1_900.1], 1_900),
        ({"stop_type": "V", "stop_price": 1_910.0, "stop_step": 5.0}, [1_905, 1_895, 1_899.9], 1_900),
    ],
)
def test_a_stop_order_goes_to_the_exchange_at_its_price(brokerage, stop, quiet, triggering):
    order = brokerage.order(f"SELL 2 {FUTURE} LO@1880", DERIVATIVES, stop_order=True, **stop)
    for price in quiet:
        brokerage.others(f"SELL 1 {FUTURE} LO@{price}")
        brokerage.others(f"BUY 1 {FUTURE} LO@{price}")
        assert order.status is OrderStatus.STOP_WAITING, price
    assert (
        brokerage.order(f"BUY 1 {FUTURE} LO@1870", DERIVATIVES).status is OrderStatus.QUEUED
    )  # no margin is bound yet
    brokerage.others(f"SELL 1 {FUTURE} LO@{triggering}")
    brokerage.others(f"BUY 1 {FUTURE} LO@{triggering}")
    assert brokerage.statuses(order) == ["SOR", "SOS", "SD", "QU"]
    brokerage.others(f"BUY 2 {FUTURE} LO@1880")
    assert order.status is OrderStatus.FILLED


def test_a_stop_order_before_the_session_waits_for_it_and_ends_with_the_day():
    brokerage = Brokerage("11-23 08:30")
    order = brokerage.order(f"SELL 1 {FUTURE} LO@1880", DERIVATIVES, stop_order=True, stop_type="D", stop_price=1_850.0)
    brokerage.until("11-23 14:46")
    assert brokerage.statuses(order) == ["SOI", "SOR", "EX"]
    brokerage.close()


def test_a_new_process_knows_what_waits_here_and_what_is_held(tmp_path):
    terms, file = Terms(holds_early_orders=True), tmp_path / "journal.sqlite3"
    brokerage = Brokerage("11-23 09:30", terms=terms, journal_file=file)
    brokerage.others(f"SELL 2 {FUTURE} LO@1900")
    brokerage.order(f"BUY 2 {FUTURE} LO@1900", DERIVATIVES)
    stop = brokerage.order(
        f"SELL 2 {FUTURE} LO@1880", DERIVATIVES, stop_order=True, stop_type="E", stop_price=1_890.0, stop_step=5.0
    )
    brokerage.others(f"SELL 1 {FUTURE} LO@1910")
    brokerage.others(f"BUY 1 {FUTURE} LO@1910")
    foreign = brokerage.order("BUY 1000 SSI LO@20000", FOREIGN)
    brokerage.until("11-23 11:40")
    early = brokerage.order("BUY 100 SSI LO@20000")
    brokerage.close()

    again = Brokerage("11-23 12:00", terms=terms, journal_file=file)
    orders = again.broker.orders
    assert [orders[one.order_id].status.value for one in (stop, foreign, early)] == ["SOR", "QU", "IAV"]
    assert orders[foreign.order_id].room_held == 1_000
    assert again.account(DERIVATIVES).contracts[FUTURE].net == 2
    again.until("11-23 13:00")
    assert orders[early.order_id].status is OrderStatus.QUEUED
    again.others(f"SELL 1 {FUTURE} LO@1905")
    again.others(f"BUY 1 {FUTURE} LO@1905")  # five points under the highest price that the first process saw
    assert again.statuses(orders[stop.order_id]) == ["SOS", "SD", "QU"]
    again.close()


def test_the_journal_knows_everything(brokerage):
    brokerage.others("SELL 100 SSI LO@20000")
    order = brokerage.order("BUY 100 SSI LO@20000", OTHER_CASH)
    told = brokerage.journal.everything()
    assert [one["order_id"] for one in told["orders"]] == [order.order_id]
    assert [(one["orderID"], one["quantity"], one["price_vnd"]) for one in told["fills"]] == [
        (order.order_id, 100, 20_000)
    ]
    of_order = [one for one in told["cash_movements"] if one["order_id"] == order.order_id]
    assert [(one["kind"], one["amount_vnd"]) for one in of_order] == [("PURCHASE", -2_000_000), ("FEE", -3_000)]
    balance = {one["number"]: one["cash_vnd"] for one in told["accounts"]}
    for number, cash_vnd in balance.items():
        assert cash_vnd == sum(one["amount_vnd"] for one in told["cash_movements"] if one["account"] == number)
