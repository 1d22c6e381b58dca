"""When which securities change their session on a day, in milliseconds of market time."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import NamedTuple

from qts.domain.market import VIETNAM, PloMatching, RuleBook, plo_matching, session_schedule
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


def changes_of(day: date, securities: Iterable[Security], rules: RuleBook, wanted: PloMatching | None) -> list[Change]:
    """All of a trading day, in order. `wanted` is how orders at the closing price meet, where not as the rules say."""
    changes = []
    for market, restricted in {(security.market, is_restricted(security)) for security in securities}:
        spans = session_schedule(rules, market, restricted=restricted)
        changes += [Change(at_ms(day, span.start), market, restricted, span.session) for span in spans]
        changes.append(Change(at_ms(day, spans[-1].end), market, restricted, Session.CLOSED))
        matching, until = plo_matching(rules, market)
        if (wanted or matching) is PloMatching.COLLECTED and until is not None:
            changes.append(Change(at_ms(day, until), market, restricted, Session.PLO))
    return sorted(changes, key=lambda change: change[:3])
