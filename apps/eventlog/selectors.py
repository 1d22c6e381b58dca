"""Reading the event log: history for people, back-log for the health page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, Min, Q, TextField
from django.db.models.functions import Cast, Now

from apps.eventlog.models import EventRecord, HandlerFailure


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """`body` holds the fields of the event; `actor` is "kind:id"; `is_published` says whether the bus has it."""

    id: int
    topic: str
    key: str
    body: dict[str, Any]
    actor: str
    correlation_id: str
    ip_address: str
    occurred_at: datetime
    recorded_at: datetime
    is_published: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that the bus does not have yet, and how long the oldest has been waiting."""

    event_count: int
    oldest_age_s: float


def history(
    *, key: str = "", topic: str = "", correlation_id: str = "", before_id: int | None = None, limit: int = 100
) -> list[LoggedEvent]:
    """Newest first; `before_id` goes on where the last page ended."""
    rows = EventRecord.objects.order_by("-id")
    if key:
        rows = rows.filter(key=key)
    if topic:
        rows = rows.filter(topic=topic)
    if correlation_id:
        rows = rows.filter(correlation_id=correlation_id)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [_logged(row) for row in rows[:limit]]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is looked for in the trail; empty fields narrow nothing. Times are of the wall clock."""

    since: datetime
    until: datetime
    actor_kinds: tuple[str, ...] = ()
    actor_id: str = ""
    topic: str = ""  # a topic, or with a dot at its end the beginning of topics
    ip_address: str = ""
    correlation_id: str = ""
    text: str = ""  # in the event's fields or key


def audit_trail(wanted: AuditFilter, *, before_id: int | None = None, limit: int) -> list[LoggedEvent]:
    """Newest first; `before_id` goes on where the last page ended.

    The index on time keeps a search for a text within its days; it reads every event of them.
    """
    rows = EventRecord.objects.filter(recorded_at__gte=wanted.since, recorded_at__lt=wanted.until).order_by("-id")
    exact = {"actor_id": wanted.actor_id, "ip_address": wanted.ip_address, "correlation_id": wanted.correlation_id}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.actor_kinds:
        rows = rows.filter(actor_kind__in=wanted.actor_kinds)
    if wanted.topic:
        rows = rows.filter(**{"topic__startswith" if wanted.topic.endswith(".") else "topic": wanted.topic})
    if wanted.text:
        rows = rows.annotate(told=Cast("body", TextField()))
        rows = rows.filter(Q(told__icontains=wanted.text) | Q(key__icontains=wanted.text))
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return [_logged(row) for row in rows[:limit]]


def history_between(*, key: str, first_id: int, last_id: int, holding: dict[str, Any]) -> list[LoggedEvent]:
    """Oldest first: the events of one key, from number to number, whose body holds these fields with these values."""
    rows = EventRecord.objects.filter(key=key, id__range=(first_id, last_id), body__contains=holding)
    return [_logged(row) for row in rows.order_by("id")]


def relay_backlog() -> Backlog:
    waiting = EventRecord.objects.filter(published_at__isnull=True)
    age = ExpressionWrapper(Now() - Min("recorded_at"), output_field=DurationField())
    found = waiting.aggregate(event_count=Count("id"), oldest_age=age)
    return Backlog(found["event_count"], found["oldest_age"].total_seconds() if found["oldest_age"] else 0.0)


def open_failure_count() -> int:
    """Events that wait for an operator because a handler could not take them."""
    return HandlerFailure.objects.filter(resolved_at__isnull=True).count()


def _logged(row: EventRecord) -> LoggedEvent:
    return LoggedEvent(
        id=row.id,
        topic=row.topic,
        key=row.key,
        body=row.body,
        actor=f"{row.actor_kind}:{row.actor_id}",
        correlation_id=row.correlation_id,
        ip_address=row.ip_address,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        is_published=row.published_at is not None,
    )
