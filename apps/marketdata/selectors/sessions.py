"""The session of every security by the exchange's own word of today."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from apps.marketdata.selectors.clock import day_bounds_ms
from apps.marketdata.selectors.reference import securities
from qts.adapters.bus import decode
from qts.adapters.latest_state import FIELD_OF, LIVE_PREFIX
from qts.adapters.redis_client import redis_client, transient_errors
from qts.domain.events import SessionChanged
from qts.domain.market import to_vietnam
from qts.domain.values import Exchange, Session

SUSPENDED_STATUSES = frozenset({"S", "SA", "D"})


@dataclass(frozen=True, slots=True)
class ToldSession:
    """`is_halted`: the exchange stopped it while it would trade. A standing suspension is no halt."""

    symbol: str
    exchange: Exchange
    is_halted: bool


def told_sessions(now: datetime) -> list[ToldSession]:
    """Of every active security that a session was told of on the day of `now`, but for suspended ones. Raises
    TransientError while Redis is away."""
    active = [known for known in securities() if known.is_active]
    with transient_errors(), redis_client(settings.REDIS_URL).pipeline(transaction=False) as pipe:
        for known in active:
            pipe.hget(LIVE_PREFIX + known.symbol, FIELD_OF[SessionChanged.topic])
        bodies = pipe.execute()
    first_ms, last_ms = day_bounds_ms(to_vietnam(now).date())
    told = []
    for known, body in zip(active, bodies, strict=True):
        event = decode(SessionChanged.topic, body) if body else None
        if (
            isinstance(event, SessionChanged)
            and first_ms <= event.ts_exchange_ms <= last_ms
            and event.status not in SUSPENDED_STATUSES
        ):
            told.append(ToldSession(known.symbol, known.exchange, event.session == Session.HALT))
    return told
