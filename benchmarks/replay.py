"""A recorded day through the whole live path without sleeping: log, decode, gap watch, bus, latest state, checkpoint.

The floor is the published program's own pipeline with its log (`peers_floor.py`), run in turns with ours. The time
machine's player is measured beside it: the same log into a market of its own, as fast as it goes.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import ingest, market_messages, published_floor
from benchmarks.figures import Section, progress
from qts.embedded.valkey import EmbeddedValkey

if TYPE_CHECKING:
    from qts.adapters.time_machine.player import Player
    from qts.domain.values import InstrumentKind

SYMBOLS = 500


@dataclass(frozen=True, slots=True)
class Size:
    frames: int
    repeats: int


def run(section: Section, folder: Path, *, quick: bool) -> None:
    size = Size(10_000, 2) if quick else Size(60_000, 5)
    with ingest.valkey_in(folder) as valkey, ingest.postgres_in(folder) as postgres:
        ingest.prepare_django(valkey, postgres, folder)
        frames = market_messages.frames(size.frames, SYMBOLS)
        section.begin(f"{size.frames:,} messages of {SYMBOLS} symbols, from the log")
        found: dict[str, list[float]] = {}
        for number in range(size.repeats):
            progress(f"run {number + 1} of {size.repeats}")
            with tempfile.TemporaryDirectory(dir=folder) as wal_dir:
                _record(frames, Path(wal_dir))
                for name, rate in _one_run(Path(wal_dir), folder, valkey, size.frames).items():
                    found.setdefault(name, []).append(rate)
    for name, rates in found.items():
        section.add(name, "messages/s", rates)
    _ratios(section, found)


def _ratios(section: Section, found: dict[str, list[float]]) -> None:
    for floor in ("published floor, all stages and log", "bare decode"):
        for ours in ("live path from the log", "the player from the log", "the player folding, nothing shown"):
            if floor in found:
                section.add_ratio(f"{ours} against {floor}", found[ours], found[floor])


def _one_run(wal_dir: Path, folder: Path, valkey: EmbeddedValkey, count: int) -> dict[str, float]:
    rates = {
        "live path from the log": count / _timed(lambda: _live_path(wal_dir, valkey)),
        "the player from the log": count / _timed(_player(wal_dir, valkey)),
        "the player folding, nothing shown": count / _timed(_jump(wal_dir, valkey)),
        "bare decode": count / _timed(lambda: _bare(wal_dir)),
    }
    if published_floor.is_there():
        rates["published floor, all stages and log"] = published_floor.run(folder, count, SYMBOLS).messages_per_s
    return rates


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _record(frames: Sequence[bytes], wal_dir: Path) -> None:
    from qts.adapters.wal import WalWriter

    with WalWriter(wal_dir, flush_to_disk=False) as wal:
        now_ns = time.time_ns()
        wal.append([(now_ns + number * 1_000, frame) for number, frame in enumerate(frames)])


def _instruments() -> "dict[str, InstrumentKind]":
    from qts.domain.values import InstrumentKind

    return dict.fromkeys(market_messages.symbols(SYMBOLS), InstrumentKind.STOCK)


def _live_path(wal_dir: Path, valkey: EmbeddedValkey) -> None:
    """What the intake does with a log that nobody has published yet."""
    from apps.marketdata.services.live_state import LiveState
    from apps.marketdata.services.pipeline import IngestPipeline
    from qts.adapters import bus as event_bus
    from qts.adapters.redis_client import redis_client
    from qts.adapters.wal import WalReader, WalWriter

    redis_client(valkey.url).flushdb()
    with WalWriter(wal_dir) as wal:
        pipeline = IngestPipeline(
            wal, WalReader(wal_dir), event_bus.connect(valkey.url), LiveState(valkey.url),
            instruments=_instruments(), replay_from=str,
        )  # fmt: skip
        pipeline.catch_up(lambda: True)


def _player_of(wal_dir: Path, valkey: EmbeddedValkey, steady: Callable[[], int]) -> "Player":
    from apps.marketdata.selectors import day_bounds_ms
    from qts.adapters.redis_client import redis_client
    from qts.adapters.ssi.market_time import parse_day
    from qts.adapters.time_machine.player import Player
    from qts.adapters.time_machine.stage import Stage
    from qts.adapters.time_machine.tape import DayBounds, LogTape

    client: Any = redis_client(valkey.url)
    client.flushdb()
    bounds = DayBounds(*day_bounds_ms(parse_day(market_messages.TRADING_DATE)))
    tape = LogTape(wal_dir, bounds, _instruments(), start="")
    return Player(tape, Stage(client, "0123456789abcdef"), steady, speed=60)


def _player(wal_dir: Path, valkey: EmbeddedValkey) -> Callable[[], None]:
    """On a clock on which everything is due at once."""
    from qts.adapters.time_machine.replays import Wish

    now = [0]
    player = _player_of(wal_dir, valkey, lambda: now[0])
    player.obey(Wish("resume"))
    now[0] = 3_600 * 10**9
    return player.turn


def _jump(wal_dir: Path, valkey: EmbeddedValkey) -> Callable[[], None]:
    from qts.adapters.time_machine.replays import Wish

    player = _player_of(wal_dir, valkey, lambda: 0)
    player.obey(Wish("seek", to_ms=2**50))
    return player.turn


def _bare(wal_dir: Path) -> None:
    from benchmarks import bare_intake
    from qts.adapters.wal import WalReader

    for record in WalReader(wal_dir).replay():
        bare_intake.decode(record.payload)
