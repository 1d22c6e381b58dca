"""What happens by the clock: timers that strategies asked for, and sessions that begin, day by day in their order."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from qts.domain.market import VIETNAM, RuleBook, RuleHistory, session_schedule
from qts.domain.strategy import SessionChange, Timer, Wants
from qts.domain.values import Exchange, Session

_MINUTE_MS: Final = 60_000
_EPOCH: Final = date(1970, 1, 1)


class Moment(NamedTuple):
    """`part` is the place of the strategy that is told."""

    ts_ms: int
    part: int
    event: Timer | SessionChange


class Clockwork:
    """The moments of one day after the other. `wanted` holds, by part, what it wants and where it trades; sessions are
    those of the rules of each day."""

    def __init__(self, wanted: Sequence[tuple[Wants, Iterable[Exchange]]], rules: RuleHistory) -> None:
        self._rules = rules
        self._timers = [(part, minute) for part, (wants, _) in enumerate(wanted) for minute in wants.timers]
        self._sessions = [
            (part, exchange)
            for part, (wants, exchanges) in enumerate(wanted)
            if wants.sessions
            for exchange in sorted(set(exchanges))
        ]

    @property
    def is_needed(self) -> bool:
        return bool(self._timers or self._sessions)

    def of_day(self, day: int) -> list[Moment]:
        """In their order: at the same moment a session before a timer, the first strategy before the second."""
        today = _EPOCH + timedelta(days=day)
        midnight = datetime.combine(today, time(), tzinfo=VIETNAM).astimezone(UTC)
        began_ms = round(midnight.timestamp() * 1_000)
        moments = [
            Moment(
                began_ms + minute * _MINUTE_MS, part, SessionChange(exchange, began_ms + minute * _MINUTE_MS, session)
            )
            for part, exchange in self._sessions
            for minute, session in _changes(self._rules.on(today), exchange)
        ]
        moments += [
            Moment(at_ms, part, Timer(at_ms, minute))
            for part, minute in self._timers
            for at_ms in [began_ms + minute * _MINUTE_MS]
        ]
        return sorted(moments, key=lambda moment: (moment.ts_ms, isinstance(moment.event, Timer), moment.part))


def _changes(rules: RuleBook, exchange: Exchange) -> list[tuple[int, Session]]:
    """Minutes since midnight and what begins then."""
    spans = session_schedule(rules, exchange)
    begun = [(_minute(spans[0].start), spans[0].session)]
    begun += [(_minute(after.start), after.session) for before, after in pairwise(spans) if after != before]
    return [*begun, (_minute(spans[-1].end), Session.CLOSED)]


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
