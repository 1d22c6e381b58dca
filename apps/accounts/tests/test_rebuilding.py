"""Totals come from entries, or somebody is told."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import ProgrammingError, connection, transaction

from apps.accounts import selectors, services
from apps.accounts.models import CashBalance, CashSettlement, LedgerCheck, LedgerEntry, Position, ShareLot
from apps.accounts.tasks import check_ledger
from apps.accounts.tests.conftest import day
from apps.eventlog import selectors as eventlog
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.domain.values import Side


@pytest.fixture
def traded(account_id, desk):
    desk.fill(Side.BUY, 200, 25_000)
    desk.fill(Side.SELL, 300, 25_000)
    services.settle_due(day(2, 13))
    desk.fill(Side.BUY, 100, 26_000, now=day(3))
    return account_id


@pytest.fixture
def watcher(traded):
    return make_user("watcher", Role.OPERATOR)


def test_books_that_are_right_are_noted_and_nobody_is_told(traded, watcher):
    assert services.check_all_books(day(3, 20)) == 0
    check = LedgerCheck.objects.get()
    assert (check.differences, check.entry_count) == ([], LedgerEntry.objects.count())
    assert "account.ledger.differs" not in {one.topic for one in eventlog.history(key=str(traded), limit=50)}
    assert selectors.broken_books(watcher) == []


BREAKS = {
    "settled cash": lambda: CashBalance.objects.update(settled_vnd=1),
    "dividends due": lambda: CashBalance.objects.update(dividends_due_vnd=1),
    "advanced": lambda: CashBalance.objects.update(advanced_vnd=1),
    "SSI quantity": lambda: Position.objects.update(quantity=999),
    "SSI cost": lambda: Position.objects.update(cost_total_vnd=1),
    "SSI realised profit": lambda: Position.objects.update(realised_pnl_vnd=1),
    "SSI arriving": lambda: ShareLot.objects.filter(trading_day=day(3).date()).update(quantity=1),
    "PAYABLE of fill-3 on its way": lambda: CashSettlement.objects.filter(settled_at=None).update(amount_vnd=-1),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_total_that_somebody_changed_is_an_alert(traded, watcher, what):
    BREAKS[what]()
    assert services.check_all_books(day(3, 10)) == 1
    assert [one["what"] for one in LedgerCheck.objects.get().differences] == [what]
    told = eventlog.history(key=str(traded), limit=1)[0]
    assert (told.topic, told.body["what"]) == ("account.ledger.differs", [what])
    (broken,) = selectors.broken_books(watcher)
    assert (broken.account_number, [one.what for one in broken.differences]) == ("0901351", [what])


def test_the_rebuild_puts_totals_back(traded):
    before = selectors.account_state(traded, day(3))
    CashBalance.objects.update(settled_vnd=1, payable_vnd=2, receivable_vnd=3, realised_pnl_vnd=4)
    Position.objects.update(quantity=5, cost_total_vnd=6, realised_pnl_vnd=7)
    with pytest.raises(CommandError, match="1 accounts"):
        call_command("rebuild_books")
    call_command("rebuild_books", "--repair")
    assert selectors.account_state(traded, day(3)) == before
    assert selectors.ledger_differences(traded, now=day(3)) == []


def test_the_nightly_task_checks(traded, settings):
    check_ledger()
    assert LedgerCheck.objects.count() == 1
    entry = settings.CELERY_BEAT_SCHEDULE["check the ledger"]
    assert entry["task"] == check_ledger.name


def test_the_applications_role_adds_to_the_ledger_and_changes_nothing(traded):
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE qts_ledger_test NOLOGIN")
        call_command("protect_ledger", "qts_ledger_test")
        cursor.execute("SET LOCAL ROLE qts_ledger_test")
        cursor.execute("SELECT count(*) FROM accounts_ledgerentry")
        assert cursor.fetchone()[0] > 0
        cursor.execute("UPDATE accounts_position SET quantity = quantity")  # the rest of its work goes on
        for act in (
            "UPDATE accounts_ledgerentry SET amount_vnd = 0",
            "DELETE FROM accounts_ledgerentry",
            "TRUNCATE accounts_ledgerentry CASCADE",
            "ALTER TABLE accounts_ledgerentry DISABLE TRIGGER ALL",
        ):
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
                cursor.execute(act)
        cursor.execute("RESET ROLE")


def test_the_applications_role_is_made_with_the_password_of_the_environment(db, monkeypatch):
    for password, reason in (("", "is empty"), ("first", ""), ("second", "")):
        monkeypatch.setenv("APPLICATION_PASSWORD", password)
        if reason:
            with pytest.raises(CommandError, match=reason):
                call_command("protect_ledger", "qts_made_test", "--create")
        else:
            call_command("protect_ledger", "qts_made_test", "--create", "--hand-over")
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcanlogin, rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = 'qts_made_test'")
        assert cursor.fetchone() == (True, False)
        cursor.execute("SELECT current_user")
        (me,) = cursor.fetchone()
    with pytest.raises(CommandError, match="who asks"):
        call_command("protect_ledger", me, "--create")
