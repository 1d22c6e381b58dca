"""The write side of the event log."""

from datetime import datetime

import msgspec
import structlog
from django.db import connection, transaction

from apps.eventlog.models import EventRecord
from qts.domain.events import Event
from qts.domain.values import Actor


def record(event: Event, *, actor: Actor, now: datetime, correlation_id: str = "") -> int:
    """Append one event to the log, to be published once the caller's transaction has committed; its number.

    Without `correlation_id` the one of the current request or handled event is taken. Raises TransactionManagementError
    outside a transaction: an event without its state change, or the reverse, would be a lie.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"{event.topic} was recorded outside a transaction")
    row = EventRecord.objects.create(
        topic=event.topic,
        key=event.key,
        body=msgspec.to_builtins(event),
        actor_kind=actor.kind,
        actor_id=actor.id,
        correlation_id=correlation_id or _current_correlation_id(),
        occurred_at=now,
    )
    return row.id


def _current_correlation_id() -> str:
    bound = structlog.contextvars.get_contextvars()
    return str(bound.get("correlation_id") or bound.get("request_id") or "")
