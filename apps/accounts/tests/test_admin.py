"""In the admin an account is opened and shared; its books can only be looked at."""

from http import HTTPStatus
from uuid import uuid4

import pytest
from django.urls import reverse

from apps.accounts import selectors
from apps.accounts.models import LedgerEntry, Position
from apps.accounts.tests.conftest import MONDAY
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
