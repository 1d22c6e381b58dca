"""From a market message to the order that it caused, in the demo's set-up, and where the time goes on the way.

A strategy of the benchmark's own orders one lot after every n-th match. The times are those that the system itself has
written down, and two from outside: the bus' own number of the match (whole milliseconds), and when a listener on the
database heard of the commit.
"""

import bisect
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import redis

from benchmarks.demo_system import ArrangedSystem
from benchmarks.figures import Section, percentile, progress
from qts.domain.events import TickReceived
from qts.domain.market import parse_clock

ORDERS_WANTED = 200
ORDERS_WANTED_QUICK = 40
SECONDS_MAX = 300.0
WARM_UP_ORDERS = 40  # the first answer matches of the 15 s before the start, which had to wait for it
STAGES = (
    "received -> on the bus",
    "on the bus -> strategy has answered",
    "strategy has answered -> order gated and recorded",
    "order recorded -> committed",
    "committed -> claimed by the gateway",
    "claimed -> NewOrder written to the socket",
)
COMMIT_CHANNEL = "qts_order_intents"

_ORDERS = """
    SELECT i.caused_by_received_ns, d.wal_position, d.decided_at, i.recorded_at, i.claimed_at, i.transmitted_ns
    FROM orders_intent i JOIN strategies_decision d ON d.order_id = i.order_id
    WHERE d.strategy_id = %s AND i.kind = 'PLACE' AND i.transmitted_ns IS NOT NULL AND i.attempts = 1
    ORDER BY i.id
"""


@dataclass(frozen=True, slots=True)
class TimedOrder:
    """Wall-clock milliseconds since the epoch, in the order in which they come."""

    marks_ms: tuple[float, ...]

    @property
    def whole_ms(self) -> float:
        return self.marks_ms[-1] - self.marks_ms[0]

    @property
    def decision_ms(self) -> float:
        """Until the strategy has answered."""
        return self.marks_ms[2] - self.marks_ms[0]

    def stage_ms(self, number: int) -> float:
        return self.marks_ms[number + 1] - self.marks_ms[number]


def run(section: Section, system: ArrangedSystem, *, quick: bool) -> None:
    wanted = ORDERS_WANTED_QUICK if quick else ORDERS_WANTED
    section.begin(f"market message to order, ms, {wanted} orders (min, median and max are over orders)")
    commits_ms = _trade(system, wanted)
    orders = _timed_orders(system, commits_ms)[WARM_UP_ORDERS:]
    whole = [order.whole_ms for order in orders]
    section.add("received -> NewOrder written, all stages", "ms", whole)
    for percent in (50, 90, 99):
        section.add(f"received -> NewOrder written, p{percent}", "ms", [percentile(whole, percent)])
    decided = [order.decision_ms for order in orders]
    for percent in (50, 99):
        section.add(f"received -> strategy has answered, p{percent}", "ms", [percentile(decided, percent)])
    for number, name in enumerate(STAGES):
        section.add(name, "ms", [order.stage_ms(number) for order in orders])
    section.add("orders timed", "orders", [len(orders)])
    bare = percentile(_bare_commits_ms(system), 50)
    section.add("one bare INSERT and its commit in the same database, p50", "ms", [bare])
    section.add_ratio("p50 against one bare commit", [percentile(whole, 50)], [bare])


def _trade(system: ArrangedSystem, wanted: int) -> list[float]:
    """Run the strategy until enough orders have left; when a listener heard of their commits."""
    listener = _CommitListener(system)
    _tell_strategy(system, "start")
    until = time.monotonic() + SECONDS_MAX
    with psycopg.connect(system.environment["DATABASE_URL"], autocommit=True) as database:
        while (sent := len(database.execute(_ORDERS, [system.strategy_id]).fetchall())) < wanted + WARM_UP_ORDERS:
            if time.monotonic() > until:
                break
            progress(f"{sent} orders")
            time.sleep(10)
    _tell_strategy(system, "stop")
    time.sleep(2)  # the last ones are on their way
    return listener.stop()


def _tell_strategy(system: ArrangedSystem, verb: str) -> None:
    client = system.client()
    client.post(f"/api/v1/strategies/{system.strategy_id}/{verb}/")
    client.close()


class _CommitListener:
    """Hears what the gateway hears: one notice for each commit that made something to send."""

    def __init__(self, system: ArrangedSystem) -> None:
        self._heard_ms: list[float] = []
        self._is_over = False
        self._database = psycopg.connect(system.environment["DATABASE_URL"], autocommit=True)
        self._database.execute(f"LISTEN {COMMIT_CHANNEL}")
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> list[float]:
        self._is_over = True
        self._thread.join()
        self._database.close()
        return self._heard_ms

    def _listen(self) -> None:
        while not self._is_over:
            for _ in self._database.notifies(timeout=1.0, stop_after=1):
                self._heard_ms.append(time.time() * 1000)


def _timed_orders(system: ArrangedSystem, commits_ms: Sequence[float]) -> list[TimedOrder]:
    with psycopg.connect(system.environment["DATABASE_URL"]) as database:
        rows = database.execute(_ORDERS, [system.strategy_id]).fetchall()
    schedule = parse_clock(system.environment["MARKET_CLOCK"])
    published_ms = _published_ms(system)
    timed = []
    for received_ns, wal_position, decided_at, recorded_at, claimed_at, transmitted_ns in rows:
        recorded_ms = _ms(recorded_at)
        heard = bisect.bisect_left(commits_ms, recorded_ms)
        if wal_position not in published_ms or heard == len(commits_ms):
            continue
        received_ms = received_ns / 1e6
        marks = (
            received_ms,
            max(received_ms, published_ms[wal_position]),  # the bus counts whole milliseconds, rounded down
            schedule.wall_at(decided_at) * 1000,
            recorded_ms,
            min(commits_ms[heard], _ms(claimed_at)),  # the gateway may have heard of it before this listener
            _ms(claimed_at),
            transmitted_ns / 1e6,
        )
        timed.append(TimedOrder(marks))
    return timed


def _published_ms(system: ArrangedSystem) -> dict[str, int]:
    """When each match reached the bus, by its place in the write-ahead log."""
    client: Any = redis.Redis.from_url(system.environment["REDIS_URL"])
    found = {}
    for number, fields in client.xrange(f"qts:bus:{TickReceived.topic}"):
        body = fields[b"b"].decode()
        position = body.partition('"wal_position":"')[2].partition('"')[0]
        found[position] = int(number.partition(b"-")[0])
    return found


def _ms(moment: datetime) -> float:
    return moment.timestamp() * 1000


def _bare_commits_ms(system: ArrangedSystem, count: int = 200) -> list[float]:
    """The yardstick: what this database needs to make one row durable."""
    took = []
    with psycopg.connect(system.environment["DATABASE_URL"], autocommit=True) as database:
        database.execute("CREATE TABLE bare_commit (id bigserial PRIMARY KEY, body text)")
        for _ in range(count):
            began = time.perf_counter()
            database.execute("INSERT INTO bare_commit (body) VALUES (%s)", ["x" * 200])
            took.append((time.perf_counter() - began) * 1000)
        database.execute("DROP TABLE bare_commit")
    return took
