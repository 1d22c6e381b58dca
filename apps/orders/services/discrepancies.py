"""What does not fit is written down once, for a person; nothing is invented to make it fit."""

from datetime import datetime
from uuid import UUID

import structlog

from apps.orders.models import Discrepancy, Order

log = structlog.get_logger(__name__)

Kind = Discrepancy.Kind
_DETAIL_LENGTH_MAX = 1000
_SUBJECT_LENGTH_MAX = 100


def note(
    connection_id: UUID, kind: Discrepancy.Kind, *, subject: str, detail: str, now: datetime, order: Order | None = None
) -> bool:
    """False when the same trouble was open already; it is not written twice."""
    _, is_new = Discrepancy.objects.get_or_create(
        connection_id=connection_id,
        kind=kind,
        subject=_storable(subject)[:_SUBJECT_LENGTH_MAX],
        resolved_at=None,
        defaults={"order": order, "detail": _storable(detail)[:_DETAIL_LENGTH_MAX], "noticed_at": now},
    )
    if is_new:
        log.error("broker_discrepancy", kind=kind, subject=subject, detail=detail)
    return is_new


def settle(connection_id: UUID, kind: Discrepancy.Kind, *, subjects: list[str], now: datetime) -> None:
    """It fits again: close the open ones about these subjects."""
    if subjects:
        Discrepancy.objects.filter(
            connection_id=connection_id, kind=kind, subject__in=subjects, resolved_at__isnull=True
        ).update(resolved_at=now)


def _storable(text: str) -> str:
    """Whatever the broker sent can be noted: what no text column holds is replaced."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()
