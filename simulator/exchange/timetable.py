"""When which securities change their session on a day, in milliseconds of market time."""

from collections.abc import Iterable
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final, NamedTuple

from qts.domain.market import VIETNAM, session_schedule
from qts.domain.values import Exchange as Market
from qts.domain.values import Session
from simulator.exchange.security import Security, SecurityState

_AFTER_HOURS_MATCHING: Final = time(14, 55)


class AfterHours(StrEnum):
    """How orders at the closing price (PLO) meet: as one broker describes the system of 2025-05-05, or as before it."""

    COLLECTED = "collected"  # gathered for ten minutes, matched in the last five
    AT_ONCE = "at-once"


class Change(NamedTuple):
    """`is_restricted` is for which half of a market it is; the session may be the one that lasts already."""

    at_ms: int
    market: Market
    is_restricted: bool
    session: Session


def at_ms(day: date, at: time) -> int:
    """Vietnam's local time as milliseconds since the epoch."""
    return int(datetime.combine(day, at, tzinfo=VIETNAM).timestamp() * 1000)


def is_restricted(security: Security) -> bool:
    return security.standing is SecurityState.RESTRICTED


def changes_of(day: date, securities: Iterable[Security], after_hours: AfterHours) -> list[Change]:
    """All of a trading day, in order."""
    changes = []
    for market, restricted in {(security.market, is_restricted(security)) for security in securities}:
        spans = session_schedule(market, restricted=restricted)
        changes += [Change(at_ms(day, span.start), market, restricted, span.session) for span in spans]
        changes.append(Change(at_ms(day, spans[-1].end), market, restricted, Session.CLOSED))
        if after_hours is AfterHours.COLLECTED and any(span.session is Session.PLO for span in spans):
            changes.append(Change(at_ms(day, _AFTER_HOURS_MATCHING), market, restricted, Session.PLO))
    return sorted(changes, key=lambda change: change[:3])
