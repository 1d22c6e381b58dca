"""X-Signature: lower-case hex of RSA PKCS#1 v1.5 over SHA-256 of the exact bytes of the HTTP body."""

import base64
import binascii
import re

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from cryptography.hazmat.primitives.hashes import SHA256

from qts.domain.errors import TerminalError


class Signer:
    """Signs with the private key that SSI hands out: Base64 of a .NET RSAKeyValue XML. TerminalError for another form.

    Only Modulus, Exponent, D, P and Q are used; line breaks in the XML or in its Base64 do no harm.
    """

    def __init__(self, private_key: str) -> None:
        self._key = _load(private_key)

    def __repr__(self) -> str:
        return "Signer()"

    def sign(self, body: bytes) -> str:
        return self._key.sign(body, PKCS1v15(), SHA256()).hex()

    def sign_order(self, _call: str, body: bytes, _gate_token: str) -> str:
        """For a key that is at hand already and has no gate before it: in trials of the client."""
        return self.sign(body)

    def warm_up(self, _: object = None) -> None:
        """It is ready."""

    def close(self) -> None:
        """Nothing runs."""


def _load(private_key: str) -> RSAPrivateKey:
    try:
        xml = base64.b64decode(private_key, validate=False).decode()
        modulus, exponent, d, p, q = (_element(xml, name) for name in ("Modulus", "Exponent", "D", "P", "Q"))
        numbers = RSAPrivateNumbers(
            p=p,
            q=q,
            d=d,
            dmp1=rsa_crt_dmp1(d, p),
            dmq1=rsa_crt_dmq1(d, q),
            iqmp=rsa_crt_iqmp(p, q),
            public_numbers=RSAPublicNumbers(e=exponent, n=modulus),
        )
        return numbers.private_key()
    except (binascii.Error, ValueError, ZeroDivisionError):
        # Without the cause: its text could hold a part of the key.
        raise TerminalError("the trading private key is no Base64 of an RSAKeyValue XML") from None


def _element(xml: str, name: str) -> int:
    match = re.search(rf"<{name}>([^<]+)</{name}>", xml)
    if match is None:
        raise ValueError(f"{name} is missing")
    return int.from_bytes(base64.b64decode("".join(match[1].split()), validate=True), "big")
