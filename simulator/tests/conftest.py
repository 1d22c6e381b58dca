"""The simulator as a process, and clients that speak to it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.tests.worlds import Hand

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 20.0


class SimulatorProcess:
    """`python -m simulator` with a state folder; it can be killed and started again on the same port."""

    def __init__(self, state_folder: Path, arguments: list[str], *, has_controls: bool = True) -> None:
        self.state_folder = state_folder
        self._controls = ["--controls"] if has_controls else []
        self._arguments = arguments
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        known = [*self._controls, "--port", str(self._port), "--state-dir", str(self.state_folder)]
        command = [sys.executable, "-m", "simulator", *known]
        environment = {name: value for name, value in os.environ.items() if name not in ("SIM_PORT", "MARKET_CLOCK")}
        self._process = subprocess.Popen(
            [*command, *self._arguments], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.wait_for_restart()

    def wait_for_restart(self) -> None:
        """Until the line that it prints at each start."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "listening on" in line, f"the simulator did not start: {line!r}"
        self._port = int(line.split("http://127.0.0.1:")[1].split("/")[0])

    def kill(self) -> None:
        """As `kill -9`."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """The exit status after SIGTERM."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        status = self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return status

    # --- controls -------------------------------------------------------------------------------------------------

    def control(self, name: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}sim/{name}", data=data, timeout=10) as answered:  # noqa: S310 loopback
            return json.load(answered)

    def customer(self, name: str = "090135") -> dict[str, Any]:
        return next(one for one in self.control("credentials")["customers"] if name in one["name"])

    def wait_for_state(self, is_there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            state = self.control("state")
            if is_there(state):
                return state
            time.sleep(0.05)
        raise AssertionError(f"not within {READY_TIMEOUT_S} s; last orders: {state['orders'][-3:]}")


def clock_spec(start: str, *, speed: float = 1.0, day: str = "2026-11-23", wall_start_s: float | None = None) -> str:
    """A market clock that shows `start` now."""
    wall_s = time.time() if wall_start_s is None else wall_start_s
    return f"affine:{day},{start},15:05:00,{wall_s},{speed}"


@pytest.fixture(autouse=True)
def _close_worlds() -> Iterator[None]:
    yield
    while Hand.opened:
        Hand.opened.pop().world.close()


Launch = Callable[..., SimulatorProcess]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start simulators that end with the test."""
    running: list[SimulatorProcess] = []

    def start(start_at: str = "09:30:00", *arguments: str, speed: float = 1.0) -> SimulatorProcess:
        clock = ["--clock", clock_spec(start_at, speed=speed)]
        process = SimulatorProcess(tmp_path / f"state{len(running)}", [*clock, "--symbols", "SSI,FPT,VNM", *arguments])
        running.append(process)
        process.start()
        return process

    yield start
    for process in running:
        process.stop()


@pytest.fixture(scope="module")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One simulator in continuous trading, for tests that leave nothing behind but refusals."""
    arguments = ["--clock", clock_spec("09:30:00"), "--symbols", "SSI,FPT,VNM"]
    process = SimulatorProcess(tmp_path_factory.mktemp("state"), arguments)
    process.start()
    yield process
    process.stop()
