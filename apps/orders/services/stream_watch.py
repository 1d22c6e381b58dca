"""The gateway's dead-man timers: who sends without hearing what becomes of it sends blind, and who cannot reach the
broker promises what nobody may keep."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from apps.accounts import selectors as accounts
from apps.orders.models import GatewayState, StreamPosition
from apps.risk.selectors import account_scope
from apps.risk.services import Cause, hold, let_go
from qts.adapters.ssi.tokens import CODE_WANTED

UNCERTAIN_S_MAX: Final = 10.0  # shorter troubles end by themselves, with the next connection
UNCOMPARED_S_MAX: Final = 90.0  # six comparisons of the order book did not come about


def watch_order_stream(connection_id: UUID, now: datetime, *, watched_s: float) -> bool:
    """Hold the accounts of a connection back while its order stream does not report; True when it does not.

    `watched_s` is how long the gateway itself runs: both begin together, and a beginning is no loss.
    """
    row = StreamPosition.objects.filter(connection_id=connection_id).first()
    if row is None:
        return False
    silence = timedelta(seconds=settings.ORDER_STREAM_SILENCE_S_MAX)
    is_lost = row.seen_at is None or row.seen_at < datetime.now(UTC) - silence
    if is_lost and watched_s < silence.total_seconds():
        return False
    for account in accounts.accounts_of_connection(connection_id):
        scope = account_scope(account.id)
        if is_lost:
            hold(scope=scope, cause=Cause.LOST_WORKER, reason="the order stream does not report", now=now)
        else:
            let_go(scope=scope, cause=Cause.LOST_WORKER, reason="the order stream reports again", now=now)
    return is_lost


class VenueWatch:
    """Holds a connection's accounts back while nobody knows what the broker has: it is not reached, its stream is away,
    or its order book was not compared for long."""

    def __init__(self, connection_id: UUID) -> None:
        self._connection_id = connection_id
        self._since_s: float | None = None

    def step(self, now: datetime) -> bool:
        """True while it holds them."""
        trouble = self._trouble()
        if not trouble:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = time.monotonic()
        is_uncertain = self._since_s is not None and time.monotonic() - self._since_s >= UNCERTAIN_S_MAX
        for account in accounts.accounts_of_connection(self._connection_id):
            scope = account_scope(account.id)
            if is_uncertain:
                hold(scope=scope, cause=Cause.VENUE_UNCERTAIN, reason=trouble, now=now)
            elif not trouble:
                let_go(scope=scope, cause=Cause.VENUE_UNCERTAIN, reason="the broker answers again", now=now)
        return is_uncertain

    def _trouble(self) -> str:
        gateway = GatewayState.objects.filter(connection_id=self._connection_id).first()
        if gateway is not None and gateway.circuit == GatewayState.Circuit.OPEN:
            wants_code = gateway.trouble == CODE_WANTED
            return CODE_WANTED if wants_code else f"the broker is not reached: {gateway.trouble}"
        stream = StreamPosition.objects.filter(connection_id=self._connection_id).first()
        if stream is None:
            return ""
        if stream.state != StreamPosition.State.CONNECTED:
            return f"the order stream is away: {stream.trouble}"
        oldest = datetime.now(UTC) - timedelta(seconds=UNCOMPARED_S_MAX)
        if stream.reconciled_at is not None and stream.reconciled_at < oldest:
            return "the order book was not compared for long"
        return ""
