"""A cash event entered by hand: two people, one booking."""

from uuid import uuid4

import pytest
from django.db import IntegrityError

from apps.accounts import selectors, services
from apps.accounts.models import CashEvent, CashRequest, LedgerEntry
from apps.accounts.services import CashEventProblem, CashEventRefused
from apps.accounts.tests.conftest import MONDAY
from qts.domain.values import Actor, ActorKind

FIRST, SECOND = Actor(ActorKind.USER, "7"), Actor(ActorKind.USER, "8")


def propose(account_id, kind="DEPOSIT", amount_vnd=5_000_000, reference="D1"):
    return services.propose_cash_event(
        account_id=account_id, kind=kind, amount_vnd=amount_vnd, reference=reference, actor=FIRST, now=MONDAY
    )


def problem(act, *arguments, **named):
    entries = LedgerEntry.objects.count()
    with pytest.raises(CashEventRefused) as refused:
        act(*arguments, **named)
    assert LedgerEntry.objects.count() == entries
    return refused.value.problem


def test_it_is_booked_when_a_second_person_has_confirmed_it(account_id):
    made = propose(account_id)
    assert not CashEvent.objects.exists()
    event_id = services.confirm_cash_event(made, actor=SECOND, now=MONDAY)
    assert selectors.account_state(account_id, MONDAY).cash_settled_vnd == 105_000_000
    (told,) = selectors.cash_requests()
    assert (told.status, told.proposed_by, told.decided_by) == ("BOOKED", str(FIRST), str(SECOND))
    assert CashRequest.objects.get().event_id == event_id
    assert selectors.ledger_differences(account_id, now=MONDAY) == []


def test_nobody_confirms_what_they_entered(account_id):
    made = propose(account_id)
    assert problem(services.confirm_cash_event, made, actor=FIRST, now=MONDAY) == CashEventProblem.SAME_PERSON
    with pytest.raises(IntegrityError):  # nor does the database believe it
        CashRequest.objects.update(
            status="BOOKED", decided_by=str(FIRST), event=CashEvent.objects.create(
                account_id=account_id, kind="DEPOSIT", amount_vnd=1, reference="x", entered_by="", occurred_at=MONDAY
            ),
        )  # fmt: skip


@pytest.mark.parametrize("end", [services.confirm_cash_event, services.reject_cash_event])
def test_it_is_decided_once(account_id, end):
    made = propose(account_id)
    end(made, actor=SECOND, now=MONDAY)
    for again in (services.confirm_cash_event, services.reject_cash_event):
        assert problem(again, made, actor=SECOND, now=MONDAY) == CashEventProblem.ALREADY_DECIDED
    assert problem(services.reject_cash_event, uuid4(), actor=SECOND, now=MONDAY) == CashEventProblem.ALREADY_DECIDED


def test_a_document_is_entered_once_unless_it_was_rejected(account_id):
    made = propose(account_id)
    assert problem(propose, account_id, reference=" D1 ") == CashEventProblem.ENTERED_TWICE
    services.reject_cash_event(made, actor=FIRST, now=MONDAY)
    services.confirm_cash_event(propose(account_id), actor=SECOND, now=MONDAY)
    assert problem(propose, account_id) == CashEventProblem.ENTERED_TWICE


@pytest.mark.parametrize(
    ("kind", "amount_vnd", "reference"),
    [("GIFT", 1, "D1"), ("DEPOSIT", 0, "D1"), ("DEPOSIT", -1, "D1"), ("DEPOSIT", 1, " ")],
)
def test_nonsense_is_not_kept(account_id, kind, amount_vnd, reference):
    assert problem(propose, account_id, kind, amount_vnd, reference) == CashEventProblem.NONSENSE
    assert problem(propose, uuid4()) == CashEventProblem.NONSENSE
    assert not CashRequest.objects.exists()


def test_what_the_books_refuse_when_it_is_confirmed_stays_open(account_id):
    made = propose(account_id, "WITHDRAWAL", 100_000_001)
    assert problem(services.confirm_cash_event, made, actor=SECOND, now=MONDAY) == CashEventProblem.NOT_ENOUGH_CASH
    assert selectors.cash_requests()[0].status == "PROPOSED"
