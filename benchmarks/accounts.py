"""The books: fills booked in batches, the whole made again from its entries, live values, and the positions page, on
servers of its own."""

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


def run(section: Section, folder: Path, *, quick: bool) -> None:
    postgres = EmbeddedPostgres(folder / "accounts-postgres", is_durable=True)
    valkey = EmbeddedValkey(folder / "accounts-valkey", is_durable=False)
    try:
        postgres.start()
        valkey.start()
        section.begin("every commit flushed to the disk")
        progress("booking fills, rebuilding, watching prices")
        _tell(section, _measure(folder, postgres.url, valkey.url, quick=quick))
    finally:
        valkey.stop()
        postgres.stop()


def _measure(folder: Path, database_url: str, redis_url: str, *, quick: bool) -> dict[str, Any]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "qts.settings.test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "QTS_DATA_DIR": str(folder / "accounts-var"),
        "MARKET_CLOCK": "affine:2026-11-23,10:15:00,17:15:01,9999999999,1",  # stands still in the morning
    }
    command = [sys.executable, "-m", "benchmarks.accounts_work", *(["quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(section: Section, found: dict[str, Any]) -> None:
    floors = [run["rows_per_s"] for run in found["floor"]]
    section.add("floor: bare rows into one table, 100 a commit", "rows/s", floors)
    for size, runs in found["booking"].items():
        rates = [run["fills_per_s"] for run in runs]
        section.add(f"book_fills, {size} at a time, 10 accounts", "fills/s", rates)
        section.add(f"the same, processor time of the worker, {size} at a time", "ms a fill", [
            run["own_ms"] for run in runs
        ])  # fmt: skip
    alone, together = ([run["fills_per_s"] for run in found["booking"][size]] for size in ("1", "200"))
    section.add_ratio("200 at a time against one by one", together, alone)
    stream = found["stream"]
    section.add("order stream to books: order, event, fill, ledger", "fills/s", [run["fills_per_s"] for run in stream])
    section.add("the same, processor time of the worker", "ms a fill", [run["own_ms"] for run in stream])
    section.add(f"rebuild of {found['entries']:,} entries of one account, checked", "s", found["rebuild_s"])
    live, again = found["live_per_s"], found["added_up_per_s"]
    section.add("live P&L, 100 accounts x the same 50 symbols, one step a price", "prices/s", live)
    section.add("the same, every holder added up again at each price", "prices/s", again)
    section.add_ratio("steps against adding up again", live, again)
    section.add("5,000 prices through 100 sockets' channels, a frame each 250 ms", "processor s", found["sockets_s"])
    for name, took in found["pages_ms"].items():
        for kind, took_ms in took.items():
            section.add(f"{name}, 1,000 positions, {kind}, p50", "ms", [percentile(took_ms, 50)])
            section.add(f"{name}, 1,000 positions, {kind}, p95", "ms", [percentile(took_ms, 95)])
