"""Thousands of accidents to a log: nothing acknowledged is lost without being named, and nothing is invented."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from qts.adapters.wal import Damage, WalLocked, WalReader, WalWriter
from qts.adapters.wal.log import MAGIC, encode_record, segment_path

TAIL_BYTES = 4_096
FLIPS = 1_000
SEED = 20_261_123
ROOT = Path(__file__).resolve().parents[3]
MESSAGES = [(1_000 + number, b'{"M":[%d]}' % number * (number % 40 + 1)) for number in range(60)]


@pytest.fixture
def image(tmp_path):
    """A log of 60 messages, some 13 KB."""
    with WalWriter(tmp_path / "whole", flush_to_disk=False) as writer:
        writer.append(MESSAGES)
    found = segment_path(tmp_path / "whole", 1).read_bytes()
    assert len(found) > 2 * TAIL_BYTES
    return found


def ends_of_records():
    ends = [len(MAGIC)]
    for message in MESSAGES:
        ends.append(ends[-1] + len(encode_record(*message)))
    return ends


def recovered(directory, image):
    """What a new writer and then a reader make of it: the recovery, the records and the damage."""
    directory.mkdir(exist_ok=True)
    segment_path(directory, 1).write_bytes(image)
    with WalWriter(directory, flush_to_disk=False) as writer:
        writer.append([(9_999, b"after")])
        recovery = writer.recovery
    damages: list[Damage] = []
    got = [(one.received_ns, one.payload) for one in WalReader(directory).replay(on_damage=damages.append)]
    assert got.pop() == (9_999, b"after")
    return recovery, got, damages


def test_a_cut_at_every_byte_of_the_last_4_kib_loses_only_what_was_not_whole(tmp_path, image, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # 4,097 recoveries; what a flush is worth is tested elsewhere
    ends = ends_of_records()
    for size in range(len(image) - TAIL_BYTES, len(image) + 1):
        recovery, got, damages = recovered(tmp_path / "cut", image[:size])
        whole = sum(end <= size for end in ends) - 1
        assert got == MESSAGES[:whole], size
        assert (recovery.torn_bytes, recovery.damages, damages) == (size - ends[whole], (), []), size


def test_a_thousand_flipped_bits_each_cost_one_record_at_most_and_name_it(tmp_path, image):
    chance, ends = random.Random(SEED), ends_of_records()
    for _ in range(FLIPS):
        place, bit = chance.randrange(len(MAGIC), len(image)), chance.randrange(8)
        hurt = bytearray(image)
        hurt[place] ^= 1 << bit
        recovery, got, damages = recovered(tmp_path / "flip", bytes(hurt))
        number = sum(end <= place for end in ends) - 1
        assert got == MESSAGES[:number] + MESSAGES[number + 1 :], (place, bit)
        if number < len(MESSAGES) - 1:
            assert damages == [Damage(1, ends[number], ends[number + 1])]
            assert recovery.damages == tuple(damages)
        else:  # the last one is a torn end, and its length is told
            assert recovery.torn_bytes == ends[-1] - ends[-2]


FULL_DISK = """
import sys
from pathlib import Path
from qts.adapters.wal import WalBroken, WalReader, WalWriter
directory = Path(sys.argv[1]) / "wal"
writer, acknowledged = WalWriter(directory), 0
try:
    while True:
        writer.append([(acknowledged, b"%06d" % acknowledged * 50)])
        acknowledged += 1
except WalBroken:
    writer.close()
print(acknowledged, [one.received_ns for one in WalReader(directory).replay()] == list(range(acknowledged)))
(Path(sys.argv[1]) / "ballast").unlink()
with WalWriter(directory) as successor:
    successor.append([(acknowledged, b"there is room again")])
print([one.received_ns for one in WalReader(directory).replay()] == list(range(acknowledged + 1)))
"""


def test_a_full_disk_costs_nothing_that_was_acknowledged_and_writing_goes_on_when_there_is_room(tmp_path):
    mount = f"mount -t tmpfs -o size=128k tmpfs {tmp_path} && head -c 40000 /dev/zero > {tmp_path}/ballast"
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*inside, mount], check=False, capture_output=True, timeout=30).returncode:
        pytest.skip("this machine does not let us mount a file system in a name space of our own")
    command = f"{mount} && exec '{sys.executable}' -c '{FULL_DISK}' {tmp_path}"
    done = subprocess.run([*inside, command], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    counted, went_on = done.stdout.splitlines() or [done.stderr, ""]
    acknowledged, is_whole = counted.split()
    assert int(acknowledged) > 100
    assert (is_whole, went_on) == ("True", "True")


def test_a_second_writer_is_refused_and_harms_nothing(tmp_path):
    with WalWriter(tmp_path, flush_to_disk=False) as first:
        first.append(MESSAGES[:5])
        code = f"from pathlib import Path; from qts.adapters.wal import WalWriter; WalWriter(Path({str(tmp_path)!r}))"
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, timeout=60)
        assert WalLocked.__name__ in other.stderr.decode()
        first.append(MESSAGES[5:9])
    assert [(one.received_ns, one.payload) for one in WalReader(tmp_path).replay()] == MESSAGES[:9]
