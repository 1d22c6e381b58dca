"""What became of an amendment. The broker's word on price and quantity is taken, whoever asked for the change."""

from datetime import datetime
from typing import Final

from django.db.models.functions import Now

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.eventlog import services as eventlog
from apps.orders.models import Intent, Order
from apps.orders.services.gate_tokens import allow_amended
from apps.orders.services.steps import BROKER, REASON_LENGTH_MAX, UNRESOLVED, event_of, take_step
from qts.adapters.ssi.trading_codec import BrokerOrder
from qts.domain.events import OrderAccepted, OrderAmended, OrderEvent, OrderSent
from qts.domain.orders import TERMINAL, OrderRequest, OrderTrigger, Status, Terms, amend_over_trigger
from qts.domain.values import Actor, Exchange, OrderType, Side

ELSEWHERE = "amended at the broker, not from here"
REFUSED = "amendment refused"
_AT_THE_BROKER: Final = frozenset(
    {Status.QUEUED, Status.OPEN, Status.PARTIALLY_FILLED, Status.AMEND_PENDING, Status.CANCEL_PENDING}
)
_OVER: Final = frozenset({Status.FILLED, Status.CANCELLED, Status.EXPIRED})
# Waiting for the change, its rows still carry what held before it; rejected, they carry what never held.
_SAYS_NOTHING_OF_TERMS: Final = frozenset({"WM", "RJ"})


def terms_of(order: Order) -> Terms:
    """Of a limit order."""
    return Terms(order.quantity, order.price_vnd or 0)


def rest_of(order: Order, terms: Terms) -> OrderRequest:
    """What may still trade of an order under these terms, as a request of its own."""
    rest = terms.quantity - order.filled_quantity
    return OrderRequest(
        order.symbol, Side(order.side), OrderType.LO, rest, terms.price_vnd, client_order_id=order.client_order_id
    )


def hold_for(order: Order, *any_of: Terms, now: datetime) -> None:
    """Reserve for the dearest of the terms that may hold."""
    rests = [rest_of(order, terms) for terms in any_of if terms.quantity > order.filled_quantity]
    if rests:
        is_future = order.exchange == Exchange.VNFE
        dearest = max(rests, key=lambda rest: accounts.cash_to_reserve_vnd(rest, 0))
        ledger.amend_reservation(
            order_id=order.id,
            quantity=max(rest.quantity for rest in rests),
            amount_vnd=0 if is_future else accounts.cash_to_reserve_vnd(dearest, 0),
            price_vnd=accounts.dearest_price_vnd(dearest, 0) if len(rests) == 1 else 0,
            now=now,
        )


def unresolved_amendment(order: Order) -> Intent | None:
    """The newest one."""
    return order.intents.filter(kind=Intent.Kind.AMEND, state__in=UNRESOLVED).order_by("-id").first()


def take_terms(order: Order, reported: BrokerOrder, *, at: datetime, now: datetime) -> None:
    """Compare what a report says of a locked order's price and quantity with ours; `at` is the report's own time."""
    told = Terms(reported.quantity, reported.price_vnd)
    if not _speaks_of_terms(order, reported, told, at):
        return
    ours = terms_of(order)
    if told == ours and order.status != Status.AMEND_PENDING:
        return
    if order.status in TERMINAL:
        _adopt_late(order, told, at=at, now=now)
        return
    asked = unresolved_amendment(order)
    is_answer = asked is not None and asked.request_id == reported.unique_id
    if told != ours:
        _adopt(order, told, asked if asked and (is_answer or told == _wanted(asked)) else None, at=at, now=now)
    elif asked is not None and is_answer:
        end_unchanged(order, asked, Intent.State.REFUSED, "the exchange left it as it was", now)


def prove_by_fill(order: Order, filled_quantity: int, *, at: datetime, now: datetime) -> None:
    """More has traded than the order had: an amendment that asked for more was done, whatever we were told of it."""
    if filled_quantity <= order.quantity:
        return
    asked = unresolved_amendment(order)
    if asked is not None and filled_quantity <= _wanted(asked).quantity:
        _adopt(order, _wanted(asked), asked, at=at, now=now)


def may_still_grow(order: Order) -> bool:
    """Whether an amendment to a larger quantity is not resolved: then its last share is not the last one."""
    asked = unresolved_amendment(order) if order.status in (Status.AMEND_PENDING, Status.CANCEL_PENDING) else None
    return asked is not None and _wanted(asked).quantity > order.quantity


def end_unchanged(order: Order, intent: Intent, state: Intent.State, reason: str, now: datetime) -> None:
    """The amendment came to nothing (refused, never received, taken back): the locked order works on as it was."""
    Intent.objects.filter(id=intent.id).update(state=state, answer=reason[:REASON_LENGTH_MAX], answered_at=Now())
    if order.status not in _AT_THE_BROKER:
        return
    order.wanted_quantity = order.wanted_price_vnd = None
    hold_for(order, terms_of(order), now=now)
    if order.status == Status.AMEND_PENDING:
        kind = OrderSent if order.accepted_at is None else OrderAccepted
        _step_over(order, kind, f"{REFUSED}: {reason}", now)
    else:
        order.save(update_fields=["wanted_quantity", "wanted_price_vnd"])


def record_terms(order: Order, terms: Terms, *, actor: Actor, now: datetime, reason: str) -> None:
    """New terms of a locked order whose status they do not move."""
    order.quantity, order.price_vnd = terms.quantity, terms.price_vnd
    order.reason, order.updated_at = reason, now
    order.last_event_id = eventlog.record(event_of(OrderAmended, order, now=now), actor=actor, now=now)
    order.save()
    if order.status == Status.PENDING:
        allow_amended(order)


def _speaks_of_terms(order: Order, reported: BrokerOrder, told: Terms, at: datetime) -> bool:
    if order.status not in _AT_THE_BROKER | _OVER or order.order_type != OrderType.LO:
        return False
    if order.status == Status.FILLED and told.quantity != order.quantity:
        return False
    if reported.status in _SAYS_NOTHING_OF_TERMS or told.price_vnd <= 0:
        return False
    if told.quantity < max(order.filled_quantity, reported.filled_quantity, 1):
        return False
    return order.amended_at is None or at >= order.amended_at  # else a page from before it, read late


def _wanted(intent: Intent) -> Terms:
    return Terms(intent.quantity or 0, intent.price_vnd or 0)


def _adopt(order: Order, told: Terms, answered: Intent | None, *, at: datetime, now: datetime) -> None:
    """`answered` is our own request, if this is what became of it. What has traded may be all there is by then."""
    order.amended_at = at
    reason = "" if answered else ELSEWHERE
    hold_for(order, told, now=now)
    if answered is not None:
        Intent.objects.filter(id=answered.id).update(state=Intent.State.CONFIRMED, answered_at=Now())
        order.wanted_quantity = order.wanted_price_vnd = None
    is_over = order.status == Status.AMEND_PENDING and answered is not None
    if is_over or order.filled_quantity >= told.quantity:
        order.quantity, order.price_vnd = told.quantity, told.price_vnd
        _step_over(order, OrderAmended, reason, now)
    else:
        record_terms(order, told, actor=BROKER, now=now, reason=reason)


def _adopt_late(order: Order, told: Terms, *, at: datetime, now: datetime) -> None:
    """Its last matches or its end were told before the amendment: what it was is put right, nothing is held for it."""
    done = order.intents.filter(kind=Intent.Kind.AMEND, quantity=told.quantity, price_vnd=told.price_vnd)
    is_ours = done.filter(state=Intent.State.REFUSED).update(state=Intent.State.CONFIRMED, answer="", answered_at=Now())
    order.amended_at = at
    record_terms(order, told, actor=BROKER, now=now, reason=order.reason if is_ours else ELSEWHERE)


def _step_over(order: Order, announce: type[OrderEvent], reason: str, now: datetime) -> None:
    trigger = amend_over_trigger(filled_quantity=order.filled_quantity, accepted=order.accepted_at is not None)
    if order.filled_quantity >= order.quantity:
        trigger = OrderTrigger.FULL_FILL
    take_step(order, trigger, announce=announce, actor=BROKER, now=now, reason=reason)
