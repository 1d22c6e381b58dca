"""Access tokens: fetched once for all threads, used until shortly before they expire."""

import base64
import binascii
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from qts.domain.errors import TransientError

CODE_WANTED: Final = "the broker wants a one-time code"
RENEW_BEFORE_S = 600.0
LIFETIME_UNKNOWN_S = 3_600.0  # FastConnect documents 8 h; a token whose end cannot be read is used for one


class _Claims(msgspec.Struct):
    exp: float | None = None


class CodeWanted(TransientError):
    """Nothing was sent, and nothing will be before a person has entered a code."""

    def __init__(self) -> None:
        super().__init__(CODE_WANTED)


class Tokens(Protocol):
    def token(self) -> str: ...

    def drop(self, refused: str) -> None: ...

    def forget(self) -> None: ...


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token that outlives the process that got it. Unix seconds."""

    text: str = field(repr=False)
    expires_at_s: float


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

    def forget(self) -> None:
        """There may be a better one: the next caller fetches it."""
        with self._lock:
            self._token = ""

    def _end_of_use_s(self, token: str) -> float:
        now_s = self._now_s()
        lifetime_s = (expires_at_s(token) or now_s + LIFETIME_UNKNOWN_S) - now_s
        return now_s + lifetime_s - min(RENEW_BEFORE_S, lifetime_s / 2)


class KeptTokens:
    """Hands out the token that a person's code has opened, until its end. `load` finds it where it is kept; `discard`
    removes it from there if it is the refused one. One thread asks at a time."""

    def __init__(
        self,
        load: Callable[[], KeptToken | None],
        discard: Callable[[str], object],
        *,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._load = load
        self._discard = discard
        self._now_s = now_s
        self._lock = threading.Lock()
        self._kept: KeptToken | None = None

    def token(self) -> str:
        """Raises CodeWanted where there is none that is valid."""
        with self._lock:
            if not self._is_valid(self._kept):
                self._kept = self._load()
            if self._kept is None or not self._is_valid(self._kept):
                self._kept = None
                raise CodeWanted
            return self._kept.text

    def drop(self, refused: str) -> None:
        with self._lock:
            if self._kept is not None and self._kept.text == refused:
                self._kept = None
            self._discard(refused)

    def forget(self) -> None:
        """There may be a better one: the next caller finds it."""
        with self._lock:
            self._kept = None

    def _is_valid(self, kept: KeptToken | None) -> bool:
        return kept is not None and self._now_s() < kept.expires_at_s


def end_of(token: str) -> float:
    """When a token ends that was issued just now, in Unix seconds."""
    return expires_at_s(token) or time.time() + LIFETIME_UNKNOWN_S


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
