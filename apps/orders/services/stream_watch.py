"""The gateway's dead-man timer: who sends without hearing what becomes of it sends blind."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings

from apps.accounts import selectors as accounts
from apps.orders.models import StreamPosition
from apps.risk.selectors import account_scope
from apps.risk.services import Cause, hold, let_go


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
