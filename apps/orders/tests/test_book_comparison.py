"""Shares and cash against the broker's: what counts as a difference, and what it leads to."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.orders.models import ForeignOrder
from apps.orders.services import book_comparison
from apps.orders.services.book_comparison import BookComparison
from apps.orders.services.pace import Pace
from apps.orders.tests.conftest import MORNING, at
from apps.risk import selectors as risk
from apps.risk.services import watch_dead_man_timers
from qts.adapters.ssi.trading import BrokerCash, BrokerPosition, RateLimit
from qts.domain.errors import TerminalError, TransientError

pytestmark = pytest.mark.django_db(transaction=True)


class Books:
    """What the broker shows: at first what the desk began with."""

    def __init__(self) -> None:
        self.cash = BrokerCash("0901351", 100_000_000, 0, 0, 0, 0, 0, 0)
        self.held = BrokerPosition("SSI", 1_000, 1_000, 0, 0, 0, 0, 24_000)
        self.fails: Exception | None = None
        self.asked = 0

    def cash_balance(self, account: str) -> BrokerCash:
        self.asked += 1
        if self.fails:
            raise self.fails
        return self.cash

    def stock_positions(self, account: str) -> list[BrokerPosition]:
        return [self.held]


@pytest.fixture
def clock(monkeypatch):
    moment = SimpleNamespace(now_s=1_000.0)
    faked = SimpleNamespace(monotonic=lambda: moment.now_s, sleep=abs)  # nobody waits
    monkeypatch.setattr(book_comparison, "time", faked)
    return moment


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def comparison(desk, books, clock) -> BookComparison:
    Pace.learn(desk.connection_id, [RateLimit("*", "1s", 1_000)])
    return BookComparison(desk.connection_id, books)


def test_equal_books_are_recorded_once_and_compared_each_half_minute(desk, books, comparison, clock):
    comparison.step(MORNING)
    assert accounts.last_reconciliation(desk.account_id).differences == ()
    for seconds, asked in ((29.9, 1), (30.1, 2), (59.0, 2), (60.5, 3)):
        clock.now_s = 1_000.0 + seconds
        comparison.step(MORNING)
        assert books.asked == asked
    assert accounts.last_reconciliation(desk.account_id).compared_at == MORNING


def test_one_account_at_a_time(desk, books, comparison, clock):
    second = ledger.open_account(number="0902351", name="Second", connection_id=desk.connection_id)
    ledger.adopt_balances(account_id=second, cash_vnd=1, positions=[], now=at("08:00:00"))
    asked = []
    for _ in range(3):
        comparison.step(MORNING)
        asked.append(books.asked)
    assert asked == [1, 2, 2]
    clock.now_s += 5.1  # the second account's figures are not what the broker shows: asked again soon, both
    for _ in range(3):
        comparison.step(MORNING)
    assert books.asked == 4
    assert accounts.last_reconciliation(second).differences
    assert accounts.last_reconciliation(desk.account_id).differences == ()


def test_outside_of_the_sessions_it_is_compared_now_and_then(desk, books, comparison, clock):
    comparison.step(at("20:00:00"))
    clock.now_s += 599
    comparison.step(at("20:09:59"))
    assert books.asked == 1
    clock.now_s += 2
    comparison.step(at("20:10:01"))
    assert books.asked == 2


def test_a_difference_counts_when_it_is_there_twice_and_holds_the_account_until_it_is_gone(
    desk, books, comparison, clock
):
    books.cash = replace(books.cash, balance_vnd=99_000_000)
    comparison.step(MORNING)
    assert accounts.last_reconciliation(desk.account_id) is None, "a fill may be on its way"
    clock.now_s += 5.1
    comparison.step(MORNING)
    (found,) = accounts.last_reconciliation(desk.account_id).differences
    assert (found.what, found.ours, found.theirs) == ("cash", 100_000_000, 99_000_000)
    watch_dead_man_timers(MORNING)
    assert "books-differ" in {one.cause for one in risk.holds()}
    assert not desk.submit().accepted
    assert desk.submit("SELL 100 SSI @ 25100").accepted
    books.cash, books.held = replace(books.cash, balance_vnd=100_000_000), replace(books.held, sellable=900)
    clock.now_s += 30.1
    comparison.step(MORNING)
    assert accounts.last_reconciliation(desk.account_id).differences == ()
    watch_dead_man_timers(MORNING)
    assert "books-differ" not in {one.cause for one in risk.holds()}


def test_a_difference_that_changes_is_no_difference_yet(desk, books, comparison, clock):
    for balance_vnd in (99_000_000, 98_000_000, 97_000_000):
        books.cash = replace(books.cash, balance_vnd=balance_vnd)
        comparison.step(MORNING)
        clock.now_s += 5.1
    assert accounts.last_reconciliation(desk.account_id) is None


@pytest.mark.parametrize("error", [TransientError("away"), TerminalError("no such account")])
def test_a_broker_that_does_not_answer_is_asked_again_and_nothing_is_concluded(desk, books, comparison, clock, error):
    books.fails = error
    comparison.step(MORNING)
    assert accounts.last_reconciliation(desk.account_id) is None
    books.fails = None
    clock.now_s += 30.1
    comparison.step(MORNING)
    assert accounts.last_reconciliation(desk.account_id).differences == ()


# --- orders placed elsewhere count in risk ----------------------------------------------------------------------------


def foreign(desk, status="QU", **changes):
    facts = {
        "connection_id": desk.connection_id, "trading_day": "2026-11-23", "account_number": "0901351",
        "broker_order_id": "77", "symbol": "SSI", "side": "SELL", "order_type": "LO", "quantity": 500,
        "price_vnd": 25_000, "broker_status": status, "first_seen_at": MORNING, "last_seen_at": MORNING,
    } | changes  # fmt: skip
    return ForeignOrder.objects.create(**facts)


@pytest.mark.parametrize(
    ("changes", "is_met"),
    [
        ({}, True),
        ({"status": "PF"}, True),
        ({"status": "CL"}, False),
        ({"status": "FF"}, False),
        ({"trading_day": "2026-11-20"}, False),
        ({"account_number": "1184411"}, False),
        ({"symbol": "VNM"}, False),
        ({"side": "BUY"}, False),
        ({"price_vnd": 26_000}, False),
    ],
    ids=str,
)
def test_our_purchase_does_not_meet_a_sale_that_was_placed_by_phone(desk, changes, is_met):
    foreign(desk, **changes)
    done = desk.submit("BUY 300 SSI @ 25050")
    assert [breach.code for breach in done.breaches] == (["SELF_MATCH"] if is_met else [])
