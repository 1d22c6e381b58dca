"""The end of a trading day: nothing working survives it (vietnam-market-rules, section 2)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.accounts import services as ledger
from apps.accounts.locks import lock_account
from apps.orders.locks import lock_order
from apps.orders.models import Intent, Order
from apps.orders.selectors import OPEN_STATUSES
from apps.orders.services import discrepancies
from apps.orders.services.discrepancies import Kind
from apps.orders.services.steps import DAY_END, take_step
from qts.domain.events import OrderCancelled
from qts.domain.market import session_bounds, to_vietnam
from qts.domain.orders import WORKING, OrderTrigger, Status
from qts.domain.values import Exchange

# The broker tells of the last matches and of what expired; only what it has not told by then expires by our own clock.
GRACE = timedelta(minutes=5)


def close_day(now: datetime) -> int:
    """Expire what is over and settle what is due, at market time `now`; safe to repeat. How many orders expired."""
    expired = expire_day(now)
    ledger.settle_due(now)
    return expired


def expire_day(now: datetime) -> int:
    """Expire the working orders of former days, and of today where the exchange has closed for long enough.

    An order of a former day whose fate at the broker was never learned is noted for a person.
    """
    today = to_vietnam(now).date()
    closed = [exchange for exchange in Exchange if _is_over(exchange, now)]
    over = Q(trading_day__lt=today) | Q(trading_day=today, exchange__in=closed)
    order_ids = list(Order.objects.filter(over, status__in=OPEN_STATUSES).order_by("id").values_list("id", flat=True))
    return sum(_expire(order_id, now) for order_id in order_ids)


def _expire(order_id: UUID, now: datetime) -> bool:
    account_id = Order.objects.values_list("account_id", flat=True).get(id=order_id)
    with transaction.atomic():
        lock_account(account_id)
        order = lock_order(order_id)
        status = Status(order.status)
        if status not in WORKING:
            return False
        is_today = order.trading_day == to_vietnam(now).date()
        if status in {Status.SENT, Status.UNKNOWN} and is_today:
            return False  # the broker can still be asked
        order.cancel_wanted = False
        order.intents.filter(state=Intent.State.READY).update(state=Intent.State.WITHDRAWN)
        take_step(
            order, OrderTrigger.EXPIRED, announce=OrderCancelled, actor=DAY_END, now=now, reason="the trading day ended"
        )
        ledger.release_reservation(order_id=order.id, now=now)
        if status in {Status.SENT, Status.UNKNOWN}:
            detail = f"{order} of {order.trading_day}: the broker never said what became of it"
            discrepancies.note(
                order.connection_id,
                Kind.UNRESOLVED_AT_DAY_END,
                subject=str(order.id),
                detail=detail,
                now=now,
                order=order,
            )
    return True


def _is_over(exchange: Exchange, now: datetime) -> bool:
    local = to_vietnam(now)
    _, ends_at = session_bounds(exchange)
    return local - GRACE >= local.replace(
        hour=ends_at.hour, minute=ends_at.minute, second=ends_at.second, microsecond=0
    )
