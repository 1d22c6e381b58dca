"""From the event log to the bus: at least once, in order within a key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.eventlog.locks import claim_unpublished
from apps.eventlog.models import EventRecord
from qts.adapters import bus as event_bus
from qts.adapters.lease import Lease, slice_of
from qts.domain.ports import Bus, BusMessage

CHANNEL = "qts_events"  # the trigger of the table notifies it at every commit that recorded something
LEASE_TTL_S = 6
BATCH_SIZE_MAX = 500
POLL_S = 1.0


def publish_pending(bus: Bus, limit: int = BATCH_SIZE_MAX) -> int:
    """Publish the oldest unpublished events and mark them; how many.

    They are marked after the bus has accepted them: a crash between the two publishes them again, never loses them.
    Events of one key leave in the order of their numbers, which is the order of commits wherever the writers of a key
    exclude each other (orders and accounts do, by the account's lock). Raises what the bus raises, marking nothing.
    """
    with transaction.atomic():
        rows = claim_unpublished(limit)
        if not rows:
            return 0
        bus.publish([_message(row) for row in rows])
        EventRecord.objects.filter(id__in=[row.id for row in rows]).update(published_at=Now())
    return len(rows)


def run_relay_slice(*, seconds_max: float = 60) -> None:
    """Publish as commits happen, for `seconds_max` at most or until the lease is lost."""
    with slice_of(Lease(settings.REDIS_URL, "eventlog-relay", LEASE_TTL_S), seconds_max) as turn:
        if not turn.goes_on():
            return
        bus = event_bus.connect(settings.EVENT_BUS_URL)
        with _commits() as wait_for_commit:
            while turn.goes_on():
                if publish_pending(bus) < BATCH_SIZE_MAX:
                    wait_for_commit(POLL_S)


def _message(row: EventRecord) -> BusMessage:
    # readers that only want the event drop the unknown field
    log = {"id": row.id, "correlation_id": row.correlation_id, "actor": f"{row.actor_kind}:{row.actor_id}"}
    return BusMessage(topic=row.topic, key=row.key, body=msgspec.json.encode({**row.body, "_log": log}))


@contextmanager
def _commits() -> Iterator[Callable[[float], None]]:
    """A function that returns when something was recorded since its last call, or after the given seconds.

    The poll behind it matters when a notification was lost, for example with the connection of a failed server.
    """
    # its own connection: a pooled one would go on listening in other hands
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")

        def wait(seconds_max: float) -> None:
            for _ in listener.notifies(timeout=seconds_max, stop_after=1):
                pass

        yield wait
