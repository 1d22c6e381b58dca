"""Backtests a second: the event loop and the sweep over columns beside other engines.

All run the strategy, the bars and the way of filling of the published comparison of peers (SMA 10 and 20, 100 shares,
0.2 % a side, filled at the next open), each in a process of its own and in turns; each peer in a throwaway environment.
A run whose final equity is another than ours is an error. Left out, with the reason, where the comparison is not there.
"""

import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Section, progress
from benchmarks.peers import PeerMissing, peer_environment, peer_output
from qts.embedded.options import ROOT

SHARED = Path(os.environ.get("QTS_SHARED_DATA", ROOT.parent / "shared" / "data"))
PROGRAM = SHARED.parent / "bench" / "peers_backtest.py"
GOOG = SHARED / "peer" / "GOOG.csv"
FILL = "next_open"
PEERS = {
    "backtesting": "backtesting==0.6.6",
    "backtrader": "backtrader==1.9.78.123",
    "vectorbt": "vectorbt",
    "nautilus": "nautilus_trader",
}
PACKAGES = {"backtrader": ["pandas"]}
EVENTS, COLUMNS, RULES = "event loop", "columns", "event loop with the market's rules"
# which peers get through a size in a minute or so
SIZES = {
    "100k": ((EVENTS, COLUMNS, RULES), tuple(PEERS)),
    "goog": ((EVENTS, COLUMNS), tuple(PEERS)),
    "1m": ((EVENTS, COLUMNS), ("backtesting", "vectorbt")),
    "port": ((EVENTS,), ("backtesting", "vectorbt")),
    "sweep_20k": ((COLUMNS,), ("vectorbt",)),
}
QUICK = {"100k": SIZES["100k"], "sweep_20k": SIZES["sweep_20k"]}


def run(section: Section, folder: Path, *, quick: bool) -> None:
    section.begin("SMA 10 and 20, 100 shares, filled at the next open; bars/s, and MB at the most")
    if not PROGRAM.exists():
        progress("left out: the published comparison of peers is not there (QTS_SHARED_DATA)")
        return
    data = folder / "backtest-data"
    data.mkdir()
    program = _program()
    program.make_data(str(data), str(GOOG))
    pythons = _environments(folder)
    for size, (own, peers) in (QUICK if quick else SIZES).items():
        contenders = [*own, *(peer for peer in peers if peer in pythons)]
        found = _in_turns(contenders, pythons, data, size, repeats=2 if quick else 3)
        _tell(section, size, program.BARS[size], own, found)


def _program() -> Any:
    specification = importlib.util.spec_from_file_location("peers_backtest", PROGRAM)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _environments(folder: Path) -> dict[str, str]:
    pythons = {}
    for peer, package in PEERS.items():
        try:
            python = peer_environment(folder / f"peer-{peer}", package)
            for more in PACKAGES.get(peer, []):
                peer_output([sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, more])
        except PeerMissing as why:
            progress(f"{peer} left out: {why}")
            continue
        pythons[peer] = python
    return pythons


def _in_turns(
    contenders: list[str], pythons: dict[str, str], data: Path, size: str, *, repeats: int
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name in list(found):
            try:
                found[name].append(_once(name, pythons, data, size))
            except PeerMissing as why:
                if name not in pythons:
                    raise
                progress(f"{name} left out of {size}: {why}")
                del found[name]
    return found


def _once(name: str, pythons: dict[str, str], data: Path, size: str) -> dict[str, Any]:
    if name in pythons:
        command = [pythons[name], str(PROGRAM), "--worker", name, "--sizes", size, "--fill", FILL, "--data", str(data)]
    else:
        command = [sys.executable, "-m", "benchmarks.backtest_run", name, str(data), size]
    began = time.perf_counter()
    answer = peer_output(command).splitlines()[-1]
    told: dict[str, Any] = json.loads(answer.removeprefix("RESULT "))
    return told | {"total_s": time.perf_counter() - began}


def _tell(section: Section, size: str, bars: int, own: tuple[str, ...], found: dict[str, list[dict[str, Any]]]) -> None:
    equities = {name: runs[0]["equity"] for name, runs in found.items() if name != RULES}
    first = equities[own[0]]
    if wrong := {name: equity for name, equity in equities.items() if abs(equity - first) > 0.5}:
        raise ValueError(f"{size}: {own[0]} ended with {first:,.2f}, but {wrong}")
    rates = {name: [bars / one["run_s"] for one in runs] for name, runs in found.items()}
    for name, runs in found.items():
        version = f" {runs[0]['version']}" if "version" in runs[0] else ""
        section.add(f"{size}: {name}{version}", "bars/s", rates[name])
        section.add(f"{size}: {name}{version}, memory", "MB", [one["rss_mb"] for one in runs])
    for mine in own:
        for peer in found.keys() - set(own):
            section.add_ratio(f"{size}: {mine} against {peer}", rates[mine], rates[peer])
            if mine != COLUMNS:
                continue
            whole = [theirs["total_s"] / ours["total_s"] for ours, theirs in zip(found[mine], found[peer], strict=True)]
            section.add(f"{size}: {mine} against {peer}, whole process", "x", whole)
