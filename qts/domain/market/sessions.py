"""Trading sessions of a trading day and what they admit (vietnam-market-rules, section 2).

Pure time of day in Asia/Ho_Chi_Minh; whether the date is a trading day is the calendar's answer, and a halt is the
exchange's message. A session includes its first instant and ends just before the next one begins.
"""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from qts.domain.values import Exchange, OrderType, Session

VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")


def to_vietnam(moment: datetime) -> datetime:
    """An aware moment as Vietnam's local time. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone; this one has none")
    return moment.astimezone(VIETNAM)


@dataclass(frozen=True, slots=True)
class SessionSpan:
    """From `start` (included) to `end` (excluded)."""

    session: Session
    start: time
    end: time


def _spans(*rows: tuple[Session, tuple[int, int], tuple[int, int]]) -> tuple[SessionSpan, ...]:
    return tuple(SessionSpan(session, time(*start), time(*end)) for session, start, end in rows)


_CLOSING_AUCTION: Final = (Session.ATC, (14, 30), (14, 45))
_LUNCH: Final = (Session.BREAK, (11, 30), (13, 0))
_SCHEDULES: Final[dict[Exchange, tuple[SessionSpan, ...]]] = {
    Exchange.HOSE: _spans(
        (Session.ATO, (9, 0), (9, 15)),
        (Session.CONTINUOUS, (9, 15), (11, 30)),
        _LUNCH,
        (Session.CONTINUOUS, (13, 0), (14, 30)),
        _CLOSING_AUCTION,
    ),
    Exchange.HNX: _spans(
        (Session.CONTINUOUS, (9, 0), (11, 30)),
        _LUNCH,
        (Session.CONTINUOUS, (13, 0), (14, 30)),
        _CLOSING_AUCTION,
        (Session.PLO, (14, 45), (15, 0)),
    ),
    Exchange.UPCOM: _spans(
        (Session.CONTINUOUS, (9, 0), (11, 30)),
        _LUNCH,
        (Session.CONTINUOUS, (13, 0), (15, 0)),
    ),
    Exchange.VNFE: _spans(
        (Session.ATO, (8, 45), (9, 0)),
        (Session.CONTINUOUS, (9, 0), (11, 30)),
        _LUNCH,
        (Session.CONTINUOUS, (13, 0), (14, 30)),
        _CLOSING_AUCTION,
    ),
}

_AUCTION_TYPES: Final = {
    Session.ATO: frozenset({OrderType.ATO, OrderType.LO}),
    Session.ATC: frozenset({OrderType.ATC, OrderType.LO}),
    Session.PLO: frozenset({OrderType.PLO}),
}
_CONTINUOUS_TYPES: Final = {
    Exchange.HOSE: frozenset({OrderType.LO, OrderType.MTL}),
    Exchange.HNX: frozenset({OrderType.LO, OrderType.MTL, OrderType.MOK, OrderType.MAK}),
    Exchange.UPCOM: frozenset({OrderType.LO}),
    Exchange.VNFE: frozenset({OrderType.LO, OrderType.MTL, OrderType.MOK, OrderType.MAK}),
}

_CANCEL_SESSIONS: Final = dict.fromkeys(Exchange, frozenset({Session.CONTINUOUS}))


def session_schedule(exchange: Exchange) -> tuple[SessionSpan, ...]:
    """The day's sessions in order, without a gap; before them PRE_OPEN, after them CLOSED."""
    return _SCHEDULES[exchange]


def session_bounds(exchange: Exchange) -> tuple[time, time]:
    """When the day's first session begins and its last one ends."""
    schedule = _SCHEDULES[exchange]
    return schedule[0].start, schedule[-1].end


def session_at(exchange: Exchange, local: datetime | time) -> Session:
    """The session by schedule. An aware datetime is turned into Vietnam's time; a naive one is taken to be that."""
    if isinstance(local, datetime):
        local = (to_vietnam(local) if local.tzinfo is not None else local).time()
    schedule = _SCHEDULES[exchange]
    if local < schedule[0].start:
        return Session.PRE_OPEN
    for span in schedule:
        if local < span.end:
            return span.session
    return Session.CLOSED


def admits(exchange: Exchange, session: Session, order_type: OrderType) -> bool:
    """Whether the exchange takes a new order of this type in this session."""
    if session is Session.CONTINUOUS:
        return order_type in _CONTINUOUS_TYPES[exchange]
    return order_type in _AUCTION_TYPES.get(session, frozenset())


def may_cancel(exchange: Exchange, session: Session) -> bool:
    """Orders in an auction, carried-in ones included, can be neither cancelled nor amended; nor can PLO."""
    return session in _CANCEL_SESSIONS[exchange]
