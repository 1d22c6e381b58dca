"""HTTP and WebSocket in one application, served by Daphne."""

import os
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qts.settings.demo")


class OneThreadHandler(ASGIHandler):
    """Middleware and view of a request run in one thread.

    All our views are synchronous. Django's own handler would call every middleware that can do both from the event
    loop, and each of them would then change threads twice for a request: half of what a small request costs.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)
        chain: Any = self._middleware_chain  # type: ignore[has-type]
        self._middleware_chain = sync_to_async(chain, thread_sensitive=True)


django.setup(set_prefix=False)  # loads the apps; what imports models comes after it
django_application = OneThreadHandler()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from qts.routing import OwnOrigin, VerifiedSessions, websocket_urlpatterns  # noqa: E402
from qts.web.outlet import KnownSend  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": KnownSend(
            OwnOrigin(
                AllowedHostsOriginValidator(AuthMiddlewareStack(VerifiedSessions(URLRouter(websocket_urlpatterns))))
            )
        ),
    }
)
