"""Masks secrets in log events: by the name of the field, and in texts by their form."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

MASK: Final = "***"
_DEPTH_MAX: Final = 6

_NAME_PARTS: Final = r"passw(?:or)?d|passwd|passphrase|secret|token|private_?key|api_?key|credential|authorization"
_SECRET_NAME: Final = re.compile(
    rf"{_NAME_PARTS}|cookie|x-signature|(?:^|[_\-.])(?:pin|otp|totp|seed|dsn)(?:$|[_\-.])", re.IGNORECASE
)
_IN_TEXT: Final = (
    # Authorization headers and anything that says Bearer or Basic.
    (re.compile(r"\b(Bearer|Basic)\s+[\w\-.~+/=]+", re.IGNORECASE), rf"\1 {MASK}"),
    # JSON Web Tokens standing alone.
    (re.compile(r"\beyJ[\w\-+/=]+\.[\w\-+/=]+\.[\w\-+/=]*"), MASK),
    # Fields inside of JSON or of a dict's repr; a "code" of digits alone is a PIN or OTP, others are codes of refusals.
    (
        re.compile(rf"""(["'][\w\-]*(?:{_NAME_PARTS}|pin|otp)["']\s*:\s*)(?:"[^"]*"|'[^']*')""", re.IGNORECASE),
        rf'\1"{MASK}"',
    ),
    (re.compile(r"""(["']code["']\s*:\s*["'])\d{4,10}(?=["'])"""), rf"\1{MASK}"),
    # Addresses and forms: access tokens in queries, and the password before the host.
    (re.compile(rf"""([\w\-]*(?:{_NAME_PARTS})=)[^\s&"',;)]+""", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(\w+://[^:/@\s]*):[^@/\s]+@"), rf"\1:{MASK}@"),
)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor; it changes nothing but what looks like a secret."""
    for name, value in event.items():
        event[name] = _masked(name, value, 0)
    return event


def redact_text(text: str) -> str:
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _masked(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, bool | int | float | None):
        return MASK if value and not isinstance(value, bool) and _SECRET_NAME.search(name) else value
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _masked_inside(value, depth + 1) if depth < _DEPTH_MAX else MASK
    return _masked_text(value)


def _masked_inside(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked(str(key), inner, depth) for key, inner in value.items()}
    return [_masked("", inner, depth) for inner in value]


def _masked_text(value: Any) -> Any:
    """Other objects are left to the renderer, but for exceptions, whose text may quote a request."""
    if isinstance(value, bytes | bytearray):
        return redact_text(bytes(value).decode(errors="replace"))
    return redact_text(str(value)) if isinstance(value, str | BaseException) else value
