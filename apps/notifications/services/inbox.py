"""What a person has read."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from apps.notifications.models import Alert


def mark_read(user_id: int, *, now: datetime, alert_ids: Collection[UUID] | None = None) -> int:
    """These, or all where none are named; how many were unread. Others' alerts do not exist."""
    rows = Alert.objects.filter(user_id=user_id, read_at=None)
    if alert_ids is not None:
        rows = rows.filter(id__in=list(alert_ids))
    return rows.update(read_at=now)
