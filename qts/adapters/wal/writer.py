"""The one writer of a log: batches are flushed to the disk together (group commit) before their positions are given."""

import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from qts.adapters.wal.log import (
    MAGIC,
    Damage,
    Record,
    Recovery,
    WalBroken,
    WalLocked,
    encode_record,
    scan,
    segment_path,
    segments,
)
from qts.observability.metrics import WAL_FSYNC_SECONDS

SEGMENT_BYTES_MAX = 64 * 1024 * 1024
RETENTION_BYTES_MAX = 32 * 1024 * 1024 * 1024
RETENTION_DAYS_MAX = 30
DAY_S = 86_400


class WalWriter:
    """Opens the log in `directory`, cuts a torn end off, and appends. One writer at a time, by a file lock.

    Raises WalLocked when another one has it, WalBroken when the disk fails. After WalBroken the object writes no more:
    what a failed flush left on disk is unknown, so a new writer has to look at it first.
    """

    def __init__(
        self,
        directory: Path,
        *,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        retention_bytes_max: int = RETENTION_BYTES_MAX,
        retention_days_max: int = RETENTION_DAYS_MAX,
        flush_to_disk: bool = True,
    ) -> None:
        self._directory = directory
        self._segment_bytes_max = segment_bytes_max
        self._retention_bytes_max = retention_bytes_max
        self._retention_s_max = retention_days_max * DAY_S
        self._flush_to_disk = flush_to_disk
        self._broken: OSError | None = None
        self._file = self._lock = -1
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = self._take_lock()
            self._segment, self._offset, self.recovery = self._recover()
        except OSError as error:
            self.close()
            raise WalBroken(f"cannot open the log in {directory}: {error}") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def position(self) -> str:
        """Where the next record will stand; replaying from here yields what is appended after now."""
        return f"{self._segment}:{self._offset}"

    def append(self, records: Sequence[tuple[int, bytes]]) -> list[str]:
        """Write (received_ns, payload) pairs and flush once; returns their positions, in order."""
        if self._broken is not None:
            raise WalBroken(f"the log was given up after: {self._broken}") from self._broken
        encoded = [encode_record(received_ns, payload) for received_ns, payload in records]
        if not encoded:
            return []
        try:
            if self._offset > len(MAGIC) and self._offset + sum(map(len, encoded)) > self._segment_bytes_max:
                self._rotate()
            return self._write(encoded)
        except OSError as error:
            self._broken = error
            raise WalBroken(f"cannot append to WAL segment {self._segment}: {error}") from error

    def close(self) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def _write(self, encoded: Sequence[bytes]) -> list[str]:
        positions, offset = [], self._offset
        for record in encoded:
            positions.append(f"{self._segment}:{offset}")
            offset += len(record)
        with WAL_FSYNC_SECONDS.time():
            self._write_all(b"".join(encoded))
        self._offset = offset
        return positions

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        if self._flush_to_disk:
            os.fdatasync(self._file)

    def _rotate(self) -> None:
        os.close(self._file)
        self._file = -1
        self._segment += 1
        self._offset = self._start_segment(self._segment)
        self._drop_oldest()

    def _start_segment(self, segment: int) -> int:
        self._file = os.open(segment_path(self._directory, segment), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
        self._write_all(MAGIC)
        folder = os.open(self._directory, os.O_RDONLY)  # the new name must survive a power cut too
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return len(MAGIC)

    def _drop_oldest(self) -> None:
        """Keep the newest segments that fit `retention_bytes_max` and were written to in the last `retention_days_max`
        days; the one being written always stays."""
        kept_bytes, oldest_s = self._segment_bytes_max, time.time() - self._retention_s_max
        for segment in reversed(segments(self._directory)[:-1]):
            path = segment_path(self._directory, segment)
            status = path.stat()
            kept_bytes += status.st_size
            if kept_bytes > self._retention_bytes_max or status.st_mtime < oldest_s:
                path.unlink()

    def _take_lock(self) -> int:
        lock = os.open(self._directory / "writer.lock", os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise WalLocked(f"another process writes the log in {self._directory}") from None
        return lock

    def _recover(self) -> tuple[int, int, Recovery]:
        known = segments(self._directory)
        if not known:
            return 1, self._start_segment(1), Recovery(torn_bytes=0, damages=())
        segment = known[-1]
        image = segment_path(self._directory, segment).read_bytes()
        if len(image) < len(MAGIC) and MAGIC.startswith(image):
            return segment, self._start_segment(segment), Recovery(torn_bytes=len(image), damages=())
        if not image.startswith(MAGIC):
            raise WalBroken(f"{segment_path(self._directory, segment)} is not a WAL segment")
        end, damages = len(MAGIC), []
        for found in scan(segment, image, len(MAGIC)):
            if isinstance(found, Damage):
                damages.append(found)
            else:
                end = _offset_after(found)
        self._file = os.open(segment_path(self._directory, segment), os.O_RDWR)
        os.ftruncate(self._file, end)
        os.fsync(self._file)
        os.lseek(self._file, end, os.SEEK_SET)
        return segment, end, Recovery(torn_bytes=len(image) - end, damages=tuple(damages))


def _offset_after(record: Record) -> int:
    return int(record.next_position.rpartition(":")[2])
