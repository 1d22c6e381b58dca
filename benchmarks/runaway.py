"""A strategy that emits ten thousand signals in a second, a hundred with each of a hundred matches: how long it lives,
how many orders get out, and what the owner of another account notices of it.

Ten orders at once are work for a small machine, whoever sends them. So each flood is preceded by a strategy in its
right mind that is asked ten times and sends its ten orders: what it costs the other account is the measure of what the
flood costs beyond them."""

import json
import os
import subprocess
import sys
import threading
import time
from typing import Any
from uuid import uuid4

from benchmarks import demo_system
from benchmarks.demo_system import ArrangedSystem
from benchmarks.figures import Section, percentile, progress
from qts.embedded.options import ROOT

FLOODED = "1184411"  # the account beside the one that is measured
SYMBOL, EVERY_S = "VIB", 0.25
ORDERS_MAX = 10
SANE, FLOOD = (ORDERS_MAX, 1), (100, 100)  # matches, and orders that are wanted with each
Told = list[dict[str, Any]]


def run(section: Section, *, quick: bool) -> None:
    floods = 3 if quick else 14
    with demo_system.started(orders_per_second_max=ORDERS_MAX, speed=1.0) as system:
        section.begin(f"{floods} floods of 10,000 signals; a person orders in another account all the time")
        _measure(section, system, floods)


def _measure(section: Section, system: ArrangedSystem, floods: int) -> None:
    person = _Person(system)
    command = [sys.executable, "-m", "benchmarks.flooding", FLOODED]
    with (
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | system.environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as inside,
        person,
    ):  # fmt: skip
        assert inside.stdin is not None
        assert inside.stdout is not None
        assert inside.stdout.readline() == "ready\n"
        sane: Told = []
        told: Told = []
        for number in range(floods):
            progress(f"flood {number + 1}")
            for (matches, each), results in ((SANE, sane), (FLOOD, told)):
                inside.stdin.write(f"{matches} {each}\n")
                inside.stdin.flush()
                results.append(json.loads(inside.stdout.readline()))
        inside.stdin.close()
    assert {one["orders"] for one in sane} == {ORDERS_MAX}
    section.add("from the first match on the bus to the strategy's end", "s", [one["disabled_s"] for one in told])
    section.add("orders that got out", "orders", [one["orders"] for one in told])
    times = {
        "calm": [ms for at_s, ms in person.took if not _is_within(at_s, sane + told)],
        "beside ten orders of a strategy": [ms for at_s, ms in person.took if _is_within(at_s, sane)],
        "beside a flood": [ms for at_s, ms in person.took if _is_within(at_s, told)],
    }
    for name, took in times.items():
        for percent in (50, 99):
            section.add(f"an order of the other account, {name}, p{percent}", "ms", [percentile(took, percent)])
    calm, sanely, flooded = ([percentile(took, 99)] for took in times.values())
    section.add_ratio("p99 beside a flood against beside ten orders", flooded, sanely)
    section.add_ratio("p99 beside a flood against calm", flooded, calm)
    assert max(one["orders"] for one in told) <= ORDERS_MAX


def _is_within(at_s: float, told: Told) -> bool:
    return any(one["from_s"] <= at_s <= one["until_s"] for one in told)


class _Person:
    """Orders at a steady pace in a thread; `took` holds when each was sent (wall clock) and its milliseconds."""

    def __init__(self, system: ArrangedSystem) -> None:
        self.took: list[tuple[float, float]] = []
        self._client = system.client()
        quote = next(one for one in self._client.get("/api/v1/quotes/") if one["symbol"] == SYMBOL)
        self._order = {
            "account_id": system.account_id, "symbol": SYMBOL, "side": "BUY", "order_type": "LO", "quantity": 100,
            "price_vnd": quote["ceiling_vnd"],
        }  # fmt: skip
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._trade)

    def __enter__(self) -> "_Person":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._client.close()

    def _trade(self) -> None:
        while not self._is_over.wait(EVERY_S):
            at_s, began = time.time(), time.perf_counter()
            self._client.post("/api/v1/orders/", self._order, status=201, Idempotency_Key=str(uuid4()))
            self.took.append((at_s, (time.perf_counter() - began) * 1000))
