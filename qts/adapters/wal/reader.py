"""Reading the log, also while it is being written."""

from collections.abc import Callable, Iterator
from pathlib import Path

from qts.adapters.wal.log import (
    HEADER,
    MAGIC,
    PAYLOAD_BYTES_MAX,
    Damage,
    Position,
    Record,
    WalBroken,
    WalPositionGone,
    record_at,
    scan,
    segment_path,
    segments,
)


def _refuse(damage: Damage) -> None:
    raise WalBroken(str(damage))


class WalReader:
    """Reads the log in `directory`. Positions of messages inside a frame name the frame's record."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, position: str) -> Record:
        """The record at `position`. WalPositionGone when it is not kept any more, WalBroken when it is damaged."""
        at = Position.parse(position)
        try:
            with segment_path(self._directory, at.segment).open("rb") as file:
                file.seek(at.offset)
                head = file.read(HEADER.size)
                length = HEADER.unpack(head)[0] if len(head) == HEADER.size else 0
                image = head + (file.read(length) if length <= PAYLOAD_BYTES_MAX else b"")
        except FileNotFoundError:
            raise WalPositionGone(f"WAL segment {at.segment} is not kept any more") from None
        found = record_at(image, 0)
        if found is None:
            raise WalBroken(f"no sound record at WAL position {at}")
        received_ns, payload, size = found
        return Record(str(at), str(Position(at.segment, at.offset + size)), received_ns, payload)

    def newest_ns(self) -> int:
        """The newest time of receipt in the log; 0 when it holds none."""
        for segment in reversed(segments(self._directory)):
            image = segment_path(self._directory, segment).read_bytes()
            found = [one.received_ns for one in scan(segment, image, len(MAGIC)) if isinstance(one, Record)]
            if newest := max(found, default=0):
                return newest
        return 0

    def replay(
        self, from_position: str | None = None, *, on_damage: Callable[[Damage], None] = _refuse
    ) -> Iterator[Record]:
        """Every record from `from_position` (itself included; None: the oldest kept) to the end as it is now.

        Damage between records is given to `on_damage`, which by default raises WalBroken, and then skipped. A record
        that is being written just now is not there yet.
        """
        known = segments(self._directory)
        start = Position.parse(from_position) if from_position else Position(known[0] if known else 0, len(MAGIC))
        if known and not known[0] <= start.segment <= known[-1]:
            raise WalPositionGone(f"WAL position {start} is outside of the segments {known[0]} to {known[-1]}")
        for segment in known:
            if segment >= start.segment:
                offset = start.offset if segment == start.segment else len(MAGIC)
                yield from self._replay_segment(segment, offset, on_damage)

    def _replay_segment(self, segment: int, offset: int, on_damage: Callable[[Damage], None]) -> Iterator[Record]:
        try:
            image = segment_path(self._directory, segment).read_bytes()
        except FileNotFoundError:
            raise WalPositionGone(f"WAL segment {segment} was dropped while it was being read") from None
        if offset > len(image):
            raise WalPositionGone(f"WAL segment {segment} ends before byte {offset}")
        for found in scan(segment, image, offset):
            if isinstance(found, Damage):
                on_damage(found)
            else:
                yield found
