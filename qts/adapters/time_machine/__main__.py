"""`python -m qts.adapters.time_machine`: one process for each replay that somebody wants, and none when nobody does.

A player that dies is started again, goes on from where it was, and its watchers are told; one that dies again and again
is given up. Two time machines may run: each replay has a lease, and one player.
"""

import logging.config
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from qts.adapters.lease import Lease
from qts.adapters.time_machine.replays import Replays, State
from qts.domain.errors import TransientError
from qts.observability.logs import configure_structlog, logging_config

LOOK_EVERY_S: Final = 0.3
RESTARTS_MAX: Final = 3
LEASE_TTL_S: Final = 6.0
STOP_S_MAX: Final = 3.0
TIDY_EVERY_S: Final = 60.0
COPY_AGE_S_MIN: Final = 60.0  # a younger one may be that of a replay which is just beginning
PASSED_ON: Final = ("REDIS_URL", "QTS_DATA_DIR", "QTS_LOG_FORMAT", "PATH", "LANG", "TZ", "PYTHONUNBUFFERED")
ROOT: Final = Path(__file__).resolve().parents[3]

log = structlog.get_logger(__name__)


def child_environment(own: Mapping[str, str]) -> dict[str, str]:
    """What a player is told: no database, no key, no broker."""
    return {name: own[name] for name in PASSED_ON if name in own}


@dataclass(slots=True)
class Started:
    process: "subprocess.Popen[bytes]"
    lease: Lease
    renew_at: float


class Machine:
    """One of those that may run at a time: it plays what it has the lease of."""

    def __init__(self, redis_url: str, environment: Mapping[str, str], copies: Path | None = None) -> None:
        self._redis_url = redis_url
        self._copies = copies
        self._replays = Replays(redis_url)
        self._environment = environment
        self._players: dict[str, Started] = {}
        self._not_before: dict[str, float] = {}

    def tidy(self) -> None:
        """Copies of matches that were made for replays that are over."""
        used = {Path(replay.spec.file).name for replay in self._replays.all()}
        for file in self._copies.glob("*.parquet") if self._copies else ():
            if file.name not in used and time.time() - file.stat().st_mtime > COPY_AGE_S_MIN:
                file.unlink(missing_ok=True)

    def look(self) -> None:
        """Start what is missing, notice what has ended. Raises TransientError while Valkey is away."""
        wanted = self._replays.alive()
        for replay_id, started in list(self._players.items()):
            self._look_after(replay_id, started)
        for replay_id in wanted:
            if replay_id not in self._players and time.monotonic() >= self._not_before.get(replay_id, 0.0):
                self._start(replay_id)
        self._not_before = {one: at for one, at in self._not_before.items() if one in wanted}

    def stop(self) -> None:
        for started in self._players.values():
            started.process.terminate()
        for started in self._players.values():
            try:
                started.process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                started.process.kill()
            with suppress(TransientError):  # it runs out by itself
                started.lease.release()

    def _look_after(self, replay_id: str, started: Started) -> None:
        if (code := started.process.poll()) is not None:
            del self._players[replay_id]
            started.lease.release()
            self._ended(replay_id, code)
        elif time.monotonic() >= started.renew_at:
            if started.lease.renew():
                started.renew_at = time.monotonic() + LEASE_TTL_S / 3
            else:
                started.process.kill()  # another time machine has it by now

    def _start(self, replay_id: str) -> None:
        lease = Lease(self._redis_url, f"replay:{replay_id}", LEASE_TTL_S)
        if lease.acquire() is None:
            self._not_before[replay_id] = time.monotonic() + LEASE_TTL_S / 3
            return
        command = [sys.executable, "-m", "qts.adapters.time_machine.play", replay_id]
        process = subprocess.Popen(command, cwd=ROOT, env=dict(self._environment), stdin=subprocess.DEVNULL)
        self._players[replay_id] = Started(process, lease, time.monotonic() + LEASE_TTL_S / 3)

    def _ended(self, replay_id: str, code: int) -> None:
        replay = self._replays.get(replay_id)
        if replay is None or replay.progress.state.is_over:
            return
        restarts = replay.progress.restarts + 1
        self._not_before[replay_id] = time.monotonic() + restarts - 1  # the first time at once
        log.warning("replay_player_died", replay=replay_id, code=code, restarts=restarts)
        if restarts > RESTARTS_MAX:
            self._replays.end(replay, State.FAILED, f"its player has died {restarts} times")
        else:
            self._replays.tell(replay_id, restarts=restarts)


def main() -> int:
    logging.config.dictConfig(logging_config("json" if os.environ.get("QTS_LOG_FORMAT") == "json" else "console"))
    configure_structlog()
    is_over = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: is_over.set())
    copies = Path(os.environ["QTS_DATA_DIR"]) / "archive" / "replays"
    machine = Machine(os.environ["REDIS_URL"], child_environment(os.environ), copies)
    tidy_at = 0.0
    sys.stdout.write("the time machine is ready\n")
    sys.stdout.flush()
    try:
        while not is_over.wait(LOOK_EVERY_S):
            try:
                machine.look()
                if time.monotonic() >= tidy_at:
                    machine.tidy()
                    tidy_at = time.monotonic() + TIDY_EVERY_S
            except TransientError as error:
                log.warning("time_machine_waits", reason=str(error))
                is_over.wait(1.0)
    finally:
        machine.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
