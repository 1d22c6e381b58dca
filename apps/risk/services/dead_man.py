"""Dead-man timers: they trip by themselves when what has to go on stops going on."""

from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings

from apps.accounts import selectors as accounts
from apps.eventlog import selectors as eventlog
from apps.marketdata.selectors import market_moment, stream_status
from apps.risk.selectors import FIRM, account_scope
from apps.risk.services.kill import engage_kill_switch
from apps.risk.services.states import DEAD_MAN, Cause, hold, let_go
from qts.domain.errors import TransientError
from qts.domain.events import OrderRejected
from qts.domain.values import Session

log = structlog.get_logger(__name__)

TRADING_SESSIONS = frozenset({Session.ATO, Session.CONTINUOUS, Session.PERIODIC, Session.ATC, Session.PLO})
EVENTS_MAX = 1_000


def watch_dead_man_timers(now: datetime) -> None:
    """One look at every timer; called each two seconds by the monitor."""
    watch_feed(now)
    watch_books(now)
    watch_rejections(now)


def watch_feed(now: datetime) -> None:
    """While the market trades, data that are late for long hold the firm; outside of it silence is normal."""
    age_ms = _feed_age_ms()
    is_late = age_ms is None or age_ms > settings.FEED_SILENCE_MS_MAX
    if is_late and market_moment().session in TRADING_SESSIONS:
        reason = "no market data at all" if age_ms is None else f"market data are {age_ms:,} ms old"
        hold(scope=FIRM, cause=Cause.STALE_FEED, reason=reason, now=now)
    elif not is_late:
        let_go(scope=FIRM, cause=Cause.STALE_FEED, reason="market data are back", now=now)


def watch_books(now: datetime) -> None:
    """An account whose last comparison with the broker found differences takes on nothing until one finds none."""
    for account in accounts.active_accounts():
        last = accounts.last_reconciliation(account.id)
        if last is None:
            continue
        scope = account_scope(account.id)
        if last.differences:
            told = ", ".join(found.what for found in last.differences)
            hold(scope=scope, cause=Cause.BOOKS_DIFFER, reason=f"the broker has other figures: {told}", now=now)
        else:
            let_go(scope=scope, cause=Cause.BOOKS_DIFFER, reason="the books agree", now=now)


def watch_rejections(now: datetime) -> list[str]:
    """An account whose orders the exchange rejects one after the other is stopped; a person has to find out why."""
    since = datetime.now(UTC) - timedelta(seconds=settings.REJECT_STORM_S)
    counts: dict[str, int] = {}
    for event in eventlog.history(topic=OrderRejected.topic, limit=EVENTS_MAX):
        if event.recorded_at >= since:
            counts[event.key] = counts.get(event.key, 0) + 1
    return [
        scope
        for scope, count in ((f"account:{key}", count) for key, count in counts.items())
        if count >= settings.REJECT_STORM_COUNT
        and engage_kill_switch(
            scope=scope,
            reason=f"{count} orders rejected within {settings.REJECT_STORM_S} s",
            actor=DEAD_MAN,
            now=now,
            allows_reducing=True,
        )
    ]


def _feed_age_ms() -> int | None:
    try:
        return stream_status().age_ms
    except TransientError as error:
        log.warning("risk.feed_unknown", reason=str(error))
        return None
