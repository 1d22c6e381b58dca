"""What a person decides about a difference with the broker: looked into and noted, or the order is over here."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import transaction

from apps.accounts.locks import lock_account
from apps.eventlog import services as eventlog
from apps.orders.locks import lock_order
from apps.orders.models import Discrepancy, Intent
from apps.orders.services.matches import release_what_cannot_trade
from apps.orders.services.steps import REASON_LENGTH_MAX, take_step
from qts.domain.events import DiscrepancyResolved, OrderCancelled
from qts.domain.orders import WORKING, OrderTrigger, Status
from qts.domain.values import Actor


class Resolution(StrEnum):
    NOTED = "NOTED"  # looked into; nothing is changed here
    ORDER_ENDED = "ORDER_ENDED"  # the broker does not have it any more: it is over here too


# A person may only end what the broker was asked about and did not show.
ENDABLE: Final = frozenset({Discrepancy.Kind.ORDER_MISSING, Discrepancy.Kind.UNRESOLVED_AT_DAY_END})


def resolve_discrepancy(
    *, discrepancy_id: int, resolution: Resolution, reason: str, actor: Actor, now: datetime
) -> bool:
    """Close it with a person's word; False when it is closed already. Raises ValueError where there is no reason, or
    where the order may not be ended so. Should the same trouble be seen again, it is noted anew."""
    if not reason.strip():
        raise ValueError("a difference is resolved with a reason")
    with transaction.atomic():
        found = Discrepancy.objects.select_related("order").filter(id=discrepancy_id).first()
        if found is None:
            return False
        if resolution is Resolution.ORDER_ENDED:
            _end_order(found, reason, actor, now)
        closed = Discrepancy.objects.filter(id=discrepancy_id, resolved_at__isnull=True).update(
            resolved_at=now, resolved_by=str(actor)[:100], resolution=f"{resolution}: {reason}"[:REASON_LENGTH_MAX]
        )
        if closed:
            eventlog.record(_event(found, resolution, reason, now), actor=actor, now=now)
    return closed == 1


def _end_order(found: Discrepancy, reason: str, actor: Actor, now: datetime) -> None:
    if found.order is None or found.kind not in ENDABLE or found.resolved_at is not None:
        raise ValueError("only an order that the broker does not show is ended by a person")
    lock_account(found.order.account_id)
    order = lock_order(found.order.id)
    if Status(order.status) not in WORKING:
        return
    order.cancel_wanted = False
    order.intents.filter(state=Intent.State.READY).update(state=Intent.State.WITHDRAWN)
    take_step(order, OrderTrigger.EXPIRED, announce=OrderCancelled, actor=actor, now=now, reason=reason)
    release_what_cannot_trade(order, now)


def _event(found: Discrepancy, resolution: Resolution, reason: str, now: datetime) -> DiscrepancyResolved:
    return DiscrepancyResolved(
        connection_id=str(found.connection_id),
        discrepancy_id=found.id,
        kind=found.kind,
        subject=found.subject,
        order_id=str(found.order_id or ""),
        resolution=resolution,
        reason=reason[:REASON_LENGTH_MAX],
        ts_market_ms=round(now.timestamp() * 1000),
    )
