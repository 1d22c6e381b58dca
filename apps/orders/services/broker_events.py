"""What the broker reports, taken in one transaction each. Repeated, late and overtaking reports do no harm."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

import structlog
from django.db import DataError, IntegrityError, transaction
from django.db.models.functions import Now

from apps.accounts.locks import lock_account
from apps.orders.locks import lock_order
from apps.orders.models import ForeignOrder, Intent, Order
from apps.orders.services import discrepancies, wakeup
from apps.orders.services.amendments import (
    end_unchanged,
    take_terms,
)
from apps.orders.services.discrepancies import Kind
from apps.orders.services.matches import (
    SURFACED_REASON,
    learn_broker_id,
    lock_order_of,
    moment,
    release_what_cannot_trade,
    take_matches,
)
from apps.orders.services.settling import OPEN_CANCEL, settle_intents
from apps.orders.services.steps import BROKER, REASON_LENGTH_MAX, take_step
from qts.adapters.ssi.trading_codec import BrokerError, BrokerMatch, BrokerMessage, BrokerOrder, BrokerOrderEvent
from qts.domain.errors import IllegalTransition, TerminalError
from qts.domain.events import (
    OrderAccepted,
    OrderCancelled,
    OrderCancelRequested,
    OrderEvent,
    OrderRejected,
    OrderSent,
)
from qts.domain.market import to_vietnam
from qts.domain.orders import (
    OrderTrigger,
    Status,
    UnknownBrokerStatus,
    broker_trigger,
    cancel_refused_trigger,
)
from qts.observability.crash_points import passing

log = structlog.get_logger(__name__)

# What the world is told when a report moved the order. "Sent" is told a second time when the broker says it holds it.
_ANNOUNCED: dict[OrderTrigger, type[OrderEvent]] = {
    OrderTrigger.BROKER_HELD: OrderSent,
    OrderTrigger.ACCEPTED: OrderAccepted,
    OrderTrigger.CANCEL_REQUESTED: OrderCancelRequested,
    OrderTrigger.CANCELLED: OrderCancelled,
    OrderTrigger.REJECTED: OrderRejected,
    OrderTrigger.EXPIRED: OrderCancelled,
    OrderTrigger.SURFACED: OrderSent,
    OrderTrigger.CANCEL_REFUSED_QUEUED: OrderSent,
    OrderTrigger.CANCEL_REFUSED_OPEN: OrderAccepted,
    OrderTrigger.CANCEL_REFUSED_PARTLY_FILLED: OrderAccepted,
}
NOT_RECEIVED_REASON = "NOT_RECEIVED_BY_BROKER"
_FINAL = frozenset({OrderTrigger.CANCELLED, OrderTrigger.REJECTED, OrderTrigger.EXPIRED})


def apply_broker_event(connection_id: UUID, message: BrokerMessage, *, now: datetime) -> None:
    """Take in one message of the order stream; in the caller's transaction if it has one, so that its position moves
    with the message."""
    apply_broker_events(connection_id, [message], now=now)


def apply_broker_events(connection_id: UUID, messages: Sequence[BrokerMessage], *, now: datetime) -> None:
    """As `apply_broker_event`; matches are stored and booked together, behind everything else."""
    matches = []
    with transaction.atomic(savepoint=False):
        for message in messages:
            if isinstance(message, BrokerOrderEvent):
                _take_order_event(connection_id, message, now)
            elif isinstance(message, BrokerMatch):
                matches.append(message)
            elif isinstance(message, BrokerError):
                _take_refusal(connection_id, message, now)
            else:
                assert_never(message)
        take_matches(connection_id, matches, now=now)


def apply_book_row(connection_id: UUID, reported: BrokerOrder, *, now: datetime) -> None:
    """Take in one row of the order book. One that cannot be applied is kept for a person: the other orders of the
    connection do not wait for it."""
    try:
        with transaction.atomic():
            order = _lock_reported(connection_id, reported, now, reported.unique_id)
            if order is None:
                _remember_foreign(connection_id, reported, now)
            else:
                _take_state(order, reported, now)
    except (IllegalTransition, TerminalError, IntegrityError, DataError, ValueError) as error:
        subject, detail = f"order book: {reported.order_id}", f"{type(error).__name__}: {error}: {reported}"
        discrepancies.note(connection_id, Kind.UNREADABLE, subject=subject, detail=detail, now=now)


# --- the state of an order -------------------------------------------------------------------------------------------


def _take_order_event(connection_id: UUID, message: BrokerOrderEvent, now: datetime) -> None:
    reported = message.order
    order = _lock_reported(connection_id, reported, now, message.orig_request_id, reported.unique_id)
    if order is None:
        _remember_foreign(connection_id, reported, now)
    elif message.notify_id > order.reported_notify_id:  # else an old page of the stream, read again
        order.reported_notify_id = message.notify_id
        _take_state(order, reported, now)


def _take_state(order: Order, reported: BrokerOrder, now: datetime) -> None:
    connection_id = order.connection_id
    learn_broker_id(order, reported.order_id)
    settle_intents(order, reported.unique_id, evidence=f"the broker shows order {reported.order_id}: {reported.status}")
    order.broker_report = _kept(reported)
    order.reported_filled_quantity = max(order.reported_filled_quantity, reported.filled_quantity)
    take_terms(order, reported, at=moment(reported.modified_ms, now), now=now)
    passing("state.learned")
    try:
        trigger = broker_trigger(reported.status)
    except UnknownBrokerStatus:
        order.save()
        subject, detail = f"{order.id}:{reported.status}", f"status {reported.status!r} of {order}"
        discrepancies.note(connection_id, Kind.UNKNOWN_STATUS, subject=subject, detail=detail, now=now, order=order)
        return
    if order.status == Status.REJECTED and trigger is not OrderTrigger.REJECTED and _was_taken_for_lost(order):
        take_step(order, OrderTrigger.SURFACED, announce=OrderSent, actor=BROKER, now=now, reason=SURFACED_REASON)
    if trigger is OrderTrigger.ACCEPTED and order.accepted_at is None:
        order.accepted_at = moment(reported.modified_ms, now)
    if trigger in _FINAL or reported.status == "FF":
        order.is_final_at_broker = True
    _step_or_note(order, trigger, reported.reject_reason if trigger in _FINAL else "", reported.status, now)
    passing("state.stepped")
    if order.cancel_wanted:
        wakeup.ring(connection_id)


def _step_or_note(order: Order, trigger: OrderTrigger, reason: str, what: str, now: datetime) -> None:
    """`what` names the news where the table has no such step and a person has to look at it."""
    try:
        take_step(order, trigger, announce=_ANNOUNCED[trigger], actor=BROKER, now=now, reason=reason)
    except IllegalTransition as error:
        order.save()
        discrepancies.note(
            order.connection_id,
            Kind.IMPOSSIBLE_STEP,
            subject=f"{order.id}:{what}",
            detail=str(error),
            now=now,
            order=order,
        )
        return
    release_what_cannot_trade(order, now)


def _kept(reported: BrokerOrder) -> dict[str, object]:
    """What people compare with our own row."""
    return {
        "status": reported.status,
        "quantity": reported.quantity,
        "price_vnd": reported.price_vnd,
        "filled_quantity": reported.filled_quantity,
        "cancelled_quantity": reported.cancelled_quantity,
        "reject_reason": reported.reject_reason,
        "modified_ms": reported.modified_ms,
    }


def _was_taken_for_lost(order: Order) -> bool:
    return order.reason.startswith(NOT_RECEIVED_REASON)


# --- a refusal -------------------------------------------------------------------------------------------------------


def _take_refusal(connection_id: UUID, refusal: BrokerError, now: datetime) -> None:
    intent = (
        Intent.objects.select_related("order")
        .filter(
            connection_id=connection_id,
            request_id=refusal.unique_id,
            trading_day=to_vietnam(now).date(),  # the numbers begin anew each day
        )
        .first()
    )
    if intent is None:
        log.info("refusal_of_foreign_request", request_id=refusal.unique_id, code=refusal.code)
        return
    lock_account(intent.order.account_id)
    order = lock_order(intent.order_id)
    if intent.state == Intent.State.REFUSED:
        return  # some refusals carry no number to know a repetition by
    if refusal.notify_id and refusal.notify_id <= order.reported_notify_id and not _is_open_cancel(intent):
        return
    order.reported_notify_id = max(order.reported_notify_id, refusal.notify_id)
    refuse_locked(order, intent, f"{refusal.code}: {refusal.message}", now)


def _is_open_cancel(intent: Intent) -> bool:
    """Its refusal counts however late it comes: without it, the order would wait for its end for ever."""
    return intent.kind == Intent.Kind.CANCEL and intent.state in OPEN_CANCEL


def refuse_locked(order: Order, intent: Intent, reason: str, now: datetime) -> None:
    """The broker refused one of our requests. Account and order are locked by the caller."""
    Intent.objects.filter(id=intent.id).update(
        state=Intent.State.REFUSED,
        answer=reason[:REASON_LENGTH_MAX],
        evidence=reason[:REASON_LENGTH_MAX],
        answered_at=Now(),
    )
    if intent.kind == Intent.Kind.CANCEL:
        if not order.intents.filter(kind=Intent.Kind.CANCEL, state__in=OPEN_CANCEL).exists():  # asked for again
            step_back_from_cancel(order, f"cancel refused: {reason}", now)
        return
    if intent.kind == Intent.Kind.AMEND:
        end_unchanged(order, intent, Intent.State.REFUSED, reason, now)
        release_what_cannot_trade(order, now)
        return
    order.is_final_at_broker = True
    _step_or_note(order, OrderTrigger.REJECTED, reason, "refused", now)


def step_back_from_cancel(order: Order, reason: str, now: datetime) -> None:
    """The cancel came to nothing: the locked order is again what it was, unless it is over."""
    trigger = cancel_refused_trigger(filled_quantity=order.filled_quantity, accepted=order.accepted_at is not None)
    _step_or_note(order, trigger, reason, "cancel refused", now)


# --- whose report is it ----------------------------------------------------------------------------------------------


def _lock_reported(connection_id: UUID, reported: BrokerOrder, now: datetime, *request_ids: str) -> Order | None:
    """None too where a number of ours stands at an order for something else: its state is none of ours, and what took
    our number counts as an order from elsewhere until a person has looked at it."""
    order = lock_order_of(connection_id, moment(reported.modified_ms, now), reported.order_id, *request_ids)
    if order is None or (order.symbol, order.side) == (reported.symbol, reported.side):
        return order
    subject, detail = f"{order.id}:{reported.order_id}", f"{reported} has the number of {order}"
    discrepancies.note(connection_id, Kind.ORDER_MISMATCH, subject=subject, detail=detail, now=now, order=order)
    return None


def _remember_foreign(connection_id: UUID, reported: BrokerOrder, now: datetime) -> None:
    changing = {
        "filled_quantity": reported.filled_quantity,
        "broker_status": reported.status[:8],
        "last_seen_at": now,
    }
    ForeignOrder.objects.update_or_create(
        connection_id=connection_id,
        trading_day=to_vietnam(moment(reported.modified_ms, now)).date(),
        broker_order_id=reported.order_id,
        defaults=changing,
        create_defaults={
            **changing,
            "account_number": reported.account,
            "unique_id": reported.unique_id,
            "symbol": reported.symbol,
            "side": reported.side,
            "order_type": reported.order_type,
            "quantity": reported.quantity,
            "price_vnd": reported.price_vnd,
            "first_seen_at": now,
        },
    )
