"""From the bus to the handlers of all apps."""

from typing import Any

import msgspec
import stamina
import structlog
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from apps.eventlog.models import HandlerFailure
from apps.eventlog.services.registry import Handler, handlers_of, subscribed_topics
from qts.adapters import bus as event_bus
from qts.adapters.lease import Lease, slice_of
from qts.domain.errors import IllegalTransition, TerminalError
from qts.domain.events import Event
from qts.domain.ports import Delivery

log = structlog.get_logger(__name__)

GROUP = "handlers"
# One name for every process: the successor of a killed dispatcher gets what was left unacknowledged first.
CONSUMER = "dispatcher"
LEASE_TTL_S = 6
BATCH_SIZE_MAX = 100
BLOCK_MS = 1_000
ATTEMPTS_MAX = 5
RETRY_S_MAX = 4.0  # below the lease's ttl


class _Log(msgspec.Struct, frozen=True):
    id: int
    correlation_id: str = ""
    actor: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    log: _Log | None = msgspec.field(default=None, name="_log")


def run_dispatch_slice(*, seconds_max: float = 60) -> None:
    """Hand events to their handlers, for `seconds_max` at most or until the lease is lost."""
    topics = subscribed_topics()
    if not topics:
        return
    with slice_of(Lease(settings.REDIS_URL, "eventlog-dispatch", LEASE_TTL_S), seconds_max) as turn:
        if not turn.goes_on():
            return
        bus = event_bus.connect(settings.EVENT_BUS_URL)
        while turn.goes_on():
            for delivery in bus.consume(
                topics, group=GROUP, consumer=CONSUMER, count=BATCH_SIZE_MAX, block_ms=BLOCK_MS
            ):
                if not turn.goes_on():
                    break  # the rest stays unacknowledged for the next slice
                dispatch(delivery)
                bus.acknowledge(GROUP, [delivery])


def dispatch(delivery: Delivery) -> None:
    """Call every handler of one event. One that fails for good leaves a HandlerFailure and does not stop the others.

    Raises only when the failure cannot be recorded either (no database): then the event must not be acknowledged.
    """
    try:
        event = event_bus.decode(delivery.topic, delivery.body)
        origin = msgspec.json.decode(delivery.body, type=_Envelope).log
    except (TerminalError, msgspec.MsgspecError) as error:
        _keep_failure("decode", delivery, None, error)
        return
    correlation_id = origin.correlation_id if origin else ""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
        for name, handler in handlers_of(delivery.topic).items():
            try:
                _call(handler, event)
            except Exception as error:
                _keep_failure(name, delivery, origin.id if origin else None, error)


def retry_failure(failure_id: int) -> None:
    """Call the handler of a kept failure again and resolve it. Raises what the handler raises, and it stays open."""
    failure = HandlerFailure.objects.get(id=failure_id, resolved_at__isnull=True)
    handler = handlers_of(failure.topic).get(failure.handler)
    if handler is None:
        raise TerminalError(f"no handler {failure.handler} for {failure.topic} any more")
    handler(event_bus.decode(failure.topic, msgspec.json.encode(failure.body)))
    HandlerFailure.objects.filter(id=failure_id).update(resolved_at=timezone.now())


def _call(handler: Handler, event: Event) -> None:
    for attempt in stamina.retry_context(
        on=_is_worth_retrying, attempts=ATTEMPTS_MAX, timeout=RETRY_S_MAX, wait_initial=0.1, wait_max=1.0
    ):
        with attempt:
            _drop_dead_connection()
            handler(event)


def _drop_dead_connection() -> None:
    """One that died with the server would fail every attempt; an open transaction is its owner's business."""
    if not connection.in_atomic_block:
        close_old_connections()


def _is_worth_retrying(error: Exception) -> bool:
    return not isinstance(error, TerminalError | IllegalTransition)


def _keep_failure(handler: str, delivery: Delivery, record_id: int | None, error: Exception) -> None:
    log.error("event_handler_failed", handler=handler, topic=delivery.topic, key=delivery.key, exc_info=error)
    _drop_dead_connection()
    failure = HandlerFailure(
        handler=handler,
        record_id=record_id,
        topic=delivery.topic,
        key=delivery.key,
        body=_readable(delivery.body),
        error=f"{type(error).__name__}: {error}",
    )
    with transaction.atomic():
        HandlerFailure.objects.bulk_create([failure], ignore_conflicts=True)


def _readable(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return body.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
