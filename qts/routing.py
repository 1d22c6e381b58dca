"""WebSocket addresses, open to verified sessions only."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from asgiref.sync import sync_to_async
from channels.security.websocket import WebsocketDenier
from django.urls import path, re_path

from apps.accounts.consumers import PositionsConsumer
from apps.marketdata.consumers import MarketsConsumer
from apps.notifications.consumers import AlertsConsumer
from apps.orders.consumers import OrdersConsumer
from apps.risk.consumers import RiskConsumer
from apps.sso.selectors import OpenSession, SessionEnd, is_session_verified, roles_of, session_ends
from apps.strategies.consumers import SignalsConsumer
from qts.web.consumers import TRY_AGAIN_LATER
from qts.web.together import Together

NOT_LOGGED_IN = 4401
NOT_VERIFIED = 4403
NO_SUCH_ADDRESS = 4404
CODES: Final = {
    SessionEnd.LOGGED_OUT: NOT_LOGGED_IN,
    SessionEnd.NOT_VERIFIED: NOT_VERIFIED,
    SessionEnd.ROLES_CHANGED: TRY_AGAIN_LATER,  # with what the new roles may see
}

Application = Callable[..., Awaitable[Any]]
_ends: Together[OpenSession, SessionEnd | None] = Together(session_ends)


class OwnOrigin:
    """Answers 403 to a page that did not come from here. A cookie goes to every port of its host; the page of another
    port is a stranger all the same."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").partition(b"://")[2].partition(b"/")[0]
        if not origin or origin.lower() != headers.get(b"host", b"").lower():
            return await WebsocketDenier()(scope, receive, send)
        return await self._application(scope, receive, send)


class VerifiedSessions:
    """Closes the socket of anybody who is not logged in (4401) or has not shown a second factor (4403)."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        user = scope["user"]
        if not user.is_authenticated:
            return await _refuse(receive, send, NOT_LOGGED_IN)
        known = await sync_to_async(_verified)(scope["session"], user)
        if known is None:
            return await _refuse(receive, send, NOT_VERIFIED)
        return await self._application({**scope, "why_not": partial(_why_not, known)}, receive, send)


def _verified(session: Any, user: Any) -> OpenSession | None:
    if not is_session_verified(session, user):
        return None
    return OpenSession(session.session_key, user.pk, roles_of(user))


async def _why_not(known: OpenSession) -> int | None:
    """The close code when the session has ended since the socket was opened: log-out, lock, factor or role taken."""
    end = await _ends.ask(known)
    return None if end is None else CODES[end]


async def _no_such_address(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    await _refuse(receive, send, NO_SUCH_ADDRESS)


async def _refuse(receive: Any, send: Any, code: int) -> None:
    """Accepted first: a browser learns the code of a close, but not that of a refused handshake."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})


websocket_urlpatterns = [
    path("ws/alerts", AlertsConsumer.as_asgi()),
    path("ws/markets", MarketsConsumer.as_asgi()),
    path("ws/orders", OrdersConsumer.as_asgi()),
    path("ws/positions", PositionsConsumer.as_asgi()),
    path("ws/risk", RiskConsumer.as_asgi()),
    path("ws/signals", SignalsConsumer.as_asgi()),
    re_path("", _no_such_address),  # type: ignore[arg-type]  # Django's types know views only
]
