"""Taking an account over from the broker, and comparing with it afterwards."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from apps.accounts import selectors, services
from apps.accounts.models import LedgerEntry
from apps.accounts.selectors import ReconciliationView
from apps.accounts.services import OpeningPosition, reconciliation
from apps.accounts.tests.conftest import MONDAY, day
from apps.accounts.tests.live_market import clock_at
from apps.sso.services.demo import seed_demo_users
from qts.adapters.ssi.trading import BrokerCash, BrokerPosition
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import Side

SSI = BrokerPosition(
    symbol="SSI", on_hand=1_500, sellable=1_000, bought_today=200, bought_yesterday=300, bought_before=0, sold_today=0,
    average_price_vnd=24_100,
)  # fmt: skip
CASH = BrokerCash(
    account="0901351", balance_vnd=90_000_000, on_hold_vnd=0, withdrawable_vnd=90_000_000,
    purchasing_power_vnd=90_000_000, receiving_t1_vnd=4_000_000, receiving_t2_vnd=6_000_000, debt_vnd=0,
)  # fmt: skip


class Broker:
    """Answers what it was given; `is_away` makes it unreachable."""

    def __init__(self, positions=(SSI,), cash=CASH, is_away=False):
        self.positions, self.cash, self.is_away = list(positions), cash, is_away

    def stock_positions(self, account):
        if self.is_away:
            raise TransientError("connection refused")
        return self.positions

    def cash_balance(self, account):
        if self.is_away:
            raise TransientError("connection refused")
        return replace(self.cash, account=account)

    def close(self):
        self.is_away = True


@pytest.fixture
def connection_of(db):
    seed_demo_users()
    return {"0901351": uuid4(), "1184411": uuid4()}


def seed(connection_of, make=Broker):
    return services.seed_demo_accounts(connection_of=connection_of, now=MONDAY, connect=lambda _: make())


def test_the_demo_accounts_begin_with_what_the_broker_shows(connection_of):
    account_id = seed(connection_of)["0901351"]
    state = selectors.account_state(account_id, MONDAY)
    assert (state.cash_settled_vnd, state.cash_pending_vnd, state.payable_vnd) == (90_000_000, 10_000_000, 0)
    held = state.positions["SSI"]
    assert (held.quantity, held.sellable_quantity, held.cost_total_vnd) == (1_500, 1_000, 36_150_000)
    assert selectors.ledger_differences(account_id) == []
    assert services.reconcile_with_broker(account_id, now=MONDAY, broker=Broker()) == []


def test_what_was_on_its_way_arrives_on_its_day(connection_of):
    account_id = seed(connection_of)["0901351"]
    tuesday, wednesday = (selectors.account_state(account_id, day(number, 13)) for number in (1, 2))
    assert (tuesday.positions["SSI"].sellable_quantity, tuesday.cash_settled_vnd) == (1_300, 94_000_000)
    assert (wednesday.positions["SSI"].sellable_quantity, wednesday.cash_settled_vnd) == (1_500, 100_000_000)
    services.settle_due(day(2, 13))
    assert selectors.ledger_differences(account_id) == []


def test_seeding_again_takes_nothing_over_twice(connection_of):
    first = seed(connection_of)
    entries = LedgerEntry.objects.count()
    again = seed(connection_of, make=lambda: Broker(cash=replace(CASH, balance_vnd=1)))
    assert again == first
    assert LedgerEntry.objects.count() == entries


def test_owners_may_trade_their_own_account_only(connection_of, django_user_model):
    account_ids = seed(connection_of)
    trader = django_user_model.objects.get(username="trader")
    assert selectors.may_trade(trader, account_ids["0901351"]) is True
    assert selectors.may_view(trader, account_ids["1184411"]) is False


def test_without_the_broker_no_balance_is_made_up(connection_of):
    with pytest.raises(TransientError):
        seed(connection_of, make=lambda: Broker(is_away=True))
    assert LedgerEntry.objects.exists() is False


@pytest.mark.parametrize(
    ("cash_vnd", "position"),
    [
        (-1, OpeningPosition("SSI", 100, 1)),
        (1, OpeningPosition("SSI", 0, 1)),
        (1, OpeningPosition("SSI", 100, -1)),
        (1, OpeningPosition("SSI", 100, 1, ((101, MONDAY),))),
    ],
)
def test_an_account_that_a_cash_account_cannot_be_is_not_taken_over(db, cash_vnd, position):
    account_id = services.open_account(number="1", name="Odd", connection_id=uuid4())
    with pytest.raises(TerminalError, match="taken over"):
        services.adopt_balances(account_id=account_id, cash_vnd=cash_vnd, positions=[position], now=MONDAY)
    assert LedgerEntry.objects.exists() is False


def test_every_difference_is_named_with_both_numbers_and_recorded(connection_of, desk_of):
    account_id = seed(connection_of)["0901351"]
    desk_of(account_id).fill(Side.BUY, 100, 20_000, symbol="HPG")  # 2,003,000 that the broker knows nothing of
    theirs = Broker([replace(SSI, on_hand=1_400)], replace(CASH, receiving_t1_vnd=0))
    differences = services.reconcile_with_broker(account_id, now=MONDAY, broker=theirs)
    assert {item.what: (item.ours, item.theirs) for item in differences} == {
        "cash": (87_997_000, 90_000_000),
        "cash of sales on its way": (10_000_000, 6_000_000),
        "HPG quantity": (100, 0),
        "SSI quantity": (1_500, 1_400),
    }
    stored = selectors.last_reconciliation(account_id)
    assert stored == ReconciliationView(MONDAY, tuple(differences))


def test_equal_books_are_recorded_too_and_nothing_is_corrected(connection_of):
    account_id = seed(connection_of)["0901351"]
    entries = LedgerEntry.objects.count()
    services.reconcile_with_broker(account_id, now=MONDAY, broker=Broker())
    assert selectors.last_reconciliation(account_id) == ReconciliationView(MONDAY, ())
    assert LedgerEntry.objects.count() == entries


def test_the_command_names_differences_and_fails(connection_of, monkeypatch, capsys, settings):
    settings.MARKET_CLOCK = clock_at(MONDAY)
    seed(connection_of)
    monkeypatch.setattr(reconciliation, "open_client", lambda _: Broker(cash=replace(CASH, balance_vnd=90_000_001)))
    with pytest.raises(CommandError, match="2 accounts"):
        call_command("reconcile")
    assert "cash: ours 90,000,000, theirs 90,000,001" in capsys.readouterr().out
    monkeypatch.setattr(reconciliation, "open_client", lambda _: Broker())
    call_command("reconcile")
    assert "0901351: equal" in capsys.readouterr().out


def test_an_unknown_account_cannot_be_compared(db):
    with pytest.raises(TerminalError, match="no account"):
        services.reconcile_with_broker(uuid4(), now=MONDAY, broker=Broker())
