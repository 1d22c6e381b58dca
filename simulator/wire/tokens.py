"""Access tokens: JWTs whose payload the official clients can read (no `-` or `_` in its encoding, numeric `exp`)."""

import base64
import hashlib
import hmac
import json
from typing import Final, NamedTuple

TOKEN_LIFETIME_S: Final = 8 * 3600
DATA: Final = "data"
TRADING: Final = "trading"


class Claims(NamedTuple):
    """`is_saved` is whether the second factor was checked when the token was issued, at `issued_ms` of wall time."""

    service: str
    consumer_id: str
    is_saved: bool
    issued_ms: int = 0


def issue(secret: bytes, claims: Claims, wall_s: float, lifetime_s: int = TOKEN_LIFETIME_S) -> str:
    """Valid for eight hours of wall time unless a shorter life is asked for; the moment of issue is `wall_s`."""
    payload = {
        "exp": int(wall_s) + lifetime_s,
        "iat": int(wall_s * 1000),
        "svc": claims.service,
        "cid": claims.consumer_id,
        "sav": claims.is_saved,
    }
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(payload)}"
    return f"{signed}.{_signature(secret, signed)}"


def verify(secret: bytes, token: str, wall_s: float) -> Claims | None:
    """None for a token that is not ours, was changed or has expired."""
    signed, _, signature = token.rpartition(".")
    if not signed or not token.isascii() or not hmac.compare_digest(_signature(secret, signed), signature):
        return None
    encoded = signed.partition(".")[2]
    payload = json.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    if payload["exp"] <= wall_s:
        return None
    return Claims(payload["svc"], payload["cid"], payload["sav"], payload.get("iat", 0))


def _encoded(part: dict[str, object]) -> str:
    return base64.b64encode(json.dumps(part, separators=(",", ":")).encode()).decode().rstrip("=")


def _signature(secret: bytes, signed: str) -> str:
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
