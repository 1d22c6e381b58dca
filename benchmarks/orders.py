"""An order from the asking to its durable row: gate, reservation, event and intent in one transaction, on servers of
its own. The floor, in the same run and on the same disk: two inserts and a commit."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.figures import Section, percentile, progress
from qts.embedded.options import ROOT
from qts.embedded.postgres import EmbeddedPostgres
from qts.embedded.valkey import EmbeddedValkey

ACCOUNTS = (1, 8, 32)
HISTORIES = (5_000, 50_000)
RUNS = 5


def run(section: Section, folder: Path, *, quick: bool) -> None:
    postgres = EmbeddedPostgres(folder / "orders-postgres", is_durable=True)
    valkey = EmbeddedValkey(folder / "orders-valkey", is_durable=False)
    try:
        postgres.start()
        valkey.start()
        count = 100 if quick else 400
        section.begin(f"{count} orders a run, every commit flushed to the disk")
        _tell(section, _measure(folder, postgres.url, valkey.url, count))
    finally:
        valkey.stop()
        postgres.stop()


def _measure(folder: Path, database_url: str, redis_url: str, count: int) -> dict[str, Any]:
    progress("asking the gate")
    environment = {
        "DJANGO_SETTINGS_MODULE": "qts.settings.test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "QTS_DATA_DIR": str(folder / "orders-var"),
        "MARKET_CLOCK": "affine:2026-11-23,10:15:00,17:15:01,9999999999,1",  # stands still in the morning
    }
    command = [sys.executable, "-m", "benchmarks.order_submission", str(count), str(RUNS)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(section: Section, found: dict[str, Any]) -> None:
    floors = [[percentile(run, percent) for run in found["floor"]] for percent in (50, 99)]
    for percent, floor in zip((50, 99), floors, strict=True):
        section.add(f"floor: two inserts and a commit, p{percent}", "ms", floor)
    for accounts in ACCOUNTS:
        runs = found["accounts"][str(accounts)]
        whose = f"submit_order, {accounts} account{'s' if accounts > 1 else ''}"
        section.add(f"{whose}: rate", "orders/s", [len(run["took_ms"]) / run["seconds"] for run in runs])
        for percent, floor in zip((50, 99), floors, strict=True):
            measured = [percentile(run["took_ms"], percent) for run in runs]
            section.add(f"{whose}: p{percent}", "ms", measured)
            if accounts == 1:
                section.add_ratio(f"{whose}: p{percent} against the floor", measured, floor)
    few, many = ([percentile(run, 50) for run in found["histories"][str(size)]] for size in HISTORIES)
    for size, medians in zip(HISTORIES, (few, many), strict=True):
        section.add(f"one order after {size:,}, p50", "ms", medians)
    section.add_ratio("an order after 50,000 against one after 5,000", many, few)
