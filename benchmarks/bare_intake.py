"""The least that durable intake of market frames can cost in one Python process: decode and append, nothing else.

Frame, envelope and record are decoded into typed structs; frames go to one file with length, checksum and time, and
each batch is flushed to the disk. No event is made, nothing is published, nothing is remembered.
"""

import os
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

_HEADER = struct.Struct("<IIQ")
_LEVELS = [f"{side}{what}{level}" for side in ("Ask", "Bid") for what in ("Price", "Vol") for level in range(1, 11)]


class _Call(msgspec.Struct):
    arguments: list[str] = msgspec.field(name="A")


class _Frame(msgspec.Struct):
    calls: list[_Call] = msgspec.field(name="M")


class _Envelope(msgspec.Struct, rename="pascal"):
    data_type: str
    content: str


class _Stamped(msgspec.Struct, rename="pascal"):
    """Fields stand in the order of the wire, in which they are found fastest."""

    trading_date: str
    time: str


class _Match(_Stamped):
    symbol: str
    close: float
    volume: float


class _Trade(_Stamped):
    symbol: str
    ceiling: float
    floor: float
    ref_price: float
    avg_price: float
    last_price: float
    last_vol: float
    total_val: float
    total_vol: float
    est_matched_price: float
    highest: float
    lowest: float
    side: str
    trading_session: str
    trading_status: str


class _Room(_Stamped):
    symbol: str
    total_room: float
    current_room: float
    buy_vol: float
    sell_vol: float
    buy_val: float
    sell_val: float


class _Index(_Stamped):
    index_id: str
    index_value: float
    prior_index_value: float
    total_qtty: float
    total_value: float
    advances: int
    no_changes: int
    declines: int
    ceilings: int
    floors: int


_Quote = msgspec.defstruct(
    "_Quote", [("TradingDate", str), ("Time", str), ("Symbol", str), *[(name, float) for name in _LEVELS]]
)
_FRAME = msgspec.json.Decoder(_Frame)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_RECORDS: dict[str, Callable[[str], object]] = {
    "B": msgspec.json.Decoder(_Match).decode,
    "X-TRADE": msgspec.json.Decoder(_Trade).decode,
    "X-QUOTE": msgspec.json.Decoder(_Quote).decode,
    "R": msgspec.json.Decoder(_Room).decode,
    "MI": msgspec.json.Decoder(_Index).decode,
}


def decode(frame: bytes) -> object:
    envelope = _ENVELOPE.decode(_FRAME.decode(frame).calls[0].arguments[0])
    return _RECORDS[envelope.data_type](envelope.content)


class BareLog:
    """One file, one writer, one flush a batch."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o640)

    def append(self, batch: Sequence[tuple[int, bytes]]) -> None:
        parts: list[bytes] = []
        for received_ns, frame in batch:
            parts.append(_HEADER.pack(len(frame), zlib.crc32(frame), received_ns))
            parts.append(frame)
        os.write(self._file, b"".join(parts))
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)
