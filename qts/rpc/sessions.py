"""Who calls: the session of a log-in with a second factor, as the browser and the WebSockets have it, or an API key."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model

from apps.sso.selectors import api_key, is_session_verified
from apps.sso.services import note_use

SCHEME = "Session "
KEY_SCHEME = "Bearer "


def user_of(metadata: Mapping[str, str | bytes]) -> Any | None:
    """The user of `authorization: Session <key>` or `Bearer <API key>`; None without a living, verified session or a
    key that opens. Asked at each call; every call here only asks, so any key will do."""
    given = metadata.get("authorization", "")
    if not isinstance(given, str):
        return None
    if given.startswith(KEY_SCHEME):
        key = api_key(given.removeprefix(KEY_SCHEME).strip())
        if key is None:
            return None
        note_use(key)
        return key.user
    if not given.startswith(SCHEME):
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(given.removeprefix(SCHEME).strip())
    user_id = session.get(SESSION_KEY)
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first() if user_id else None
    return user if user is not None and is_session_verified(session, user) else None
