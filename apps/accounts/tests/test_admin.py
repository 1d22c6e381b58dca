"""In the admin an account is opened and shared; its books can only be looked at."""

from http import HTTPStatus
from uuid import uuid4

import pytest
from django.apps import apps
from django.urls import reverse

from apps.accounts import selectors
from apps.accounts.models import FutureSettlement, LedgerEntry, Position
from apps.accounts.tests.conftest import MONDAY, day
from apps.accounts.tests.live_market import clock_at
from apps.accounts.tests.test_loans_and_futures import FUTURE, opened
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.values import Side

BOOKS = ["position", "ledgerentry", "tradebooking", "reconciliation"]


@pytest.fixture
def administrator(db):
    return verified_client(make_user("boss", Role.ADMINISTRATOR))


def test_a_new_account_comes_with_empty_books_and_its_members(administrator):
    trader = make_user("trader-x", Role.TRADER)
    answer = administrator.post(
        reverse("admin:accounts_brokerageaccount_add"),
        {
            "number": "0901352", "name": "New", "connection_id": str(uuid4()), "is_active": "on",
            "kind": "CASH", "owner": "DOMESTIC",
            "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
            "memberships-0-user": str(trader.pk), "memberships-0-role": "trade",
        },
    )  # fmt: skip
    assert answer.status_code == HTTPStatus.FOUND
    account_id = selectors.account_id_of("0901352")
    assert account_id is not None
    assert selectors.account_state(account_id, MONDAY).buying_power_vnd == 0
    assert selectors.may_trade(trader, account_id) is True


@pytest.mark.parametrize("books", BOOKS)
def test_books_are_shown(account_id, desk, administrator, books):
    desk.fill(Side.BUY, 100, 25_000)
    assert administrator.get(reverse(f"admin:accounts_{books}_changelist")).status_code == HTTPStatus.OK


@pytest.mark.parametrize("books", BOOKS)
def test_books_cannot_be_written(account_id, administrator, books):
    assert administrator.get(reverse(f"admin:accounts_{books}_add")).status_code == HTTPStatus.FORBIDDEN
    entry, position = LedgerEntry.objects.filter(kind="OPENING").earliest("id"), Position.objects.get()
    for row in (entry, position):
        name = row._meta.model_name
        for page in ("change", "delete"):
            address = reverse(f"admin:accounts_{name}_{page}", args=[row.pk])
            assert administrator.post(address, {"quantity": "1", "post": "yes"}).status_code == HTTPStatus.FORBIDDEN
    assert selectors.ledger_differences(account_id) == []


def test_an_account_is_never_deleted(account_id, administrator):
    address = reverse("admin:accounts_brokerageaccount_delete", args=[account_id])
    assert administrator.post(address, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
    assert selectors.account_id_of("0901351") == account_id


def test_the_kind_of_an_account_does_not_change(account_id, administrator):
    form = {"number": "0901351", "name": "Renamed", "connection_id": str(uuid4()), "owner": "DOMESTIC",
            "kind": "DERIVATIVES", "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}  # fmt: skip
    address = reverse("admin:accounts_brokerageaccount_change", args=[account_id])
    assert administrator.post(address, form).status_code == HTTPStatus.FOUND
    account = selectors.account(account_id)
    assert (account.name, account.kind) == ("Renamed", "CASH")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("marginterms", {"credit_limit_vnd": "5", "interest_bps_a_year": "1300", "call_percent": "40",
                         "forced_sale_percent": "30"}),
        ("loanratio", {"symbol": "SSI", "loan_percent": "50"}),
    ],
)  # fmt: skip
def test_terms_hold_from_a_day_on_and_do_not_change_once_they_have_begun(
    account_id, administrator, settings, model, told
):
    settings.MARKET_CLOCK = clock_at(MONDAY)
    rows, add = apps.get_model("accounts", model).objects, reverse(f"admin:accounts_{model}_add")
    assert administrator.get(add).status_code == HTTPStatus.OK
    for valid_from, times in (("2026-11-08", 0), ("2026-11-09", 1), ("2026-11-20", 2)):
        administrator.post(add, {"account": str(account_id), "valid_from": valid_from, **told})
        assert rows.count() == times
    settings.MARKET_CLOCK = clock_at(day(1))
    begun, coming = rows.order_by("valid_from")
    for row, status in ((begun, HTTPStatus.FORBIDDEN), (coming, HTTPStatus.FOUND)):
        address = reverse(f"admin:accounts_{model}_delete", args=[row.pk])
        assert administrator.post(address, {"post": "yes"}).status_code == status
    assert list(rows.all()) == [begun]
    found = administrator.get(reverse(f"admin:accounts_{model}_changelist"), {"q": "0901351"})
    assert f"{begun.pk}/change/" in found.content.decode()


def test_a_settlement_price_is_entered_once_and_marks_the_accounts(administrator, settings):
    settings.MARKET_CLOCK = clock_at(day(0, 16))
    desk = opened("0901358", 100_000_000)
    desk.fill(Side.BUY, 1, 128_000_000, FUTURE)
    add = reverse("admin:accounts_futuresettlement_add")
    told = {"symbol": FUTURE, "trading_day": "2026-11-09", "price_vnd": "128500000", "source": "VSDC"}
    for wrong in ({"trading_day": "2026-11-10"}, {"symbol": "SSI"}, {"price_vnd": "0"}):
        assert administrator.post(add, told | wrong).status_code == HTTPStatus.OK  # the form again
    assert administrator.post(add, told).status_code == HTTPStatus.FOUND
    assert administrator.post(add, told | {"price_vnd": "1"}).status_code == HTTPStatus.OK
    kept = FutureSettlement.objects.get()
    assert (kept.price_vnd, kept.source, kept.entered_by.partition(":")[0]) == (128_500_000, "VSDC", "user")
    assert selectors.account_state(desk.account_id, day(0, 16)).contracts[FUTURE].holding.cost_vnd == 128_500_000
    address = reverse("admin:accounts_futuresettlement_delete", args=[kept.pk])
    assert administrator.post(address, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN


def test_operators_look_at_terms_and_prices_and_enter_none(db):
    operator = verified_client(make_user("op", Role.OPERATOR))
    for model in ("marginterms", "loanratio", "futuresettlement"):
        assert operator.get(reverse(f"admin:accounts_{model}_changelist")).status_code == HTTPStatus.OK
        assert operator.get(reverse(f"admin:accounts_{model}_add")).status_code == HTTPStatus.FORBIDDEN
