"""Trading sessions of a trading day and what they admit.

Source: the trading rules of HOSE and HNX as of the exchanges' common system (KRX) of 2025-05-05. Pure time of day in
Asia/Ho_Chi_Minh; whether the date is a trading day is the calendar's answer, and a halt is the exchange's message. A
session includes its first instant and ends just before the next one begins.
"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from qts.domain.values import Exchange, OrderType, Session

VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")
PERIODIC_AUCTION_MINUTES: Final = 15
PERIODIC_LOCKED_MINUTES: Final = 5
"""At the end of each periodic auction nothing is cancelled or amended."""
PLO_COLLECTED_UNTIL: Final = time(14, 55)


class PloMatching(StrEnum):
    """How orders at the closing price meet: gathered for ten minutes, matched at 14:55 and at once from then on, as a
    broker announced for the system of 2025-05-05, or at once as they come, as before it."""

    COLLECTED = "collected"
    AT_ONCE = "at-once"


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


_OPENING_AUCTION: Final = (Session.ATO, (9, 0), (9, 15))
_CLOSING_AUCTION: Final = (Session.ATC, (14, 30), (14, 45))
_LUNCH: Final = (Session.BREAK, (11, 30), (13, 0))
_SCHEDULES: Final[dict[Exchange, tuple[SessionSpan, ...]]] = {
    Exchange.HOSE: _spans(
        _OPENING_AUCTION,
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


def _periodic(first_minute: int, end_minute: int) -> list[tuple[Session, tuple[int, int], tuple[int, int]]]:
    """Auctions one after another; minutes count from midnight."""
    starts = range(first_minute, end_minute, PERIODIC_AUCTION_MINUTES)
    return [(Session.PERIODIC, divmod(start, 60), divmod(start + PERIODIC_AUCTION_MINUTES, 60)) for start in starts]


_RESTRICTED_SCHEDULES: Final = _SCHEDULES | {
    Exchange.HOSE: _spans(
        _OPENING_AUCTION,
        *_periodic(9 * 60 + 15, 11 * 60 + 30),
        _LUNCH,
        *_periodic(13 * 60, 14 * 60 + 30),
        _CLOSING_AUCTION,
    )
}

_AUCTION_TYPES: Final = {
    Session.ATO: frozenset({OrderType.ATO, OrderType.LO}),
    Session.PERIODIC: frozenset({OrderType.LO}),
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


def session_schedule(exchange: Exchange, *, restricted: bool = False) -> tuple[SessionSpan, ...]:
    """The day's sessions in order, without a gap; before them PRE_OPEN, after them CLOSED.

    A security under restricted trading has a schedule of its own on HOSE: between the opening and the closing auction
    one call auction of 15 minutes follows another.
    """
    return (_RESTRICTED_SCHEDULES if restricted else _SCHEDULES)[exchange]


def session_bounds(exchange: Exchange) -> tuple[time, time]:
    """When the day's first session begins and its last one ends."""
    schedule = _SCHEDULES[exchange]
    return schedule[0].start, schedule[-1].end


def session_at(exchange: Exchange, local: datetime | time, *, restricted: bool = False) -> Session:
    """The session by schedule. An aware datetime is turned into Vietnam's time; a naive one is taken to be that."""
    at = _time_of_day(local)
    schedule = session_schedule(exchange, restricted=restricted)
    if at < schedule[0].start:
        return Session.PRE_OPEN
    for span in schedule:
        if at < span.end:
            return span.session
    return Session.CLOSED


def admits(exchange: Exchange, session: Session, order_type: OrderType) -> bool:
    """Whether the exchange takes a new order of this type in this session."""
    if session is Session.CONTINUOUS:
        return order_type in _CONTINUOUS_TYPES[exchange]
    return order_type in _AUCTION_TYPES.get(session, frozenset())


def may_cancel(exchange: Exchange, session: Session, at: datetime | time | None = None) -> bool:
    """In continuous trading, and in a periodic auction but for its last five minutes, for which `at` is needed.

    Orders in the opening and closing auction, carried-in ones included, can be neither cancelled nor amended; nor can
    PLO. All venues agree on this today; `exchange` is asked for since they have not always.
    """
    if session is Session.PERIODIC and at is not None:
        minutes_left = PERIODIC_AUCTION_MINUTES - _time_of_day(at).minute % PERIODIC_AUCTION_MINUTES
        return minutes_left > PERIODIC_LOCKED_MINUTES
    return session in _CANCEL_SESSIONS[exchange]


def may_amend(exchange: Exchange, session: Session, order_type: OrderType, at: datetime | time | None = None) -> bool:
    """Limit orders only, when they may be cancelled; price or quantity, never both in one amendment."""
    return order_type is OrderType.LO and may_cancel(exchange, session, at)


def may_change_later(exchange: Exchange, local: datetime | time) -> bool:
    """Whether a session that allows cancels and amendments is still to come today."""
    at = _time_of_day(local)
    return any(span.start > at and may_cancel(exchange, span.session) for span in session_schedule(exchange))


def _time_of_day(local: datetime | time) -> time:
    if isinstance(local, datetime):
        return (to_vietnam(local) if local.tzinfo is not None else local).time()
    return local
