"""One step of an order's life: the table decides, the row and the event are written together."""

from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from django.db.models.functions import Now

from apps.eventlog import services as eventlog
from apps.orders.models import Intent, Order
from qts.domain.events import OrderEvent
from qts.domain.orders import TERMINAL, OrderTrigger, Status, next_status
from qts.domain.values import Actor, ActorKind
from qts.observability.metrics import ORDERS

GATEWAY = Actor(ActorKind.SYSTEM, "order-gateway")
BROKER = Actor(ActorKind.SYSTEM, "broker")
DAY_END = Actor(ActorKind.SYSTEM, "day-end")

_E = TypeVar("_E", bound=OrderEvent)
REASON_LENGTH_MAX = 500
# The broker may have an amendment, and has not said what came of it.
UNRESOLVED: Final = (Intent.State.CLAIMED, Intent.State.UNKNOWN, Intent.State.ANSWERED)
_CHANGING: Final = frozenset({Status.AMEND_PENDING, Status.CANCEL_PENDING})


def event_of(kind: type[_E], order: Order, *, now: datetime, **more: Any) -> _E:
    """The order as it is after the change, as an event of `kind`."""
    return kind(
        order_id=str(order.id),
        account_id=str(order.account_id),
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        status=order.status,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        price_vnd=order.price_vnd or 0,
        reason=order.reason,
        ts_market_ms=round(now.timestamp() * 1000),
        **more,
    )


class Sent(Protocol):
    """An order, or what orders come from: its row holds who wanted it."""

    actor_kind: str
    actor_id: str


def sender_of(row: Sent) -> Actor:
    """What waits is judged by the limits and stops of who wanted it when it goes out, not by those of a worker."""
    return Actor(ActorKind(row.actor_kind), row.actor_id)


def close_amendments(order: Order) -> None:
    """The order is over: what was not resolved has nothing left to change."""
    order.intents.filter(kind=Intent.Kind.AMEND, state__in=UNRESOLVED).update(
        state=Intent.State.REFUSED, answer="the order was over first", answered_at=Now()
    )


def take_step(
    order: Order,
    trigger: OrderTrigger,
    *,
    announce: type[OrderEvent] | None,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> bool:
    """Move a locked order and record the event; False when the news was late and changes nothing.

    Raises IllegalTransition. Other fields that the caller has changed on `order` are saved with it.
    """
    changed = step(order, trigger, now=now, reason=reason)
    if changed and announce is not None:
        order.last_event_id = eventlog.record(event_of(announce, order, now=now), actor=actor, now=now)
    order.save()
    return changed


def step(order: Order, trigger: OrderTrigger, *, now: datetime, reason: str | None = None) -> bool:
    """As `take_step`, for who stores the order and tells of it together with others."""
    before, after = Status(order.status), next_status(Status(order.status), trigger)
    order.status, order.updated_at = after, now
    if after in TERMINAL:
        order.wanted_quantity = order.wanted_price_vnd = None
        if before in _CHANGING:
            close_amendments(order)
    changed = before is not after
    if reason is not None and changed:
        order.reason = reason[:REASON_LENGTH_MAX]
    if changed:
        ORDERS.labels(status=after).inc()
    return changed
