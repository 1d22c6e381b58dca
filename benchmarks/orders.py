"""What an order costs until it is durable: gate, reservation, order and event in one transaction, inside of a running
system, with one account, eight and thirty-two, and with five and fifty thousand orders of the day behind it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.demo_system import ArrangedSystem
from benchmarks.figures import Section, percentile, progress
from qts.embedded.options import ROOT

PROCESSES = 4  # two for each core: one waits for the disk while the other works
ACCOUNTS = (1, 8, 32)
PAST_ORDERS = (5_000, 50_000)


def run(section: Section, system: ArrangedSystem, *, quick: bool) -> None:
    count = 100 if quick else 600
    section.begin(f"{count} orders each, while the market runs at ten times its speed")
    for number in ACCOUNTS:
        progress(f"{number} account{'s' if number > 1 else ''}")
        _with_accounts(section, system, number, count)
    _with_a_past(section, system, count)


def _with_accounts(section: Section, system: ArrangedSystem, number: int, count: int) -> None:
    account_ids = _accounts(system, number)
    workers = min(number, PROCESSES)
    shares = [account_ids[worker::workers] for worker in range(workers)]
    took, seconds = _submit(system, shares, count // workers)
    name = f"{number} account{'s' if number > 1 else ''}"
    section.add(f"{name}: submitted and durable", "orders/s", [count / seconds])
    for percent in (50, 99):
        these, floor = percentile(took["submit"], percent), percentile(took["bare"], percent)
        section.add(f"{name}: submit_order, p{percent}", "ms", [these])
        section.add(f"{name}: two rows and a commit, p{percent}", "ms", [floor])
        section.add_ratio(f"{name}: submit_order against it, p{percent}", [these], [floor])


def _with_a_past(section: Section, system: ArrangedSystem, count: int) -> None:
    medians = []
    for past in PAST_ORDERS:
        progress(f"{past:,} orders before")
        took, _seconds = _submit(system, [_accounts(system, 1, past)], count)
        medians.append(percentile(took["submit"], 50))
        section.add(f"after {past:,} orders of the day: submit_order, p50", "ms", [medians[-1]])
    section.add_ratio("after 50,000 against after 5,000, p50", [medians[1]], [medians[0]])


def _accounts(system: ArrangedSystem, number: int, past_orders: int = 0) -> list[str]:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.order_accounts", str(number), str(past_orders)],
        cwd=ROOT, env=os.environ | system.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[str] = json.loads(told.stdout)
    return found


def _submit(
    system: ArrangedSystem, shares: Sequence[Sequence[str]], count: int
) -> tuple[dict[str, list[float]], float]:
    """One process for each share of the accounts; the milliseconds of all of them, and the seconds that the slowest
    one needed for its orders alone, without the floor's rows."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.order_rate", ",".join(share), str(count)],
            cwd=ROOT, env=os.environ | system.environment, stdout=subprocess.PIPE, text=True,
        )
        for share in shares
    ]  # fmt: skip
    took: dict[str, list[float]] = {"submit": [], "bare": []}
    slowest_s = 0.0
    for worker in workers:
        out, _nothing = worker.communicate()
        assert worker.returncode == 0, "a worker failed; its reason stands above"
        told: dict[str, list[float]] = json.loads(out)
        slowest_s = max(slowest_s, sum(told["submit"]) / 1_000)
        for name, millis in told.items():
            took[name] += millis
    return took, slowest_s
