"""The form of the log on disk.

A directory of segments, `000000000001.wal` and so on. A segment begins with 8 bytes of magic; then records follow, each

    length of the payload, u32 | CRC-32 of the rest, u32 | wall clock at receipt in ns, u64 | payload

little-endian; the CRC covers length, time and payload. A position is "segment:offset" of a record's first byte. One
record holds one frame of the stream; the n-th message inside it is "segment:offset:n", so every message has a name.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from qts.domain.errors import TerminalError, TransientError

MAGIC = b"QTSWAL1\n"
HEADER = struct.Struct("<IIQ")
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
_SEALED = struct.Struct("<IQ")
_NAME = re.compile(r"(\d{12})\.wal")


class WalLocked(TransientError):
    """Another process writes this log."""


class WalBroken(TerminalError):
    """The disk refused a write or a flush, or a record cannot be read; the message says where."""


class WalPositionGone(TerminalError):
    """The position is before the oldest segment kept, or after the end of the log."""


class Position(NamedTuple):
    segment: int
    offset: int

    def __str__(self) -> str:
        return f"{self.segment}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Of "segment:offset" or "segment:offset:n" (the message inside is dropped); ValueError for anything else."""
        parts = text.split(":")
        if len(parts) not in {2, 3} or not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError(f"not a WAL position: {text!r}")
        return cls(int(parts[0]), int(parts[1]))


@dataclass(frozen=True, slots=True)
class Record:
    position: str
    next_position: str
    received_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record although records follow them: [offset_from, offset_to) of one segment."""

    segment: int
    offset_from: int
    offset_to: int

    def __str__(self) -> str:
        return f"WAL segment {self.segment} is damaged from byte {self.offset_from} to {self.offset_to}"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening for writing found in the last segment: bytes cut off its torn end, and damage before it."""

    torn_bytes: int
    damages: tuple[Damage, ...]


def message_position(frame_position: str, index: int) -> str:
    """The name of a frame's `index`-th message; the first has the frame's own, so a lone message has the plain form."""
    return f"{frame_position}:{index}" if index else frame_position


def encode_record(received_ns: int, payload: bytes) -> bytes:
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"a record of {len(payload)} bytes exceeds {PAYLOAD_BYTES_MAX}")
    crc = zlib.crc32(payload, zlib.crc32(_SEALED.pack(len(payload), received_ns)))
    return HEADER.pack(len(payload), crc, received_ns) + payload


def record_at(image: bytes, offset: int) -> tuple[int, bytes, int] | None:
    """(received_ns, payload, offset after it) of the whole and sound record at `offset`, or None."""
    start = offset + HEADER.size
    if start > len(image):
        return None
    length, crc, received_ns = HEADER.unpack_from(image, offset)
    end = start + length
    if length > PAYLOAD_BYTES_MAX or end > len(image):
        return None
    payload = image[start:end]
    if zlib.crc32(payload, zlib.crc32(_SEALED.pack(length, received_ns))) != crc:
        return None
    return received_ns, payload, end


def scan(segment: int, image: bytes, offset: int) -> Iterator[Record | Damage]:
    """Records from `offset` on, with damage between them named. A torn end yields nothing."""
    while offset < len(image):
        found = record_at(image, offset)
        if found is None:
            sound = _next_sound(image, offset + 1)
            if sound is None:
                return
            yield Damage(segment, offset, sound)
            offset = sound
            continue
        received_ns, payload, end = found
        yield Record(f"{segment}:{offset}", f"{segment}:{end}", received_ns, payload)
        offset = end


def _next_sound(image: bytes, offset: int) -> int | None:
    """Only after damage: try every byte. Lengths made of payload text exceed the file, so few CRCs are computed."""
    for candidate in range(offset, len(image) - HEADER.size + 1):
        if record_at(image, candidate) is not None:
            return candidate
    return None


def segment_path(directory: Path, segment: int) -> Path:
    return directory / f"{segment:012d}.wal"


def segments(directory: Path) -> list[int]:
    """The numbers of the segments in `directory`, oldest first."""
    if not directory.is_dir():
        return []
    return sorted(int(match[1]) for entry in directory.iterdir() if (match := _NAME.fullmatch(entry.name)))
