"""A cash event that somebody enters by hand is booked when a second person has confirmed it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.accounts.locks import lock_cash_request
from apps.accounts.models import BrokerageAccount, CashEvent, CashRequest
from apps.accounts.services.cash_events import CashEventProblem, CashEventRefused, record_cash_event, refuse_nonsense
from qts.domain.errors import Said
from qts.domain.values import Actor

Status = CashRequest.Status


def propose_cash_event(
    *, account_id: UUID, kind: str, amount_vnd: int, reference: str, actor: Actor, now: datetime, note: str = ""
) -> UUID:
    """Keep it until somebody else has looked at it; its id. Nothing is booked. Raises CashEventRefused."""
    refuse_nonsense(kind, amount_vnd, reference)
    document = reference.strip()
    if not BrokerageAccount.objects.filter(id=account_id).exists():
        raise CashEventRefused(CashEventProblem.NONSENSE, Said("There is no such account."))
    known = CashRequest.objects.filter(account_id=account_id, reference=document).exclude(status=Status.REJECTED)
    if known.exists() or CashEvent.objects.filter(account_id=account_id, reference=document).exists():
        raise CashEventRefused(CashEventProblem.ENTERED_TWICE, Said("This document is entered already."))
    made = CashRequest.objects.create(
        account_id=account_id,
        kind=kind,
        amount_vnd=amount_vnd,
        reference=document,
        note=note,
        proposed_by=str(actor),
        proposed_at=now,
    )
    return made.id


def confirm_cash_event(request_id: UUID, *, actor: Actor, now: datetime) -> UUID:
    """Book it; the event's id. Raises CashEventRefused, also where the books refuse it now, and then it stays open."""
    with transaction.atomic():
        request = _open(request_id)
        if str(actor) == request.proposed_by:
            raise CashEventRefused(CashEventProblem.SAME_PERSON, Said("Nobody confirms what they entered."))
        request.event_id = record_cash_event(
            account_id=request.account_id,
            kind=request.kind,
            amount_vnd=request.amount_vnd,
            reference=request.reference,
            note=request.note,
            actor=actor,
            now=now,
        )
        _close(request, Status.BOOKED, actor, now)
        return request.event_id


def reject_cash_event(request_id: UUID, *, actor: Actor, now: datetime) -> None:
    """By anybody who may confirm, and by who entered it. Raises CashEventRefused."""
    with transaction.atomic():
        _close(_open(request_id), Status.REJECTED, actor, now)


def _open(request_id: UUID) -> CashRequest:
    request = lock_cash_request(request_id)
    if request is None or request.status != Status.PROPOSED:
        raise CashEventRefused(CashEventProblem.ALREADY_DECIDED, Said("It is decided already."))
    return request


def _close(request: CashRequest, status: CashRequest.Status, actor: Actor, now: datetime) -> None:
    request.status, request.decided_by, request.decided_at = status, str(actor), now
    request.save(update_fields=["status", "decided_by", "decided_at", "event"])
