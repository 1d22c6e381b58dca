"""The whole system as a user starts it: `python -m qts.embedded.demo` in a data folder of its own, on free ports."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from qts.embedded import environment, processes, programs
from qts.embedded.options import ROOT
from qts.embedded.ports import free_port
from qts.embedded.postgres import FAST_STOP
from qts.embedded.prepare import USERS_FILE
from qts.embedded.run_folder import RunFolder

SHELL = ("shell", "--no-imports", "-v", "0", "-c")
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 15.0
_UNARMED = """
    SELECT count(*) FROM accounts_brokerageaccount a WHERE a.is_active
    AND NOT EXISTS (SELECT FROM risk_tradingarming r WHERE r.account_id = a.id AND r.is_armed)
"""
_END = "this is all"
_CALLS = f"""
import sys
from tests.system.inside import *
for call in sys.stdin:
    exec(call)
    print("{_END}", flush=True)
"""
PORTS = ("PORT", "SIM_PORT", "FLOWER_PORT", "RPC_PORT")
# what the test run itself has set, and what would point the system at servers of the test run
REPLACED = frozenset(
    {"DATABASE_URL", "REDIS_URL", "EVENT_BUS_URL", "DJANGO_SETTINGS_MODULE", "QTS_SECRET_KEY_FILE", "MARKET_CLOCK"}
)


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """`start` is the market's time of day at the start; by default just before continuous trading on HOSE."""

    start: str = "09:14:30"
    speed: float = 10.0
    seed: int = 7
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class RunningSystem:
    data_dir: Path
    options: SystemOptions = field(default_factory=SystemOptions)
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})
    _process: subprocess.Popen[bytes] | None = None

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['PORT']}/"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['SIM_PORT']}/"

    @property
    def flower_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['FLOWER_PORT']}/"

    @property
    def output_file(self) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.log")

    @property
    def environment(self) -> dict[str, str]:
        """DATABASE_URL, REDIS_URL, MARKET_CLOCK and the rest, as the system's processes have them."""
        return environment.load(self.data_dir)

    @property
    def passwords(self) -> dict[str, str]:
        people = json.loads((self.data_dir / USERS_FILE).read_text(encoding="utf-8"))
        return {person["username"]: person["password"] for person in people}

    def start(self) -> float:
        """Start and wait until /readyz answers 200; returns the seconds it took."""
        began = time.monotonic()
        clean = {name: text for name, text in os.environ.items() if name not in REPLACED}
        variables = {name: str(port) for name, port in self.ports.items()} | dict(self.options.variables)
        variables |= {
            "QTS_DATA_DIR": str(self.data_dir),
            "START": self.options.start,
            "SPEED": str(self.options.speed),
            "SEED": str(self.options.seed),
        }
        with self.output_file.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "qts.embedded.demo"],
                cwd=ROOT,
                env=clean | variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        started = self._process
        processes.wait_until(lambda: started.poll() is not None or self.is_ready(), START_TIMEOUT_S, pause_s=0.2)
        if started.poll() is not None or not self.is_ready():
            output_tail = self.output()[-8000:]
            self.stop()
            raise AssertionError(f"the system did not become ready:\n{output_tail}")
        return time.monotonic() - began

    def wait_until_armed(self) -> None:
        """What a person sees before the open: every check is green, and the accounts may trade."""
        assert processes.wait_until(self._is_armed, START_TIMEOUT_S, pause_s=0.2), self.output()[-8000:]

    def _is_armed(self) -> bool:
        with psycopg.connect(self.environment["DATABASE_URL"], connect_timeout=5) as connection:
            row = connection.execute(_UNARMED).fetchone()
        return row == (0,)

    def stop(self) -> float:
        """Ctrl-C; returns the seconds it took. Whatever refuses to end is killed."""
        began = time.monotonic()
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            finally:
                self._process.kill()
                self._process.wait()
                self._process = None
        return time.monotonic() - began

    def kill_supervisor(self) -> None:
        """kill -9, as if the machine's owner had lost patience."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def pids(self) -> dict[str, int]:
        """Of the processes that live now, by name: postgres valkey simulator web stream signals trading quant ..."""
        return RunFolder(self.data_dir / "run").pids()

    def kill(self, name: str) -> int:
        """kill -9 of one process; returns its pid. The supervisor starts another one."""
        pid = self.pids()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """A process that is there and does not answer; nobody starts another one."""
        pid = self.pids()[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def wait_for_successor(self, name: str, old_pid: int, timeout_s: float = 30.0) -> int:
        assert processes.wait_until(lambda: self.pids().get(name, old_pid) != old_pid, timeout_s), self.output()[-4000:]
        return self.pids()[name]

    def manage(self, *arguments: str) -> str:
        """The output of a command of manage.py on this system."""
        answer = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    @contextmanager
    def inside(self) -> Iterator[Callable[[str], list[str]]]:
        """Calls of `tests.system.inside`, one after the other in one process; each is answered with what it prints."""
        command = [sys.executable, str(ROOT / "manage.py"), *SHELL, _CALLS]
        environment = os.environ | self.environment
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            told, said = process.stdin, process.stdout

            def call(text: str) -> list[str]:
                print(text, file=told, flush=True)
                lines: list[str] = []
                for line in map(str.rstrip, said):
                    if line == _END:
                        return lines
                    lines.append(line)
                raise AssertionError(f"{text} failed: {lines}")

            yield call
            told.close()

    def simulator(self, path: str, body: object = None) -> Any:
        """JSON of a control endpoint of the simulator, such as `sim/credentials`; a body makes it a POST."""
        url = f"{self.simulator_url}{path}"
        answer = httpx2.get(url, timeout=10) if body is None else httpx2.post(url, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def output(self) -> str:
        """Everything that the supervisor and its children have printed, over all starts."""
        return self.output_file.read_text(encoding="utf-8", errors="replace") if self.output_file.exists() else ""

    def is_ready(self) -> bool:
        """Whether /readyz answers 200 now."""
        return programs.answers(f"{self.web_url}readyz")

    def is_healthy(self) -> bool:
        """Ready, and nothing behind it is missing: the market's stream among others."""
        answer = httpx2.get(f"{self.web_url}readyz", timeout=10, trust_env=False)
        return answer.status_code == 200 and answer.json()["degraded"] == []


@contextmanager
def started_system(options: SystemOptions | None = None) -> Iterator[RunningSystem]:
    """A running system; stopped and wiped afterwards, whatever the test did to it."""
    with tempfile.TemporaryDirectory(prefix="qts-system-", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o755)  # the database's user must pass through when the tests run as root
        system = RunningSystem(Path(parent) / "var", options or SystemOptions())
        try:
            system.start()
            system.wait_until_armed()
            yield system
        finally:
            system.stop()
            for pid in RunFolder(system.data_dir / "run").pids().values():
                if mark := processes.mark_of(pid):
                    processes.end(mark, FAST_STOP)
