"""QTS_DATA_DIR/run: who supervises this data folder, and which processes it started.

One supervisor per folder, by a file lock that the kernel drops even after kill -9. The marks of the children let the
next supervisor find those that a killed one left behind.
"""

import fcntl
import json
import os
import secrets
import signal
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from qts.embedded import processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.processes import ProcessMark

LEFTOVER_PATIENCE_S = 8.0


class RunFolder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(12)
        self._lock: TextIO | None = None

    def lock(self) -> None:
        """Become the supervisor of this folder. Raises EmbeddedError, naming the pid of another one."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise EmbeddedError(
                f"{self.folder.parent} cannot be used as a data folder by user {os.getuid()}: {error.strerror}."
                " Start QTS as the user who made it, or name another folder with QTS_DATA_DIR."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise EmbeddedError(
                f"QTS already runs on {self.folder.parent} (pid {owner}). Stop it first (Ctrl-C in its terminal, or"
                f" `kill {owner}`), or name another data folder with QTS_DATA_DIR."
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._lock = file

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    def note(self, name: str, pid: int, stop_signal: signal.Signals) -> None:
        """Remember a child, for the next supervisor in case this one is killed. Readers see the whole note or none."""
        mark = processes.mark_of(pid)
        if mark is not None:
            content = {"pid": mark.pid, "started": mark.started, "stop_signal": int(stop_signal), "token": self.token}
            unfinished = self.folder / f"{name}.unfinished"
            unfinished.write_text(json.dumps(content), encoding="utf-8")
            unfinished.replace(self._path(name))

    def forget(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def pids(self) -> dict[str, int]:
        """The children that live now, by name."""
        return {name: mark.pid for name, (mark, _, _) in self._notes().items() if processes.is_running(mark)}

    def stop_leftovers(self) -> list[str]:
        """Stop what a killed supervisor left; only processes with the noted pid and start time, or their offspring.

        Returns the names of those that still ran.
        """
        notes = self._notes()
        living = {name: note for name, note in notes.items() if processes.is_running(note[0])}
        for mark, stop_signal, _ in living.values():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(mark.pid, stop_signal)
        marks = [mark for mark, _, _ in living.values()]
        processes.wait_until(lambda: not any(map(processes.is_running, marks)), LEFTOVER_PATIENCE_S)
        for mark in marks:
            processes.end(mark, [(signal.SIGKILL, 2.0)])
        for token in {token for _, _, token in notes.values()}:
            kill_offspring(token)
        for name in notes:
            self.forget(name)
        return sorted(living)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _notes(self) -> dict[str, tuple[ProcessMark, signal.Signals, str]]:
        notes = {}
        for path in self.folder.glob("*.json"):
            with suppress(FileNotFoundError, ValueError):  # just forgotten, or cut off when the machine lost power
                content = json.loads(path.read_text(encoding="utf-8"))
                mark = ProcessMark(int(content["pid"]), str(content["started"]))
                notes[path.stem] = (mark, signal.Signals(content["stop_signal"]), str(content["token"]))
        return notes


def kill_offspring(token: str) -> None:
    """End every process that still carries the token of a run in its environment."""
    for pid in processes.with_token(token):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
