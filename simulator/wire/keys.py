"""RSA keys in the form that SSI hands out: Base64 of a .NET `RSAKeyValue` XML; and the check of X-Signature."""

import base64
from typing import Final
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_KEY_BITS: Final = 2048
_ELEMENTS: Final = ("Modulus", "Exponent", "P", "Q", "DP", "DQ", "InverseQ", "D")


def new_private_key_xml() -> str:
    """A fresh key as Base64 of the XML text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS).private_numbers()
    public = key.public_numbers
    values = (public.n, public.e, key.p, key.q, key.dmp1, key.dmq1, key.iqmp, key.d)
    body = "".join(
        f"<{name}>{escape(_base64_of(value))}</{name}>" for name, value in zip(_ELEMENTS, values, strict=True)
    )
    return base64.b64encode(f"<RSAKeyValue>{body}</RSAKeyValue>".encode()).decode()


def public_key_of(private_key_xml: str) -> rsa.RSAPublicKey:
    """The public half of a key in that form. Raises ValueError for any other text."""
    xml = base64.b64decode(private_key_xml, validate=True).decode()
    return rsa.RSAPublicNumbers(e=_element(xml, "Exponent"), n=_element(xml, "Modulus")).public_key()


def is_signed(public_key: rsa.RSAPublicKey, body: bytes, signature_hex: str) -> bool:
    """PKCS#1 v1.5 with SHA-256 over the very bytes of the body; hex digits of either case are taken."""
    try:
        signature = bytes.fromhex(signature_hex)
    except ValueError:
        return False
    try:
        public_key.verify(signature, body, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _base64_of(value: int) -> str:
    return base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def _element(xml: str, name: str) -> int:
    """The XML is our own or a test's, flat and without attributes, so no XML parser is let loose on it."""
    _, _, rest = xml.partition(f"<{name}>")
    value, closing, _ = rest.partition(f"</{name}>")
    if not closing:
        raise ValueError(f"the key has no {name}")
    return int.from_bytes(base64.b64decode(value), "big")
