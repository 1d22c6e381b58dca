"""A report names requests of ours: the broker has received them, whatever became of the answers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from apps.orders.models import Intent, Order
from apps.orders.services.steps import REASON_LENGTH_MAX

_UNSETTLED = [state.value for state in (Intent.State.CLAIMED, Intent.State.UNKNOWN, Intent.State.NOT_RECEIVED)]
OPEN_CANCEL = [
    state.value for state in (Intent.State.READY, Intent.State.CLAIMED, Intent.State.ANSWERED, Intent.State.UNKNOWN)
]
# Written out: every report comes here. Only one cancel of an order is open at a time: one that was taken for lost and
# asked for again keeps its state, and its evidence tells that it arrived after all.
_SETTLE = """
    UPDATE orders_intent AS asked SET
        state = CASE WHEN kind = 'CANCEL' AND state = 'NOT_RECEIVED' AND EXISTS (
            SELECT FROM orders_intent AS other
            WHERE other.order_id = asked.order_id AND other.kind = 'CANCEL' AND other.state = ANY(%(open_cancel)s)
        ) THEN state ELSE 'ANSWERED' END,
        answered_at = statement_timestamp(), evidence = %(evidence)s
    WHERE order_id = %(order_id)s AND (kind = 'PLACE' OR request_id = ANY(%(request_ids)s))
        AND state = ANY(%(unsettled)s)
"""


def settle_placed(evidence: Mapping[UUID, str]) -> None:
    """Of these orders, all of which the broker has: what nobody has heard of yet."""
    waiting = Intent.objects.filter(order_id__in=list(evidence), kind=Intent.Kind.PLACE, state__in=_UNSETTLED)
    for intent in waiting.select_related("order"):
        settle_intents(intent.order, evidence=evidence[intent.order_id])


def settle_intents(order: Order, *request_ids: str, evidence: str) -> None:
    """The broker speaks of these requests, so it has received them, whatever became of the answers."""
    asked: dict[str, Any] = {
        "order_id": order.id,
        "request_ids": list(request_ids),
        "unsettled": _UNSETTLED,
        "open_cancel": OPEN_CANCEL,
        "evidence": evidence[:REASON_LENGTH_MAX],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, asked)
