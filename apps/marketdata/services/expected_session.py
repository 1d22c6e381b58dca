"""Which session the market is in by its schedule, for one that asks several times a second."""

from datetime import date, datetime

import structlog
from django.db import DatabaseError

from apps.marketdata.selectors import rules_as_known, trading_calendar
from qts.domain.market import TradingCalendar, session_at, to_vietnam
from qts.domain.values import Exchange, Session

log = structlog.get_logger(__name__)


class ExpectedSession:
    """Of HOSE, whose securities are most of what the stream tells. Calendar and rules are read once a day."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._is_open = False
        self._seen: datetime | None = None

    def at(self, now: datetime) -> Session:
        """While the database is away every weekday counts as a trading day. A clock that stands still, as that of a
        demo before its first day begins, is in no session."""
        is_passing, self._seen = now != self._seen, now
        day = to_vietnam(now).date()
        if day != self._day:
            try:
                self._is_open, self._day = trading_calendar().is_trading_day(day), day
            except DatabaseError as error:
                log.warning("calendar_not_read", reason=str(error))
                self._is_open = TradingCalendar().is_trading_day(day)
        return session_at(rules_as_known(now), Exchange.HOSE, now) if self._is_open and is_passing else Session.CLOSED
