"""Where the demo's market clock starts: never on a day that this data folder has already seen."""

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

from qts.domain.market import built_in_history, parse_clock, to_vietnam
from qts.embedded.options import DAY_END, Options

OPENING_PAUSE_S = 10.0  # the clock stands at its start so long, while the processes come up
ALIVE_EVERY_S = 5.0


class MarketDay:
    """The clock of this run, remembered in `clock.json` with the last moment it was known to run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.spec = ""

    def open(self, options: Options, wall_s: float) -> str:
        """The specification for this run: today or the next trading day, but after the last day used here."""
        day = to_vietnam(datetime.fromtimestamp(wall_s, tz=UTC)).date()
        calendar = built_in_history().calendar
        if not calendar.is_trading_day(day):
            day = calendar.next_trading_day(day)
        if last := self._last_day():
            day = max(day, calendar.next_trading_day(last))
        self.spec = (
            f"affine:{day},{options.start:%H:%M:%S},{DAY_END:%H:%M:%S},{wall_s + OPENING_PAUSE_S:.3f},{options.speed:g}"
        )
        self.note_alive(wall_s)
        return self.spec

    def note_alive(self, wall_s: float | None = None) -> None:
        content = {"spec": self.spec, "alive_s": time.time() if wall_s is None else wall_s}
        partial = self._path.with_suffix(".new")
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(self._path)

    def _last_day(self) -> date | None:
        """The latest market day that any process can have seen; it may have run on since the last note."""
        if not self._path.exists():
            return None
        content = json.loads(self._path.read_text(encoding="utf-8"))
        schedule = parse_clock(content["spec"], built_in_history().calendar)
        return to_vietnam(schedule.at(float(content["alive_s"]) + 2 * ALIVE_EVERY_S)).date()
