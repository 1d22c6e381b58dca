"""The programs themselves, on a real Valkey: they play, survive, end, and can touch nothing but what is theirs."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qts.adapters.bus import decode
from qts.adapters.time_machine import __main__ as machine
from qts.adapters.time_machine.names import ROOT, RunNames, replay_key, spec_key
from qts.adapters.time_machine.replays import Replays, Source, Spec, State, TooManyReplays, Wish
from qts.adapters.time_machine.tests.recording import (
    BOUNDS,
    RECEIVED_NS,
    a_day,
    as_the_intake_reads,
    frame,
    match,
    ms,
    recorded,
    tape_of,
)
from qts.domain.events import IndexUpdated, OrderBookUpdated, QuoteUpdated, SessionChanged, TickReceived

PROJECT = Path(__file__).resolve().parents[4]
WAIT_S = 40
MARKET = (TickReceived, OrderBookUpdated, SessionChanged, IndexUpdated)


@pytest.fixture
def replays():
    found = Replays(os.environ["REDIS_URL"])
    _forget(found.client)
    yield found
    _forget(found.client)


def _forget(client):
    for key in list(client.scan_iter(f"{ROOT}*", count=1_000)) + list(client.scan_iter("qts:lease:replay:*")):
        client.delete(key)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    recorded(folder / "wal", a_day(seconds=300))
    return folder


@pytest.fixture(scope="module")
def started(data_dir):
    """The time machine as the demo starts it, but for what it shall not pass on."""
    environment = os.environ | {"QTS_DATA_DIR": str(data_dir), "DATABASE_URL": "postgresql://secret@127.0.0.1/qts"}
    process = subprocess.Popen(
        [sys.executable, "-m", "qts.adapters.time_machine"], cwd=PROJECT, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == b"the time machine is ready\n"
        yield process
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def spec(**changes):
    told = {
        "owner_id": 1, "owner": "ann", "day": "2026-11-20", "source": Source.LOG, "first_ms": BOUNDS.first_ms,
        "last_ms": BOUNDS.last_ms, "until_ms": ms("09:20:00"),
    }  # fmt: skip
    return Spec(**told | changes)


def begin(replays, *, speed=60, idle_s=60, at_once_max=4, per_person_max=2, **changes):
    return replays.begin(
        spec(**changes), speed=speed, at_once_max=at_once_max, per_person_max=per_person_max, idle_s=idle_s
    )


def wait_for(replays, replay_id, *states):
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        replay = replays.get(replay_id)
        if replay and replay.progress.state in states:
            return replay.progress
        time.sleep(0.05)
    raise AssertionError(f"{replays.get(replay_id)} is not {states}")


def player_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until = time.monotonic() + WAIT_S
    while not (found := children.read_text().split()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return int(found[0])


def on_bus(client, replay_id, run):
    """By topic: the events of a run, in order, and their bytes."""
    names, found = RunNames(replay_id, run), {}
    for key in client.scan_iter(f"{names.bus}*"):
        topic = key.decode().removeprefix(names.bus)
        found[topic] = [fields[b"b"] for _, fields in client.xrange(key)]
    return found


def outside(client):
    """Everything in Valkey that is no replay's, by name, type and content."""
    return {
        key: client.dump(key)
        for key in client.scan_iter("*", count=1_000)
        if not key.startswith(ROOT.encode()) and b"lease:replay:" not in key
    }


def test_a_day_is_played_beside_a_market_that_does_not_notice(replays, data_dir, started):
    client = replays.client
    client.hset("qts:live:SSI", "quote", b"live")
    client.xadd("qts:bus:marketData.tick.received", {"k": "SSI", "b": "live"})
    before = outside(client)
    replay_id = begin(replays)
    progress = wait_for(replays, replay_id, State.AT_END)
    by_topic = on_bus(client, replay_id, progress.run)
    expected = as_the_intake_reads(data_dir / "wal")
    for kind in MARKET:
        told = [decode(kind.topic, body) for body in by_topic[kind.topic]]
        assert told == [event for event in expected if isinstance(event, kind)], kind
    book = client.hget(f"{RunNames(replay_id, progress.run).latest}SSI", "book")
    last = [event for event in expected if isinstance(event, OrderBookUpdated) and event.symbol == "SSI"][-1]
    assert decode(OrderBookUpdated.topic, book) == last
    assert (progress.at_ms, progress.until_ms) == (progress.until_ms, progress.at_ms)
    assert outside(client) == before
    client.delete("qts:live:SSI", "qts:bus:marketData.tick.received")


def test_a_killed_player_goes_on_where_it_was_and_the_watchers_are_told(replays, started):
    replay_id = begin(replays, speed=10)
    wait_for(replays, replay_id, State.PLAYING)
    time.sleep(1)
    was = replays.get(replay_id).progress
    os.kill(player_of(started), signal.SIGKILL)
    until = time.monotonic() + WAIT_S
    while (now := replays.get(replay_id).progress).run <= was.run:
        assert time.monotonic() < until, now
        time.sleep(0.05)
    assert now.restarts == 1
    assert now.at_ms >= was.at_ms
    assert wait_for(replays, replay_id, State.PLAYING, State.AT_END).run == was.run + 1
    assert on_bus(replays.client, replay_id, was.run) == {}, "the run before it is gone"


def test_a_player_that_cannot_live_is_given_up_with_a_reason(replays, data_dir, started, monkeypatch):
    replay_id = begin(replays)
    replay = replays.get(replay_id)
    house = machine.Machine(os.environ["REDIS_URL"], {})
    for _ in range(machine.RESTARTS_MAX + 1):
        house._ended(replay_id, -9)
    assert replays.get(replay_id).progress.state is State.FAILED
    assert "died 4 times" in replays.get(replay_id).progress.detail
    assert replays.alive() == []
    assert replay.progress.state is State.STARTING


def test_nobody_watches_and_it_ends_itself(replays, started):
    replay_id = begin(replays, idle_s=2)
    progress = wait_for(replays, replay_id, State.ENDED)
    assert progress.detail == "nobody watched"
    assert replays.alive() == []
    left = {key.decode() for key in replays.client.scan_iter(f"{ROOT}*")}
    assert left == {replay_key(replay_id), spec_key(replay_id)}, "its market is gone; how it ended is kept for an hour"
    assert 0 < replays.client.ttl(replay_key(replay_id)) <= 3_600


def test_wishes_reach_it_and_stop_ends_it(replays, started):
    replay_id = begin(replays, speed=1)
    wait_for(replays, replay_id, State.PLAYING)
    replays.wish(replay_id, Wish("seek", to_ms=ms("09:17:00")))
    replays.wish(replay_id, Wish("pause"))
    progress = wait_for(replays, replay_id, State.PAUSED)
    until = time.monotonic() + WAIT_S
    while (progress := replays.get(replay_id).progress).at_ms != ms("09:17:00"):
        assert time.monotonic() < until, progress
    replays.wish(replay_id, Wish("stop"))
    assert wait_for(replays, replay_id, State.ENDED).detail == "stopped"


@pytest.mark.parametrize("what", ["no log", "another day", "no file"])
def test_what_is_not_there_ends_it_and_says_so(replays, data_dir, started, what):
    changes = {
        "no log": {"start": "99:8"},
        "another day": {"first_ms": ms("00:00:00", "2026-11-23"), "last_ms": ms("23:59:59", "2026-11-23")},
        "no file": {"source": Source.ARCHIVE, "file": "ticks/2026/2026-11-20.parquet"},
    }[what]
    progress = wait_for(replays, begin(replays, **changes), State.FAILED)
    assert {"no log": "99:8", "another day": "nothing of that day", "no file": "parquet"}[what] in progress.detail


def test_a_player_is_told_of_no_database_and_can_open_nothing(replays, data_dir, started):
    begin(replays, speed=1)
    player = player_of(started)
    until = time.monotonic() + WAIT_S
    while b"time_machine.play" not in Path(f"/proc/{player}/cmdline").read_bytes():
        assert time.monotonic() < until
    environment = machine.child_environment({"DATABASE_URL": "x", "QTS_SECRET_KEY_FILE": "y", "REDIS_URL": "z"})
    assert environment == {"REDIS_URL": "z"}


TRIES = """
import socket, sys
from pathlib import Path
from qts.adapters.sandbox.confinement import confine
import qts.adapters.time_machine.play
kept = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
layers = confine([sys.argv[2]], memory_bytes=4 << 30, keeps_connections=True)
kept.sendall(b"*1\\r\\n$4\\r\\nPING\\r\\n")
found = {"layers": layers, "kept": kept.recv(64).decode()}
for name, act in {
    "connect": lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2),
    "write": lambda: Path(sys.argv[2], "x").write_text("x"),
    "read elsewhere": lambda: Path("/etc/passwd").read_text(),
}.items():
    try:
        act()
        found[name] = "done"
    except OSError as error:
        found[name] = type(error).__name__
found["read its own"] = len(Path(sys.argv[2], "000000000001.wal").read_bytes()) > 0
found["strange modules"] = [name for name in ("django", "celery", "apps", "qts.settings") if name in sys.modules]
import json; print(json.dumps(found))
"""


def test_what_confines_a_player_leaves_it_its_connection_and_its_log_alone(replays, data_dir):
    port = replays.client.connection_pool.connection_kwargs["port"]
    told = subprocess.run(
        [sys.executable, "-c", TRIES, str(port), str(data_dir / "wal")],
        cwd=PROJECT, env=machine.child_environment(os.environ), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    found = json.loads(told.stdout)
    assert "PONG" in found["kept"] or "NOAUTH" in found["kept"]
    assert found["read its own"]
    assert found["strange modules"] == []
    assert found["write"] != "done"
    if not {"namespaces"} & set(found["layers"]):
        pytest.skip("this system offers no namespaces")
    assert (found["connect"], found["read elsewhere"]) != ("done", "done")


def test_limits_count_what_is_alive(replays):
    for owner_id in (1, 1, 2):
        begin(replays, owner_id=owner_id, at_once_max=3)
    with pytest.raises(TooManyReplays) as all_taken:
        begin(replays, owner_id=3, at_once_max=3)
    with pytest.raises(TooManyReplays) as own_taken:
        begin(replays, owner_id=1, at_once_max=9)
    assert (all_taken.value.is_persons_own, own_taken.value.is_persons_own) == (False, True)
    replays.end(replays.all()[0], State.ENDED, "stopped")
    assert len(replays.alive()) == 2
    begin(replays, owner_id=3, at_once_max=3)


def test_a_day_without_its_log_shows_prices_from_its_matches(replays, data_dir, started):

    rows = [("SSI", "09:15:01", 25_000, 100), ("SSI", "09:15:02", 25_100, 300), ("VNM", "09:15:02", 60_000, 50)]
    columns = {
        "symbol": [symbol for symbol, *_ in rows],
        "traded_at": pa.array(
            [datetime.fromtimestamp(ms(at) / 1000, tz=UTC) for _, at, *_ in rows], pa.timestamp("us", tz="UTC")
        ),
        "wal_segment": [1] * 3, "wal_offset": [8, 8, 90], "wal_part": [0, 1, 0], "received_at_ns": [1, 2, 3],
        "price_vnd": [price for _, _, price, _ in rows], "quantity": [quantity for *_, quantity in rows],
    }  # fmt: skip
    (data_dir / "archive").mkdir()
    pq.write_table(pa.table(columns), data_dir / "archive" / "day.parquet")
    replay_id = begin(replays, source=Source.ARCHIVE, file="day.parquet", references={"SSI": (24_900, 26_600, 23_200)})
    progress = wait_for(replays, replay_id, State.AT_END)
    told = on_bus(replays.client, replay_id, progress.run)
    assert set(told) == {TickReceived.topic, QuoteUpdated.topic}
    names = RunNames(replay_id, progress.run)
    quote = decode(QuoteUpdated.topic, replays.client.hget(f"{names.latest}SSI", "quote"))
    assert (quote.reference_vnd, quote.last_vnd, quote.high_vnd, quote.low_vnd) == (24_900, 25_100, 25_100, 25_000)
    assert (quote.total_quantity, quote.total_value_vnd, quote.average_vnd) == (400, 10_030_000, 25_075)
    assert quote.wal_position == "1:8:1"
    assert replays.client.llen(names.matches("SSI")) == 2


def test_damage_in_the_log_is_passed_over(tmp_path):
    folder = recorded(
        tmp_path / "wal", [(RECEIVED_NS + n, frame(match("SSI", 25_000, 100, 36_000 + n))) for n in range(9)]
    )
    (segment,) = folder.glob("*.wal")
    image = bytearray(segment.read_bytes())
    image[len(image) // 2] ^= 0xFF
    segment.write_bytes(image)
    tape, count = tape_of(folder), 0
    while tape.next() is not None:
        count += 1
    assert (count, tape.damages) == (8, 1)
