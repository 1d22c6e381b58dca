"""The parent's side: starts the child, asks it one question at a time, kills it when it does not answer."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import msgspec

from qts.adapters.sandbox.messages import (
    Answer,
    Decided,
    Failed,
    OnBar,
    OnTick,
    Request,
    Start,
    Started,
    answer_decoder,
)
from qts.domain.strategy import Bar, Context, Intent, Tick

ANSWER_TIMEOUT_S = 2.0
START_TIMEOUT_S = 15.0
ANSWER_BYTES_MAX = 1 << 20
_PROJECT_ROOT = Path(__file__).resolve().parents[3]
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StrategyHostError(Exception):
    """The strategy raised, did not answer in time, or its process ended; the message says which."""


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class StrategyHost:
    """One running strategy. Not thread-safe: one caller, one question at a time."""

    def __init__(self, key: str, parameters: Mapping[str, int], *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._answer_timeout_s = answer_timeout_s
        self._buffer = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qts.adapters.sandbox.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.defpath, "PYTHONPATH": str(_PROJECT_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # one prctl call, safe between fork and exec
        )
        try:
            started = self._ask(Start(key, dict(parameters)), START_TIMEOUT_S)
        except BaseException:
            self.close()
            raise
        if not isinstance(started, Started):
            self.close()
            raise StrategyHostError(f"expected 'started', got {started!r}")
        self.indicator_names = started.indicator_names
        self.wants_ticks = started.wants_ticks

    def on_bar(self, bar: Bar, context: Context) -> tuple[Intent, ...]:
        """Raises StrategyHostError; the host is closed then."""
        return self._intents_of(OnBar(bar, context))

    def on_tick(self, tick: Tick, context: Context) -> tuple[Intent, ...]:
        """Raises StrategyHostError; the host is closed then."""
        return self._intents_of(OnTick(tick, context))

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> "StrategyHost":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _intents_of(self, request: OnBar | OnTick) -> tuple[Intent, ...]:
        answer = self._ask(request, self._answer_timeout_s)
        if not isinstance(answer, Decided):
            self.close()
            raise StrategyHostError(f"unexpected answer {answer!r}")
        return tuple(one.intent for one in answer.intents)

    def _ask(self, request: Request, timeout_s: float) -> Answer:
        assert self._process.stdin is not None  # noqa: S101  # opened as a pipe above
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
            answer = answer_decoder.decode(self._read_line(timeout_s))
        except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
            self.close()
            raise StrategyHostError(f"the strategy's process broke off: {error}") from error
        if isinstance(answer, Failed):
            self.close()
            raise StrategyHostError(answer.trace)
        return answer

    def _read_line(self, timeout_s: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101  # opened as a pipe above
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(timeout_s):
                    raise TimeoutError(f"no answer within {timeout_s:g} s")
                chunk = os.read(self._process.stdout.fileno(), 65_536)
                if not chunk:
                    raise EOFError(f"it ended with status {self._process.wait()}")
                self._buffer += chunk
                if len(self._buffer) > ANSWER_BYTES_MAX:
                    raise ValueError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line
