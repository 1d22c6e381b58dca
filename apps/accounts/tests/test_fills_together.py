"""Fills that are booked together do to the books what they do one by one."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts import selectors, services
from apps.accounts.models import LedgerEntry, Position, Reservation, TradeBooking
from apps.accounts.services import FillToBook, OpeningPosition
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.errors import TerminalError
from qts.domain.values import Side

BUY, SELL = Side.BUY, Side.SELL
NOBODY = uuid4()


@pytest.fixture
def twin_id(account_id):
    """A second account that is like the first."""
    found = services.open_account(number="1184411", name="Twin", connection_id=uuid4())
    services.adopt_balances(
        account_id=found,
        cash_vnd=100_000_000,
        positions=[OpeningPosition("SSI", 1_000, 24_000_000)],
        now=MONDAY.replace(hour=8),
    )
    return found


def fills_of(account_id, bought, sold) -> list[FillToBook]:
    told = [
        (bought, "HPG", BUY, 100, 20_010, MONDAY),
        (sold, "SSI", SELL, 700, 25_030, MONDAY),
        (bought, "HPG", BUY, 200, 19_990, MONDAY),
        (uuid4(), "SSI", BUY, 300, 24_990, MONDAY),
        (sold, "SSI", SELL, 300, 25_010, MONDAY.replace(minute=31)),
        (uuid4(), "VCB", BUY, 100, 60_000, day(1)),
    ]
    return [
        FillToBook(account_id, order_id, f"{str(account_id)[:8]}-{number}", symbol, side, quantity, price, at, "cross")
        for number, (order_id, symbol, side, quantity, price, at) in enumerate(told)
    ]


def reserve_both(desk):
    return desk.reserve(BUY, 300, 6_100_000, "HPG"), desk.reserve(SELL, 1_000)


def what_is_there(account_id) -> dict[str, object]:
    """Everything but names: of each table the rows in the order of their content."""

    def rows(name, *fields):
        found = apps.get_model("accounts", name).objects.filter(account_id=account_id).order_by()
        return sorted(map(repr, found.values_list(*fields)))

    return {
        "state": replace(selectors.account_state(account_id, day(1)), account_id=NOBODY),
        "trades": rows("TradeBooking", "symbol", "fee_vnd", "tax_vnd", "cost_vnd", "realised_pnl_vnd", "strategy_id"),
        "lots": rows("ShareLot", "symbol", "quantity", "trading_day", "sellable_at"),
        "settlements": rows("CashSettlement", "amount_vnd", "due_at"),
        "entries": rows("LedgerEntry", "kind", "ledger", "symbol", "quantity", "amount_vnd", "trading_day", "due_at"),
        "reservations": rows("Reservation", "symbol", "quantity", "amount_vnd", "state", "closed_at"),
        "mornings": rows("DailySnapshot", "trading_day", "cash_vnd", "realised_pnl_vnd", "quantities"),
    }


def test_the_books_are_the_same_one_by_one_and_together(account_id, twin_id, desk_of):
    alone, together = desk_of(account_id), desk_of(twin_id)
    for fill in fills_of(account_id, *reserve_both(alone)):
        with transaction.atomic():
            assert services.book_fills([fill]) == []
    with transaction.atomic():
        assert services.book_fills(fills_of(twin_id, *reserve_both(together))) == []
    first, second = what_is_there(account_id), what_is_there(twin_id)
    assert first == second
    assert len(first["trades"]) == 6
    assert len(first["mornings"]) == 2
    for each in (account_id, twin_id):
        assert selectors.ledger_differences(each, now=day(1)) == []


def test_what_cannot_be_a_fill_is_answered_and_the_others_are_booked(account_id, desk):
    good = fills_of(account_id, uuid4(), uuid4())
    nonsense = replace(good[0], fill_id="none", quantity=0)
    naked = replace(good[1], fill_id="naked", quantity=5_000)
    changed = replace(good[0], price_vnd=1)
    with transaction.atomic():
        refused = services.book_fills([nonsense, *good, naked, changed, good[0]])
    assert {one.fill.fill_id: one.reason for one in refused} == {
        "none": "fill none of 0 shares at 20010 VND is none",
        "naked": "fill naked sells 5000 SSI, the books hold 300",
        good[0].fill_id: f"fill {good[0].fill_id} is booked already with another price_vnd",
    }
    assert TradeBooking.objects.count() == 6
    assert selectors.ledger_differences(account_id, now=day(1)) == []


def test_an_account_that_there_is_not_is_an_error_and_nothing_is_booked(account_id):
    strange = replace(fills_of(account_id, uuid4(), uuid4())[0], account_id=uuid4())
    with pytest.raises(TerminalError, match="no account"), transaction.atomic():
        services.book_fills([*fills_of(account_id, uuid4(), uuid4()), strange])
    assert not TradeBooking.objects.exists()


def test_an_order_that_is_used_up_within_the_batch_frees_its_cash_once(account_id, desk):
    bought, _sold = reserve_both(desk)
    with transaction.atomic():
        services.book_fills(fills_of(account_id, bought, uuid4())[:3:2])
    kept = Reservation.objects.get(order_id=bought)
    assert (kept.state, kept.quantity, kept.amount_vnd) == (Reservation.State.POSTED, 0, 0)
    assert selectors.account_state(account_id, MONDAY).reserved_orders_vnd == 0


def test_fifty_fills_take_no_more_statements_than_five(account_id, desk):
    counts = []
    for size in (5, 50):
        fills = [
            FillToBook(account_id, uuid4(), f"{size}-{number}", "HPG", BUY, 100, 20_000, MONDAY)
            for number in range(size)
        ]
        with (
            transaction.atomic(),
            CaptureQueriesContext(
                connection,
            ) as asked,
        ):
            services.book_fills(fills)
        counts.append(len(asked))
    assert counts[1] <= counts[0]
    assert Position.objects.get(symbol="HPG").quantity == 5_500
    assert LedgerEntry.objects.filter(kind="PURCHASE").count() == 110
