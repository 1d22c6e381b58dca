"""One run of QTS in a process of its own: `python -m benchmarks.backtest_run HOW FOLDER SIZE FILL`; prints JSON."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from qts.backtest import BacktestSpec, BarPeriod, BarTable, FillAt, StrategyPart
from qts.backtest.engine import run
from qts.backtest.sweep import sweep
from qts.domain.market import Instrument
from qts.domain.portfolio import FeeSchedule
from qts.domain.values import Exchange, InstrumentKind
from qts.quant.indicators import load_library

CASH = 1_000_000_000
# GOOG's prices have cents: a dollar is 1,000 VND, so that 0.2 % of 100 shares is whole
SCALES = {"goog": 1_000}
TRADING_MINUTES = 225


def main(how: str, folder: Path, size: str, fill: str) -> None:
    scale = SCALES.get(size, 1)
    table = _table(folder, size, scale, in_sessions="rules" in how)
    spec = _spec(table, size, scale, None if "rules" in how else FillAt(fill.upper()))
    load_library()  # as the peers have loaded theirs
    if how == "columns":
        sweep(spec, table, _grid(size))  # vectorbt's figure is of its second time, too
    began = time.perf_counter()
    if how == "columns":
        rows = sweep(spec, table, _grid(size))
        equity, fills = sum(row.last_equity_vnd for row in rows), sum(row.fill_count for row in rows)
    else:
        result = run(spec, table)
        equity, fills = result.last_equity_vnd, len(result.fills)
    told = {"run_s": time.perf_counter() - began, "equity": equity / scale, "fills": fills}
    sys.stdout.write(json.dumps(told | {"rss_mb": _peak_mb()}) + "\n")


def _peak_mb() -> float:
    """Of this program alone; getrusage counts what the parent was before it became this."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1_024


def _grid(size: str) -> dict[str, list[int]]:
    if size.startswith("sweep"):
        return {"fast": list(range(5, 25)), "slow": list(range(30, 130, 5))}
    return {"fast": [10], "slow": [20]}


def _table(folder: Path, size: str, scale: int, *, in_sessions: bool) -> BarTable:
    stored = np.load(folder / f"{size.removeprefix('sweep_')}.npz")
    times_ms = stored["ts"] // 1_000_000
    if in_sessions:
        times_ms = _session_minutes(len(times_ms), int(times_ms[0]))
    prices = stored["x"] if stored["x"].ndim == 3 else stored["x"][None]
    tables = []
    for number, columns in enumerate(prices):
        whole = [np.rint(column * scale).astype(np.int64) for column in columns[:4]]
        tables.append(BarTable.of_columns(f"S{number:02d}", times_ms, *whole, columns[4]))
    return BarTable.merged(tables) if len(tables) > 1 else tables[0]


def _session_minutes(count: int, first_ms: int) -> Any:
    """The same bars at the minutes of continuous trading on weekdays: from 09:15 for 135 minutes, from 13:00 for 90."""
    number = np.arange(count)
    day, minute = number // TRADING_MINUTES, number % TRADING_MINUTES
    monday_ms = (first_ms // 86_400_000 + 4) // 7 * 7 * 86_400_000 - 3 * 86_400_000 - 7 * 3_600_000
    of_day = np.where(minute < 135, 9 * 60 + 15 + minute, 13 * 60 + minute - 135)
    return monday_ms + (day // 5 * 7 + day % 5) * 86_400_000 + of_day * 60_000


def _spec(table: BarTable, size: str, scale: int, frictionless: FillAt | None) -> BacktestSpec:
    return BacktestSpec(
        parts=[StrategyPart("moving_average_cross", {"fast": 10, "slow": 20, "quantity": 100})],
        instruments={name: Instrument(name, Exchange.HOSE, InstrumentKind.STOCK) for name in table.symbols},
        period=BarPeriod.DAY if size == "goog" else BarPeriod.MINUTE,
        cash_vnd=CASH * scale,
        fees=FeeSchedule(fee_rate_bps=20, sale_tax_rate_bps=0),
        frictionless=frictionless,
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
