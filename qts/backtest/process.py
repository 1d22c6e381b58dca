"""The other side of `child`: starts the process of a study, hears what it says, and ends it at any time."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

MESSAGE_BYTES_MAX: Final = 512 << 20
_CHUNK_BYTES: Final = 1 << 20
_PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class StudyBroken(Exception):
    """The process ended without a result: killed, or out of memory. The study may be begun again."""


@dataclass(frozen=True, slots=True)
class Begun:
    """`takes_up`: the code is still that of the steps which were handed over."""

    code_hash: str
    takes_up: bool


@dataclass(frozen=True, slots=True)
class Moved:
    steps: Sequence[dict[str, Any]]
    progress: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Finished:
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """`problem` is a sentence, `trace` the last lines of a strategy's traceback."""

    problem: str
    trace: str


Message = Begun | Moved | Finished | Failed


class StudyProcess:
    """`kept` are the steps of an earlier attempt and `code_hash` that of the code that found them."""

    def __init__(
        self, study: Mapping[str, Any], packed_bars: bytes, *, kept: Sequence[Any] = (), code_hash: str = ""
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qts.backtest.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "PYTHONPATH": str(_PROJECT_ROOT), **_ONE_THREAD},
            cwd="/",
            start_new_session=True,
        )
        told = {"study": study, "kept": list(kept), "code_hash": code_hash}
        assert self._process.stdin is not None  # noqa: S101  # opened as a pipe above
        try:
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
            self._process.stdin.write(packed_bars)
            self._process.stdin.close()
        except OSError as error:
            self.close()
            raise StudyBroken(f"the process of the study broke off: {error}") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def messages(self, *, pause_s: float) -> Iterator[Message | None]:
        """Each message as it comes, and None after each `pause_s` without one; ends with Finished or Failed. Raises
        StudyBroken."""
        assert self._process.stdout is not None  # noqa: S101  # opened as a pipe above
        buffer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(pause_s):
                    yield None
                    continue
                chunk = os.read(self._process.stdout.fileno(), _CHUNK_BYTES)
                if not chunk or len(buffer) > MESSAGE_BYTES_MAX:
                    raise StudyBroken(f"the process of the study ended with status {self._ended()}")
                buffer += chunk
                if b"\n" not in chunk:
                    continue
                *lines, rest = bytes(buffer).split(b"\n")
                buffer = bytearray(rest)
                for line in lines:
                    message = _message(json.loads(line))
                    yield message
                    if isinstance(message, Finished | Failed):
                        return

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ended(self) -> int:
        self._process.kill()
        return self._process.wait()


def _message(told: Mapping[str, Any]) -> Message:
    if "document" in told:
        return Finished(told["document"])
    if "problem" in told:
        return Failed(told["problem"], told["trace"])
    if "code_hash" in told:
        return Begun(told["code_hash"], told["takes_up"])
    done = told["progress"]
    return Moved(told["steps"], (done[0], done[1]) if done else None)
