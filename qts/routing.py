"""WebSocket addresses, open to verified sessions only."""

from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.urls import path

from apps.accounts.consumers import PositionsConsumer
from apps.marketdata.consumers import MarketsConsumer
from apps.orders.consumers import OrdersConsumer
from apps.risk.consumers import RiskConsumer
from apps.sso.selectors import is_session_verified
from apps.strategies.consumers import SignalsConsumer

NOT_LOGGED_IN = 4401
NOT_VERIFIED = 4403

Application = Callable[..., Awaitable[Any]]


class VerifiedSessions:
    """Closes the socket of anybody who is not logged in (4401) or has not shown a second factor (4403)."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        user = scope["user"]
        if not user.is_authenticated:
            return await _refuse(receive, send, NOT_LOGGED_IN)
        if not await sync_to_async(is_session_verified)(scope["session"], user):
            return await _refuse(receive, send, NOT_VERIFIED)
        return await self._application({**scope, "why_not": partial(_why_not, scope)}, receive, send)


async def _why_not(scope: dict[str, Any]) -> int | None:
    """The close code when the session has ended since the socket was opened: log-out, lock, factor taken away."""
    return await sync_to_async(_ended_session)(scope["session"].session_key, scope["user"].pk)


def _ended_session(session_key: str, user_id: int) -> int | None:
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if user is None or session.get(SESSION_KEY) != str(user_id):
        return NOT_LOGGED_IN
    return None if is_session_verified(session, user) else NOT_VERIFIED


async def _refuse(receive: Any, send: Any, code: int) -> None:
    """Accepted first: a browser learns the code of a close, but not that of a refused handshake."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})


websocket_urlpatterns = [
    path("ws/markets", MarketsConsumer.as_asgi()),
    path("ws/orders", OrdersConsumer.as_asgi()),
    path("ws/positions", PositionsConsumer.as_asgi()),
    path("ws/risk", RiskConsumer.as_asgi()),
    path("ws/signals", SignalsConsumer.as_asgi()),
]
