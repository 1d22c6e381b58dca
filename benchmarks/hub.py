"""What 500 open pages see, and what they cost: `python -m benchmarks --only hub`.

The web server, the intake and the clients are processes of their own. The intake is the system's (log, decode, bus,
live state), fed with 5,000 frames a second over 500 symbols. Each client follows 50 of them at random, in a session of
a browser (250 ms). Every book and quote carries the millisecond in which it was sent, in a quantity; clients read it
back. Age is that of the latest of each symbol in a message at the moment in which the message is there.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, Section, progress
from benchmarks.processes import memory_mib, processor_s
from qts.embedded.options import ROOT
from qts.embedded.ports import free_port
from qts.embedded.postgres import EmbeddedPostgres
from qts.embedded.valkey import EmbeddedValkey

SYMBOLS: Final = 500
FOLLOWED: Final = 50
RATE: Final = 5_000
FEW, MANY, SLOW = 100, 500, 200
CLOCK: Final = "affine:2026-11-20,09:30:00,15:00:00,{now},1"


@dataclass(frozen=True, slots=True)
class Hub:
    environment: Mapping[str, str]
    cookies: list[str]
    web_pid: int
    port: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """One measured stretch; ages in ms."""

    clients: int
    age_ms_p50: float
    age_ms_p99: float
    deliveries: int
    web_s: float
    seconds: float
    fed: float
    dropped: int
    memory_mib: float

    @property
    def us_per_delivery(self) -> float:
        return self.web_s / self.deliveries * 1e6


def run(section: Section, folder: Path, *, quick: bool) -> None:
    seconds, repeats = (8.0, 1) if quick else (20.0, 3)
    with _hub(folder) as hub:
        section.begin(f"{FOLLOWED} of {SYMBOLS} symbols each, {RATE:,} messages/s, stretches of {seconds:.0f} s")
        rounds = [_round(hub, seconds) for _ in range(repeats)]
        few, many, beside = ([one[place] for one in rounds] for place in range(3))
        for name, found in ((f"{FEW} clients", few), (f"{MANY} clients", many), (f"{MANY} and {SLOW} slow", beside)):
            _report(section, name, found)
        costs = [[one.us_per_delivery for one in found] for found in (many, few)]
        section.add_ratio(f"processor time a delivery, {MANY} against {FEW} clients", *costs)
        p99s = [[one.age_ms_p99 for one in found] for found in (beside, many)]
        section.add_ratio(f"p99 age beside {SLOW} slow clients against without", *p99s)
        _ingestion(section, hub, seconds, repeats)


def _report(section: Section, name: str, found: list[Stretch]) -> Figure:
    section.add(f"{name}: age of what is shown, p50", "ms", [one.age_ms_p50 for one in found])
    section.add(f"{name}: deliveries", "messages/s", [one.deliveries / one.seconds for one in found])
    section.add(f"{name}: processor time of the web process", "cores", [one.web_s / one.seconds for one in found])
    section.add(f"{name}: a delivery, processor time", "us", [one.us_per_delivery for one in found])
    section.add(f"{name}: memory of the web process", "MiB", [one.memory_mib for one in found])
    section.add(f"{name}: fed", "messages/s", [one.fed for one in found])
    section.add(f"{name}: dropped", "clients", [float(one.dropped) for one in found])
    return section.add(f"{name}: age of what is shown, p99", "ms", [one.age_ms_p99 for one in found])


def _round(hub: Hub, seconds: float) -> tuple[Stretch, Stretch, Stretch]:
    with _fed(hub, RATE) as feed:
        return (
            _watched(hub, feed, FEW, 0, seconds),
            _watched(hub, feed, MANY, 0, seconds),
            _watched(hub, feed, MANY, SLOW, seconds),
        )


def _watched(hub: Hub, feed: "Helper", clients: int, slow: int, seconds: float) -> Stretch:
    progress(f"{clients} clients, {slow} slow")
    with Helper("hub_clients", hub, str(hub.port), str(clients), str(slow), str(FOLLOWED), *hub.cookies) as watchers:
        watchers.hear()
        time.sleep(3)
        spent_s, began = processor_s(hub.web_pid), time.monotonic()
        fed = feed.ask("count")["sent"]
        watchers.ask("begin")
        time.sleep(seconds)
        told = watchers.ask("end")
        took_s = time.monotonic() - began
        found = Stretch(
            clients=clients,
            age_ms_p50=told["p50"],
            age_ms_p99=told["p99"],
            deliveries=told["messages"],
            web_s=processor_s(hub.web_pid) - spent_s,
            seconds=took_s,
            fed=(feed.ask("count")["sent"] - fed) / took_s,
            dropped=told["dropped"],
            memory_mib=memory_mib(hub.web_pid),
        )
        progress(str(found))
        return found


def _ingestion(section: Section, hub: Hub, seconds: float, repeats: int) -> None:
    """As fast as it can, with and without an audience, in turns."""
    alone, attached = [], []
    for _ in range(repeats):
        alone.append(_reached(hub, seconds))
        with Helper("hub_clients", hub, str(hub.port), str(MANY), "0", str(FOLLOWED), *hub.cookies) as watchers:
            watchers.hear()
            attached.append(_reached(hub, seconds))
    section.add("ingestion, nobody looks", "messages/s", [one[0] for one in alone])
    section.add(f"ingestion, {MANY} clients", "messages/s", [one[0] for one in attached])
    section.add_ratio("ingestion with clients against without", [one[0] for one in attached], [one[0] for one in alone])
    costs = [[one[1] for one in found] for found in (attached, alone)]
    section.add_ratio("the same, processor time of the intake a message", *costs)


def _reached(hub: Hub, seconds: float) -> tuple[float, float]:
    """Messages a second, and processor seconds of the intake's process for each."""
    with _fed(hub, 0) as feed:
        before, spent_s, began = feed.ask("count")["sent"], processor_s(feed.pid), time.monotonic()
        time.sleep(seconds / 2)
        sent = feed.ask("count")["sent"] - before
        return sent / (time.monotonic() - began), (processor_s(feed.pid) - spent_s) / sent


@contextmanager
def _fed(hub: Hub, rate: int) -> "Iterator[Helper]":
    with Helper("hub_feed", hub, str(rate), str(SYMBOLS)) as feed:
        feed.hear()
        yield feed


class Helper:
    """A process that answers each line of its input with one of JSON."""

    def __init__(self, module: str, hub: Hub, *arguments: str) -> None:
        self._command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
        self._environment = os.environ | dict(hub.environment)

    def __enter__(self) -> "Helper":
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self._command[2]} has ended"
        return json.loads(line)

    def ask(self, word: str) -> Any:
        assert self._process.stdin is not None
        print(word, file=self._process.stdin, flush=True)
        return self.hear()


@contextmanager
def _hub(folder: Path) -> Iterator[Hub]:
    """A web server with its own PostgreSQL and Valkey, 500 securities, and ten people logged in."""
    progress("starting servers")
    with ExitStack() as stack:
        postgres = EmbeddedPostgres(folder / "postgres", is_durable=False)
        valkey = EmbeddedValkey(folder / "valkey")
        stack.callback(postgres.stop)
        postgres.start()
        postgres.create_database()
        stack.callback(valkey.stop)
        valkey.start()
        environment = {
            "DJANGO_SETTINGS_MODULE": "qts.settings.test",
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "QTS_DATA_DIR": str(folder / "data"),
            "MARKET_CLOCK": CLOCK.format(now=time.time()),
        }
        prepared = subprocess.run(
            [sys.executable, "-m", "benchmarks.hub_prepare", str(SYMBOLS)],
            cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        cookies = json.loads(prepared.stdout.splitlines()[-1])
        port = free_port()
        # on a busy machine the clients may be the ones that are late
        patience = ("--ping-timeout", "120", "--websocket_connect_timeout", "120")
        command = [sys.executable, "-m", "daphne", "-v", "0", *patience, "-p", str(port), "qts.asgi:application"]
        web = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)
        stack.callback(web.wait)
        stack.callback(web.terminate)
        yield Hub(environment, cookies, web.pid, port)
