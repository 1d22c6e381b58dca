"""The published program with all its stages and its log (`peers_floor.py`), in a process of its own.

It decodes, keeps quotes and bars, moves indicators, decides, checks, and flushes its log once in a hundred messages, in
one loop. Its times are its own, from a message in its list to the order.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import SHARED_PROGRAMS

PROGRAM = SHARED_PROGRAMS / "peers_floor.py"
ALL_STAGES = 6
_RUN = """
import sys
sys.path.insert(0, sys.argv[1])
import peers_floor
print(*peers_floor.pipeline(peers_floor.make(int(sys.argv[3]), int(sys.argv[4])), int(sys.argv[5]), sys.argv[2]))
"""


@dataclass(frozen=True, slots=True)
class Floor:
    messages_per_s: float
    us_p50: float
    us_p99: float


def is_there() -> bool:
    return PROGRAM.exists()


def run(folder: Path, messages: int, symbols: int) -> Floor:
    command = [sys.executable, "-c", _RUN, str(SHARED_PROGRAMS), str(folder / f"floor.{os.getpid()}")]
    told = subprocess.run(
        [*command, str(messages), str(symbols), str(ALL_STAGES)], capture_output=True, text=True, check=True
    )
    rate, p50, p99, *_ = map(float, told.stdout.split())
    return Floor(rate, p50, p99)
