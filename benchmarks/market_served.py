"""What the simulator costs as a process, its socket included: `python -m benchmarks.market_served`.

The whole market at its busiest goes to one subscriber of every channel but X (which repeats two others). Counted are
the messages that arrive in a stretch, and the processor time that the simulator's process takes meanwhile, as the
kernel accounts for it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import httpx2

from benchmarks.processes import processor_s
from qts.adapters.ssi.credentials import DataCredentials
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.adapters.ssi.signalr import SignalRConnection
from qts.embedded.options import ROOT

_CHANNELS: Final = ("F:ALL", "X-QUOTE:ALL", "X-TRADE:ALL", "B:ALL", "R:ALL", "MI:ALL", "OL:ALL")
_SETTLING_S: Final = 10.0  # the first answer is the whole market's state
_OPTIONS: Final = ("--controls", "--port", "0", "--universe", "all")
_CLOCK: Final = "affine:2026-11-23,14:20:00,15:00:00"


@contextmanager
def simulator(activity: float) -> Iterator[tuple[int, str]]:
    """Its process's number and address; the clock runs as fast as the wall's, from 14:20 on."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", *_OPTIONS, "--state-dir", folder, *_market(activity)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in ("SIM_PORT", "MARKET_CLOCK")},
            text=True,
            stdout=subprocess.PIPE,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            if "listening on" not in line:
                raise RuntimeError(f"the simulator did not start: {line!r}")
            yield process.pid, "http://127.0.0.1:" + line.split("http://127.0.0.1:")[1].split("/")[0]
        finally:
            process.terminate()
            process.wait(timeout=30)


def _market(activity: float) -> tuple[str, ...]:
    return "--activity", str(activity), "--clock", f"{_CLOCK},{time.time()},1"


def received(stream: SignalRConnection, seconds: float) -> int:
    """Messages, not frames: a frame may carry several."""
    until, count = time.monotonic() + seconds, 0
    while (left := until - time.monotonic()) > 0:
        count += sum(frame.raw.count(b'"Broadcast"') for frame in stream.frames(min(left, 0.5)))
    return count


def measure(activity: float, seconds: float) -> str:
    with simulator(activity) as (pid, url):
        known = httpx2.get(f"{url}/sim/credentials").json()["data"]
        client = MarketDataClient(f"{url}/", DataCredentials(known["consumer_id"], known["consumer_secret"]))
        with connect_market_stream(f"{url}/", client, _CHANNELS) as stream:
            received(stream, _SETTLING_S)
            began_s, spent_s = time.monotonic(), processor_s(pid)
            count = received(stream, seconds)
            took_s, spent_s = time.monotonic() - began_s, processor_s(pid) - spent_s
        client.close()
    return (
        f"{count / took_s:6.0f} messages a second arrived, {spent_s / took_s:5.1%} of a core in the simulator's "
        f"process, {count / spent_s:8,.0f} messages a core-second"
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market_served", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of measuring")
    parser.add_argument("--activity", type=float, default=70.0, help="of the agents")
    given = parser.parse_args(arguments)
    print(measure(given.activity, given.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
