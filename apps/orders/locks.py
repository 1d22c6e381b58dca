"""Every row lock of this app. Order over all apps: account, what QTS keeps (conditional orders and the like), order,
position, reservation."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from apps.accounts.locks import lock_account
from apps.orders.models import ConditionalOrder, Intent, Order, SlicedOrder

# Written out, as every order and every report about one needs them: the mapper takes longer than the database.
_ORDERS = "SELECT * FROM orders_order WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_NEXT_INTENT = """
    SELECT intent.* FROM orders_intent AS intent JOIN orders_order AS placed ON placed.id = intent.order_id
    WHERE intent.connection_id = %s AND intent.trading_day = %s AND intent.state = 'READY'
        AND (intent.not_before IS NULL OR intent.not_before <= statement_timestamp())
    ORDER BY intent.kind <> 'CANCEL', intent.id LIMIT 1
    FOR NO KEY UPDATE OF intent, placed SKIP LOCKED
"""
_REPORTED = """
    SELECT 'B' || broker_order_id, id, account_id FROM orders_order
    WHERE connection_id = %(connection_id)s AND trading_day = %(day)s AND broker_order_id = ANY(%(broker_order_ids)s)
    UNION ALL
    SELECT 'R' || intent.request_id, placed.id, placed.account_id FROM orders_order AS placed
    JOIN orders_intent AS intent ON intent.order_id = placed.id
    WHERE placed.connection_id = %(connection_id)s AND placed.trading_day = %(day)s
        AND intent.connection_id = %(connection_id)s AND intent.trading_day = %(day)s
        AND intent.request_id = ANY(%(request_ids)s)
"""


class Told(NamedTuple):
    """How the broker speaks of an order: by his number, or by our requests for it."""

    broker_order_id: str
    request_ids: tuple[str, ...]


def lock_order(order_id: UUID) -> Order:
    """Raises Order.DoesNotExist. The caller has locked the account when it will touch money."""
    found = next(iter(Order.objects.raw(_ORDERS, [[order_id]])), None)
    if found is None:
        raise Order.DoesNotExist(f"order {order_id}")
    return found


def lock_reported_orders(connection_id: UUID, trading_day: date, told: Sequence[Told]) -> list[Order | None]:
    """The orders of that day that the broker speaks of; accounts and orders locked, and one object for one order. None
    for an order that did not come from here."""
    asked: dict[str, Any] = {
        "connection_id": connection_id,
        "day": trading_day,
        "broker_order_ids": [one.broker_order_id for one in told if one.broker_order_id],
        "request_ids": [request_id for one in told for request_id in one.request_ids if request_id],
    }
    with connection.cursor() as cursor:
        cursor.execute(_REPORTED, asked)
        found = {name: (order_id, account_id) for name, order_id, account_id in cursor.fetchall()}
    names = [(f"B{one.broker_order_id}", *(f"R{request_id}" for request_id in one.request_ids)) for one in told]
    meant = [next((found[name] for name in some if name in found), None) for some in names]
    for account_id in sorted({one[1] for one in meant if one}):
        lock_account(account_id)
    order_ids = {one[0] for one in meant if one}
    orders = {order.id: order for order in Order.objects.raw(_ORDERS, [list(order_ids)])} if order_ids else {}
    return [orders[one[0]] if one else None for one in meant]


def lock_orders(order_ids: Collection[UUID]) -> list[Order]:
    """In the order of their ids. The caller has locked their account. All at once and before anything else of the
    connection: who holds one of them may be waiting for its counter of request ids."""
    rows = Order.objects.select_for_update(no_key=True, of=("self",)).filter(id__in=order_ids)
    return list(rows.order_by("id"))


def lock_conditional(conditional_id: UUID) -> ConditionalOrder:
    """Its legs go with it. Raises ConditionalOrder.DoesNotExist. The caller has locked its account."""
    return ConditionalOrder.objects.select_for_update(no_key=True, of=("self",)).get(id=conditional_id)


def lock_sliced(sliced_id: UUID) -> SlicedOrder:
    """Raises SlicedOrder.DoesNotExist. The caller has locked its account."""
    return SlicedOrder.objects.select_for_update(no_key=True, of=("self",)).get(id=sliced_id)


def lock_next_intent(connection_id: UUID, trading_day: date) -> Intent | None:
    """The next thing to send today, with its order: cancels first, then by age; rows held by somebody are passed by.

    Both rows are locked without waiting, so a sender never waits for a service that holds an order and wants its
    intent. What was left over from another day is not due: its request id belonged to that day.
    """
    found = next(iter(Intent.objects.raw(_NEXT_INTENT, [connection_id, trading_day])), None)
    if found is not None:
        found.order = lock_order(found.order_id)  # ours already
    return found
