"""Requests a second and their latency against Daphne of the running demo, with one and with eight clients.

/healthz, a view that does nothing behind the same middleware, is the floor in the same run; for orders there is another
one, `benchmarks.bare_post`, which makes one row durable and nothing else. Orders are real: each one passes the gate, is
recorded, sent to the exchange and filled while the next ones come.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg

from benchmarks.demo_system import ArrangedSystem, Client
from benchmarks.figures import Section, percentile, progress
from qts.embedded import processes
from qts.embedded.options import ROOT
from qts.embedded.ports import accepts, free_port

CLIENTS = (1, 8)
SETTLE_TIMEOUT_S = 60.0
BARE_START_S = 30.0

BARE, ORDER = "bare DRF, one row", "POST /api/v1/orders/"

Act = Callable[[Client], object]


@dataclass(frozen=True, slots=True)
class Burst:
    """`took_ms` of each request, by all clients together in `seconds`."""

    took_ms: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.took_ms) / self.seconds


@dataclass(frozen=True, slots=True)
class _Load:
    clients: int
    requests: int
    repeats: int


def run(section: Section, system: ArrangedSystem, *, quick: bool) -> None:
    requests, repeats = (40, 2) if quick else (120, 5)
    section.begin(f"{requests} requests a burst, kept connections, logged in")
    acts = _acts(system)
    with _bare_server(system) as bare_port:
        for clients in CLIENTS:
            progress(f"{clients} at a time")
            _tell(section, clients, _measure(system, acts, {BARE: bare_port}, _Load(clients, requests, repeats)))


def _measure(
    system: ArrangedSystem, acts: Mapping[str, Act], ports: Mapping[str, int], load: _Load
) -> dict[str, list[Burst]]:
    """In turns, so that a neighbour's load meets all of them. `ports`: of those that the system does not serve."""
    bursts: dict[str, list[Burst]] = {name: [] for name in acts}
    for name, act in acts.items():
        _burst(system, act, load.clients, load.requests // 4, ports.get(name))
    for _ in range(load.repeats):
        for name, act in acts.items():
            bursts[name].append(_burst(system, act, load.clients, load.requests, ports.get(name)))
        _wait_until_settled(system)
    return bursts


def _tell(section: Section, clients: int, bursts: dict[str, list[Burst]]) -> None:
    floor = [burst.rate for burst in bursts["GET /healthz"]]
    for name, measured in bursts.items():
        whose = f"{name}, {clients} client{'s' if clients > 1 else ''}"
        rates = [burst.rate for burst in measured]
        section.add(f"{whose}: rate", "requests/s", rates)
        for percent in (50, 99):
            runs = [percentile(burst.took_ms, percent) for burst in measured]
            section.add(f"{whose}: p{percent}", "ms", runs)
        if rates != floor:
            section.add_ratio(f"{whose}: rate against /healthz", rates, floor)
        if name == ORDER:
            section.add_ratio(f"{whose}: rate against {BARE}", rates, [burst.rate for burst in bursts[BARE]])


def _acts(system: ArrangedSystem) -> dict[str, Act]:
    symbol, price_vnd = _cheapest(system)
    order = {
        "account_id": system.account_id,
        "symbol": symbol,
        "side": "BUY",
        "order_type": "LO",
        "quantity": 100,
        "price_vnd": price_vnd,
    }
    return {
        "GET /healthz": lambda client: client.get("/healthz"),
        "GET /api/v1/quotes/": lambda client: client.get("/api/v1/quotes/"),
        BARE: lambda client: client.post("/orders/", order, status=201),
        ORDER: lambda client: client.post("/api/v1/orders/", order, status=201, Idempotency_Key=str(uuid4())),
    }


@contextmanager
def _bare_server(system: ArrangedSystem) -> Iterator[int]:
    """The floor's own Daphne, on the same database."""
    port = free_port()
    with psycopg.connect(system.environment["DATABASE_URL"], autocommit=True) as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS bench_bare_post"
            " (id bigserial PRIMARY KEY, symbol text, side text, quantity bigint, price_vnd bigint)"
        )
    command = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port), "benchmarks.bare_post:application"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | system.environment) as server:
        try:
            assert processes.wait_until(lambda: accepts(port), BARE_START_S), "the bare server does not come"
            yield port
        finally:
            server.terminate()


def _cheapest(system: ArrangedSystem) -> tuple[str, int]:
    """A symbol whose lots the account can afford all along, at its ceiling: such an order fills at once."""
    client = system.client()
    quotes = [quote for quote in client.get("/api/v1/quotes/") if quote["last_vnd"] and quote["ceiling_vnd"]]
    client.close()
    found = min(quotes, key=lambda quote: quote["last_vnd"])
    return found["symbol"], found["ceiling_vnd"]


def _burst(system: ArrangedSystem, act: Act, clients: int, requests: int, port: int | None = None) -> Burst:
    took_ms: list[float] = []
    failures: list[Exception] = []
    together = threading.Barrier(clients + 1)

    def work() -> None:
        client = Client(system, port)
        try:
            client.get("/orders/" if port else "/healthz")  # connects
            together.wait()
            for _ in range(requests // clients):
                began = time.perf_counter()
                act(client)
                took_ms.append((time.perf_counter() - began) * 1000)
        except Exception as error:
            failures.append(error)
            together.abort()
        finally:
            client.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    together.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return Burst(took_ms, time.perf_counter() - began)


def _wait_until_settled(system: ArrangedSystem) -> None:
    """Until the gateway has sent what was ordered, so that the next burst does not pay for this one."""
    until = time.monotonic() + SETTLE_TIMEOUT_S
    with psycopg.connect(system.environment["DATABASE_URL"], autocommit=True) as database:
        while time.monotonic() < until:
            row = database.execute("SELECT count(*) FROM orders_intent WHERE state IN ('READY', 'CLAIMED')").fetchone()
            if row == (0,):
                return
            time.sleep(0.5)
    raise AssertionError("the gateway does not catch up")
