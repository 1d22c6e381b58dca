"""Every row lock of this app. Order over all apps: account, what QTS keeps (conditional orders and the like), order,
position, reservation."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Now

from apps.orders.models import ConditionalOrder, Intent, Order, SlicedOrder


def lock_order(order_id: UUID) -> Order:
    """Raises Order.DoesNotExist. The caller has locked the account when it will touch money."""
    return Order.objects.select_for_update(no_key=True, of=("self",)).get(id=order_id)


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
    due = Q(not_before__isnull=True) | Q(not_before__lte=Now())
    cancels_first = Case(When(kind=Intent.Kind.CANCEL, then=Value(0)), default=Value(1), output_field=IntegerField())
    return (
        Intent.objects.select_for_update(no_key=True, skip_locked=True, of=("self", "order"))
        .select_related("order")
        .filter(due, connection_id=connection_id, trading_day=trading_day, state=Intent.State.READY)
        .order_by(cancels_first, "id")
        .first()
    )
