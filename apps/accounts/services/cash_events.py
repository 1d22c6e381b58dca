"""Deposits, withdrawals, interest and advances: what the broker's papers say of cash that no trade has moved."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.accounts.locks import lock_cash
from apps.accounts.models import BrokerageAccount, CashBalance, CashEvent, LedgerEntry
from apps.accounts.selectors.buckets import advance_fee_vnd
from apps.accounts.selectors.means import deposit_of
from apps.accounts.selectors.state import account_state
from apps.accounts.services.action_booking import adjust_opening
from apps.accounts.services.arrivals import settle_account
from apps.accounts.services.day import open_day
from apps.accounts.services.ledger import Leg, announce_cash, post
from apps.accounts.services.lending import repay_loan
from qts.domain.errors import Said, TerminalError
from qts.domain.values import Actor

Ledger = LedgerEntry.Ledger
Kind = CashEvent.Kind
# what it does to settled cash, the other ledger, how the posting is called
_BOOKED: Final = {
    Kind.DEPOSIT: (1, Ledger.CAPITAL, LedgerEntry.Kind.DEPOSIT),
    Kind.WITHDRAWAL: (-1, Ledger.CAPITAL, LedgerEntry.Kind.WITHDRAWAL),
    Kind.INTEREST_EARNED: (1, Ledger.INTEREST, LedgerEntry.Kind.INTEREST),
    Kind.INTEREST_CHARGED: (-1, Ledger.INTEREST, LedgerEntry.Kind.INTEREST),
    Kind.ADVANCE: (1, Ledger.ADVANCED, LedgerEntry.Kind.ADVANCE),
}


class CashEventProblem(StrEnum):
    NONSENSE = "NONSENSE"
    ENTERED_TWICE = "ENTERED_TWICE"
    NOT_ENOUGH_CASH = "NOT_ENOUGH_CASH"
    NOTHING_TO_ADVANCE = "NOTHING_TO_ADVANCE"
    SAME_PERSON = "SAME_PERSON"
    ALREADY_DECIDED = "ALREADY_DECIDED"


class CashEventRefused(TerminalError):
    def __init__(self, problem: CashEventProblem, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


def record_cash_event(
    *,
    account_id: UUID,
    kind: str,
    amount_vnd: int,
    reference: str,
    actor: Actor,
    now: datetime,
    note: str = "",
    fee_vnd: int | None = None,
) -> UUID:
    """Book it once; the event's id. Raises CashEventRefused, and then nothing has changed.

    Interest is charged even where the cash does not suffice: what the broker took is a fact. A withdrawal is asked for
    by the owner, and an advance is at most what sales will bring. `fee_vnd` is of an advance, taken at once: what the
    broker's paper says, or where it says nothing (None) what its price list does.
    """
    if fee_vnd is not None and (fee_vnd < 0 or kind != Kind.ADVANCE):
        raise CashEventRefused(CashEventProblem.NONSENSE, Said("Only an advance costs a fee, and none below 0."))
    refuse_nonsense(kind, amount_vnd, reference)
    with transaction.atomic():
        cash = lock_cash(account_id)
        open_day(cash, now)
        settle_account(cash, now)
        _refuse_beyond(cash, kind, amount_vnd, now)
        event = CashEvent(
            account_id=account_id,
            kind=kind,
            amount_vnd=amount_vnd,
            reference=reference.strip(),
            note=note,
            entered_by=str(actor),
            fee_vnd=_fee_vnd(cash, kind, amount_vnd, now) if fee_vnd is None else fee_vnd,
            occurred_at=now,
        )
        _insert_once(event)
        _book(cash, event, now)
        announce_cash(cash, now)
    return event.id


def _fee_vnd(cash: CashBalance, kind: str, amount_vnd: int, now: datetime) -> int:
    if kind != Kind.ADVANCE:
        return 0
    return advance_fee_vnd(cash.account_id, amount_vnd, now, advanced_vnd=cash.advanced_vnd)


def refuse_nonsense(kind: str, amount_vnd: int, reference: str) -> None:
    if kind not in _BOOKED or amount_vnd <= 0 or not reference.strip():
        raise CashEventRefused(
            CashEventProblem.NONSENSE,
            Said("A kind, an account, an amount above zero and the document's number are needed."),
        )


def _insert_once(event: CashEvent) -> None:
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError as error:
        told = Said("This document is entered already.")
        raise CashEventRefused(CashEventProblem.ENTERED_TWICE, told) from error


def _refuse_beyond(cash: CashBalance, kind: str, amount_vnd: int, now: datetime) -> None:
    if kind == Kind.WITHDRAWAL and amount_vnd > (free_vnd := _free_vnd(cash, now)):
        raise CashEventRefused(
            CashEventProblem.NOT_ENOUGH_CASH, Said("{free_vnd:,} VND may be withdrawn.", free_vnd=max(free_vnd, 0))
        )
    to_come = cash.receivable_vnd - cash.advanced_vnd
    if kind == Kind.ADVANCE and amount_vnd > to_come:
        raise CashEventRefused(
            CashEventProblem.NOTHING_TO_ADVANCE, Said("Sales will bring {to_come:,} VND more.", to_come=to_come)
        )


def _free_vnd(cash: CashBalance, now: datetime) -> int:
    """Of a deposit, what neither contracts and orders bind nor open losses have taken, at live prices."""
    if cash.account_kind != BrokerageAccount.Kind.DERIVATIVES:
        return cash.free_vnd
    try:
        return min(cash.free_vnd, deposit_of(account_state(cash.account_id, now)).free_vnd)
    except LookupError as error:
        raise CashEventRefused(
            CashEventProblem.NOT_ENOUGH_CASH, Said("What is free is not known: {error}", error=error)
        ) from error


def _book(cash: CashBalance, event: CashEvent, now: datetime) -> None:
    sign, counterpart, kind = _BOOKED[Kind(event.kind)]
    moved_vnd = sign * event.amount_vnd
    legs = [
        Leg(Ledger.CASH, moved_vnd - event.fee_vnd),
        Leg(counterpart, -moved_vnd),
        Leg(Ledger.INTEREST, event.fee_vnd),
    ]
    post(event.account_id, kind, legs, reference=event.reference, now=now)
    cash.settled_vnd += moved_vnd - event.fee_vnd
    if event.kind == Kind.ADVANCE:
        cash.advanced_vnd += moved_vnd
    if event.kind == Kind.DEPOSIT:
        repay_loan(cash, now, event.reference)
    cash.save(update_fields=["settled_vnd", "advanced_vnd", "loan_vnd", "interest_due_vnd"])
    if counterpart == Ledger.CAPITAL:
        adjust_opening(cash, flows_vnd=moved_vnd)
