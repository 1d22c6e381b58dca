"""Secrets at rest: sealed with the keys of one file, opened only where they are used.

The file holds one secret a line, the newest first; it is the file of Django's SECRET_KEY too. What seals is derived
from each line (HKDF), so signing and sealing never share a key. The first seals; all of them open, so a new first line
plus `manage.py rotate_secrets` replaces a key without an outage, and the old line can go afterwards.
"""

import base64
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qts.domain.errors import TerminalError


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is stored. Printing, logging or serialising it shows nothing."""

    token: str

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__


class KeyRing:
    """Seals and opens. Raises TerminalError where a secret was sealed with a key that is no longer here."""

    def __init__(self, secrets: list[str]) -> None:
        if not secrets:
            raise TerminalError("the secret key file holds no key")
        self._fernet = MultiFernet([Fernet(_sealing_key(secret)) for secret in secrets])

    def __repr__(self) -> str:
        return "<key ring>"

    def seal(self, text: str) -> Sealed:
        return Sealed(self._fernet.encrypt(text.encode()).decode("ascii"))

    def open(self, sealed: Sealed) -> str:
        try:
            return self._fernet.decrypt(sealed.token.encode("ascii")).decode()
        except InvalidToken:
            raise TerminalError("a stored secret was sealed with a key that is not in the secret key file") from None

    def reseal(self, sealed: Sealed) -> Sealed:
        """The same secret under the first key."""
        return self.seal(self.open(sealed))


def read_key_ring(path: Path) -> KeyRing:
    """The keys of the file; read again when the file has changed."""
    try:
        changed_ns = path.stat().st_mtime_ns
    except FileNotFoundError:
        raise TerminalError(f"the secret key file {path} is missing") from None
    return _key_ring(path, changed_ns)


def gate_keys(path: Path) -> list[bytes]:
    """With which the gate's tokens are made (the first) and checked (all), derived apart from those that seal."""
    try:
        changed_ns = path.stat().st_mtime_ns
    except FileNotFoundError:
        raise TerminalError(f"the secret key file {path} is missing") from None
    return _gate_keys(path, changed_ns)


@lru_cache(maxsize=4)
def _key_ring(path: Path, _changed_ns: int) -> KeyRing:
    return KeyRing(_secrets(path))


@lru_cache(maxsize=4)
def _gate_keys(path: Path, _changed_ns: int) -> list[bytes]:
    return [_derived(secret, b"qts gate tokens") for secret in _secrets(path)]


def _secrets(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _sealing_key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(_derived(secret, b"qts sealed secrets"))


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
