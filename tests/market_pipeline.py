"""A market-data journey: the simulated exchange and one worker per slice as processes, all of which may be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from django.conf import settings
from django.db import connection

from tests.market_worker import FORK

ROOT = Path(__file__).resolve().parents[1]
LOG_CHARACTERS = 3_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(what: Callable[[], Any], seconds: float, reason: str) -> Any:
    """The first true answer; fails the test when none comes in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError(f"within {seconds} s: {reason}")


def database_url() -> str:
    """Of the database that this test uses."""
    found = connection.settings_dict
    password = f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else ""
    return f"postgresql://{quote(found['USER'])}{password}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


class Program:
    """A process with its log in `folder`; starting it again appends."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = [sys.executable, *command]
        self._log_file = folder / f"{name}.log"
        self._environment = dict(environment)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with self._log_file.open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                env=os.environ | self._environment,
            )

    def tell(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def kill_child(self, child_file: Path) -> None:
        os.kill(int(child_file.read_text()), signal.SIGKILL)
        child_file.unlink()

    def is_alive(self) -> bool:
        """Fails the test, with the log's end, when the process has ended by itself."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name}: {self._log_file.read_text()[-LOG_CHARACTERS:]}"
        return True


class Market:
    """An exchange of its own and the pipeline behind it. `data_dir` holds the write-ahead log of this market.

    `names` are the slices that get a worker each, `patience_s` and what it means that it `forks` see there.
    """

    def __init__(
        self, folder: Path, names: Sequence[str] = ("ingest", "recorder"), patience_s: str = "", *, forks: bool = False
    ) -> None:
        self._folder = folder
        self._forks = forks
        self._port = free_port()
        self._clock = ""
        self.url = f"http://127.0.0.1:{self._port}/"
        self.data_dir = folder / "data"
        environment = {
            "DJANGO_SETTINGS_MODULE": "qts.settings.test",
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "SSI_DATA_URL": self.url,
            "SSI_STREAM_URL": self.url,
            "QTS_DATA_DIR": str(self.data_dir),
            "QTS_SECRET_KEY_FILE": str(settings.QTS_SECRET_KEY_FILE),
        }
        self.simulator = Program("simulator", [], folder, {})
        worker = ("-m", "tests.market_worker")
        self.workers = {
            name: Program(name, [*worker, name, str(self._ready_file(name)), patience_s], folder, environment)
            for name in names
        }
        self.ingest, self.recorder = self.workers["ingest"], self.workers["recorder"]

    def start_workers(self) -> float:
        """Returns how many seconds it took them: the measure of how busy the machine is."""
        self.data_dir.mkdir()
        started_at = time.monotonic()
        for program in self.workers.values():
            program.start()
        for program in self.workers.values():
            wait_for(partial(self._is_ready, program), 150, f"{program.name} does not start")
        return time.monotonic() - started_at

    def start_simulator(self, clock: str, arguments: Sequence[str]) -> None:
        self._clock = clock
        known = ["--port", str(self._port), "--state-dir", str(self._folder / "simulator"), "--seed", "7"]
        command = ["-m", "simulator", "--controls", *known, "--clock", clock, *arguments]
        self.simulator = Program("simulator", command, self._folder, {})
        self.restart_simulator()

    def restart_simulator(self) -> None:
        self.simulator.start()
        wait_for(self._is_up, 60, "the simulator does not answer")

    def let_go(self, program: Program) -> None:
        """A worker that waits for its clock."""
        if not self._forks:
            program.tell(self._clock)
            return
        program.tell(FORK + self._clock)
        wait_for(self._child_file(program).exists, 30, f"{program.name} does not fork")

    def replace(self, program: Program) -> None:
        """As `kill -9` of a worker that forks does, and a successor at once."""
        program.kill_child(self._child_file(program))
        self.let_go(program)

    def kill_all(self) -> None:
        for program in (*self.workers.values(), self.simulator):
            program.kill()

    def ask(self, path: str, body: object = None) -> Any:
        """GET, or POST of `body` as JSON."""
        method = "GET" if body is None else "POST"
        answer = httpx2.request(method, self.url + path, json=body, timeout=10, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def _is_ready(self, program: Program) -> bool:
        return program.is_alive() and self._ready_file(program.name).exists()

    def _is_up(self) -> bool:
        self.simulator.is_alive()
        try:
            return bool(self.ask("sim/healthz"))
        except httpx2.HTTPError:
            return False

    def _child_file(self, program: Program) -> Path:
        return self._folder / f"{program.name}.ready.child"

    def _ready_file(self, name: str) -> Path:
        return self._folder / f"{name}.ready"
