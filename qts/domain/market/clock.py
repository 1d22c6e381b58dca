"""Market time as a pure function of wall time.

A specification is `wall`, or `affine:<first day>,<start>,<end>,<wall epoch seconds>,<speed>`: at that wall second it
is `start` of the first day in Vietnam; time passes `speed` times as fast; when the day reaches `end` it jumps to
`start` of the next trading day. Processes that share a specification and a calendar agree without talking.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from qts.domain.market.calendar import TradingCalendar
from qts.domain.market.sessions import VIETNAM, to_vietnam


@dataclass(frozen=True, slots=True)
class WallSchedule:
    """Market time is wall time."""

    speed: float = 1.0

    def at(self, wall_epoch_s: float) -> datetime:
        return datetime.fromtimestamp(wall_epoch_s, tz=UTC)

    def wall_at(self, moment: datetime) -> float:
        return moment.timestamp()


@dataclass(slots=True)
class AffineSchedule:
    """See the module. Before `wall_start_s` it stays at `start` of the first day."""

    first_day: date
    start: time
    end: time
    wall_start_s: float
    speed: float
    calendar: TradingCalendar = field(default_factory=TradingCalendar)
    _days: tuple[date, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"market day ends at {self.end}, which is not after its start {self.start}")
        if not (math.isfinite(self.speed) and self.speed > 0 and math.isfinite(self.wall_start_s)):
            raise ValueError("clock speed must be a positive number and its start a finite one")
        if not self.calendar.is_trading_day(self.first_day):
            raise ValueError(f"the clock's first day {self.first_day} is not a trading day")
        self._days = (self.first_day,)

    @property
    def day_length_s(self) -> float:
        """Market seconds of one day."""
        return (_on(self.first_day, self.end) - _on(self.first_day, self.start)).total_seconds()

    def at(self, wall_epoch_s: float) -> datetime:
        """Market time, aware UTC."""
        elapsed_s = max(0.0, (wall_epoch_s - self.wall_start_s) * self.speed)
        index, into_day_s = divmod(elapsed_s, self.day_length_s)
        return (_on(self._day(int(index)), self.start) + timedelta(seconds=into_day_s)).astimezone(UTC)

    def wall_at(self, moment: datetime) -> float:
        """The wall second at which the market first shows `moment` or a later time."""
        local = to_vietnam(moment)
        index = 0
        while self._day(index) < local.date():
            index += 1
        day = self._day(index)
        into_day_s = 0.0
        if day == local.date() and local.time() > self.start:
            into_day_s = (local - _on(day, self.start)).total_seconds()
        elapsed_s = index * self.day_length_s + min(into_day_s, self.day_length_s)
        return self.wall_start_s + elapsed_s / self.speed

    def _day(self, index: int) -> date:
        days = self._days  # replaced as a whole, so threads that extend it at the same time agree
        while len(days) <= index:
            days = (*days, self.calendar.next_trading_day(days[-1]))
        if len(days) > len(self._days):
            self._days = days
        return days[index]


def _on(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=VIETNAM)


Schedule = WallSchedule | AffineSchedule


def parse_clock(spec: str, calendar: TradingCalendar | None = None) -> Schedule:
    """Read a specification; without a calendar every weekday is a trading day. Raises ValueError, naming the part."""
    kind, _, rest = spec.strip().partition(":")
    if kind == "wall" and not rest:
        return WallSchedule()
    parts = [part.strip() for part in rest.split(",")]
    if kind != "affine" or len(parts) != 5:
        raise ValueError(f"clock must be 'wall' or 'affine:day,start,end,wall seconds,speed', got {spec!r}")
    return AffineSchedule(
        first_day=date.fromisoformat(parts[0]),
        start=time.fromisoformat(parts[1]),
        end=time.fromisoformat(parts[2]),
        wall_start_s=float(parts[3]),
        speed=float(parts[4]),
        calendar=calendar or TradingCalendar(),
    )
