"""`kill -9` of every process in turn while people send orders, and how long each time no new order went out, or nobody
could say what became of an old one.

`QTS_STORM_ORDERS_PER_S=50` sends as many. The default is what two cores carry that run the simulator, the witness and
another worker's tests besides: where the machine is the limit, its queues are measured and not the recovery."""

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from qts.embedded.processes import wait_until
from tests.system.books import Books
from tests.system.order_load import BUSY, OrderLoad
from tests.system.running import RunningSystem

# as `RunningSystem.kill` names them, and who signs: a child of the worker that sends
VICTIMS = ("beat", "trading", "stream", "quant", "web", "signals", "signer")
SIGNER = b"qts.adapters.ssi.signer_process"
ORDERS_PER_S = int(os.environ.get("QTS_STORM_ORDERS_PER_S", "10"))
THREADS = 10
RECOVERY_S_MAX = 120.0  # of a machine that carries three times what it can; what it took is told
PAUSE_S = 0.5
SEED = 9

# What was under way when it happened, and is not known yet: the broker has not said that it has it, or has not.
_IN_DOUBT = """
    SELECT i.kind, i.state, o.status, i.request_id, i.claimed_epoch, i.answer, i.doubt, o.reason
    FROM orders_intent i JOIN orders_order o ON o.id = i.order_id
    WHERE i.claimed_at < to_timestamp(%(killed_s)s) AND (
        i.state IN ('CLAIMED', 'UNKNOWN') OR (i.kind = 'PLACE' AND o.status IN ('SENT', 'UNKNOWN'))
        OR (i.kind = 'CANCEL' AND i.state = 'ANSWERED' AND o.status = 'CANCEL_PENDING'))
"""
_NEW_AT_BROKER = """
    SELECT count(*) FROM orders_intent i JOIN orders_order o ON o.id = i.order_id
    WHERE o.recorded_at > to_timestamp(%(killed_s)s) AND i.kind = 'PLACE' AND i.state = 'ANSWERED'
"""
_STATE = (
    "SELECT reason, count(*) FROM orders_order GROUP BY 1 ORDER BY 2 DESC LIMIT 8",
    "SELECT scope, cause, reason FROM risk_tradinghold WHERE is_on",
    "SELECT scope, reason FROM risk_killswitch WHERE is_engaged",
    "SELECT circuit, trouble, epoch, seen_at FROM orders_gatewaystate",
    "SELECT state, trouble, last_notify_id, seen_at FROM orders_streamposition",
)
_PROVED_ABSENT = """
    SELECT count(*) FROM orders_intent
    WHERE kind = 'PLACE' AND state = 'NOT_RECEIVED' AND claimed_at < to_timestamp(%(killed_s)s)
      AND answered_at > to_timestamp(%(killed_s)s)
"""


@dataclass(frozen=True, slots=True)
class Kill:
    """Seconds from the kill until an order that was placed after it had the broker's answer, and until nothing of what
    was under way was in doubt any more. `proved_absent`: some of it had to be proved not to be at the broker."""

    victim: str
    new_s: float
    known_s: float
    proved_absent: bool


class KillStorm:
    """`sessions` as `inside.begin` prints them, each with its account."""

    def __init__(self, system: RunningSystem, books: Books, sessions: list[tuple[list[str], str]]) -> None:
        self._system, self._books = system, books
        self._random = random.Random(SEED)
        self.kills: list[Kill] = []
        self._killed: tuple[str, float] = ("", 0.0)
        busy = replace(BUSY, every_s=THREADS / ORDERS_PER_S)
        self.loads = [
            OrderLoad(system.web_url, session, account_id, f"busy-{number}", busy)
            for number, (session, account_id) in zip(range(THREADS), itertools.cycle(sessions), strict=False)
        ]

    def run(self, count: int) -> None:
        for load in self.loads:
            load.start()
        began = time.monotonic()
        for victim in itertools.islice(self._in_turn(), count):
            time.sleep(PAUSE_S + self._random.random() * PAUSE_S)
            self.kills.append(self._kill(victim))
            if len(self.kills) % 10 == 0:
                print(f"{len(self.kills)} of {count} kills, the last {self.kills[-1]}", flush=True)
        seconds = time.monotonic() - began
        answered = sum(len(load.wishes) for load in self.loads)
        for load in self.loads:
            load.stop()
        print(f"{answered / seconds:.0f} orders a second over {seconds:.0f} s of kills")

    def _in_turn(self) -> Iterator[str]:
        """Each of them once, in another order each time."""
        while True:
            yield from self._random.sample(VICTIMS, len(VICTIMS))

    def _kill(self, victim: str) -> Kill:
        killed_s = time.time()
        self._killed = victim, killed_s
        if victim == "signer":
            self._kill_signers()
        else:
            self._system.wait_for_successor(victim, self._system.kill(victim), RECOVERY_S_MAX)
        new_s = self._seconds_until(lambda: self._count(_NEW_AT_BROKER, killed_s) > 0)
        known_s = self._seconds_until(lambda: not self._books.rows(_IN_DOUBT, killed_s=killed_s))
        return Kill(victim, new_s, known_s, self._count(_PROVED_ABSENT, killed_s) > 0)

    def _kill_signers(self) -> None:
        parent = self._system.pids()["trading"]
        for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
            if _parent_of(pid) == parent and SIGNER in _command_of(pid):
                os.kill(pid, signal.SIGKILL)

    def _seconds_until(self, is_so: Callable[[], bool]) -> float:
        assert wait_until(is_so, RECOVERY_S_MAX, pause_s=0.05), self._state()
        return time.time() - self._killed[1]

    def _state(self) -> str:
        rows = [*self._books.rows(_IN_DOUBT, killed_s=self._killed[1]), *(self._books.rows(sql) for sql in _STATE)]
        lines = [
            line
            for line in self._system.output().splitlines()
            if "Unprocessable" not in line and "code=422" not in line
        ]
        return "\n".join([f"{self.kills} {self._killed}", *map(str, rows), *lines[-40:]])

    def _count(self, sql: str, killed_s: float) -> int:
        return int(self._books.value(sql, killed_s=killed_s))


def figures(kills: Sequence[Kill]) -> str:
    """A line for all and one for each victim, in seconds."""
    groups = {"all": list(kills), **{name: [one for one in kills if one.victim == name] for name in VICTIMS}}
    return "\n".join(
        f"{name}: {len(of_one)} kills; new orders {_spread([one.new_s for one in of_one])};"
        f" all known {_spread([one.known_s for one in of_one if not one.proved_absent])};"
        f" where something was proved absent {_spread([one.known_s for one in of_one if one.proved_absent])}"
        for name, of_one in groups.items()
    )


def _spread(seconds: Sequence[float]) -> str:
    return f"p50 {median(seconds):.1f} max {max(seconds):.1f} (of {len(seconds)})" if seconds else "never"


def _parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:  # it ended while we looked
        return 0


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
