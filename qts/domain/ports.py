"""What the domain asks of the outside world. Adapters implement these; tests give doubles of the same shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol


class MarketClock(Protocol):
    """The market's own time: the wall clock in production, an affine one in demo and tests."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def trading_day(self) -> date:
        """The date in Asia/Ho_Chi_Minh of `now()`."""
        ...

    def at(self, wall_s: float) -> datetime:
        """What it shows, or showed, at that moment of the wall clock (seconds since 1970)."""
        ...

    def wall_at(self, moment: datetime) -> float:
        """When it first shows that moment or a later one, in seconds of the wall clock since 1970."""
        ...


class BusMessage(NamedTuple):
    """`body` is the event as JSON bytes; `key` decides the partition."""

    topic: str
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a consumer got it; `position` is what acknowledges it."""

    topic: str
    key: str
    body: bytes
    position: str


class Bus(Protocol):
    """At-least-once delivery in order of a key. Consumers are idempotent."""

    def publish(self, messages: Sequence[BusMessage]) -> None: ...

    def consume(
        self, topics: Sequence[str], *, group: str, consumer: str, count: int, block_ms: int
    ) -> Sequence[Delivery]:
        """Own unacknowledged messages first (after a restart), then those of dead consumers, then new ones."""
        ...

    def has_lost(self, topic: str, *, group: str) -> bool:
        """Whether the bus has dropped messages before the group got them. To be asked before consuming: who consumes
        goes on after what was dropped."""
        ...

    def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None: ...

    def skip_older(self, topic: str, *, group: str, than_ms: int) -> None:
        """A group that is further behind goes on with what was published since then (ms since 1970). What it took and
        did not acknowledge stays its own."""
        ...
