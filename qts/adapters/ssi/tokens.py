"""Access tokens: fetched once for all threads, used until shortly before they expire."""

import base64
import binascii
import threading
import time
from collections.abc import Callable

import msgspec

RENEW_BEFORE_S = 600.0
LIFETIME_UNKNOWN_S = 3_600.0  # FastConnect documents 8 h; a token whose end cannot be read is used for one


class _Claims(msgspec.Struct):
    exp: float | None = None


class TokenKeeper:
    """Hands out a valid token; while one thread fetches a new one, the others wait for it instead of fetching too."""

    def __init__(self, fetch: Callable[[], str], *, now_s: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._now_s = now_s
        self._lock = threading.Lock()
        self._token = ""
        self._use_until_s = 0.0

    def token(self) -> str:
        """Raises what fetching raises, and then the next caller tries again."""
        with self._lock:
            if not self._token or self._now_s() >= self._use_until_s:
                self._token = self._fetch()
                self._use_until_s = self._end_of_use_s(self._token)
            return self._token

    def drop(self, refused: str) -> None:
        """The server refused this token. A newer one, fetched meanwhile by another thread, is kept."""
        with self._lock:
            if self._token == refused:
                self._token = ""

    def _end_of_use_s(self, token: str) -> float:
        now_s = self._now_s()
        lifetime_s = (expires_at_s(token) or now_s + LIFETIME_UNKNOWN_S) - now_s
        return now_s + lifetime_s - min(RENEW_BEFORE_S, lifetime_s / 2)


def expires_at_s(token: str) -> float | None:
    """The `exp` of a JWT in Unix seconds; None when it has none or is none. The signature is the server's business."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    payload = parts[1].replace("+", "-").replace("/", "_")
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims).exp
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
