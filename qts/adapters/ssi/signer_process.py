"""The one process that has the trading private key: `python -m qts.adapters.ssi.signer_process`, asked on its stdin.

The first line names the key file and the sealed key, which is opened here and nowhere else. Each further line asks for
one signature. It signs the bodies of orders, amendments and cancels that the gate has let pass, and ends with its pipe.
"""

import base64
import sys
from pathlib import Path

import msgspec

from qts.adapters.sealing import Sealed, gate_keys, read_key_ring
from qts.adapters.ssi.gate_tokens import NotAnOrder, is_allowed, terms_of
from qts.adapters.ssi.signer import Signer
from qts.domain.errors import TerminalError


class Key(msgspec.Struct):
    """What the process is started with."""

    key_file: str
    sealed: str


class Asked(msgspec.Struct):
    call: str
    body: str  # Base64, so that not a byte changes on the way
    gate_token: str


class Signature(msgspec.Struct):
    """Hex, or "" and why not."""

    signature: str = ""
    refusal: str = ""


def main() -> int:
    given = msgspec.json.decode(sys.stdin.buffer.readline(), type=Key)
    try:
        signer = Signer(read_key_ring(Path(given.key_file)).open(Sealed(given.sealed)))
    except TerminalError as error:
        _tell(Signature(refusal=str(error)))
        return 1
    _tell(Signature(signature="ready"))
    for line in sys.stdin.buffer:
        _tell(answer(msgspec.json.decode(line, type=Asked), signer, gate_keys(Path(given.key_file))))
    return 0


def answer(asked: Asked, signer: Signer, keys: list[bytes]) -> Signature:
    body = base64.b64decode(asked.body)
    try:
        terms = terms_of(asked.call, body)
    except NotAnOrder as error:
        return Signature(refusal=str(error))
    if not is_allowed(terms, asked.gate_token, keys):
        return Signature(refusal=f"request {terms.request_id} is not what the gate has let pass")
    return Signature(signature=signer.sign(body))


def _tell(told: Signature) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
