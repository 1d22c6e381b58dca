"""Processes of our own: started so that they cannot outlive us, and recognised again after we were killed.

A pid alone proves nothing, because pids are used again; a pid with its start time does. Offspring of our children is
known by a token in its environment.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

IS_LINUX = sys.platform.startswith("linux")
RUN_VARIABLE = "QTS_RUN_TOKEN"
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15  # <linux/prctl.h>
_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


@dataclass(frozen=True, slots=True)
class Command:
    """How to start one program. `uid` needs root; `death_signal` is what the kernel sends it when we die (Linux).

    `may_fork`: it is `python -m <module> ...` in our own environment, so a process that has loaded us may be forked.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    pass_fds: tuple[int, ...] = ()
    may_fork: bool = False


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process and no later one with the same pid."""

    pid: int
    started: str

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def load_mark(path: Path) -> ProcessMark | None:
    """The mark in a file; None where the file is missing or was cut off by a crash."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return ProcessMark(pid=int(found["pid"]), started=str(found["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def mark_of(pid: int) -> ProcessMark | None:
    """The mark of a living process; None when it is gone or only waits to be reaped."""
    started = _started_linux(pid) if IS_LINUX else _started_elsewhere(pid)
    return ProcessMark(pid, started) if started else None


def is_running(mark: ProcessMark) -> bool:
    return mark_of(mark.pid) == mark


def spawn_options(command: Command) -> dict[str, Any]:
    """Keyword arguments for subprocess.Popen and asyncio: own session, given user, tied to our life.

    Must be used from the main thread: Linux sends the death signal when the thread that started the child ends.
    """
    options: dict[str, Any] = {
        "cwd": command.cwd,
        "env": dict(command.env),
        "start_new_session": True,
        "stdin": subprocess.DEVNULL,
        "pass_fds": command.pass_fds,
    }
    if command.uid is not None:
        options |= {"user": command.uid, "group": command.uid, "extra_groups": []}
    if IS_LINUX:
        options["preexec_fn"] = tie_to_parent(os.getpid(), command.death_signal)
    return options


def tie_to_parent(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """What a new child calls to be sent that signal when its parent dies (Linux)."""

    def tie() -> None:
        assert _libc is not None  # noqa: S101 (narrowing; spawn_options asks IS_LINUX)
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel knew of our wish
            os._exit(1)

    return tie


def name_ourselves(name: str) -> None:
    """The name that `ps -e` and `top` show (Linux, 15 characters)."""
    if _libc is not None:
        _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a child that leads its own group together with its offspring; gone already is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def end(mark: ProcessMark, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal in turn to exactly that process, waiting so many seconds after each; True once it is gone."""
    for number, patience_s in steps:
        if not is_running(mark):
            return True
        with suppress(ProcessLookupError):
            os.kill(mark.pid, number)
        wait_until(lambda: not is_running(mark), patience_s)
    return not is_running(mark)


def wait_until(condition: Callable[[], bool], timeout_s: float, pause_s: float = 0.02) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause_s)
    return True


def with_working_directory(folder: Path, program_names: frozenset[str]) -> list[int]:
    """Pids of the named programs that run inside a folder (Linux; elsewhere nobody can say, so none)."""
    if not folder.exists():
        return []
    target = folder.resolve()
    return [pid for pid in _all_pids() if _read_link(pid, "cwd") == target and program_name(pid) in program_names]


def with_token(token: str) -> list[int]:
    """Pids of living processes that inherited our token (Linux; elsewhere none), ourselves left out."""
    wanted = f"{RUN_VARIABLE}={token}".encode()
    return [pid for pid in _all_pids() if pid != os.getpid() and wanted in _environment_of(pid) and mark_of(pid)]


def program_name(pid: int) -> str:
    """The kernel's short name (15 characters) of a process; empty when it is gone or cannot be asked."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _all_pids() -> list[int]:
    if not IS_LINUX:
        return []
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read_link(pid: int, name: str) -> Path | None:
    try:
        return Path(f"/proc/{pid}/{name}").readlink()
    except OSError:
        return None


def _environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


@cache
def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()


def _started_linux(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the program's name may hold spaces and brackets
    is_dead = fields[0] in {"Z", "X"}
    return "" if is_dead else f"{_boot_id()}:{fields[19]}"


def _started_elsewhere(pid: int) -> str:
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
