"""A webhook: JSON, signed so that its receiver can tell that it is ours and how old it is."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from qts.adapters.notify.posting import post

SIGNATURE = "X-QTS-Signature"
DELIVERY = "X-QTS-Delivery"


def sign(secret: str, body: bytes, sent_s: int) -> str:
    """`t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>`."""
    signed = hmac.new(secret.encode(), f"{sent_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={sent_s},v1={signed}"


def send_webhook(url: str, secret: str, content: Mapping[str, Any], *, delivery_id: str, sent_s: int) -> None:
    """Raises TransientError and TerminalError. The delivery's id is the same in every try: a receiver that has seen it
    leaves it."""
    body = msgspec.json.encode(content)
    headers = {"Content-Type": "application/json", SIGNATURE: sign(secret, body, sent_s), DELIVERY: delivery_id}
    post(url, body, headers)
