"""Rows of market data that are changed under a lock."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from apps.marketdata.models import DeadLetter, IngestCheckpoint, MarketGap


def lock_checkpoint(name: str, *, now: datetime) -> IngestCheckpoint:
    """The checkpoint of a writer; a new one says that nothing before market time `now` is left to close."""
    row, _ = IngestCheckpoint.objects.select_for_update().get_or_create(name=name, defaults={"closed_until": now})
    return row


def lock_rules() -> None:
    """Of all rows of rules, until the transaction ends: whether they fit each other is a question about all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('marketdata_rules', 0))")


def lock_gap(gap_id: int) -> MarketGap:
    return MarketGap.objects.select_for_update().get(pk=gap_id)


def lock_dead_letters(ids: Collection[int]) -> list[DeadLetter]:
    """Oldest first."""
    return list(DeadLetter.objects.select_for_update().filter(pk__in=ids).order_by("received_at", "pk"))
