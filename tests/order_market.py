"""The exchange as a process, and the order side of a worker: as threads, or as a process that may be killed."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from django.conf import settings
from django.db import connection, connections

from qts.adapters.redis_client import redis_client

ROOT = Path(__file__).resolve().parents[1]
LOG_CHARACTERS = 3_000


def wait_for(what: Callable[[], Any], seconds: float, reason: str | Callable[[], str]) -> Any:
    """The first true answer; fails the test when none comes in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError(f"within {seconds} s: {reason() if callable(reason) else reason}")


class Slices:
    """Slices in threads of this process, started again as beat does; ended as a lost lease ends them."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, *runs: Callable[[], object]) -> None:
        for run in runs:
            thread = threading.Thread(target=self._again, args=(run,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Somebody else has every lease: each slice finds out at its next renewal, a third of the ttl away."""
        self._stop.set()
        client = redis_client(settings.REDIS_URL)
        until = time.monotonic() + 40
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < until:
            for key in client.scan_iter("qts:lease:*", count=1_000):
                if not key.endswith(b":epoch"):
                    client.set(key, "the test", ex=60)
            time.sleep(0.2)
        assert not any(thread.is_alive() for thread in self._threads), "a slice did not end"

    def _again(self, run: Callable[[], object]) -> None:
        while not self._stop.is_set():
            try:
                run()
            finally:
                connections.close_all()


class Worker:
    """A process with its log in `folder`; it can be killed and started again."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, *command]
        self._log_file = folder / f"{name}.log"
        self._environment = os.environ | environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log, env=self._environment)

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def assert_alive(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, self.log()

    def log(self) -> str:
        return self._log_file.read_text()[-LOG_CHARACTERS:]

    def log_bytes(self) -> bytes:
        """All of it."""
        return self._log_file.read_bytes()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


class OrderMarket:
    """`clock` is the market clock that the simulator and all workers share."""

    def __init__(self, folder: Path, clock: str, *, extra: Sequence[str] = ()) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        self._folder = folder
        self.slices = Slices()
        self.environment = {
            "DATABASE_URL": _database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "MARKET_CLOCK": clock,
            "QTS_DATA_DIR": str(folder / "data"),
            "QTS_SECRET_KEY_FILE": str(settings.QTS_SECRET_KEY_FILE),
            **dict.fromkeys(("SSI_DATA_URL", "SSI_STREAM_URL", "SSI_TRADING_URL", "SSI_TRADING_STREAM_URL"), self.url),
        }
        arguments = ["--port", str(port), "--clock", clock, "--state-dir", str(folder / "simulator"), "--seed", "7"]
        symbols = ["--symbols", "SSI,VNM,FPT,HPG,VCB", *extra]
        self.simulator = Worker("simulator", ["-m", "simulator", "--controls", *arguments, *symbols], folder, {})
        self._started = [self.simulator]

    def start_simulator(self) -> None:
        self.simulator.start()
        wait_for(self._is_up, 90, "the simulator does not answer")

    def start_worker(self, *names: str) -> Worker:
        """ "gateway" and "stream" in one process that runs these slices without end."""
        worker = Worker("-".join(names), ["-m", "tests.order_worker", *names], self._folder, self.environment)
        worker.start()
        self._started.append(worker)
        return worker

    def end(self) -> None:
        try:
            self.slices.end()
        finally:
            for worker in reversed(self._started):
                worker.kill()

    def ask(self, path: str, body: object = None) -> Any:
        """GET, or POST of `body` as JSON."""
        method = "GET" if body is None else "POST"
        answer = httpx2.request(method, self.url + path, json=body, timeout=5, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def _is_up(self) -> bool:
        self.simulator.assert_alive()
        try:
            return bool(self.ask("sim/healthz"))
        except httpx2.HTTPError:
            return False


def _database_url() -> str:
    """Of the database that this test uses."""
    found = connection.settings_dict
    password = f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else ""
    return f"postgresql://{quote(found['USER'])}{password}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
