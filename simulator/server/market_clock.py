"""The market's clock as the controls bend it: paused, at another speed, ahead of its schedule; never back."""

from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from qts.domain.market import VIETNAM, Schedule, to_vietnam

SPEED_MAX: Final = 3_600.0
_AHEAD_MAX: Final = timedelta(days=400)


class Bend(msgspec.Struct):
    """Since `wall_s` the schedule is asked for `shown_s` and what passes from there, `rate` times as fast."""

    wall_s: float = 0.0
    shown_s: float = 0.0
    rate: float = 1.0
    is_paused: bool = False


class MarketClock:
    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.bend = Bend()

    @property
    def speed(self) -> float:
        """Market seconds in a second of wall time, 0 while it is paused."""
        return 0.0 if self.bend.is_paused else self.bend.rate * self._schedule.speed

    @property
    def name(self) -> str:
        """The same for the same schedule: a bend is kept for this one only."""
        schedule = self._schedule
        parts = [str(getattr(schedule, name, "")) for name in ("first_day", "start", "end", "wall_start_s", "speed")]
        return ",".join(parts)

    def at(self, wall_s: float) -> datetime:
        return self._schedule.at(self._shown_s(wall_s))

    def pause(self, wall_s: float) -> None:
        self.bend = Bend(wall_s, self._shown_s(wall_s), self.bend.rate, is_paused=True)

    def resume(self, wall_s: float) -> None:
        """At the speed that it had before the pause."""
        self.bend = Bend(wall_s, self._shown_s(wall_s), self.bend.rate)

    def change_speed(self, speed: float, wall_s: float) -> None:
        """Raises ValueError for a speed that is not above 0 and at most `SPEED_MAX`."""
        if not 0 < speed <= SPEED_MAX:
            raise ValueError(f"speed must be above 0 and at most {SPEED_MAX:g}")
        rate = speed / self._schedule.speed
        self.bend = Bend(wall_s, self._shown_s(wall_s), rate, self.bend.is_paused)

    def jump(self, moment: datetime, wall_s: float) -> None:
        """Show `moment`, or the first later one that the schedule has. Raises ValueError for the past or too far."""
        now = self.at(wall_s)
        if not now < moment <= now + _AHEAD_MAX:
            raise ValueError(f"the clock can jump ahead of {to_vietnam(now):%Y-%m-%dT%H:%M:%S}, by 400 days at most")
        self.bend = Bend(wall_s, self._schedule.wall_at(moment), self.bend.rate, self.bend.is_paused)

    def _shown_s(self, wall_s: float) -> float:
        bend = self.bend
        return bend.shown_s if bend.is_paused else bend.shown_s + (wall_s - bend.wall_s) * bend.rate


def moment_of(text: str, today: date) -> datetime:
    """`14:30` or `14:30:00` of today, or `2026-11-24T09:00:00`, Vietnam's time. Raises ValueError for other texts."""
    if "T" in text:
        given = datetime.fromisoformat(text)
        return given if given.tzinfo else given.replace(tzinfo=VIETNAM)
    return datetime.combine(today, time.fromisoformat(text), tzinfo=VIETNAM)
