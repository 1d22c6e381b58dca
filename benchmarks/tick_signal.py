"""From a match on the wire to a strategy's answer while 10,000 messages a second come, for 500 symbols.

Three processes: the system's intake (log with flush, decode, bus, live state), fed by the clock and not by its own
pace; a reader of the bus that makes bars, moves indicators and asks; and the strategy in its confined process, asked
at every match. A match's time begins when it is due, so what waits because the intake is late counts. What the desk
looks up of holdings is left out: the floor has none either.

The floor is the published program's own time from a message to its order, which includes its log's flush.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import published_floor
from benchmarks.figures import Section, percentile, progress
from qts.embedded.options import ROOT
from qts.embedded.valkey import EmbeddedValkey

SYMBOLS = 500
RATE = 10_000
WARM_UP_S = 3.0
FRAMES_AT_ONCE = 1_000
STRATEGY = "benchmarks.tick_strategy:EveryNthTick"
FLOOR_MESSAGES = 30_000


def run(section: Section, folder: Path, *, quick: bool) -> None:
    seconds, repeats = (10, 2) if quick else (30, 3)
    section.begin(f"{RATE:,} messages/s, {SYMBOLS} symbols, {repeats} stretches of {seconds} s; times in ms")
    valkey = EmbeddedValkey(folder / "valkey")
    valkey.start()
    found: list[list[float]] = []
    floors: list[published_floor.Floor] = []
    try:
        for number in range(repeats):
            progress(f"stretch {number + 1} of {repeats}")
            found.append(_stretch(valkey.url, folder, seconds))
            if published_floor.is_there():
                floors.append(published_floor.run(folder, FLOOR_MESSAGES, SYMBOLS))
    finally:
        valkey.stop()
    p99s = [percentile(times, 99) for times in found]
    section.add("matches answered", "a second", [len(times) / seconds for times in found])
    section.add("match due -> strategy has answered, p50", "ms", [percentile(times, 50) for times in found])
    section.add("match due -> strategy has answered, p99", "ms", p99s)
    if floors:
        floor_p99s = [floor.us_p99 / 1_000 for floor in floors]
        section.add("published floor, message -> order, p99", "ms", floor_p99s)
        section.add_ratio("p99 against the floor's", p99s, floor_p99s)


def _stretch(valkey_url: str, folder: Path, seconds: float) -> list[float]:
    """Milliseconds of each match that was answered after the warm-up."""
    from benchmarks.tick_reader import Reader
    from qts.adapters.redis_client import redis_client

    redis_client(valkey_url).flushdb()
    with Reader(valkey_url, STRATEGY) as reader, _fed(valkey_url, folder, WARM_UP_S + seconds):
        return reader.answered_ms(warm_up_s=WARM_UP_S, seconds=seconds)


@contextmanager
def _fed(valkey_url: str, folder: Path, seconds: float) -> Iterator[None]:
    """Begins once the frames are written; the process ends by itself."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "qts.settings.test",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",  # the intake asks no database
        "REDIS_URL": valkey_url,
        "QTS_DATA_DIR": str(folder / "data"),
    }
    command = [sys.executable, "-m", "benchmarks.tick_signal", str(folder), str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "begun", "the intake has ended"
        yield
    finally:
        process.kill()
        process.wait()


def feed(folder: Path, seconds: float) -> None:
    """Frames into the intake as they become due, as many at once as there are."""
    import django

    django.setup()
    from benchmarks import market_messages
    from benchmarks.ingest import pipeline_in

    frames = market_messages.frames(int(RATE * seconds), SYMBOLS)
    with tempfile.TemporaryDirectory(dir=folder) as wal_dir, pipeline_in(Path(wal_dir), SYMBOLS) as pipeline:
        print("begun", flush=True)
        began_ns, sent, gap_ns = time.time_ns(), 0, 1_000_000_000 // RATE
        while sent < len(frames):
            due = min((time.time_ns() - began_ns) // gap_ns, len(frames), sent + FRAMES_AT_ONCE)
            if due > sent:
                pipeline.take([(began_ns + number * gap_ns, frames[number]) for number in range(sent, due)])
                sent = due
            else:
                time.sleep(0.000_5)


if __name__ == "__main__":
    feed(Path(sys.argv[1]), float(sys.argv[2]))
