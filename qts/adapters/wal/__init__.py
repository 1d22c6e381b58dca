"""The write-ahead log: what was received stands on disk before anybody acts on it."""

from qts.adapters.wal.log import (
    Damage,
    Position,
    Record,
    Recovery,
    WalBroken,
    WalLocked,
    WalPositionGone,
    message_position,
)
from qts.adapters.wal.reader import WalReader
from qts.adapters.wal.writer import WalWriter

__all__ = [
    "Damage",
    "Position",
    "Record",
    "Recovery",
    "WalBroken",
    "WalLocked",
    "WalPositionGone",
    "WalReader",
    "WalWriter",
    "message_position",
]
