"""Cancels by hand, when Valkey or the workers are dead and no gateway can run: PostgreSQL and the broker suffice."""

import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now

from apps.orders.models import GatewayState, Intent
from apps.orders.services.broker import open_client
from apps.orders.services.sending import send_next
from qts.domain.market import to_vietnam

CALLS_APART_S = 0.25  # below SSI's five a second, without the shared count in Valkey
SECONDS_MAX = 600.0


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A turn that no lease stands behind: the database's own epoch fences off the gateway before it."""

    epoch: int
    ends_at: float

    def goes_on(self) -> bool:
        return time.monotonic() < self.ends_at


def send_cancels_by_hand(connection_id: UUID, now: datetime) -> int:
    """Send every cancel that is due for a connection; how many. A gateway that still runs stops sending, and its next
    slice, with a newer epoch, goes on after this.

    Raises FenceDown when such a slice has taken over, Unreachable when the broker is away.
    """
    turn = TakenOver(_take_over(connection_id), time.monotonic() + SECONDS_MAX)
    client = open_client(connection_id)
    sent = 0
    try:
        client.log_in()
        while turn.goes_on() and _is_a_cancel_due(connection_id, now):
            sent += send_next(connection_id, turn, client, now)
            time.sleep(CALLS_APART_S)
    finally:
        client.close()
    return sent


def _take_over(connection_id: UUID) -> int:
    untried = GatewayState(connection_id=connection_id, circuit=GatewayState.Circuit.OPEN, trouble="not tried yet")
    GatewayState.objects.bulk_create([untried], ignore_conflicts=True)
    GatewayState.objects.filter(connection_id=connection_id).update(epoch=F("epoch") + 1)
    return GatewayState.objects.get(connection_id=connection_id).epoch


def _is_a_cancel_due(connection_id: UUID, now: datetime) -> bool:
    """One that a gateway tried in vain before it ended is due too."""
    may_go = Q(not_before__isnull=True) | Q(not_before__lte=Now())
    return Intent.objects.filter(
        may_go,
        connection_id=connection_id,
        kind=Intent.Kind.CANCEL,
        state=Intent.State.READY,
        trading_day=to_vietnam(now).date(),
    ).exists()
