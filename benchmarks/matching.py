"""Orders a second through the order book, against a bare loop and against the fastest order books on PyPI.

Each package is installed into a throwaway environment and measured there, in one process and in turns with the own
book and the bare one. Processor time, so that what else runs on the machine counts little.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Section, progress
from benchmarks.matching_books import OWN, PEERS, flow, rates
from qts.embedded.options import ROOT

INSTALL_TIMEOUT_S = 120.0
RUN_TIMEOUT_S = 300.0


class PeerMissing(Exception):
    """A package could not be installed or measured here; the message says why."""


def run(section: Section, folder: Path, *, quick: bool) -> None:
    count, repeats = (20_000, 3) if quick else (100_000, 5)
    section.begin(f"{count:,} limit orders and cancels a run, one instrument, the same matches in every book")
    found = rates(flow(count), OWN, repeats)
    section.add("the order book", "events/s", found["own"])
    section.add("bare loop", "events/s", found["bare"])
    section.add_ratio("the order book against the bare loop", found["own"], found["bare"])
    for peer in PEERS:
        try:
            found = _beside(peer, folder, 20_000, repeats)
        except PeerMissing as why:
            progress(f"{peer} left out: {why}")
            continue
        section.add(f"{peer}", "events/s", found[peer])
        section.add_ratio(f"the order book against {peer}", found["own"], found[peer])


def _beside(peer: str, folder: Path, count: int, repeats: int) -> dict[str, list[float]]:
    python = _environment(folder / f"peer-{peer}", peer)
    answer = _output([python, "-m", "benchmarks.matching_books", peer, str(count), str(repeats)], RUN_TIMEOUT_S)
    found: dict[str, list[float]] = json.loads(answer.splitlines()[-1])
    return found


def _environment(folder: Path, peer: str) -> str:
    python = str(folder / "bin" / "python")
    _output([sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(folder)], INSTALL_TIMEOUT_S)
    _output([sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, peer], INSTALL_TIMEOUT_S)
    return python


def _output(command: list[str], timeout_s: float) -> str:
    """Raises PeerMissing when the command fails or does not end."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise PeerMissing((error.stderr.strip() or f"exit {error.returncode}").splitlines()[-1]) from error
    except subprocess.TimeoutExpired as error:
        raise PeerMissing(f"no end within {timeout_s:.0f} s") from error
    return done.stdout
