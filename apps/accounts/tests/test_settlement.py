"""A trade of Monday the 9th arrives on Wednesday the 11th at 13:00, one of Thursday the 12th on Monday the 16th."""

import pytest
from django.db import IntegrityError, transaction

from apps.accounts import selectors, services
from apps.accounts.models import CashBalance, DailySnapshot, LedgerEntry
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.errors import TerminalError
from qts.domain.values import Side

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("moment", "expected"),  # sellable shares; cash settled, pending, payable
    [
        (day(0, 14, 0), (700, 100_000_000, 7_481_250, 5_007_500)),
        (day(1, 13, 0), (700, 100_000_000, 7_481_250, 5_007_500)),
        (day(2, 12, 59, 59), (700, 100_000_000, 7_481_250, 5_007_500)),
        (day(2, 13, 0), (900, 102_473_750, 0, 0)),
    ],
    ids=["on the day", "T+1", "a second before", "on the second"],
)
@pytest.mark.parametrize("posted", [False, True], ids=["not posted yet", "posted"])
def test_shares_and_cash_arrive_on_the_second_whether_posted_or_not(account_id, desk, moment, expected, posted):
    desk.fill(BUY, 200, 25_000)
    desk.fill(SELL, 300, 25_000)
    if posted:
        services.settle_due(moment)
    state = selectors.account_state(account_id, moment)
    assert state.positions["SSI"].quantity == 900
    cash = (state.cash_settled_vnd, state.cash_pending_vnd, state.payable_vnd)
    assert (state.positions["SSI"].sellable_quantity, *cash) == expected
    assert state.buying_power_vnd == state.cash_settled_vnd - state.payable_vnd
    assert selectors.ledger_differences(account_id) == []


def test_a_trade_before_the_weekend_arrives_after_it(account_id, desk):
    desk.fill(SELL, 300, 25_000, now=day(3))
    assert selectors.account_state(account_id, day(4, 15)).cash_pending_vnd == 7_481_250
    assert selectors.account_state(account_id, day(7, 12, 59)).cash_pending_vnd == 7_481_250
    assert selectors.account_state(account_id, day(7, 13)).cash_pending_vnd == 0


def test_settling_twice_posts_once(account_id, desk):
    desk.fill(BUY, 200, 25_000)
    desk.fill(SELL, 300, 25_000)
    assert services.settle_due(day(2, 13)) == 2
    entries = LedgerEntry.objects.count()
    assert services.settle_due(day(2, 13)) == 0
    assert LedgerEntry.objects.count() == entries
    assert CashBalance.objects.get().settled_vnd == 102_473_750


def test_the_next_order_settles_what_is_due_without_a_worker(account_id, desk):
    desk.fill(SELL, 300, 25_000)
    desk.reserve(BUY, 100, 2_503_750, now=day(2, 13))
    cash = CashBalance.objects.get()
    assert (cash.settled_vnd, cash.receivable_vnd) == (107_481_250, 0)
    assert selectors.ledger_differences(account_id) == []


def test_a_day_is_opened_once_with_what_was_there_before_its_first_change(account_id, desk):
    desk.fill(SELL, 300, 25_000)
    services.settle_due(day(1, 8))
    desk.fill(SELL, 100, 25_000, now=day(1))
    services.settle_due(day(1, 15))
    monday, tuesday = DailySnapshot.objects.order_by("trading_day")
    assert (monday.cash_vnd, monday.quantities, monday.realised_pnl_vnd) == (100_000_000, {"SSI": 1_000}, 0)
    assert (tuesday.cash_vnd, tuesday.quantities) == (107_481_250, {"SSI": 700})
    assert tuesday.realised_pnl_vnd == 281_250


def test_a_day_that_was_opened_and_has_no_snapshot_is_not_guessed(account_id, desk):
    desk.fill(SELL, 300, 25_000)
    DailySnapshot.objects.all().delete()
    with pytest.raises(TerminalError, match="its snapshot is gone"):
        selectors.account_state(account_id, MONDAY)


@pytest.mark.parametrize(
    "change", ["UPDATE accounts_ledgerentry SET amount_vnd = 1", "DELETE FROM accounts_ledgerentry"]
)
def test_the_ledger_cannot_be_changed(account_id, change):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        transaction.get_connection().cursor().execute(change)
    assert LedgerEntry.objects.count() == 3


def test_a_posting_that_does_not_balance_is_refused_by_the_database(account_id):
    leg = LedgerEntry.objects.filter(ledger="CASH").get()
    leg.pk, leg._state.adding = None, True
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        leg.save(force_insert=True)
    assert LedgerEntry.objects.count() == 3
    assert selectors.ledger_totals(account_id) == {
        "CASH": 100_000_000,
        "SECURITIES": 24_000_000,
        "CAPITAL": -124_000_000,
    }


def test_a_state_takes_one_statement_whatever_is_held(account_id, desk, django_assert_num_queries):
    for number in range(12):
        desk.fill(BUY, 100, 10_000, symbol=f"S{number:02}")
        desk.reserve(BUY, 100, 1_001_500, symbol=f"S{number:02}")
    with django_assert_num_queries(1):
        state = selectors.account_state(account_id, MONDAY)
    assert len(state.positions) == 13
