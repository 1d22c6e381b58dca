"""The parent's side: starts the child, asks it one question at a time, kills it when it does not answer.

Nothing that comes from the child is believed before it is looked at: it may be anything.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

import msgspec

from qts.adapters.sandbox.messages import (
    Answer,
    Confine,
    Confined,
    Decided,
    Event,
    Failed,
    HandedOver,
    HandOver,
    Load,
    Loaded,
    Request,
    Start,
    Started,
    Told,
    answer_decoder,
    question,
    request_encoder,
)
from qts.adapters.sandbox.source import StrategySource
from qts.domain.strategy import Context, Intent, intents_of

ANSWER_TIMEOUT_S = 2.0
START_TIMEOUT_S = 15.0
ANSWER_BYTES_MAX = 1 << 20
PATIENCE_S = 4.0  # what slow answers may add up to; it grows back
PATIENCE_PER_S = 0.02
SWIFT_S = 0.05  # an answer that takes no longer costs no patience
INDICATORS_MAX = 50
TIMERS_MAX = 100
_LAST_WORDS_BYTES_MAX = 2_000
_NUL: Final = "\x00"  # no database takes it in a text
_NUL_ESCAPED: Final = rb"\u0000"
_PROJECT_ROOT = Path(__file__).resolve().parents[3]
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_ENVIRONMENT: Final = {
    "PATH": os.defpath,
    "PYTHONPATH": str(_PROJECT_ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the same events, the same intents: also over a set
    "OPENBLAS_NUM_THREADS": "1",
}
A = TypeVar("A", Confined, Loaded, Started, HandedOver, Decided)


class StrategyHostError(Exception):
    """The strategy raised, did not answer in time, or its process ended; the message says which."""


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class StrategyHost:
    """One strategy in its process. Not thread-safe: one caller, one question at a time.

    `layers` are what holds it. `title`, `summary` and `told_parameters` are what it says of itself. Everything raises
    StrategyHostError, and the host is closed then.
    """

    def __init__(
        self,
        key: str,
        parameters: Mapping[str, int] | None,
        *,
        source: StrategySource | None = None,
        state: Mapping[str, object] | None = None,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        """Without parameters it is only loaded, to be asked what it takes."""
        self._answer_timeout_s, self._start_timeout_s = answer_timeout_s, start_timeout_s
        self._buffer, self._number = b"", 0
        self._patience_s, self._patient_at = PATIENCE_S, time.monotonic()
        self._process = _spawn()
        self._questions, self._answers = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._last_words = _pipe(self._process.stderr)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._answers, select.POLLIN)
        self._writable.register(self._questions, select.POLLOUT)
        self.printed = ""
        try:
            self._begin(key, parameters, source, state)
        except BaseException:
            self.close()
            raise

    def _begin(
        self,
        key: str,
        parameters: Mapping[str, int] | None,
        source: StrategySource | None,
        state: Mapping[str, object] | None,
    ) -> None:
        readable = () if source else _folder_of(key)
        self.layers = self._ask(Confine(self._next(), readable), Confined, START_TIMEOUT_S).layers
        asked = Load(self._next(), key, *((source.file_name, source.text) if source else ("", "")))
        loaded = self._ask(asked, Loaded, self._start_timeout_s)
        self.title, self.summary = loaded.title[:80], loaded.summary[:300]
        self.told_parameters: tuple[Told, ...] = loaded.parameters
        if parameters is None:
            return
        start = Start(self._next(), dict(parameters), dict(state) if state is not None else None)
        started = self._ask(start, Started, self._start_timeout_s)
        if len(started.indicator_names) > INDICATORS_MAX or len(started.timers) > TIMERS_MAX:
            raise StrategyHostError(f"it asks for more than {INDICATORS_MAX} indicators or {TIMERS_MAX} timers")
        self.indicator_names, self.timers = started.indicator_names, started.timers
        self._wants = frozenset(started.wants)
        self.printed = started.printed

    @property
    def wants_ticks(self) -> bool:
        return "ticks" in self._wants

    @property
    def wants_book(self) -> bool:
        return "book" in self._wants

    @property
    def wants_fills(self) -> bool:
        return "fills" in self._wants

    @property
    def wants_sessions(self) -> bool:
        return "sessions" in self._wants

    @property
    def wants_equity(self) -> bool:
        return "equity" in self._wants

    @property
    def wants_universe(self) -> bool:
        return "universe" in self._wants

    def ask(self, event: Event, context: Context) -> tuple[Intent, ...]:
        """`printed` is then what it wrote meanwhile."""
        began = time.monotonic()
        decided = self._ask(question(self._next(), event, context), Decided, self._answer_timeout_s)
        self._lose_patience(began)
        self.printed = decided.printed
        try:
            return intents_of([one.intent for one in decided.intents])
        except (TypeError, ValueError) as error:  # the child looks too, if it is still itself
            self.close()
            raise StrategyHostError(str(error)) from error

    def hand_over(self) -> dict[str, object]:
        return self._ask(HandOver(self._next()), HandedOver, self._answer_timeout_s).state

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> "StrategyHost":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _lose_patience(self, began: float) -> None:
        """Everybody waits while one of them thinks: slow answers are few, or the strategy is off."""
        now = time.monotonic()
        self._patience_s = min(PATIENCE_S, self._patience_s + (now - self._patient_at) * PATIENCE_PER_S)
        self._patience_s -= max(0.0, now - began - SWIFT_S)
        self._patient_at = now
        if self._patience_s < 0:
            self.close()
            raise StrategyHostError(f"its answers are too slow: the last one took {now - began:.2f} s")

    def _ask(self, request: Request, kind: type[A], timeout_s: float) -> A:
        try:
            if self._buffer or self._readable.poll(0):
                raise ValueError("it spoke without being asked, or has ended")
            deadline = time.monotonic() + timeout_s
            self._write(request_encoder.encode(request) + b"\n", deadline, timeout_s)
            answer = _decoded(self._read_line(deadline, timeout_s))
            if answer.number != request.number:
                raise ValueError(f"it answered question {answer.number} instead of {request.number}")
        except (OSError, EOFError, ValueError, RecursionError, msgspec.MsgspecError) as error:
            said = self._end()
            raise StrategyHostError(f"the strategy's process broke off: {error}{said}") from error
        if isinstance(answer, Failed):
            self.close()
            raise StrategyHostError(answer.problem[:4_000])
        if not isinstance(answer, kind):
            self.close()
            raise StrategyHostError(f"it answered {type(answer).__name__}, not {kind.__name__}")
        return answer

    def _end(self) -> str:
        """Close it; what its process wrote last."""
        os.set_blocking(self._last_words, False)
        try:
            said = os.read(self._last_words, _LAST_WORDS_BYTES_MAX)
        except BlockingIOError:
            said = b""
        finally:
            self.close()
        return f": {_plain(said.decode('utf-8', 'replace')).strip()}" if said else ""

    def _write(self, line: bytes, deadline: float, timeout_s: float) -> None:
        left = memoryview(line)
        while left:
            if not self._writable.poll(max(0.0, deadline - time.monotonic()) * 1_000):
                raise TimeoutError(f"no answer within {timeout_s:g} s")
            left = left[os.write(self._questions, left) :]

    def _read_line(self, deadline: float, timeout_s: float) -> bytes:
        """The deadline is of the whole line: one that comes in drops is late too."""
        while b"\n" not in self._buffer:
            if not self._readable.poll(max(0.0, deadline - time.monotonic()) * 1_000):
                raise TimeoutError(f"no answer within {timeout_s:g} s")
            chunk = os.read(self._answers, 65_536)
            if not chunk:
                raise EOFError(f"it ended with status {self._process.wait(timeout=1)}")
            self._buffer += chunk
            if len(self._buffer) > ANSWER_BYTES_MAX:
                raise ValueError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _decoded(line: bytes) -> Answer:
    """Its texts are stored as they are: what no database takes is shown as what cannot be shown."""
    if _NUL_ESCAPED not in line:
        return answer_decoder.decode(line)
    answer: Answer = msgspec.convert(_plain(msgspec.json.decode(line)), Answer)
    return answer


def _plain(told: Any) -> Any:
    if isinstance(told, str):
        return told.replace(_NUL, "\N{REPLACEMENT CHARACTER}")
    if isinstance(told, list):
        return [_plain(one) for one in told]
    return {_plain(name): _plain(one) for name, one in told.items()} if isinstance(told, dict) else told


@cache
def layers_here() -> tuple[str, ...]:
    """What holds a strategy on this machine, as a child of this process has found it. Raises StrategyHostError."""
    with StrategyHost("moving_average_cross", None) as host:
        return host.layers


def _spawn() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "qts.adapters.sandbox.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,  # of its own, and never waited for: it cannot fill a log
        env=_ENVIRONMENT,
        cwd="/",
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509  # one prctl call, safe between fork and exec
    )
    assert process.stdin is not None  # noqa: S101  # opened as a pipe above
    os.set_blocking(process.stdin.fileno(), False)
    return process


def _pipe(opened: object) -> int:
    assert opened is not None  # noqa: S101  # opened as a pipe
    return int(opened.fileno())  # type: ignore[attr-defined]


def _folder_of(key: str) -> tuple[str, ...]:
    """`package.module:Class` is code of this project: its package may be read."""
    package, is_module, _ = key.partition(":")
    top = _PROJECT_ROOT / package.split(".")[0]
    return (str(top),) if is_module and top.is_dir() else ()
