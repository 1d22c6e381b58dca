"""Messages a second through the real intake: write-ahead log with flush, decode, bus, live state.

The floor is `bare_intake` on the same frames in the same run. The Valkey is a server of its own, set up as the demo's.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import bare_intake, market_messages, tick_table
from benchmarks.figures import Section, progress
from benchmarks.processes import memory_mib
from qts.embedded.options import ROOT
from qts.embedded.ports import free_port
from qts.embedded.postgres import EmbeddedPostgres
from qts.embedded.valkey import EmbeddedValkey

if TYPE_CHECKING:
    from apps.marketdata.services.pipeline import IngestPipeline
    from qts.adapters.ssi.signalr import SignalRConnection
    from qts.domain.events import Event
    from qts.domain.values import InstrumentKind

SYMBOL_COUNTS = (30, 500, 1_600)
SYMBOLS_IN_DETAIL = 500
BATCH_FRAMES = 100
DAY_PARTS = 20
SERVER_START_TIMEOUT_S = 30.0

Batch = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Took:
    """`processor_s` is this process' own: what it needs whoever else uses the machine, without waiting."""

    seconds: float
    processor_s: float


@dataclass(frozen=True, slots=True)
class Size:
    frames: int
    repeats: int


def run(section: Section, folder: Path, *, quick: bool) -> None:
    size = Size(frames=10_000, repeats=2) if quick else Size(frames=20_000, repeats=5)
    with valkey_in(folder) as valkey, postgres_in(folder) as postgres:
        prepare_django(valkey, postgres, folder)
        section.begin(f"{size.frames:,} frames a run, flushed in batches of {BATCH_FRAMES}")
        costs = {count: _against_floor(section, count, size, folder, valkey) for count in SYMBOL_COUNTS}
        few, many = SYMBOL_COUNTS[0], SYMBOL_COUNTS[-1]
        section.add_ratio(f"cost of a message at {many} symbols against {few}", costs[many], costs[few])
        _over_a_day(section, size, folder, valkey)
        tick_table.run(section, postgres.url, repeats=size.repeats)
        _in_detail(section, size, folder, valkey)
        _through_socket(section, size, folder, valkey)


def _against_floor(
    section: Section, symbol_count: int, size: Size, folder: Path, valkey: EmbeddedValkey
) -> list[float]:
    """Microseconds of this process for a message, run by run."""
    progress(f"{symbol_count} symbols")
    batches = _batches(market_messages.frames(size.frames, symbol_count))
    bare: list[Took] = []
    whole: list[Took] = []
    for _ in range(size.repeats):
        bare.append(_bare(batches, folder))
        with _pipeline(folder, valkey, symbol_count) as pipeline:
            whole.append(_timed(batches, pipeline.take))
    rates, bare_rates = ([size.frames / took.seconds for took in runs] for runs in (whole, bare))
    section.add(f"{symbol_count} symbols: intake, log to bus and live state", "messages/s", rates)
    section.add(f"{symbol_count} symbols: bare decode + log", "messages/s", bare_rates)
    section.add_ratio(f"{symbol_count} symbols: intake against bare, rate", rates, bare_rates)
    processor, bare_processor = ([took.processor_s / size.frames * 1e6 for took in runs] for runs in (whole, bare))
    section.add(f"{symbol_count} symbols: intake, processor time", "us/message", processor)
    section.add(f"{symbol_count} symbols: bare, processor time", "us/message", bare_processor)
    section.add_ratio(f"{symbol_count} symbols: intake against bare, processor time", processor, bare_processor)
    return processor


def _over_a_day(section: Section, size: Size, folder: Path, valkey: EmbeddedValkey) -> None:
    """Memory of the process after the first part of a day's messages, and after all of them."""
    progress("memory over a day")
    batches = _batches(market_messages.frames(size.frames, SYMBOLS_IN_DETAIL))
    with _pipeline(folder, valkey, SYMBOLS_IN_DETAIL) as pipeline:
        grown: list[float] = []
        for _ in range(DAY_PARTS):
            _timed(batches, pipeline.take)
            grown.append(memory_mib(os.getpid()))
    section.add(f"memory after {size.frames:,} messages", "MiB", [grown[0]])
    section.add(f"memory after {DAY_PARTS * size.frames:,} messages", "MiB", [grown[-1]])
    section.add_ratio("memory at the day's end against its beginning", [grown[-1]], [grown[0]])


def _in_detail(section: Section, size: Size, folder: Path, valkey: EmbeddedValkey) -> None:
    """What each stage alone takes of a message's time."""
    from qts.adapters import bus as event_bus
    from qts.adapters.wal import WalWriter

    progress("stage by stage")
    batches = _batches(market_messages.frames(size.frames, SYMBOLS_IN_DETAIL))
    instruments = _instruments(SYMBOLS_IN_DETAIL)
    decoded = [_decode(batch, instruments) for batch in batches]
    encoded = [[event_bus.encode(event) for event in events] for events in decoded]
    took: dict[str, list[float]] = {}
    for _ in range(size.repeats):
        with _empty(valkey), tempfile.TemporaryDirectory(dir=folder) as wal_dir, WalWriter(Path(wal_dir)) as wal:
            bus, live = event_bus.connect(valkey.url), _live_state(valkey)
            stages: dict[str, tuple[Sequence[object], Callable]] = {
                "write-ahead log, flush included": (batches, wal.append),
                "decode into events": (batches, lambda batch: _decode(batch, instruments)),
                "encode for the bus": (decoded, lambda events: [event_bus.encode(event) for event in events]),
                "publish on the bus": (encoded, bus.publish),
                "live state and checkpoint": (encoded, live),
            }
            for name, (parts, act) in stages.items():
                took.setdefault(name, []).append(_timed(parts, act).seconds / size.frames * 1e6)
    for name, runs in took.items():
        section.add(f"{SYMBOLS_IN_DETAIL} symbols: {name}", "us/message", runs)


def _decode(batch: Batch, instruments: "Mapping[str, InstrumentKind]") -> "list[Event]":
    from qts.adapters.ssi.codec import decode_frame

    return [
        event
        for received_ns, raw in batch
        for event in decode_frame(raw, ts_received_ns=received_ns, wal_position="1:8", instruments=instruments).events
    ]


def _live_state(valkey: EmbeddedValkey) -> Callable:
    from apps.marketdata.services.live_state import Checkpoint, LiveState

    state = LiveState(valkey.url)
    return lambda messages: state.write(messages, Checkpoint("1:8", 0))


def _through_socket(section: Section, size: Size, folder: Path, valkey: EmbeddedValkey) -> None:
    progress("through a socket")
    alone, whole = [], []
    with _frame_server(size.frames, SYMBOLS_IN_DETAIL) as url:
        for _ in range(size.repeats):
            alone.append(size.frames / _receive(url, size.frames, lambda _batch: None))
            with _pipeline(folder, valkey, SYMBOLS_IN_DETAIL) as pipeline:
                whole.append(size.frames / _receive(url, size.frames, pipeline.take))
    section.add(f"{SYMBOLS_IN_DETAIL} symbols: intake from a socket", "messages/s", whole)
    section.add(f"{SYMBOLS_IN_DETAIL} symbols: the socket alone", "messages/s", alone)
    section.add_ratio(f"{SYMBOLS_IN_DETAIL} symbols: intake from a socket against the socket", whole, alone)


def _bare(batches: Sequence[Batch], folder: Path) -> Took:
    log = bare_intake.BareLog(folder / "bare.log")

    def take(batch: Batch) -> None:
        log.append(batch)
        for _, frame in batch:
            bare_intake.decode(frame)

    try:
        return _timed(batches, take)
    finally:
        log.close()


def _timed(parts: Sequence, act: Callable) -> Took:
    began, processor_began = time.perf_counter(), time.process_time()
    for part in parts:
        act(part)
    return Took(time.perf_counter() - began, time.process_time() - processor_began)


def _batches(sent: Sequence[bytes]) -> list[Batch]:
    received_ns = time.time_ns()
    stamped = [(received_ns, frame) for frame in sent]
    return [stamped[start : start + BATCH_FRAMES] for start in range(0, len(stamped), BATCH_FRAMES)]


@contextmanager
def _pipeline(folder: Path, valkey: EmbeddedValkey, symbol_count: int) -> Iterator["IngestPipeline"]:
    with (
        _empty(valkey),
        tempfile.TemporaryDirectory(dir=folder) as wal_dir,
        pipeline_in(Path(wal_dir), symbol_count) as pipeline,
    ):
        yield pipeline


@contextmanager
def pipeline_in(wal_dir: Path, symbol_count: int) -> Iterator["IngestPipeline"]:
    """On the Valkey that Django's settings name."""
    from django.conf import settings

    from apps.marketdata.services.live_state import LiveState
    from apps.marketdata.services.pipeline import IngestPipeline
    from qts.adapters import bus as event_bus
    from qts.adapters.wal import WalReader, WalWriter

    with WalWriter(wal_dir) as wal:
        pipeline = IngestPipeline(
            wal,
            WalReader(wal_dir),
            event_bus.connect(settings.REDIS_URL),
            LiveState(settings.REDIS_URL),
            instruments=_instruments(symbol_count),
            replay_from=str,
        )
        pipeline.catch_up(lambda: True)
        pipeline.subscribed(0)
        yield pipeline
        assert not pipeline.is_behind, "the bus was away: the figure says nothing"


def _instruments(symbol_count: int) -> "Mapping[str, InstrumentKind]":
    from qts.domain.values import InstrumentKind

    return dict.fromkeys(market_messages.symbols(symbol_count), InstrumentKind.STOCK)


@contextmanager
def valkey_in(folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(folder / "valkey")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _empty(valkey: EmbeddedValkey) -> Iterator[None]:
    from qts.adapters.redis_client import redis_client

    redis_client(valkey.url).flushdb()
    yield


@contextmanager
def postgres_in(folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def prepare_django(valkey: EmbeddedValkey, postgres: EmbeddedPostgres, folder: Path) -> None:
    os.environ |= {
        "DATABASE_URL": postgres.url,
        "DJANGO_SETTINGS_MODULE": "qts.settings.test",
        "REDIS_URL": valkey.url,
        "QTS_DATA_DIR": str(folder / "data"),
    }
    import django

    django.setup()


@contextmanager
def _frame_server(frame_count: int, symbol_count: int) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.frame_server", str(port), str(frame_count), str(symbol_count)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        until = time.monotonic() + SERVER_START_TIMEOUT_S
        while not _accepts(port):
            assert process.poll() is None, "the frame server has ended"
            assert time.monotonic() < until, "the frame server does not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _receive(url: str, count: int, take: Callable[[Batch], None]) -> float:
    """Seconds from the first call to the last frame taken."""
    from qts.adapters.ssi.market_stream import HUB
    from qts.adapters.ssi.signalr import SignalRConnection

    with SignalRConnection(url, HUB, {}) as connection:
        connection.open()
        began = time.perf_counter()
        connection.invoke("SwitchChannels", "X:ALL")
        _take_all(connection, count, take)
        return time.perf_counter() - began


def _take_all(connection: "SignalRConnection", count: int, take: Callable[[Batch], None]) -> None:
    left = count
    while left > 0:
        found = connection.frames(1.0)
        if found:
            take([(frame.received_ns, frame.raw) for frame in found])
            left -= len(found)
