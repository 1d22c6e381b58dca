"""The whole system as the demo starts it, arranged for measurements, and a client of its API."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import progress
from qts.embedded import processes
from qts.embedded.options import ROOT
from tests.system.running import RunningSystem, SystemOptions, started_system

# a strategy that orders as fast as this machine can is what the latency is measured with
ORDERS_PER_SECOND_MAX = 10_000
READY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class ArrangedSystem:
    """`session` and `csrf` are cookies of a trader who has shown his second factor."""

    running: RunningSystem
    account_id: str
    strategy_id: str
    session: str
    csrf: str

    @property
    def environment(self) -> Mapping[str, str]:
        return self.running.environment

    def client(self) -> "Client":
        return Client(self)


@contextmanager
def started(*, orders_per_second_max: int = ORDERS_PER_SECOND_MAX, speed: float = 10.0) -> Iterator[ArrangedSystem]:
    """Stopped and wiped afterwards. No strategy is taken for a runaway below that pace. `speed`: of the market."""
    progress("starting the whole system")
    pace = ("RUNAWAY_ORDERS_PER_SECOND_MAX", str(orders_per_second_max))
    with started_system(SystemOptions(start="09:15:00", speed=speed, variables=(pace,))) as running:
        assert processes.wait_until(running.is_healthy, READY_TIMEOUT_S), "the market's stream does not come"
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.arrangement"],
            cwd=ROOT,
            env=os.environ | running.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        yield ArrangedSystem(running, **json.loads(answer.stdout.splitlines()[-1]))


class Client:
    """One connection that is kept, as a browser or a program of a customer keeps it. One thread's."""

    def __init__(self, system: ArrangedSystem, port: int | None = None) -> None:
        port = port or system.running.ports["PORT"]
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {
            "Cookie": f"sessionid={system.session}; csrftoken={system.csrf}",
            "X-CSRFToken": system.csrf,
            "Content-Type": "application/json",
        }

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None, {}, 200)

    def post(self, path: str, body: object = None, *, status: int = 200, **headers: str) -> Any:
        """Fails for any other status. `headers` are written with underscores."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return self._ask("POST", path, json.dumps(body or {}), named, status)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str], status: int) -> Any:
        self._connection.request(method, path, body, self._headers | dict(headers))
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == status, f"{method} {path}: {answer.status} {text[:500]!r}"
        return json.loads(text)
