"""A worker of one slice as a process: `python -m tests.market_worker ingest|recorder|signals READY_FILE [PATIENCE_S]`.

It touches the file once Django is up, reads the market clock's specification from its first line of input, and then
runs the slice again and again as beat would. PATIENCE_S (wall clock) is for a market that runs hundreds of times as
fast as a real one: how long the recorder waits for late matches before the clock closes a quiet minute, and how old a
bar may be when strategies see it.

A line "fork SPECIFICATION" is run in a child, whose number stands in READY_FILE.child; after its death comes the next
line. So a successor is there as soon as its predecessor is killed, however long loading the system takes.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import django

PAUSE_S = 0.5
FORK = "fork "
PR_SET_PDEATHSIG = 1


def main(name: str, ready_file: str, patience_s: str = "") -> None:
    django.setup()
    from django.conf import settings
    from django.db import connections

    from apps.marketdata.services import recorder
    from apps.marketdata.services.ingest import run_stream_slice
    from apps.strategies.services import desk, lineup, run_signals_slice
    from qts.domain.errors import TransientError

    if patience_s:
        recorder.GRACE_S = desk.SIGNAL_AGE_S_MAX = float(patience_s)
        lineup.PATIENCE_S = 2 * float(patience_s)
    runs = {"ingest": run_stream_slice, "recorder": recorder.run_recorder_slice, "signals": run_signals_slice}
    Path(ready_file).touch()
    settings.MARKET_CLOCK = own_line(Path(f"{ready_file}.child"))
    while True:
        try:
            runs[name]()
        except TransientError as error:
            print(f"{name}: {error}", file=sys.stderr)
        connections.close_all()
        time.sleep(PAUSE_S)


def own_line(child_file: Path) -> str:
    """What this process is to run; one that forks never comes back from here."""
    while (line := sys.stdin.readline().strip()).startswith(FORK):
        if not (child := os.fork()):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            return line.removeprefix(FORK)
        child_file.write_text(str(child))
        os.waitpid(child, 0)
    return line


if __name__ == "__main__":
    main(*sys.argv[1:])
