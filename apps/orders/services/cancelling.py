"""Taking orders back: what was never sent is withdrawn, the rest asks the broker, some has to wait for its moment."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from apps.accounts import services as ledger
from apps.accounts.locks import lock_account
from apps.eventlog import services as eventlog
from apps.marketdata import selectors as marketdata
from apps.orders.locks import lock_order, lock_orders
from apps.orders.models import Intent, Order, StreamPosition
from apps.orders.services import wakeup
from apps.orders.services.access import may_trade
from apps.orders.services.amending import take_back_amendment
from apps.orders.services.amendments import unresolved_amendment
from apps.orders.services.answers import CancelAnswer
from apps.orders.services.apart import act_on_each
from apps.orders.services.broker_events import step_back_from_cancel
from apps.orders.services.gate_tokens import record_request
from apps.orders.services.request_ids import take_request_id
from apps.orders.services.steps import event_of, take_step
from apps.risk import selectors as risk
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import OrderCancelled, OrderCancelRequested
from qts.domain.market import may_cancel, may_change_later, session_at, to_vietnam
from qts.domain.orders import WORKING, OrderTrigger, Status
from qts.domain.values import Actor, ActorKind, Exchange, Side
from qts.observability.crash_points import passing

log = structlog.get_logger(__name__)

KILL_SWITCH = Actor(ActorKind.SYSTEM, "kill-switch")
WAITING_CANCEL = Actor(ActorKind.SYSTEM, "waiting-cancel")
WAITING_CANCELS_MAX = 50
BATCH_MAX = 50  # in one transaction, which keeps everybody else from the account so long
_AT_THE_BROKER = frozenset({Status.QUEUED, Status.OPEN, Status.PARTIALLY_FILLED, Status.AMEND_PENDING})
# The broker refuses a cancel while it works on an amendment. One that stays without news is cancelled over.
AMENDMENT_PATIENCE = timedelta(seconds=2)
# A cancel that the broker took is over for us when its order book, compared so long after, shows nothing of it: its
# refusal was lost on the way. To ask once more does no harm.
CANCEL_PATIENCE = timedelta(seconds=10)


def request_cancel(*, order_id: UUID, actor: Actor, now: datetime) -> CancelAnswer:
    """Ask for one order to be cancelled; asking twice is answered like asking once.

    Where the session forbids it (an auction, the break) it waits for the first moment that allows one; refused when
    none is left today, and for orders that are over. A user may cancel the orders of accounts that he may trade; to him
    any other order does not exist.
    """
    return _cancel(order_id, actor=actor, now=now, reason="", waits_for_session=False)


def cancel_orders(*, order_ids: Iterable[UUID], reason: str, actor: Actor, now: datetime) -> list[CancelAnswer]:
    """Where the session forbids a cancel now, it is sent in the first moment that allows one. Raises an
    ExceptionGroup after the last order when one of them could not be cancelled."""
    return _cancel_each(order_ids, actor=actor, now=now, reason=reason)


def cancel_what_is_killed(connection_id: UUID, now: datetime) -> int:
    """Ask again for every order that works under an engaged switch; how many. The event asks once, and a cancel may
    come to nothing: the broker refuses it, or an order that was taken for lost turns up."""
    if not risk.is_anything_stopped():
        return 0
    unheard = Order.objects.filter(
        connection_id=connection_id, status=Status.CANCEL_PENDING, id__in=_unheard_cancels().values("order_id")
    )
    working = Order.objects.filter(connection_id=connection_id, cancel_wanted=False, status__in=sorted(_AT_THE_BROKER))
    killed = killed_of([*working, *unheard])
    try:
        _cancel_each(killed, actor=KILL_SWITCH, now=now, reason="kill switch is engaged")
    except* Exception:
        log.exception("kill_sweep_incomplete", connection_id=str(connection_id))  # asked again with the next sweep
    return len(killed)


def _cancel_each(order_ids: Iterable[UUID], *, actor: Actor, now: datetime, reason: str) -> list[CancelAnswer]:
    """Many in one transaction: a stop has to be fast. One order that cannot be cancelled does not save the others."""
    answers: list[CancelAnswer] = []
    failures: list[Exception] = []
    for account_id, batch in _batches(order_ids):
        try:
            answers += _cancel_batch(account_id, batch, actor=actor, now=now, reason=reason)
        except Exception as problem:
            log.warning("cancel_batch_failed", account_id=str(account_id), reason=repr(problem))
            for order_id in batch:
                try:
                    answers.append(_cancel(order_id, actor=actor, now=now, reason=reason, waits_for_session=True))
                except Exception as error:
                    error.add_note(f"order {order_id}")
                    failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} orders could not be cancelled", failures)
    return answers


def _batches(order_ids: Iterable[UUID]) -> Iterator[tuple[UUID, list[UUID]]]:
    """Of one account each."""
    rows = Order.objects.filter(id__in=list(order_ids)).order_by("account_id", "id").values_list("account_id", "id")
    for account_id, found in groupby(rows, key=lambda row: row[0]):
        mine = [order_id for _, order_id in found]
        for first in range(0, len(mine), BATCH_MAX):
            yield account_id, mine[first : first + BATCH_MAX]


def _cancel_batch(
    account_id: UUID, order_ids: list[UUID], *, actor: Actor, now: datetime, reason: str
) -> list[CancelAnswer]:
    if not may_trade(actor, account_id):
        return [CancelAnswer(order_id, None, (Breach(RuleCode.ORDER_NOT_FOUND),)) for order_id in order_ids]
    with transaction.atomic():
        lock_account(account_id)
        return [
            _cancel_locked(order, actor=actor, now=now, reason=reason, waits_for_session=True)
            for order in lock_orders(order_ids)
        ]


def killed_of(orders: Iterable[Order]) -> list[UUID]:
    """Those that an engaged stop takes back; each combination of what may stop an order is asked about once."""
    known: dict[tuple[object, ...], bool] = {}
    killed = []
    for order in orders:
        stops, reducing = stopped_by(order), order.side == Side.SELL
        key = (order.account_id, order.strategy_id, reducing, *stops.values())
        if key not in known:
            known[key] = risk.is_to_be_cancelled(order.account_id, order.strategy_id, reducing=reducing, **stops)
        if known[key]:
            killed.append(order.id)
    return killed


def stopped_by(order: Order) -> dict[str, str]:
    """What else than its account and strategy an order can be stopped by."""
    person = order.actor_id if order.actor_kind == ActorKind.USER else ""
    return {"symbol": order.symbol, "exchange": order.exchange, "user_id": person}


def fire_waiting_cancels(connection_id: UUID, now: datetime) -> int:
    """Queue the cancels that waited for a broker's order id or for a session; how many. The rest comes next time."""
    waiting = Order.objects.filter(
        connection_id=connection_id, cancel_wanted=True, status__in=sorted(_AT_THE_BROKER)
    ).order_by("trading_day", "id")
    ready = [(order.account_id, order.id) for order in waiting if _session_allows(order, now) and order.broker_order_id]
    return act_on_each(ready[:WAITING_CANCELS_MAX], _fire, what="waiting cancel", connection_id=connection_id, now=now)


def _fire(account_id: UUID, order_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        lock_account(account_id)
        order = lock_order(order_id)
        if not order.cancel_wanted or order.status not in _AT_THE_BROKER or not _session_allows(order, now):
            return False
        if order.status == Status.AMEND_PENDING and not _clear_the_way(order, now):
            return False
        queue_cancel(order, actor=WAITING_CANCEL, now=now)
    return True


def queue_cancel(order: Order, *, actor: Actor, now: datetime) -> None:
    """Make the intent to cancel a locked order that the broker has; inside the caller's transaction."""
    if not order.broker_order_id:
        raise ValueError(f"order {order.id} is not at a broker")
    order.cancel_wanted = False
    order.wanted_quantity = order.wanted_price_vnd = None
    place = order.intents.get(kind=Intent.Kind.PLACE)
    take_step(order, OrderTrigger.CANCEL_REQUESTED, announce=OrderCancelRequested, actor=actor, now=now)
    passing("cancel.stepped")
    trading_day = to_vietnam(now).date()
    record_request(
        Intent(
            order=order,
            kind=Intent.Kind.CANCEL,
            connection_id=order.connection_id,
            trading_day=trading_day,
            request_id=take_request_id(order.connection_id, trading_day, now),
            account_number=place.account_number,
        )
    )
    wakeup.ring(order.connection_id)
    passing("cancel.queued")


def withdraw(order: Order, *, reason: str, actor: Actor, now: datetime) -> None:
    """Take back a locked order of a locked account that was never sent; inside the caller's transaction."""
    order.intents.filter(state=Intent.State.READY).update(state=Intent.State.WITHDRAWN)
    take_step(order, OrderTrigger.WITHDRAWN, announce=OrderCancelled, actor=actor, now=now, reason=reason)
    ledger.release_reservation(order_id=order.id, now=now)


def _cancel(order_id: UUID, *, actor: Actor, now: datetime, reason: str, waits_for_session: bool) -> CancelAnswer:
    known = Order.objects.filter(id=order_id).values("account_id").first()
    if known is None or not may_trade(actor, known["account_id"]):
        return CancelAnswer(order_id, None, (Breach(RuleCode.ORDER_NOT_FOUND),))
    with transaction.atomic():
        lock_account(known["account_id"])
        order = lock_order(order_id)
        answer = _cancel_locked(order, actor=actor, now=now, reason=reason, waits_for_session=waits_for_session)
    passing("cancel.committed")
    return answer


def _cancel_locked(order: Order, *, actor: Actor, now: datetime, reason: str, waits_for_session: bool) -> CancelAnswer:
    status = Status(order.status)
    if status not in WORKING:
        return CancelAnswer(order.id, status, (Breach(RuleCode.ORDER_NOT_CANCELLABLE, detail=f"it is {status}"),))
    if status is Status.CANCEL_PENDING and not _gives_up_cancel(order, now):
        return CancelAnswer(order.id, status)
    status = Status(order.status)
    if status is Status.PENDING:
        withdraw(order, reason=reason or "cancelled before it was sent", actor=actor, now=now)
        return CancelAnswer(order.id, Status(order.status))
    forbidden, rules = status in _AT_THE_BROKER and not _session_allows(order, now), marketdata.rules_at(now)
    if forbidden and not waits_for_session and not may_change_later(rules, Exchange(order.exchange), now):
        session = session_at(rules, Exchange(order.exchange), now)
        return CancelAnswer(order.id, status, (Breach(RuleCode.SESSION_FORBIDS_CANCEL, detail=f"in {session}"),))
    is_held_up = status is Status.AMEND_PENDING and not _clear_the_way(order, now)
    if forbidden or is_held_up or status not in _AT_THE_BROKER or not order.broker_order_id:
        _want_cancel(order, actor=actor, now=now)
        return CancelAnswer(order.id, status, waits=True)
    queue_cancel(order, actor=actor, now=now)
    return CancelAnswer(order.id, Status(order.status))


def _unheard_cancels() -> QuerySet[Intent]:
    """Cancels that the broker took and of which the order book, compared since, shows nothing."""
    compared = StreamPosition.objects.filter(connection_id=OuterRef("connection_id")).values("reconciled_at")
    return Intent.objects.filter(
        kind=Intent.Kind.CANCEL, state=Intent.State.ANSWERED, order__status=Status.CANCEL_PENDING
    ).filter(answered_at__lt=Subquery(compared) - CANCEL_PATIENCE)


def _gives_up_cancel(order: Order, now: datetime) -> bool:
    """Whether the cancel of a locked order came to nothing that anybody told us of: then it works on, and may be
    cancelled anew."""
    reason = "nothing was heard of it"
    unheard = _unheard_cancels().filter(order=order).values_list("id", flat=True)
    if not Intent.objects.filter(id__in=list(unheard)).update(state=Intent.State.REFUSED, answer=reason):
        return False
    step_back_from_cancel(order, f"cancel: {reason}", now)
    return True


def _clear_the_way(order: Order, now: datetime) -> bool:
    """Whether a cancel may go out although an amendment is under way: it has not left and is taken back, or nothing was
    heard of it for so long that waiting helps nobody."""
    if take_back_amendment(order, "the order is to be cancelled", now):
        return True
    asked = unresolved_amendment(order)
    if asked is None or asked.state == Intent.State.UNKNOWN:
        return True
    return asked.answered_at is not None and asked.answered_at < datetime.now(UTC) - AMENDMENT_PATIENCE


def _want_cancel(order: Order, *, actor: Actor, now: datetime) -> None:
    if order.cancel_wanted:
        return
    order.cancel_wanted, order.updated_at = True, now
    order.last_event_id = eventlog.record(event_of(OrderCancelRequested, order, now=now), actor=actor, now=now)
    order.save(update_fields=["cancel_wanted", "updated_at", "last_event_id"])


def _session_allows(order: Order, now: datetime) -> bool:
    exchange, rules = Exchange(order.exchange), marketdata.rules_at(now)
    return may_cancel(rules, exchange, session_at(rules, exchange, now))
