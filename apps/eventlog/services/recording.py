"""The write side of the event log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction

from qts.domain.events import Event
from qts.domain.values import Actor

ADDRESS_NAME = "client_address"  # in structlog's context, where the web tier puts it

# every state change of the system passes here, some of them several times in one transaction
_INSERT = """
    INSERT INTO eventlog_eventrecord (topic, key, body, actor_kind, actor_id, correlation_id, ip_address, occurred_at)
    SELECT topic, key, body::jsonb, %(actor_kind)s, %(actor_id)s, %(correlation_id)s, %(ip_address)s, %(occurred_at)s
    FROM unnest(%(topics)s::text[], %(keys)s::text[], %(bodies)s::text[]) AS told (topic, key, body)
    RETURNING id
"""


def record(event: Event, *, actor: Actor, now: datetime, correlation_id: str = "") -> int:
    """Append one event to the log, to be published once the caller's transaction has committed; its number.

    Without `correlation_id` the one of the current request or handled event is taken; the address is that of the
    request, if there is one. Raises TransactionManagementError
    outside a transaction: an event without its state change, or the reverse, would be a lie.
    """
    return record_all([event], actor=actor, now=now, correlation_id=correlation_id)[0]


def record_all(events: Sequence[Event], *, actor: Actor, now: datetime, correlation_id: str = "") -> list[int]:
    """Several in their order with one statement; their numbers."""
    if not events:
        return []
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"{events[0].topic} was recorded outside a transaction")
    rows: dict[str, Any] = {
        "topics": [event.topic for event in events],
        "keys": [event.key for event in events],
        "bodies": [msgspec.json.encode(event).decode() for event in events],
        "actor_kind": str(actor.kind),
        "actor_id": actor.id,
        "correlation_id": correlation_id or _current_correlation_id(),
        "ip_address": str(structlog.contextvars.get_contextvars().get(ADDRESS_NAME, "")),
        "occurred_at": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, rows)
        return [int(number) for (number,) in cursor.fetchall()]


def _current_correlation_id() -> str:
    bound = structlog.contextvars.get_contextvars()
    return str(bound.get("correlation_id") or bound.get("request_id") or "")
