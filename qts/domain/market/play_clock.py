"""The clock of a replayed day: it runs, stands, jumps and changes its pace. Steady seconds come in as arguments."""

from dataclasses import dataclass
from typing import Final

SPEED_MIN: Final = 1
SPEED_MAX: Final = 60
_NS_PER_MS: Final = 1_000_000


@dataclass(slots=True)
class PlayClock:
    """Market time since 1970 from the nanoseconds of any steady clock. It begins standing.

    Integers alone, and every change keeps the nanoseconds: no pause and no change of speed loses or adds any.
    """

    at_ns: int
    speed: int = SPEED_MIN
    _runs_since_ns: int | None = None

    def __post_init__(self) -> None:
        _check(self.speed)

    @property
    def is_running(self) -> bool:
        return self._runs_since_ns is not None

    def now_ms(self, steady_ns: int) -> int:
        return self._now_ns(steady_ns) // _NS_PER_MS

    def run(self, steady_ns: int) -> None:
        if self._runs_since_ns is None:
            self._runs_since_ns = steady_ns

    def stand(self, steady_ns: int) -> None:
        self.at_ns, self._runs_since_ns = self._now_ns(steady_ns), None

    def go_at(self, speed: int, steady_ns: int) -> None:
        """Raises ValueError for a speed that is not a whole number from 1 to 60."""
        _check(speed)
        self._anchor(self._now_ns(steady_ns), steady_ns)
        self.speed = speed

    def jump(self, to_ms: int, steady_ns: int) -> None:
        """It goes on from there as it was, running or standing."""
        self._anchor(to_ms * _NS_PER_MS, steady_ns)

    def _anchor(self, at_ns: int, steady_ns: int) -> None:
        self.at_ns = at_ns
        if self._runs_since_ns is not None:
            self._runs_since_ns = steady_ns

    def _now_ns(self, steady_ns: int) -> int:
        if self._runs_since_ns is None:
            return self.at_ns
        return self.at_ns + max(0, steady_ns - self._runs_since_ns) * self.speed


def _check(speed: int) -> None:
    if isinstance(speed, bool) or not isinstance(speed, int) or not SPEED_MIN <= speed <= SPEED_MAX:
        raise ValueError(f"a replay runs at {SPEED_MIN} to {SPEED_MAX} times the market's speed, not at {speed!r}")
