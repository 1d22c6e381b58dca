"""Row locks of rules and deliveries."""

from datetime import datetime, timedelta
from uuid import UUID

from apps.notifications.models import AlertRule, Delivery


def lock_rule(rule_id: UUID) -> AlertRule | None:
    return AlertRule.objects.select_for_update().filter(id=rule_id).first()


def claim_due(now: datetime, *, limit: int, for_s: float) -> list[Delivery]:
    """The next deliveries that are due, counted as tried and put off by `for_s`: whoever dies with them has them tried
    again then."""
    rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        state=Delivery.State.WAITING, next_at__lte=now
    )
    found = list(rows.select_related("alert", "channel").order_by("next_at")[:limit])
    for row in found:
        row.attempts += 1
        row.next_at = now + timedelta(seconds=for_s)
        row.save(update_fields=["attempts", "next_at"])
    return found
