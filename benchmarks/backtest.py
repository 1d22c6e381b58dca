"""Backtests a second: the event loop and the sweep over columns beside other engines.

All run the strategy and the bars of the published comparison of peers (SMA 10 and 20, 100 shares, 0.2 % a side), each
in a process of its own and in turns; each peer in a throwaway environment. They fill at the next open, but for those
that know only the close that gave the signal, and zipline, which fills at the next close and leaves out the last day. A
run whose final equity is another than ours with the same way of filling is an error (zipline's cannot be compared).
Left out, with the reason, where the comparison is not there.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Section, progress
from benchmarks.peers import SHARED_DATA, SHARED_PROGRAMS, PeerMissing, peer_environment, peer_output, program_of

PROGRAM = SHARED_PROGRAMS / "peers_backtest.py"
GOOG = SHARED_DATA / "peer" / "GOOG.csv"
NEXT_OPEN, CLOSE, NEXT_CLOSE = "next_open", "close", "next_close"
PEERS = {
    "backtesting": ["backtesting==0.6.6"],
    "backtrader": ["backtrader==1.9.78.123", "pandas"],
    "vectorbt": ["vectorbt"],
    "nautilus": ["nautilus_trader"],
    "bt": ["bt"],
    "zipline": ["zipline-reloaded"],
}
FILLS_AT_CLOSE = {"nautilus", "bt"}
EVENTS, AT_CLOSE, COLUMNS = "event loop", "event loop, at the close", "columns"
RULES = "event loop with the market's rules"
EQUITY_APART_MAX = 0.5  # dollars and dong: some peers count in binary fractions
FILLS = dict.fromkeys([*FILLS_AT_CLOSE, AT_CLOSE], CLOSE) | {"zipline": NEXT_CLOSE}
# which peers get through a size in a minute or so
SIZES = {
    "100k": ((EVENTS, AT_CLOSE, COLUMNS, RULES), tuple(PEERS)),
    "goog": ((EVENTS, AT_CLOSE, COLUMNS), tuple(PEERS)),
    "1m": ((EVENTS, COLUMNS), ("backtesting", "vectorbt")),
    "port": ((EVENTS, AT_CLOSE), ("backtesting", "vectorbt", "nautilus")),
    "sweep_20k": ((COLUMNS,), ("vectorbt",)),
}
QUICK = {"100k": SIZES["100k"], "sweep_20k": SIZES["sweep_20k"]}


def run(section: Section, folder: Path, *, quick: bool) -> None:
    section.begin("SMA 10 and 20, 100 shares; bars/s, and MB at the most")
    if not PROGRAM.exists():
        progress("left out: the published comparison of peers is not there (QTS_SHARED_DATA)")
        return
    data = folder / "backtest-data"
    data.mkdir()
    program = program_of(PROGRAM)
    program.make_data(str(data), str(GOOG))
    pythons = _environments(folder)
    for size, (own, peers) in (QUICK if quick else SIZES).items():
        contenders = [*own, *(peer for peer in peers if peer in pythons)]
        found = _in_turns(contenders, pythons, data, size, repeats=2 if quick else 3)
        _tell(section, size, program.BARS[size], own, found)


def _environments(folder: Path) -> dict[str, str]:
    pythons = {}
    for peer, packages in PEERS.items():
        try:
            pythons[peer] = peer_environment(folder / f"peer-{peer}", *packages)
        except PeerMissing as why:
            progress(f"{peer} left out: {why}")
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
    fill = FILLS.get(name, NEXT_OPEN)
    if name in pythons:
        command = [pythons[name], "-m", "benchmarks.backtest_peer", str(PROGRAM)]
        command += ["--worker", name, "--sizes", size, "--fill", fill, "--data", str(data)]
    else:
        command = [sys.executable, "-m", "benchmarks.backtest_run", name, str(data), size, fill]
    began = time.perf_counter()
    answer = peer_output(command).splitlines()[-1]
    told: dict[str, Any] = json.loads(answer.removeprefix("RESULT "))
    return told | {"total_s": time.perf_counter() - began}


def _tell(section: Section, size: str, bars: int, own: tuple[str, ...], found: dict[str, list[dict[str, Any]]]) -> None:
    _check(size, found)
    rates = {name: [one.get("bars", bars) / one["run_s"] for one in runs] for name, runs in found.items()}
    for name, runs in found.items():
        version = f" {runs[0]['version']}" if "version" in runs[0] else ""
        section.add(f"{size}: {name}{version}", "bars/s", rates[name])
        section.add(f"{size}: {name}{version}, memory", "MB", [one["rss_mb"] for one in runs])
    for mine in own:
        for peer in sorted(found.keys() - set(own)):
            if (mine == AT_CLOSE) != (peer in FILLS_AT_CLOSE):
                continue
            section.add_ratio(f"{size}: {mine} against {peer}", rates[mine], rates[peer])
            if mine != COLUMNS:
                continue
            whole = [theirs["total_s"] / ours["total_s"] for ours, theirs in zip(found[mine], found[peer], strict=True)]
            section.add(f"{size}: {mine} against {peer}, whole process", "x", whole)


def _check(size: str, found: dict[str, list[dict[str, Any]]]) -> None:
    """All that fill alike end alike. Raises ValueError."""
    for fill in (NEXT_OPEN, CLOSE):
        ended = {
            name: runs[0]["equity"]
            for name, runs in found.items()
            if FILLS.get(name, NEXT_OPEN) == fill and name != RULES
        }
        if ended and max(ended.values()) - min(ended.values()) > EQUITY_APART_MAX:
            raise ValueError(f"{size}: not all that fill at {fill} end with the same equity: {ended}")
