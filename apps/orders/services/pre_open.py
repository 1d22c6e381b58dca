"""What the checks before the open ask about orders: do they leave, and is what becomes of them heard?"""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from apps.accounts.selectors import AccountView
from apps.orders.models import GatewayState, StreamPosition
from apps.risk.selectors import PreOpenVerdict

Answer = tuple[PreOpenVerdict, str]


def gateway_check(account: AccountView, _now: datetime) -> Answer:
    """The gateway reaches the broker, the order stream is connected, and the order book was compared since it is."""
    oldest = datetime.now(UTC) - timedelta(seconds=settings.ORDER_STREAM_SILENCE_S_MAX)
    gateway = GatewayState.objects.filter(connection_id=account.connection_id).first()
    if gateway is None or gateway.seen_at is None or gateway.seen_at < oldest:
        return PreOpenVerdict.WAITS, "gateway"
    if gateway.circuit != GatewayState.Circuit.CLOSED:
        return PreOpenVerdict.BAD, gateway.trouble
    stream = StreamPosition.objects.filter(connection_id=account.connection_id).first()
    if stream is None or stream.seen_at is None or stream.seen_at < oldest:
        return PreOpenVerdict.WAITS, "order stream"
    if stream.state != StreamPosition.State.CONNECTED:
        return PreOpenVerdict.BAD, stream.trouble
    return (PreOpenVerdict.OK, "") if stream.reconciled_at else (PreOpenVerdict.WAITS, "order book")
