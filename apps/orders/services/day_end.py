"""The end of a trading day: no order survives it at the exchange, and none is closed here before the broker was asked.

What was never sent is over with its day. What the broker had is expired by its own word; by our clock only after its
order book was compared since; and when the day has passed meanwhile, after its order history was asked.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts import services as ledger
from apps.accounts.locks import lock_account
from apps.marketdata import selectors as marketdata
from apps.orders.locks import lock_order
from apps.orders.models import Intent, Order, StreamPosition
from apps.orders.selectors import OPEN_STATUSES
from apps.orders.services import discrepancies
from apps.orders.services.discrepancies import Kind
from apps.orders.services.matches import release_what_cannot_trade
from apps.orders.services.steps import DAY_END, take_step
from qts.domain.events import OrderCancelled
from qts.domain.market import session_bounds, to_vietnam
from qts.domain.orders import WORKING, OrderTrigger, Status
from qts.domain.values import Exchange

# The broker tells of the last matches and of what expired; only what it has not told by then expires by our own clock.
GRACE = timedelta(minutes=5)
COMPARED_AGE_MAX = timedelta(seconds=30)  # wall clock; the order book is compared every 15 s while the broker answers
_UNSURE = frozenset({Status.SENT, Status.UNKNOWN})


def close_day(now: datetime) -> int:
    """Expire what is over and settle what is due, at market time `now`; safe to repeat. How many orders expired."""
    expired = expire_day(now)
    ledger.settle_due(now)
    return expired


def expire_day(now: datetime) -> int:
    """Expire what was never sent and is out of its day, and what the broker had today where the exchange has closed for
    long enough and its order book was compared since. How many orders."""
    today = to_vietnam(now).date()
    over = Q(trading_day=today, exchange__in=[exchange for exchange in Exchange if is_over(exchange, now)])
    never_sent = Q(status=Status.PENDING) & (Q(trading_day__lt=today) | over)
    told = Q(trading_day=today, connection_id__in=_compared_connections()) & over
    due = Order.objects.filter(never_sent | told, status__in=OPEN_STATUSES).exclude(status__in=_UNSURE)
    return sum(_expire(order_id, now) for order_id in due.order_by("id").values_list("id", flat=True))


def expire_former_day(order_id: UUID, now: datetime) -> bool:
    """Expire an order of a former day that the broker had, after its history was asked and taken in.

    What even the history does not tell is noted for a person: the fate of an order that was never confirmed, and
    matches that the broker counts and never reported; what these need stays reserved. False when it was over already.
    """
    expired = _expire(order_id, now)
    order = Order.objects.get(id=order_id)
    outstanding = order.reported_filled_quantity - order.filled_quantity
    if outstanding > 0:
        _note(order, Kind.FILL_MISSING, f"the broker counts {outstanding} more shares filled than it reported", now)
    return expired


def _expire(order_id: UUID, now: datetime) -> bool:
    account_id = Order.objects.values_list("account_id", flat=True).get(id=order_id)
    with transaction.atomic():
        lock_account(account_id)
        order = lock_order(order_id)
        status = Status(order.status)
        if status not in WORKING:
            return False
        order.cancel_wanted = False
        order.intents.filter(state=Intent.State.READY).update(state=Intent.State.WITHDRAWN)
        take_step(
            order, OrderTrigger.EXPIRED, announce=OrderCancelled, actor=DAY_END, now=now, reason="the trading day ended"
        )
        release_what_cannot_trade(order, now)
        if status in _UNSURE:
            _note(order, Kind.UNRESOLVED_AT_DAY_END, "the broker never said what became of it", now)
    return True


def _note(order: Order, kind: Kind, trouble: str, now: datetime) -> None:
    detail = f"{order} of {order.trading_day}: {trouble}"
    discrepancies.note(order.connection_id, kind, subject=str(order.id), detail=detail, now=now, order=order)


def _compared_connections() -> list[UUID]:
    compared = StreamPosition.objects.filter(reconciled_at__gt=Now() - COMPARED_AGE_MAX)
    return list(compared.values_list("connection_id", flat=True))


def is_over(exchange: Exchange, now: datetime) -> bool:
    """Whether the exchange has closed for today, and the broker had the time to tell of it."""
    local = to_vietnam(now)
    _, ends_at = session_bounds(marketdata.rules_at(now), exchange)
    return local - GRACE >= local.replace(
        hour=ends_at.hour, minute=ends_at.minute, second=ends_at.second, microsecond=0
    )
