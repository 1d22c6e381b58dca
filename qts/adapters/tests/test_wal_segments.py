"""The log's files: segments of a bounded size, the oldest of which go; positions that are there, gone, or none."""

import os
import time

import pytest

from qts.adapters.tests.test_wal import RECORDS, contents, write
from qts.adapters.wal import (
    Position,
    WalPositionGone,
    WalReader,
    WalWriter,
)
from qts.adapters.wal.log import MAGIC, PAYLOAD_BYTES_MAX, segment_path, segments


def test_segments_are_bounded_and_positions_run_on(tmp_path):
    records = [(number, bytes([number]) * 100) for number in range(30)]
    positions = []
    with WalWriter(tmp_path, segment_bytes_max=500, flush_to_disk=False) as writer:
        for record in records:
            positions += writer.append([record])

    assert contents(tmp_path) == records
    assert len(segments(tmp_path)) == 8
    assert all(segment_path(tmp_path, number).stat().st_size <= 500 for number in segments(tmp_path))
    for position, record in zip(positions, records, strict=True):
        assert WalReader(tmp_path).read(position).payload == record[1]
    assert contents(tmp_path, positions[11]) == records[11:]


def test_a_batch_larger_than_a_segment_gets_one_of_its_own(tmp_path):
    big = [(1, b"y" * 400), (2, b"z" * 400)]
    with WalWriter(tmp_path, segment_bytes_max=500, flush_to_disk=False) as writer:
        writer.append(RECORDS[:1])
        writer.append(big)
        writer.append(RECORDS[:1])

    assert contents(tmp_path) == [RECORDS[0], *big, RECORDS[0]]
    assert len(segments(tmp_path)) == 3


def test_the_oldest_segments_go_when_the_log_is_too_large(tmp_path):
    records = [(number, bytes([number]) * 100) for number in range(40)]
    with WalWriter(tmp_path, segment_bytes_max=500, retention_bytes_max=2_000, flush_to_disk=False) as writer:
        positions = [writer.append([record])[0] for record in records]

    sizes = [segment_path(tmp_path, number).stat().st_size for number in segments(tmp_path)]
    assert sum(sizes) <= 2_000
    kept = contents(tmp_path)
    assert kept == records[-len(kept) :]
    assert len(kept) >= 8
    with pytest.raises(WalPositionGone):
        WalReader(tmp_path).read(positions[0])
    with pytest.raises(WalPositionGone):
        list(WalReader(tmp_path).replay(positions[0]))


def test_segments_of_long_ago_go_too(tmp_path):
    old, new = time.time() - 11 * 86_400, time.time() - 9 * 86_400
    with WalWriter(tmp_path, segment_bytes_max=500, retention_days_max=10, flush_to_disk=False) as writer:
        for number in range(12):
            writer.append([(number, bytes([number]) * 100)])
        assert segments(tmp_path) == [1, 2, 3]
        os.utime(segment_path(tmp_path, 1), (old, old))
        os.utime(segment_path(tmp_path, 2), (new, new))
        writer.append([(12, b"x" * 100)])
    assert segments(tmp_path) == [2, 3, 4]


def test_the_newest_time_of_receipt_is_found_behind_an_empty_segment(tmp_path):
    assert WalReader(tmp_path).newest_ns() == 0
    write(tmp_path)
    segment_path(tmp_path, 2).write_bytes(MAGIC)
    assert WalReader(tmp_path).newest_ns() == max(received_ns for received_ns, _ in RECORDS)


def test_a_position_behind_what_was_cut_off_is_gone(tmp_path):
    write(tmp_path)
    size = segment_path(tmp_path, 1).stat().st_size
    assert contents(tmp_path, f"1:{size}") == []
    with pytest.raises(WalPositionGone, match="ends before"):
        contents(tmp_path, f"1:{size + 1}")


def test_a_position_after_the_end_is_gone_too(tmp_path):
    write(tmp_path)
    with pytest.raises(WalPositionGone):
        list(WalReader(tmp_path).replay("9:8"))


@pytest.mark.parametrize("text", ["", "1", "a:b", "1:-8", "1:2:3:4", "1:²"])
def test_what_is_no_position_is_refused(text):
    with pytest.raises(ValueError, match="not a WAL position"):
        Position.parse(text)


def test_a_payload_over_the_limit_is_refused_before_anything_is_written(tmp_path):
    with WalWriter(tmp_path, flush_to_disk=False) as writer:
        with pytest.raises(ValueError, match="exceeds"):
            writer.append([(1, b"ok"), (2, bytes(PAYLOAD_BYTES_MAX + 1))])
        writer.append([(3, b"after")])

    assert contents(tmp_path) == [(3, b"after")]
