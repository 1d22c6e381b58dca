"""A study in a process of its own: `python -m qts.backtest.child`, started by `StudyProcess` only.

Strategies are people's code: this process has no credentials, shuts itself in as the live host's child does before it
loads one (docs/strategy-host.md), and ends with the one that started it. On stdin come one line of JSON and the packed
bars, on a descriptor of its own go lines of JSON.
"""

import ctypes
import inspect
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from qts.domain.errors import Said, kept_of, said_by

if TYPE_CHECKING:
    from qts.backtest.study import Study

MEMORY_BYTES_MAX: Final = 4 << 30
CPU_S_MAX: Final = 7 * 3_600  # no worker waits for longer than six
TOLD_EVERY_S: Final = 0.5
NICENESS: Final = 10  # who trades goes first
LIBRARIES: Final = ("talib", "ta_lib.libs", "yaml", "_yaml")
LIBRARIES_OF_SEARCH: Final = ("optuna", "sqlalchemy", "scipy", "scipy.libs", "packaging", "colorlog")
_OWN_CODE: Final = ("backtest", "quant", "adapters/rule_files.py")
_QTS: Final = Path(__file__).resolve().parents[1]
_PR_SET_PDEATHSIG: Final = 1


class _Reporter:
    """Tells progress and steps twice a second at most, and the last of them at the end."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._told_at = time.monotonic()
        self._steps: list[Any] = []
        self._progress: tuple[int, int] | None = None
        self._is_saying = False

    def say(self, **message: Any) -> None:
        self._is_saying = True
        self._out.write(json.dumps(message).encode() + b"\n")
        self._out.flush()
        self._is_saying = False

    def say_problem(self, problem: str, trace: str) -> None:
        self.say(problem=problem, kept=kept_of(problem), trace=trace)

    def alive(self) -> None:
        """Called by a signal, maybe in the middle of a message, which says as much."""
        if not self._is_saying:
            self.say(alive=True)

    def stuck(self, where: str, trace: str) -> None:
        if not self._is_saying:
            self.say_problem(Said("the strategy did not answer: {where}", where=where), trace)
            os._exit(0)

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


def conduct_told(told: Mapping[str, Any], packed: bytes, reporter: _Reporter) -> None:
    from qts.backtest.code import code_hash
    from qts.backtest.packing import unpack
    from qts.backtest.spec import SpecWrong
    from qts.backtest.studies import Notebook, conduct
    from qts.backtest.study import study_of_json
    from qts.domain.strategy import ParameterError

    memory_bytes = int(told["memory_bytes"])
    try:
        study = study_of_json(told["study"])
        found, table = code_hash(study.spec.parts), unpack(packed)
        is_same_code = found == told["code_hash"]
        reporter.say(code_hash=found, takes_up=is_same_code)
        kept = told["kept"] if is_same_code else []  # what other code found belongs to another result
        _shut_in(study, reporter, memory_bytes=memory_bytes, answer_s=int(told["answer_s"]))
        document = conduct(study, table, Notebook(kept, reporter.step, reporter.progress))
    except (SpecWrong, ParameterError) as error:
        reporter.say_problem(said_by(error), "")
        return
    except MemoryError as error:
        where, trace = _told_of(error)
        gigabytes = f"{memory_bytes / (1 << 30):.2g}"
        said = Said("it needs more than {gigabytes} GB of memory{where}", gigabytes=gigabytes, where=where)
        reporter.say_problem(said, trace)
        return
    except BaseException as error:  # whatever a strategy raises is its author's to read, sys.exit() too
        where, trace = _told_of(error)
        kind = type(error).__name__
        said = Said("the strategy raised {kind}: {error}{where}", kind=kind, error=str(error), where=where)
        reporter.say_problem(said, trace)
        return
    reporter.tell()
    reporter.say(document=document)


def _shut_in(study: "Study", reporter: _Reporter, *, memory_bytes: int, answer_s: int) -> None:
    """From here on, for good. What is imported late would not be found: it is imported before."""
    from qts.adapters.sandbox.confinement import confine, folders_of
    from qts.backtest.watch import Watch
    from qts.quant.indicators import load_library

    load_library()
    libraries = list(LIBRARIES)
    if study.ranges:
        import optuna

        optuna.samplers.TPESampler()  # imports what it samples with
        libraries += LIBRARIES_OF_SEARCH
    files = {part.source.file_name for part in study.spec.parts if part.source is not None}
    Watch(files, answer_s=answer_s, alive=reporter.alive, stuck=reporter.stuck).begin()
    readable = [*_own_code(study), *map(str, folders_of(libraries))]
    confine(readable, memory_bytes=memory_bytes, cpu_s=CPU_S_MAX)


def _own_code(study: "Study") -> Iterator[str]:
    """Also the modules of the project that its strategies are in: a trace shows their lines."""
    from qts.backtest.loading import class_of

    yield from (str(_QTS / part) for part in _OWN_CODE)
    yield from (inspect.getfile(class_of(part)) for part in study.spec.parts if part.source is None)


def _told_of(error: BaseException) -> tuple[str, str]:
    """Which line of a person's file it was, and the lines that led there."""
    from qts.adapters.sandbox.loading import problem_of

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/" not in frame.filename and not frame.filename.startswith("<")]
    where = Said(" ({file}, line {line})", file=own[-1].filename, line=own[-1].lineno or 0) if own else ""
    return where, problem_of(error)


def _leave_alone() -> BinaryIO:
    """Nobody but the reporter knows its descriptor by name: prints go nowhere, and there is nothing more to read."""
    out = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return out


def main() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICENESS)
    line = sys.stdin.buffer.readline()
    packed = sys.stdin.buffer.read()
    reporter = _Reporter(_leave_alone())
    conduct_told(json.loads(line), packed, reporter)


if __name__ == "__main__":
    main()
