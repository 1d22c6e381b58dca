"""When which securities change their session on a day, in milliseconds of market time."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import NamedTuple

from qts.domain.market import PLO_COLLECTED_UNTIL, VIETNAM, PloMatching, session_schedule
from qts.domain.values import Exchange as Market
from qts.domain.values import Session
from simulator.exchange.security import Security, SecurityState


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


def changes_of(day: date, securities: Iterable[Security], plo_matching: PloMatching) -> list[Change]:
    """All of a trading day, in order."""
    changes = []
    for market, restricted in {(security.market, is_restricted(security)) for security in securities}:
        spans = session_schedule(market, restricted=restricted)
        changes += [Change(at_ms(day, span.start), market, restricted, span.session) for span in spans]
        changes.append(Change(at_ms(day, spans[-1].end), market, restricted, Session.CLOSED))
        if plo_matching is PloMatching.COLLECTED and any(span.session is Session.PLO for span in spans):
            changes.append(Change(at_ms(day, PLO_COLLECTED_UNTIL), market, restricted, Session.PLO))
    return sorted(changes, key=lambda change: change[:3])
