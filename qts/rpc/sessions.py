"""Who calls: the session of a log-in with a second factor, as the browser and the WebSockets have it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model

from apps.sso.selectors import is_session_verified

SCHEME = "Session "


def user_of(metadata: Mapping[str, str | bytes]) -> Any | None:
    """The user of `authorization: Session <key>`; None without a living, verified session. Asked at each call."""
    given = metadata.get("authorization", "")
    if not isinstance(given, str) or not given.startswith(SCHEME):
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(given.removeprefix(SCHEME).strip())
    user_id = session.get(SESSION_KEY)
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first() if user_id else None
    return user if user is not None and is_session_verified(session, user) else None
