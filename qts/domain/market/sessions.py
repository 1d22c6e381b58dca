"""Trading sessions of a trading day and what they admit.

Pure time of day in Asia/Ho_Chi_Minh; whether the date is a trading day is the calendar's answer, and a halt is the
exchange's message. A session includes its first instant and ends just before the next one begins.
"""

from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from qts.domain.market.rule_book import RuleBook
from qts.domain.market.rule_terms import Admission, PloMatching, SessionSpan
from qts.domain.values import Exchange, OrderType, Session

VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")
_SECONDS: Final = 60


def to_vietnam(moment: datetime) -> datetime:
    """An aware moment as Vietnam's local time. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone; this one has none")
    return moment.astimezone(VIETNAM)


def moment_of(ts_ms: int) -> datetime:
    """Milliseconds since 1970 as a moment, in UTC."""
    return datetime.fromtimestamp(ts_ms / 1_000, tz=UTC)


def ms_of(moment: datetime) -> int:
    """The nearest millisecond since 1970."""
    return round(moment.timestamp() * 1_000)


def session_schedule(rules: RuleBook, exchange: Exchange, *, restricted: bool = False) -> tuple[SessionSpan, ...]:
    """The day's sessions in order, without a gap; before them PRE_OPEN, after them CLOSED.

    A security under restricted trading may have a schedule of its own.
    """
    board = rules.boards[exchange]
    return board.restricted_timetable if restricted else board.timetable


def session_bounds(rules: RuleBook, exchange: Exchange) -> tuple[time, time]:
    """When the day's first session begins and its last one ends."""
    schedule = rules.boards[exchange].timetable
    return schedule[0].start, schedule[-1].end


def session_at(rules: RuleBook, exchange: Exchange, local: datetime | time, *, restricted: bool = False) -> Session:
    """The session by schedule. An aware datetime is turned into Vietnam's time; a naive one is taken to be that."""
    at = _time_of_day(local)
    schedule = session_schedule(rules, exchange, restricted=restricted)
    if at < schedule[0].start:
        return Session.PRE_OPEN
    for span in schedule:
        if at < span.end:
            return span.session
    return Session.CLOSED


def admits(rules: RuleBook, exchange: Exchange, session: Session, order_type: OrderType) -> bool:
    """Whether the exchange takes a new order of this type in this session."""
    admission = rules.boards[exchange].admissions.get(session)
    return admission is not None and order_type in admission.types


def order_types(rules: RuleBook, exchange: Exchange) -> list[OrderType]:
    """What the venue takes at some time of an ordinary day: first the types of continuous trading."""
    sessions = {span.session for span in rules.boards[exchange].timetable}
    taken = [one for one in OrderType if any(admits(rules, exchange, session, one) for session in sessions)]
    return sorted(taken, key=lambda one: not admits(rules, exchange, Session.CONTINUOUS, one))


def may_cancel(rules: RuleBook, exchange: Exchange, session: Session, at: datetime | time | None = None) -> bool:
    """Whether an order that stands in the session may be cancelled. In one whose last minutes are locked, such as a
    periodic auction, `at` is needed: without it the answer is no."""
    admission = rules.boards[exchange].admissions.get(session)
    return admission is not None and admission.may_cancel and _is_unlocked(rules, exchange, session, admission, at)


def may_amend(
    rules: RuleBook, exchange: Exchange, session: Session, order_type: OrderType, at: datetime | time | None = None
) -> bool:
    """Some types, when they may be cancelled; price or quantity, never both in one amendment."""
    admission = rules.boards[exchange].admissions.get(session)
    return admission is not None and order_type in admission.amendable and may_cancel(rules, exchange, session, at)


def may_change_later(rules: RuleBook, exchange: Exchange, local: datetime | time) -> bool:
    """Whether a session that allows cancels and amendments is still to come today."""
    at = _time_of_day(local)
    spans = rules.boards[exchange].timetable
    return any(span.start > at and may_cancel(rules, exchange, span.session, span.start) for span in spans)


def plo_matching(rules: RuleBook, exchange: Exchange) -> tuple[PloMatching, time | None]:
    """How orders at the closing price meet, and until when they are gathered."""
    rule = rules.boards[exchange].after_hours
    return rule.matching, rule.collected_until


def _is_unlocked(
    rules: RuleBook, exchange: Exchange, session: Session, admission: Admission, at: datetime | time | None
) -> bool:
    if not admission.locked_minutes:
        return True
    if at is None:
        return False
    now, board = _time_of_day(at), rules.boards[exchange]
    for span in (*board.restricted_timetable, *board.timetable):
        if span.session is session and span.start <= now < span.end:
            return _second(span.end) - _second(now) > admission.locked_minutes * _SECONDS
    return False


def _second(at: time) -> int:
    return (at.hour * _SECONDS + at.minute) * _SECONDS + at.second


def _time_of_day(local: datetime | time) -> time:
    if isinstance(local, datetime):
        return (to_vietnam(local) if local.tzinfo is not None else local).time()
    return local
