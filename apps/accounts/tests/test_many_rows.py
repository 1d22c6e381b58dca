"""Rows that are written together are those that the mapper would have written."""

import pytest
from django.db import DataError, IntegrityError, transaction

from apps.accounts.models import CashSettlement, DailySnapshot, Position, Reservation
from apps.accounts.tests.conftest import MONDAY
from qts.web.many_rows import insert_rows, put_rows


def arriving(account_id, amount_vnd, reference="a"):
    return CashSettlement(
        account_id=account_id, amount_vnd=amount_vnd, trading_day=MONDAY.date(), due_at=MONDAY, reference=reference
    )


def test_new_rows_have_their_values_and_the_defaults_of_model_and_database(account_id):
    insert_rows([])
    insert_rows([arriving(account_id, -7, 'say "no"\n'), arriving(account_id, 9)])
    first, second = CashSettlement.objects.order_by("id")
    assert (first.amount_vnd, first.trading_day, first.due_at) == (-7, MONDAY.date(), MONDAY)
    assert (first.reference, first.source, first.settled_at) == ('say "no"\n', "TRADE", None)
    assert second.amount_vnd == 9
    day = DailySnapshot(
        account_id=account_id, trading_day="2020-01-02", cash_vnd=1, realised_pnl_vnd=2, quantities={"A": 3}
    )
    insert_rows([day])
    assert DailySnapshot.objects.get(trading_day="2020-01-02").quantities == {"A": 3}


def test_of_rows_that_are_there_only_what_was_named_changes(account_id):
    known = Position.objects.get()
    told = Position(account_id=account_id, symbol="SSI", quantity=5, cost_total_vnd=6, realised_pnl_vnd=7)
    put_rows(
        [told, Position(account_id=account_id, symbol="HPG")], unique=["account_id", "symbol"], changed=["quantity"]
    )
    assert sorted(Position.objects.values_list("symbol", "quantity", "cost_total_vnd")) == [
        ("HPG", 0, 0),
        ("SSI", 5, 24_000_000),
    ]
    assert Position.objects.get(symbol="SSI").pk == known.pk


@pytest.mark.parametrize(
    ("amount_vnd", "reference", "refusal"),
    [(0, "a", IntegrityError), (2**63, "a", DataError), (2**70, "a", DataError), (1, "a" * 65, DataError)],
)
def test_what_no_column_takes_is_refused_for_all_of_them(account_id, amount_vnd, reference, refusal):
    with pytest.raises(refusal), transaction.atomic():
        insert_rows([arriving(account_id, 1), arriving(account_id, amount_vnd, reference)])
    assert not CashSettlement.objects.exists()
    assert not Reservation.objects.exists()
