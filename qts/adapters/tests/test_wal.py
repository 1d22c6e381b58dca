"""The log on disk: what was appended is there, what was torn is cut, what is damaged is named."""

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qts.adapters.wal import (
    Damage,
    Position,
    WalBroken,
    WalLocked,
    WalReader,
    WalWriter,
    message_position,
)
from qts.adapters.wal.log import HEADER, MAGIC, encode_record, segment_path, segments

RECORDS = [(1_000, b"first"), (2_000, b""), (3_000, b"x" * 300), (4_000, "Đặt lệnh".encode())]


def write(directory: Path, records=RECORDS, **options) -> list[str]:
    with WalWriter(directory, flush_to_disk=False, **options) as writer:
        return writer.append(records)


def contents(directory: Path, from_position: str | None = None) -> list[tuple[int, bytes]]:
    return [(one.received_ns, one.payload) for one in WalReader(directory).replay(from_position)]


def test_what_was_appended_is_replayed_in_order(tmp_path):
    positions = write(tmp_path)

    assert contents(tmp_path) == RECORDS
    assert positions[0] == f"1:{len(MAGIC)}"
    assert [one.position for one in WalReader(tmp_path).replay()] == positions


def test_each_position_reads_its_own_record(tmp_path):
    positions = write(tmp_path)

    for position, (received_ns, payload) in zip(positions, RECORDS, strict=True):
        record = WalReader(tmp_path).read(position)
        assert (record.position, record.received_ns, record.payload) == (position, received_ns, payload)


def test_positions_of_messages_inside_a_frame_lead_to_the_frame(tmp_path):
    position = write(tmp_path)[2]

    assert message_position(position, 0) == position
    assert message_position(position, 7) == f"{position}:7"
    assert WalReader(tmp_path).read(message_position(position, 7)).payload == b"x" * 300


def test_replay_from_the_writers_position_gives_what_comes_after(tmp_path):
    with WalWriter(tmp_path, flush_to_disk=False) as writer:
        writer.append(RECORDS[:2])
        checkpoint = writer.position
        assert contents(tmp_path, checkpoint) == []
        writer.append(RECORDS[2:])

    assert contents(tmp_path, checkpoint) == RECORDS[2:]


def test_next_position_continues_where_a_reader_stopped(tmp_path):
    write(tmp_path)
    first = next(iter(WalReader(tmp_path).replay()))

    assert contents(tmp_path, first.next_position) == RECORDS[1:]


def test_a_second_run_appends_after_the_first(tmp_path):
    write(tmp_path, RECORDS[:2])
    write(tmp_path, RECORDS[2:])

    assert contents(tmp_path) == RECORDS
    assert segments(tmp_path) == [1]


def test_an_empty_batch_writes_nothing(tmp_path):
    assert write(tmp_path, []) == []
    assert segment_path(tmp_path, 1).read_bytes() == MAGIC


def test_an_empty_or_missing_directory_replays_nothing(tmp_path):
    assert contents(tmp_path / "nothing") == []


def test_each_batch_is_flushed_once(tmp_path, monkeypatch):
    flushed: list[int] = []
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    with WalWriter(tmp_path) as writer:
        flushed.clear()
        writer.append(RECORDS)
        writer.append(RECORDS)
        assert len(flushed) == 2


def test_one_writer_at_a_time(tmp_path):
    with WalWriter(tmp_path, flush_to_disk=False) as writer:
        with pytest.raises(WalLocked):
            WalWriter(tmp_path, flush_to_disk=False)
        writer.append(RECORDS)
    write(tmp_path, RECORDS[:1])
    assert len(contents(tmp_path)) == 5


def _hold_the_lock(directory: str, ready) -> None:
    writer = WalWriter(Path(directory), flush_to_disk=False)
    writer.append(RECORDS)
    ready.set()
    time.sleep(60)


def test_a_killed_writer_leaves_its_records_and_no_lock(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold_the_lock, args=(str(tmp_path), ready), daemon=True)
    process.start()
    assert ready.wait(30)
    with pytest.raises(WalLocked):
        WalWriter(tmp_path, flush_to_disk=False)

    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)

    write(tmp_path, RECORDS[:1])
    assert contents(tmp_path) == [*RECORDS, RECORDS[0]]


def test_a_disk_that_refuses_at_the_opening_is_named_and_nothing_stays_open(tmp_path, monkeypatch):
    """Somebody tries again every few seconds, in the same process."""
    write(tmp_path)
    monkeypatch.setattr(os, "ftruncate", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "I/O error")))
    before = os.listdir("/proc/self/fd")
    with pytest.raises(WalBroken, match="I/O error"):
        WalWriter(tmp_path)
    assert os.listdir("/proc/self/fd") == before
    monkeypatch.undo()
    assert write(tmp_path)


def test_a_disk_that_is_full_at_a_new_segment_leaves_the_log_to_the_next_writer(tmp_path, monkeypatch):
    with WalWriter(tmp_path, segment_bytes_max=500, flush_to_disk=False) as writer:
        writer.append([(1, b"y" * 400)])
        monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
        with pytest.raises(WalBroken, match="No space left"):
            writer.append([(2, b"z" * 400)])
        monkeypatch.undo()
    write(tmp_path)
    assert contents(tmp_path) == [(1, b"y" * 400), *RECORDS]


# --- crashes ------------------------------------------------------------------------------------------------------


def test_truncation_at_every_byte_keeps_every_whole_record_and_appends_on(tmp_path):
    write(tmp_path / "whole")
    image = segment_path(tmp_path / "whole", 1).read_bytes()
    ends = [len(MAGIC)]
    for received_ns, payload in RECORDS:
        ends.append(ends[-1] + len(encode_record(received_ns, payload)))

    for size in range(len(image) + 1):
        directory = tmp_path / str(size)
        directory.mkdir()
        segment_path(directory, 1).write_bytes(image[:size])
        whole = [end for end in ends if end <= size]
        expected = RECORDS[: max(0, len(whole) - 1)]

        with WalWriter(directory, flush_to_disk=False) as writer:
            assert writer.recovery.damages == ()
            assert writer.recovery.torn_bytes == size - (whole[-1] if whole else 0)
            writer.append([(9, b"after the crash")])

        assert contents(directory) == [*expected, (9, b"after the crash")], size


def test_zeros_at_the_end_are_cut_like_any_torn_end(tmp_path):
    write(tmp_path)
    with segment_path(tmp_path, 1).open("ab") as file:
        file.write(bytes(4096))

    with WalWriter(tmp_path, flush_to_disk=False) as writer:
        assert writer.recovery.torn_bytes == 4096
    assert contents(tmp_path) == RECORDS


def test_damage_in_the_middle_is_named_kept_and_skipped(tmp_path):
    positions = [Position.parse(one) for one in write(tmp_path)]
    path = segment_path(tmp_path, 1)
    image = bytearray(path.read_bytes())
    image[positions[2].offset + HEADER.size + 10] ^= 0x40
    path.write_bytes(image)
    damage = Damage(1, positions[2].offset, positions[3].offset)

    with WalWriter(tmp_path, flush_to_disk=False) as writer:
        assert (writer.recovery.torn_bytes, writer.recovery.damages) == (0, (damage,))

    assert path.read_bytes() == bytes(image), "recovery must not touch what is damaged"
    found: list[Damage] = []
    got = [(one.received_ns, one.payload) for one in WalReader(tmp_path).replay(on_damage=found.append)]
    assert got == [RECORDS[0], RECORDS[1], RECORDS[3]]
    assert found == [damage]
    with pytest.raises(WalBroken, match=f"segment 1 is damaged from byte {positions[2].offset}"):
        list(WalReader(tmp_path).replay())
    with pytest.raises(WalBroken):
        WalReader(tmp_path).read(str(positions[2]))


def test_a_length_that_lies_does_not_hide_what_follows(tmp_path):
    positions = [Position.parse(one) for one in write(tmp_path)]
    path = segment_path(tmp_path, 1)
    image = bytearray(path.read_bytes())
    image[positions[1].offset + 2] = 0xFF  # the record now claims 16 MB
    path.write_bytes(image)

    found: list[Damage] = []
    got = [one.payload for one in WalReader(tmp_path).replay(on_damage=found.append)]
    assert got == [RECORDS[0][1], RECORDS[2][1], RECORDS[3][1]]
    assert found == [Damage(1, positions[1].offset, positions[2].offset)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payloads=st.lists(st.binary(max_size=60), min_size=1, max_size=8),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), max_size=3),
    cut=st.floats(0, 1),
)
def test_whatever_happens_to_the_file_only_true_records_come_back_in_order(tmp_path_factory, payloads, flips, cut):
    directory = tmp_path_factory.mktemp("wal")
    records = [(number, payload) for number, payload in enumerate(payloads)]
    write(directory, records)
    path = segment_path(directory, 1)
    image = bytearray(path.read_bytes())
    for place, bit in flips:
        offset = len(MAGIC) + int(place * (len(image) - len(MAGIC)))
        image[offset] ^= 1 << bit
    size = len(MAGIC) + round(cut * (len(image) - len(MAGIC)))
    path.write_bytes(image[:size])

    with WalWriter(directory, flush_to_disk=False) as writer:
        writer.append([(99, b"new")])
    damages: list[Damage] = []
    got = [(one.received_ns, one.payload) for one in WalReader(directory).replay(on_damage=damages.append)]

    assert got[-1] == (99, b"new")
    kept = [number for number, _ in got[:-1]]
    assert kept == sorted(kept)
    assert all(records[number] == (number, payload) for number, payload in got[:-1])
    if not flips:
        whole = 0
        end = len(MAGIC)
        for record in records:
            end += len(encode_record(*record))
            whole += end <= size
        assert len(kept) == whole


def test_a_file_that_is_no_segment_is_refused_not_overwritten(tmp_path):
    segment_path(tmp_path, 1).write_bytes(b"something else entirely")

    with pytest.raises(WalBroken, match="not a WAL segment"):
        WalWriter(tmp_path, flush_to_disk=False)
    assert segment_path(tmp_path, 1).read_bytes() == b"something else entirely"


def test_after_a_failed_flush_the_writer_gives_up(tmp_path, monkeypatch):
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = WalWriter(tmp_path)
    writer.append(RECORDS[:1])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", full)
        with pytest.raises(WalBroken, match="No space left"):
            writer.append(RECORDS[1:2])
    with pytest.raises(WalBroken, match="given up"):
        writer.append(RECORDS[2:3])
    writer.close()

    write(tmp_path, RECORDS[3:])
    payloads = [payload for _, payload in contents(tmp_path)]
    assert payloads[0] == RECORDS[0][1]
    assert payloads[-1] == RECORDS[3][1]
    assert RECORDS[2][1] not in payloads


def test_a_disk_that_is_full_in_the_middle_of_a_record_costs_that_record_only(tmp_path):
    """A real short write: the file size limit of a child process ends the write after a part of the record."""
    code = f"""
import resource, signal, sys
from pathlib import Path
from qts.adapters.wal import WalBroken, WalWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
writer = WalWriter(Path({str(tmp_path)!r}))
writer.append([(1, b"a" * 500)])
try:
    writer.append([(2, b"b" * 900)])
except WalBroken:
    sys.exit(17)
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False, capture_output=True, timeout=60)
    assert done.returncode == 17, done.stderr
    assert segment_path(tmp_path, 1).stat().st_size == 1000

    write(tmp_path, [(3, b"c")])
    assert contents(tmp_path) == [(1, b"a" * 500), (3, b"c")]


def test_a_reader_beside_the_writer_sees_whole_records_only(tmp_path):
    with WalWriter(tmp_path, flush_to_disk=False) as writer:
        writer.append(RECORDS)
        with segment_path(tmp_path, 1).open("ab") as file:
            file.write(encode_record(5_000, b"half written")[:20])
        assert contents(tmp_path) == RECORDS
