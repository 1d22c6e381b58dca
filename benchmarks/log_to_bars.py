"""Frames to the log, to quotes, books and bars, in one process: what `ingest` does without the bus and the live state.

Beside it, in turns and on the same frames, decode and log alone. Both write each batch at once and flush it with
fdatasync; rates are on the wall, so that the disk counts for both.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import bare_intake, market_messages
from benchmarks.figures import Section, progress
from qts.adapters.ssi.batch import Batch
from qts.adapters.wal import WalWriter
from qts.domain.events import TickReceived
from qts.domain.market import BarBuilder
from qts.domain.market.book_check import BookReplicas
from qts.domain.values import InstrumentKind

SYMBOLS = 500
GROUP = 100  # frames that are flushed together

Frames = list[tuple[int, bytes]]


class Keeper:
    """Every book and quote checked and kept, every match once, by its position, in its minute."""

    def __init__(self, wal: WalWriter, symbols: int) -> None:
        self.bars = BarBuilder()
        self.books = BookReplicas()
        self._wal = wal
        self._instruments = dict.fromkeys(market_messages.symbols(symbols), InstrumentKind.STOCK)
        self._seen: set[str] = set()

    def take(self, frames: Frames) -> None:
        batch = Batch(0)
        for (received_ns, raw), position in zip(frames, self._wal.append(frames), strict=True):
            batch.take(raw, received_ns, position, self._instruments)
        for event in batch.events:
            if isinstance(event, TickReceived):
                if event.wal_position not in self._seen:
                    self._seen.add(event.wal_position)
                    self.bars.add(event)
            else:
                self.books.take(event)


def run(section: Section, folder: Path, *, quick: bool) -> None:
    count, repeats = (20_000, 5) if quick else (60_000, 7)
    groups = _groups(market_messages.frames(count, SYMBOLS))
    section.begin(f"{count:,} frames of {SYMBOLS} symbols to log, quotes, books and bars, flushed by {GROUP}")
    kept: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    for number in range(repeats):
        progress(f"run {number + 1} of {repeats}")
        log = bare_intake.BareLog(folder / "bare.log")
        bare.append(_timed(groups, partial(_bare, log)))
        log.close()
        with tempfile.TemporaryDirectory(dir=folder) as wal_dir, WalWriter(Path(wal_dir)) as wal:
            kept.append(_timed(groups, Keeper(wal, SYMBOLS).take))
    rates, bare_rates = ([count / seconds for seconds, _ in found] for found in (kept, bare))
    section.add("logged, decoded, once each, quotes, books and bars", "messages/s", rates)
    section.add("decoded and logged, nothing else", "messages/s", bare_rates)
    section.add_ratio("the first against the second, rate", rates, bare_rates)
    costs, bare_costs = ([1e6 * processor_s / count for _, processor_s in found] for found in (kept, bare))
    section.add("the first, processor time", "us/message", costs)
    section.add("the second, processor time", "us/message", bare_costs)
    section.add_ratio("processor time of the second against the first", bare_costs, costs)


def _groups(frames: Sequence[bytes]) -> list[Frames]:
    now_ns = time.time_ns()
    stamped = [(now_ns, frame) for frame in frames]
    return [stamped[start : start + GROUP] for start in range(0, len(stamped), GROUP)]


def _bare(log: bare_intake.BareLog, group: Frames) -> None:
    log.append(group)
    for _, frame in group:
        bare_intake.decode(frame)


def _timed(groups: Sequence[Frames], act: Callable[[Frames], None]) -> tuple[float, float]:
    """Seconds on the wall, and of this process."""
    began, processor_began = time.perf_counter(), time.process_time()
    for group in groups:
        act(group)
    return time.perf_counter() - began, time.process_time() - processor_began
