"""The gate: full checks a second in one process with every control on, and what a snapshot of a running system costs.

The orders are of all kinds and sizes, every limit is in force and wide, nearly all of them pass: what a trading day is
like. The floor is six bare comparisons, a fill and its position in one plain function.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.demo_system import ArrangedSystem
from benchmarks.figures import Section, percentile, progress
from benchmarks.peers import PeerMissing, peer_environment, peer_output
from benchmarks.risk_orders import Asked, cases, rate
from qts.domain.orders import OrderIntent
from qts.domain.risk import LIMIT_CODES, RULES, RiskSnapshot, evaluate
from qts.embedded.options import ROOT

RUNS, ORDERS = 5, 40_000
PEER = "nautilus_trader"


def run_gate(section: Section, *, quick: bool) -> None:
    section.begin(f"the gate alone, {len(RULES)} controls, {len(LIMIT_CODES)} limits in force")
    asked = cases(ORDERS // 10 if quick else ORDERS)
    passed = sum(not evaluate(*each) for each in asked)
    assert 0.9 < passed / len(asked) < 1, f"{passed} of {len(asked)} pass"
    rates, floors = [], []
    for _ in range(RUNS):
        rates.append(rate(evaluate, asked))
        floors.append(rate(_Floor().check, asked))
    section.add("full checks in one process", "orders/s", rates)
    by_processor = [rate(evaluate, asked, time.process_time) for _ in range(RUNS)]
    section.add("full checks in one second of processor time", "orders/s", by_processor)
    section.add("floor: six comparisons and a fill", "orders/s", floors)
    section.add_ratio("full checks against the floor", rates, floors)
    micros = [micro for _ in range(RUNS) for micro in _each_us(asked)]
    for percent in (50, 99, 99.9):
        section.add(f"one full check, p{percent}", "us", [percentile(micros, percent)])


def run_beside(section: Section, folder: Path, *, quick: bool) -> None:
    """In an environment that holds nothing but NautilusTrader, in turns with its risk engine, on the same orders."""
    try:
        python = peer_environment(folder / f"peer-{PEER}", PEER)
        count = ORDERS // 10 if quick else ORDERS // 2
        answer = peer_output([python, "-m", "benchmarks.risk_peer", str(count), str(RUNS)])
    except PeerMissing as why:
        progress(f"{PEER} left out: {why}")
        return
    found = json.loads(answer.splitlines()[-1])
    section.add(f"{PEER} {found['version']}, its risk engine's checks", "orders/s", found["peer"])
    section.add("full checks beside it", "orders/s", found["own"])
    section.add_ratio("full checks against its risk engine", found["own"], found["peer"])


def run_snapshot(section: Section, system: ArrangedSystem, *, quick: bool) -> None:
    """Inside of the running system, as the orders' service builds it: books, limits, orders, live market."""
    for name, millis in _inside("benchmarks.risk_snapshot", system, 200 if quick else 2_000).items():
        for percent in (50, 99):
            section.add(f"snapshot, {name}, p{percent}", "ms", [percentile(millis, percent)])
    millis = _inside("benchmarks.risk_limit_change", system, 50 if quick else 300)["millis"]
    for percent in (50, 99):
        section.add(f"from a tightened limit to its first refusal, p{percent}", "ms", [percentile(millis, percent)])
    stopped = _inside("benchmarks.risk_kill", system, 10 if quick else 100)
    for name, told in (("silent", "the last byte of a new order"), ("cleared", "the last order asked for back")):
        for percent in (50, 99):
            section.add(f"from a stop to {told}, p{percent}", "ms", [percentile(stopped[name], percent)])
    section.add("orders sent before each stop", "orders", stopped["sent before"])


def _inside(module: str, system: ArrangedSystem, count: int) -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-m", module, system.account_id, str(count)],
        cwd=ROOT, env=os.environ | system.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


class _Floor:
    """What a loop without any of this would do."""

    def __init__(self) -> None:
        self.position, self.cash_vnd, self.cost_vnd, self.open = 0, 10**15, 0, 0

    def check(self, snapshot: RiskSnapshot, intent: OrderIntent) -> bool:
        price, quantity = 25_000, intent.request.quantity
        value = price * quantity
        if quantity % 100 or price % 50 or not 23_250 <= price <= 26_750 or value > 10**13:
            return False
        if value > self.cash_vnd or self.open > 100:
            return False
        self.position += quantity
        self.cash_vnd -= value
        self.cost_vnd += value
        return True


def _each_us(asked: list[Asked]) -> list[float]:
    clock, micros = time.perf_counter_ns, []
    for snapshot, intent in asked:
        started = clock()
        evaluate(snapshot, intent)
        micros.append((clock() - started) / 1_000)
    return micros
