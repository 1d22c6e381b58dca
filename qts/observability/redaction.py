"""Masks secrets in log events: by the name of the field, and in texts by their form."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

MASK: Final = "***"
_DEPTH_MAX: Final = 6

_SECRET_WORDS: Final = r"passw(?:or)?d|passwd|passphrase|secret|token|private_?key|api_?key|credential|authorization"
_SECRET_NAME: Final = re.compile(
    rf"{_SECRET_WORDS}|cookie|x-signature|(?:^|[_\-.])(?:pin|otp|totp|seed|dsn)(?:$|[_\-.])", re.IGNORECASE
)
_IN_TEXT: Final = (
    # Authorization headers and anything that says Bearer or Basic.
    (re.compile(r"\b(Bearer|Basic)\s+[\w\-.~+/=]+", re.IGNORECASE), rf"\1 {MASK}"),
    # JSON Web Tokens standing alone.
    (re.compile(r"\beyJ[\w\-+/=]+\.[\w\-+/=]+\.[\w\-+/=]*"), MASK),
    # "consumerSecret": "...", 'pin': '...', code of a log-in, as JSON or as a dict's repr.
    (
        re.compile(rf"""(["'][\w\-]*(?:{_SECRET_WORDS}|pin|otp|code)["']\s*:\s*)(?:"[^"]*"|'[^']*')""", re.IGNORECASE),
        rf'\1"{MASK}"',
    ),
    # password=..., access_token=... in addresses and forms.
    (re.compile(rf"""([\w\-]*(?:{_SECRET_WORDS})=)[^\s&"',;)]+""", re.IGNORECASE), rf"\1{MASK}"),
    # user:password@host
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
    if _SECRET_NAME.search(name) and not isinstance(value, bool | None):
        return MASK
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray):
        return redact_text(bytes(value).decode(errors="replace"))
    if depth >= _DEPTH_MAX:
        return MASK if isinstance(value, Mapping | list | tuple | set | frozenset) else value
    if isinstance(value, Mapping):
        return {key: _masked(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", inner, depth + 1) for inner in value]
    if isinstance(value, int | float | None):
        return value
    return redact_text(str(value)) if isinstance(value, BaseException) else value
