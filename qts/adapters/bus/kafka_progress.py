"""How far a group has come in one partition: single messages are acknowledged, but Kafka stores one number.

The number committed is the lowest offset that is not done. What is done beyond it, how far messages were handed out and
to whom go into the commit's metadata, so that a successor gets exactly what was left undone.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

METADATA_BYTES_MAX = 3_900  # brokers take 4,096 unless told otherwise (offset.metadata.max.bytes)
_VERSION = "1"
_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Owner:
    """Which run of which consumer reads the partition; of two runs with one name the later one does."""

    consumer: str
    run: int
    seen_ms: int

    def yields_to(self, consumer: str, run: int, *, now_ms: int, idle_ms: int) -> bool:
        if self.consumer == consumer:
            return self.run <= run
        return now_ms - self.seen_ms >= idle_ms


@dataclass(slots=True)
class Progress:
    """Offsets below `low` are done; so are the ranges [start, end) in `starts` and `ends`, which never touch each
    other or `low`. Offsets below `taken` have been handed out or left out."""

    low: int
    taken: int
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def is_done(self, offset: int) -> bool:
        if offset < self.low:
            return True
        index = bisect_right(self.starts, offset) - 1
        return index >= 0 and offset < self.ends[index]

    def done(self, start: int, end: int) -> None:
        """[start, end) is done, however often it is said."""
        start = max(start, self.low)
        if start >= end:
            return
        first, last = bisect_left(self.ends, start), bisect_right(self.starts, end)
        if first < last:
            start, end = min(start, self.starts[first]), max(end, self.ends[last - 1])
        self.starts[first:last], self.ends[first:last] = [start], [end]
        if self.starts[0] == self.low:
            self.low = self.ends[0]
            del self.starts[0], self.ends[0]
        self.taken = max(self.taken, self.low)

    def metadata(self, owner: Owner) -> str:
        """Numbers relative to `low`. Ranges that find no room are left out: their messages come again."""
        text = " ".join(
            (_VERSION, quote(owner.consumer), str(owner.run), str(owner.seen_ms), str(self.taken - self.low))
        )
        ranges: list[str] = []
        room = METADATA_BYTES_MAX - len(text) - 1
        for start, end in zip(self.starts, self.ends, strict=True):
            one = f"{start - self.low}-{end - self.low}"
            room -= len(one) + 1
            if room < 0:
                break
            ranges.append(one)
        return f"{text} {','.join(ranges)}"


def restored(offset: int, metadata: str | None) -> tuple[Progress, Owner | None]:
    """What `metadata` says of a commit at `offset`. A commit of some other program is an offset and nothing else."""
    plain = Progress(low=offset, taken=offset)
    parts = (metadata or "").split(" ")
    if len(parts) != _FIELDS or parts[0] != _VERSION:
        return plain, None
    _, consumer, run, seen_ms, taken, ranges = parts
    try:
        owner = Owner(unquote(consumer), int(run), int(seen_ms))
        progress = Progress(low=offset, taken=offset + int(taken))
        for one in filter(None, ranges.split(",")):
            start, _, end = one.partition("-")
            progress.done(offset + int(start), offset + int(end))
    except ValueError:
        return plain, None
    return progress, owner
