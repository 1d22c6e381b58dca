import pytest

from apps.accounts import selectors
from apps.accounts.models import Reservation
from apps.accounts.tests.conftest import MONDAY
from apps.eventlog import selectors as eventlog
from qts.domain.errors import TerminalError
from qts.domain.values import Side

BUY, SELL = Side.BUY, Side.SELL


def test_a_purchase_holds_cash_back_and_its_end_gives_it_back(account_id, desk):
    order_id = desk.reserve(BUY, 100, 2_503_750)
    state = selectors.account_state(account_id, MONDAY)
    assert (state.reserved_vnd, state.buying_power_vnd, state.largest_order_vnd) == (2_503_750, 97_496_250, 2_503_750)
    desk.release(order_id)
    state = selectors.account_state(account_id, MONDAY)
    assert (state.reserved_vnd, state.buying_power_vnd, state.open_order_count) == (0, 100_000_000, 0)


def test_a_sale_holds_shares_back_and_no_cash(account_id, desk):
    desk.reserve(SELL, 300)
    state = selectors.account_state(account_id, MONDAY)
    assert (state.reserved_vnd, state.open_order_count) == (0, 1)
    position = state.positions["SSI"]
    assert (position.quantity, position.sellable_quantity, position.reserved_sell_quantity) == (1_000, 700, 300)


def test_releasing_twice_gives_back_once(account_id, desk):
    order_id = desk.reserve(BUY, 100, 2_503_750)
    desk.reserve(BUY, 100, 2_503_750)
    desk.release(order_id)
    desk.release(order_id)
    assert selectors.account_state(account_id, MONDAY).reserved_vnd == 2_503_750
    assert Reservation.objects.get(order_id=order_id).state == Reservation.State.VOIDED


def test_releasing_an_order_that_reserved_nothing_changes_nothing(account_id, desk):
    desk.release(account_id)
    assert selectors.account_state(account_id, MONDAY).buying_power_vnd == 100_000_000


def test_shrinking_keeps_the_share_of_the_rest_rounded_up(account_id, desk):
    order_id = desk.reserve(BUY, 300, 10_000_001)
    desk.shrink(order_id, 100)
    # 10,000,001 x 200 / 300 = 6,666,667.3 are given back
    state = selectors.account_state(account_id, MONDAY)
    assert state.reserved_orders_vnd == 10_000_001 - 6_666_667
    assert state.positions["SSI"].pending_buy_quantity == 100
    assert selectors.ledger_differences(account_id) == []


@pytest.mark.parametrize("quantity", [301, -1])
def test_an_order_cannot_shrink_to_more_than_it_was_or_less_than_nothing(account_id, desk, quantity):
    order_id = desk.reserve(BUY, 300, 7_511_250)
    with pytest.raises(TerminalError, match="300 shares left"):
        desk.shrink(order_id, quantity)
    assert selectors.account_state(account_id, MONDAY).reserved_vnd == 7_511_250


@pytest.mark.parametrize(("side", "quantity", "amount_vnd"), [(BUY, 100, 0), (SELL, 100, 1), (BUY, 0, 1), (BUY, 1, -1)])
def test_a_reservation_of_nothing_sensible_is_refused(account_id, desk, side, quantity, amount_vnd):
    with pytest.raises(TerminalError, match="cannot reserve"):
        desk.reserve(side, quantity, amount_vnd)
    assert Reservation.objects.exists() is False


def test_every_change_of_cash_and_shares_is_announced(account_id, desk):
    order_id = desk.reserve(BUY, 100, 2_503_750)
    newest = eventlog.history(key=str(account_id), limit=1)[0]
    assert newest.topic == "account.cash.changed"
    assert newest.body["reserved_vnd"] == 2_503_750
    assert newest.body["buying_power_vnd"] == 97_496_250
    desk.fill(BUY, 100, 25_000, order_id=order_id)
    cash, position = eventlog.history(key=str(account_id), limit=2)
    assert (cash.topic, position.topic) == ("account.cash.changed", "account.position.changed")
    assert cash.body["reserved_vnd"] == 2_503_750
    assert (position.body["quantity"], position.body["sellable_quantity"]) == (1_100, 1_000)
    desk.reserve(SELL, 400)
    newest = eventlog.history(key=str(account_id), limit=1)[0]
    assert (newest.topic, newest.body["sellable_quantity"]) == ("account.position.changed", 600)
