"""The trade journal: why an order was traded, in its owner's words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.accounts.models import TradeBooking, TradeNote
from qts.domain.errors import TerminalError
from qts.domain.values import Actor

TAGS_MAX: Final = 10
TAG_LENGTH_MAX: Final = 30


def write_note(
    *, account_id: UUID, order_id: UUID, reason: str, tags: Sequence[str], note: str, actor: Actor, now: datetime
) -> None:
    """Keep it in the place of an earlier one. Raises TerminalError for an order that has not traded on the account."""
    if not TradeBooking.objects.filter(account_id=account_id, order_id=order_id).exists():
        raise TerminalError(f"order {order_id} has not traded on this account")
    kept = list(dict.fromkeys(tag.strip().lower()[:TAG_LENGTH_MAX] for tag in tags if tag.strip()))[:TAGS_MAX]
    TradeNote.objects.update_or_create(
        account_id=account_id,
        order_id=order_id,
        defaults={
            "reason": reason.strip()[:200],
            "tags": kept,
            "note": note.strip()[:2_000],
            "written_by": str(actor),
            "written_at": now,
        },
    )
