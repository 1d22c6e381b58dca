"""Orders a second through the order book, against a bare loop and against the fastest order books on PyPI.

Each package is installed into a throwaway environment and measured there, in one process and in turns with the own
book and the bare one. Processor time, so that what else runs on the machine counts little.
"""

import json
from pathlib import Path

from benchmarks.figures import Section, progress
from benchmarks.matching_books import OWN, PEERS, flow, rates
from benchmarks.peers import PeerMissing, peer_environment, peer_output


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
    python = peer_environment(folder / f"peer-{peer}", peer)
    answer = peer_output([python, "-m", "benchmarks.matching_books", peer, str(count), str(repeats)])
    found: dict[str, list[float]] = json.loads(answer.splitlines()[-1])
    return found
