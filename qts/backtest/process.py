"""The other side of `child`: starts the process of a study, hears what it says, and ends it at any time."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from qts.backtest.child import MEMORY_BYTES_MAX
from qts.backtest.outline import NoDocument, checked
from qts.backtest.study import SETS_MAX
from qts.backtest.watch import ANSWER_S
from qts.domain.errors import Said, said_again

BYTES_MAX: Final = 256 << 20  # of all that it says
MESSAGES_MAX: Final = 200_000  # it says something twice a second, for six hours at most
SILENCE_S: Final = 120.0
_TOO_MUCH: Final = Said("its process says more than a study has to say")
_COUNT_MAX: Final = 1 << 53
_CHUNK_BYTES: Final = 1 << 20
_LAST_S: Final = 2.0
_KILLED: Final = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
_PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class StudyBroken(Exception):
    """The process was killed, by a person or for want of memory. The study may be begun again."""


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
    """`problem` is a sentence, a `Said` where it is one of ours; `trace` the last lines of a strategy's traceback."""

    problem: str
    trace: str


Message = Begun | Moved | Finished | Failed


class _Said(msgspec.Struct, forbid_unknown_fields=True):
    """Any line of the child's, which may be a strategy's own."""

    alive: bool = False
    code_hash: str | None = None
    takes_up: bool = False
    steps: list[dict[str, Any]] = []
    progress: tuple[int, int] | None = None
    problem: str | None = None
    kept: dict[str, Any] = {}  # what the problem was made of
    trace: str = ""
    document: dict[str, Any] | None = None


_decoder: Final = msgspec.json.Decoder(_Said)


class StudyProcess:
    """`kept` are the steps of an earlier attempt and `code_hash` that of the code that found them.

    Nothing that the process says is believed before it is looked at: the code of a strategy runs in there.
    """

    def __init__(
        self,
        study: Mapping[str, Any],
        packed_bars: bytes,
        *,
        kept: Sequence[Any] = (),
        code_hash: str = "",
        memory_bytes: int = MEMORY_BYTES_MAX,
        answer_s: int = ANSWER_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._kind, self._silence_s = str(study.get("kind")), silence_s
        self._bytes = self._messages = self._steps = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qts.backtest.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "PATH": os.defpath,
                "PYTHONPATH": str(_PROJECT_ROOT),
                "PYTHONHASHSEED": "0",  # the same bars, the same result: also over a set
                **_ONE_THREAD,
            },
            cwd="/",
            start_new_session=True,
        )
        limits = {"memory_bytes": memory_bytes, "answer_s": answer_s}
        told = {"study": study, "kept": list(kept), "code_hash": code_hash, **limits}
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
        for line in self._lines(pause_s):
            message = self._message(line) if line is not None else None
            yield message
            if isinstance(message, Finished | Failed):
                return

    def _lines(self, pause_s: float) -> Iterator[bytes | Failed | None]:
        assert self._process.stdout is not None  # noqa: S101  # opened as a pipe above
        buffer, heard_at = bytearray(), time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(pause_s):
                    is_silent = time.monotonic() - heard_at > self._silence_s
                    yield (
                        Failed(Said("its process said nothing for {seconds} s", seconds=round(self._silence_s)), "")
                        if is_silent
                        else None
                    )
                    continue
                chunk = os.read(self._process.stdout.fileno(), _CHUNK_BYTES)
                if not chunk:
                    yield self._ended()
                heard_at, self._bytes = time.monotonic(), self._bytes + len(chunk)
                if self._bytes > BYTES_MAX:
                    yield Failed(_TOO_MUCH, "")
                buffer += chunk
                if b"\n" in chunk:
                    *lines, rest = bytes(buffer).split(b"\n")
                    yield from lines
                    buffer = bytearray(rest)

    def _message(self, line: bytes | Failed) -> Message | None:
        if isinstance(line, Failed):
            return line
        self._messages += 1
        if self._messages > MESSAGES_MAX:
            return Failed(_TOO_MUCH, "")
        try:
            said = _decoder.decode(line)
            if said.document is not None:
                return Finished(checked(said.document, self._kind))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, NoDocument) as error:
            return Failed(Said("its process said what is no message: {error}", error=str(error)), "")
        return self._told(said)

    def _told(self, said: _Said) -> Message | None:
        if said.problem is not None:
            return Failed(said_again(_plain_values(said.kept), _plain(said.problem)), _plain(said.trace))
        if said.code_hash is not None:
            return Begun(said.code_hash[:64], said.takes_up)
        if not said.steps and said.progress is None:
            return None  # it is alive
        self._steps += len(said.steps)
        done, count = said.progress or (0, 0)
        if self._steps > SETS_MAX or not 0 <= done <= count < _COUNT_MAX:
            return Failed(Said("its process tells a progress that is none"), "")
        return Moved(said.steps, said.progress)

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

    def _ended(self) -> Failed:
        """Raises StudyBroken where it was killed from outside; else its own code has ended it."""
        try:
            status = self._process.wait(timeout=_LAST_S)
        except subprocess.TimeoutExpired:
            return Failed(Said("its process closed its answers without a result"), "")
        if status in _KILLED:
            raise StudyBroken(f"the process of the study ended with status {status}")
        if status < 0:
            name = signal.Signals(-status).name
            return Failed(Said("its process was ended by {signal} without a result", signal=name), "")
        return Failed(Said("its process ended itself with status {status} without a result", status=status), "")


def _plain(text: str) -> str:
    """As a database takes it."""
    return text.replace("\x00", "")


def _plain_values(kept: Any) -> Any:
    if isinstance(kept, dict):
        return {_plain(str(name)): _plain_values(value) for name, value in kept.items()}
    return _plain(kept) if isinstance(kept, str) else kept
