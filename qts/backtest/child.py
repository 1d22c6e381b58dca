"""A study in a process of its own: `python -m qts.backtest.child`, started by `StudyProcess` only.

Strategies are people's code: this process has no credentials and no open files but its pipes, may write no file, and
ends with the one that started it. On stdin come one line of JSON and the packed bars, on stdout go lines of JSON.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

MEMORY_BYTES_MAX: Final = 4 << 30
OPEN_FILES_MAX: Final = 32
TOLD_EVERY_S: Final = 0.5
TRACE_LINES: Final = 6
NICENESS: Final = 10  # who trades goes first
_PR_SET_PDEATHSIG: Final = 1


class _Reporter:
    """Tells progress and steps twice a second at most, and the last of them at the end."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._told_at = time.monotonic()
        self._steps: list[Any] = []
        self._progress: tuple[int, int] | None = None

    def say(self, **message: Any) -> None:
        self._out.write(json.dumps(message).encode() + b"\n")
        self._out.flush()

    def step(self, step: Any) -> None:
        self._steps.append(step)

    def progress(self, done: int, count: int) -> None:
        self._progress = (done, count)
        if time.monotonic() - self._told_at >= TOLD_EVERY_S:
            self.tell()

    def tell(self) -> None:
        self._told_at = time.monotonic()
        if self._steps or self._progress:
            self.say(steps=self._steps, progress=self._progress)
        self._steps, self._progress = [], None


def limit_this_process() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_MAX, OPEN_FILES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def conduct_told(told: Mapping[str, Any], packed: bytes, reporter: _Reporter) -> None:
    from qts.backtest.code import code_hash
    from qts.backtest.packing import unpack
    from qts.backtest.spec import SpecWrong
    from qts.backtest.studies import Notebook, conduct
    from qts.backtest.study import study_of_json
    from qts.domain.strategy import ParameterError

    try:
        study = study_of_json(told["study"])
        found = code_hash([part.strategy for part in study.spec.parts])
        is_same_code = found == told["code_hash"]
        reporter.say(code_hash=found, takes_up=is_same_code)
        kept = told["kept"] if is_same_code else []  # what other code found belongs to another result
        document = conduct(study, unpack(packed), Notebook(kept, reporter.step, reporter.progress))
    except (SpecWrong, ParameterError) as error:
        reporter.say(problem=str(error), trace="")
        return
    except MemoryError:
        reporter.say(problem=f"it needs more than {MEMORY_BYTES_MAX >> 30} GB of memory", trace="")
        return
    except Exception as error:  # whatever a strategy raises is its author's to read
        trace = "".join(traceback.format_exc().splitlines(keepends=True)[-TRACE_LINES:])
        reporter.say(problem=f"the strategy raised {type(error).__name__}: {error}", trace=trace)
        return
    reporter.tell()
    reporter.say(document=document)


def main() -> None:
    reporter = _Reporter(os.fdopen(os.dup(sys.stdout.fileno()), "wb"))
    sys.stdout = sys.stderr  # a strategy's print() must not look like a message
    line = sys.stdin.buffer.readline()
    packed = sys.stdin.buffer.read()
    limit_this_process()
    conduct_told(json.loads(line), packed, reporter)


if __name__ == "__main__":
    main()
