"""Asking for another price or quantity: at once where the order has not left, by the broker where it has, and later
where the exchange takes no changes now. The gate judges what would still trade, in the place of what does now."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts.locks import lock_account
from apps.eventlog import services as eventlog
from apps.marketdata import selectors as marketdata
from apps.orders.locks import lock_order
from apps.orders.models import Intent, Order
from apps.orders.services import wakeup
from apps.orders.services.access import may_trade
from apps.orders.services.amendments import (
    REFUSED,
    end_unchanged,
    hold_for,
    record_terms,
    rest_of,
    terms_of,
    unresolved_amendment,
)
from apps.orders.services.answers import AmendAnswer, codes
from apps.orders.services.apart import act_on_each
from apps.orders.services.gate_tokens import record_request
from apps.orders.services.request_ids import take_request_id
from apps.orders.services.steps import event_of, sender_of, take_step
from apps.risk import services as risk
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import OrderAccepted, OrderAmendRequested
from qts.domain.market import may_amend, may_change_later, session_at, to_vietnam
from qts.domain.orders import OrderIntent, OrderTrigger, Status, Terms, amend_refusal
from qts.domain.values import Actor, ActorKind, Exchange, OrderType
from qts.observability.crash_points import passing

WAITING_AMENDMENT: Final = Actor(ActorKind.SYSTEM, "waiting-amendment")
WAITING_MAX: Final = 50
_IN_THE_BOOK: Final = frozenset({Status.OPEN, Status.PARTIALLY_FILLED})
# The gate's rules about the moment: an amendment that waits is asked about them when it goes out.
RULES_OF_THE_MOMENT: Final = frozenset(
    {
        RuleCode.SESSION_FORBIDS_ORDER_TYPE,
        RuleCode.ODD_LOT_NOT_ADMITTED,
        RuleCode.MARKET_DATA_STALE,
        RuleCode.MARKET_DATA_GAP,
        RuleCode.QUOTE_STALE,
    }
)


def request_amend(
    *, order_id: UUID, quantity: int | None = None, price_vnd: int | None = None, actor: Actor, now: datetime
) -> AmendAnswer:
    """Ask for another whole quantity (filled shares included) or limit price; None leaves it as it is.

    Asking twice for the same is answered like asking once; a new wish takes the place of one that still waits, and the
    terms that hold take it back. To a user who may not trade the account the order does not exist.
    """
    account_id = Order.objects.filter(id=order_id).values_list("account_id", flat=True).first()
    if account_id is None or not may_trade(actor, account_id):
        return AmendAnswer(order_id, None, (Breach(RuleCode.ORDER_NOT_FOUND),))
    with transaction.atomic():
        lock_account(account_id)
        order = lock_order(order_id)
        wanted = Terms(quantity or order.quantity, price_vnd or order.price_vnd or 0)
        answer = _amend_locked(order, wanted, actor, now)
    passing("amend.committed")
    return answer


def fire_waiting_amendments(connection_id: UUID, now: datetime) -> int:
    """Send those whose moment has come, where the gate lets them pass now; how many. The rest comes next time."""
    waiting = Order.objects.filter(
        connection_id=connection_id,
        wanted_quantity__isnull=False,
        cancel_wanted=False,
        status__in=sorted(_IN_THE_BOOK),
    ).order_by("trading_day", "id")
    due = [(order.account_id, order.id) for order in waiting if _may_go(order, now)]
    return act_on_each(due[:WAITING_MAX], _fire, what="waiting amendment", connection_id=connection_id, now=now)


def take_back_amendment(order: Order, reason: str, now: datetime) -> bool:
    """Give up an amendment of a locked order that has not left; False when it may have."""
    ready = order.intents.filter(kind=Intent.Kind.AMEND, state=Intent.State.READY).first()
    if ready is not None:
        end_unchanged(order, ready, Intent.State.WITHDRAWN, reason, now)
    return ready is not None


def _amend_locked(order: Order, wanted: Terms, actor: Actor, now: datetime) -> AmendAnswer:
    status = Status(order.status)
    if order.wanted_quantity is not None and wanted == Terms(order.wanted_quantity, order.wanted_price_vnd or 0):
        return AmendAnswer(order.id, status, waits=status is not Status.AMEND_PENDING)
    if order.wanted_quantity is not None and status in _IN_THE_BOOK and wanted == terms_of(order):
        _drop_wish(order, "taken back", actor, now)
        return AmendAnswer(order.id, status)
    breaches = _refusals(order, wanted, actor, now)
    if breaches:
        return AmendAnswer(order.id, status, breaches)
    if status is Status.PENDING:
        if order.request_id:  # a held order has reserved nothing yet
            hold_for(order, wanted, now=now)
        record_terms(order, wanted, actor=actor, now=now, reason=order.reason)
        return AmendAnswer(order.id, status)
    if _may_go(order, now):
        queue_amendment(order, wanted, actor=actor, now=now)
        return AmendAnswer(order.id, Status(order.status))
    _wish(order, wanted, actor, now)
    return AmendAnswer(order.id, status, waits=True)


def _refusals(order: Order, wanted: Terms, actor: Actor, now: datetime) -> tuple[Breach, ...]:
    exchange, order_type, status = Exchange(order.exchange), OrderType(order.order_type), Status(order.status)
    breach = amend_refusal(
        order_type=order_type,
        status=status,
        current=terms_of(order),
        wanted=wanted,
        filled_quantity=order.filled_quantity,
    )
    if breach is None and order.cancel_wanted:
        breach = Breach(RuleCode.ORDER_NOT_AMENDABLE, detail="it is being cancelled")
    if breach is None and unresolved_amendment(order) is not None:
        breach = Breach(RuleCode.ORDER_NOT_AMENDABLE, detail="an earlier amendment is not resolved")
    rules = marketdata.rules_at(now)
    is_now = status is Status.PENDING or may_amend(rules, exchange, session_at(rules, exchange, now), order_type)
    if breach is None and not is_now and not may_change_later(rules, exchange, now):
        breach = Breach(RuleCode.SESSION_FORBIDS_AMEND, detail=f"in {session_at(rules, exchange, now)}")
    if breach is not None:
        return (breach,)
    waits = not is_now or order.release_at is not None
    found = _judge(order, wanted, actor, now)
    return tuple(one for one in found if not (waits and one.code in RULES_OF_THE_MOMENT))


def _judge(order: Order, wanted: Terms, actor: Actor, now: datetime) -> tuple[Breach, ...]:
    security = marketdata.security(order.symbol)
    intent = OrderIntent(
        rest_of(order, wanted), security.instrument if security else None, order.strategy_id, amends=order.id
    )
    return risk.pre_trade_check(account_id=order.account_id, intent=intent, now=now, actor=actor)


def queue_amendment(order: Order, wanted: Terms, *, actor: Actor, now: datetime) -> None:
    """Make the intent to amend a locked order that stands in the book; inside the caller's transaction."""
    order.wanted_quantity, order.wanted_price_vnd = wanted.quantity, wanted.price_vnd
    hold_for(order, terms_of(order), wanted, now=now)
    place = order.intents.get(kind=Intent.Kind.PLACE)
    take_step(order, OrderTrigger.AMEND_REQUESTED, announce=None, actor=actor, now=now)
    passing("amend.stepped")
    _announce_wish(order, actor, now)
    trading_day = to_vietnam(now).date()
    record_request(
        Intent(
            order=order,
            kind=Intent.Kind.AMEND,
            connection_id=order.connection_id,
            trading_day=trading_day,
            request_id=take_request_id(order.connection_id, trading_day, now),
            account_number=place.account_number,
            quantity=wanted.quantity,
            price_vnd=wanted.price_vnd,
        )
    )
    wakeup.ring(order.connection_id)
    passing("amend.queued")


def _fire(account_id: UUID, order_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        lock_account(account_id)
        order = lock_order(order_id)
        if order.wanted_quantity is None or order.cancel_wanted or not _may_go(order, now):
            return False
        wanted = Terms(order.wanted_quantity, order.wanted_price_vnd or 0)
        breaches = _refusals(order, wanted, sender_of(order), now)
        if breaches:
            _drop_wish(order, f"{REFUSED} by the risk gate: {codes(breaches)}", WAITING_AMENDMENT, now)
            return False
        queue_amendment(order, wanted, actor=WAITING_AMENDMENT, now=now)
    return True


def _may_go(order: Order, now: datetime) -> bool:
    """In the exchange's book, in a session that takes amendments."""
    exchange, rules = Exchange(order.exchange), marketdata.rules_at(now)
    in_session = may_amend(rules, exchange, session_at(rules, exchange, now), OrderType(order.order_type))
    return in_session and order.status in _IN_THE_BOOK and bool(order.broker_order_id)


def _wish(order: Order, wanted: Terms, actor: Actor, now: datetime) -> None:
    order.wanted_quantity, order.wanted_price_vnd, order.updated_at = wanted.quantity, wanted.price_vnd, now
    order.save(update_fields=["wanted_quantity", "wanted_price_vnd", "updated_at"])
    _announce_wish(order, actor, now)


def _announce_wish(order: Order, actor: Actor, now: datetime) -> None:
    event = event_of(
        OrderAmendRequested,
        order,
        now=now,
        wanted_quantity=order.wanted_quantity,
        wanted_price_vnd=order.wanted_price_vnd,
    )
    order.last_event_id = eventlog.record(event, actor=actor, now=now)
    order.save(update_fields=["last_event_id"])


def _drop_wish(order: Order, reason: str, actor: Actor, now: datetime) -> None:
    """A waiting amendment will not be sent; the order works on as it was."""
    order.wanted_quantity = order.wanted_price_vnd = None
    order.reason, order.updated_at = reason, now
    order.last_event_id = eventlog.record(event_of(OrderAccepted, order, now=now), actor=actor, now=now)
    order.save()
