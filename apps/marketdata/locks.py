"""Rows of market data that are changed under a lock."""

from datetime import datetime

from apps.marketdata.models import IngestCheckpoint


def lock_checkpoint(name: str, *, now: datetime) -> IngestCheckpoint:
    """The checkpoint of a writer; a new one says that nothing before market time `now` is left to close."""
    row, _ = IngestCheckpoint.objects.select_for_update().get_or_create(name=name, defaults={"closed_until": now})
    return row
