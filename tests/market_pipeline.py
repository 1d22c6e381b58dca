"""The simulator as a process, and the slices of the market-data pipeline as threads, for journeys."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from django.db import connections

from qts.adapters.redis_client import redis_client

ROOT = Path(__file__).resolve().parents[1]


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
        time.sleep(0.1)
    raise AssertionError(f"within {seconds} s: {reason}")


class SimulatorProcess:
    """`python -m simulator` on a port of its own; it can be killed and started again with what it keeps on disk."""

    def __init__(self, folder: Path, clock: str, arguments: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._folder = folder
        self._clock = clock
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "simulator", "--port", str(self.port), "--clock", self._clock]
        command += ["--state-dir", str(self._folder / "simulator"), "--seed", "7", *self._arguments]
        with (self._folder / "simulator.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=os.environ | {"TZ": "UTC"})
        wait_for(self._is_up, 30, "the simulator does not answer")

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def ask(self, path: str, body: object = None) -> Any:
        """GET, or POST of `body` as JSON."""
        answer = httpx2.request(
            "GET" if body is None else "POST", self.url + path, json=body, timeout=5, trust_env=False
        )
        answer.raise_for_status()
        return answer.json()

    def _is_up(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError((self._folder / "simulator.log").read_text()[-2_000:])
        try:
            return bool(self.ask("sim/healthz"))
        except httpx2.HTTPError:
            return False


@contextmanager
def running_slice(run: Callable[[], None], lease: str, redis_url: str) -> Iterator[threading.Thread]:
    """A slice in a thread. It is ended as a lost lease ends it, which it notices within a third of the lease's time."""
    failures: list[BaseException] = []

    def body() -> None:
        try:
            run()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=body, name=f"slice-{lease}", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        redis_client(redis_url).delete(f"qts:lease:{lease}")
        thread.join(15)
        assert not thread.is_alive(), f"slice {lease} did not end"
    assert not failures, failures
