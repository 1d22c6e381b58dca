"""Who signs for the trading client: a process of its own for keys that are stored sealed."""

import base64
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, Protocol

import msgspec

from qts.adapters.sealing import Sealed
from qts.adapters.ssi.signer_process import Asked, Key, Signature
from qts.domain.errors import TerminalError, TransientError

ROOT: Final = Path(__file__).resolve().parents[3]
# Neither the addresses of the servers nor anything else that the other processes are told.
ENVIRONMENT: Final = {"PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", "")}


START_S_MAX: Final = 20.0  # a new Python that opens a key
SIGNATURE_S_MAX: Final = 2.0  # a thousand times what a signature takes; an order must not wait behind one that hangs


MEANWHILE_EVERY_S: Final = 1.0

Meanwhile = Callable[[], object]
"""What whoever waits has to do now and then, such as to renew a lease."""


def nothing() -> None:
    """Who waits has nothing else to do."""


class SignatureRefused(TerminalError):
    """The gate has not let this body pass, so it was not sent and never will be. Other bodies are not concerned."""


class BodySigner(Protocol):
    """`call` is NewOrder, ModifyOrder or CancelOrder. SignatureRefused where the body is not to be signed,
    TransientError where nobody could sign, TerminalError where the key cannot be opened."""

    def sign_order(self, call: str, body: bytes, gate_token: str) -> str: ...

    def warm_up(self, meanwhile: Meanwhile = nothing) -> None: ...

    def close(self) -> None: ...


class SignerProcess:
    """Started when it is first needed and after it has died; thread-safe. The key is never opened on this side."""

    def __init__(self, sealed_key: Sealed, key_file: Path) -> None:
        self._key = Key(str(key_file), sealed_key.token)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return "SignerProcess()"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def warm_up(self, meanwhile: Meanwhile = nothing) -> None:
        with self._lock:
            self._start(meanwhile)

    def sign_order(self, call: str, body: bytes, gate_token: str) -> str:
        asked = Asked(call, base64.b64encode(body).decode("ascii"), gate_token)
        with self._lock:
            self._start()
            told = self._ask(msgspec.json.encode(asked), SIGNATURE_S_MAX)
        if told.refusal:
            raise SignatureRefused(f"the signer refuses: {told.refusal}")
        return told.signature

    def close(self) -> None:
        with self._lock:
            self._end()

    def _start(self, meanwhile: Meanwhile = nothing) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._end()
        command = [sys.executable, "-m", "qts.adapters.ssi.signer_process"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        told = self._ask(msgspec.json.encode(self._key), START_S_MAX, meanwhile)
        if told.refusal:
            self._end()
            raise TerminalError(told.refusal)

    def _ask(self, line: bytes, seconds_max: float, meanwhile: Meanwhile = nothing) -> Signature:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise TransientError("the signer does not run")
        try:
            process.stdin.write(line + b"\n")
            process.stdin.flush()
            if not _has_answered(process.stdout, seconds_max, meanwhile):
                self._end()
                raise TransientError(f"the signer did not answer within {seconds_max:g} s")
            told = process.stdout.readline()
        except OSError as error:
            self._end()
            raise TransientError(f"the signer has died: {type(error).__name__}") from error
        if not told:
            self._end()
            raise TransientError("the signer has died")
        return msgspec.json.decode(told, type=Signature)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate()


def _has_answered(pipe: IO[bytes], seconds_max: float, meanwhile: Meanwhile) -> bool:
    until = time.monotonic() + seconds_max
    while (left_s := until - time.monotonic()) > 0:
        if select.select([pipe], [], [], min(left_s, MEANWHILE_EVERY_S))[0]:
            return True
        meanwhile()
    return False
