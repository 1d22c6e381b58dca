"""The gateway's eye on the log-in that orders need, where a person's one-time code opens it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts import selectors as accounts
from apps.configuration import selectors as configuration
from apps.configuration.selectors import LogInView
from apps.configuration.services import look_after, note_ends_soon
from apps.marketdata.selectors import market_moment, rules_on, trading_calendar
from apps.orders.services.steps import GATEWAY
from apps.risk.services import alert_log_in_ends
from qts.domain.market import session_bounds, to_vietnam
from qts.domain.values import Exchange

_LAST_TO_CLOSE: Final = Exchange.UPCOM


class LogInWatch:
    """Of one connection. It is outdated once somebody has changed the credentials: who works with the old ones has to
    begin anew."""

    def __init__(self, connection_id: UUID) -> None:
        self._connection_id = connection_id
        self._changed_at = configuration.changed_at(connection_id)
        found = configuration.log_in(connection_id)
        self._needs_person = found is not None and found.second_factor.needs_person
        self._logged_in_at = found.logged_in_at if found else None
        self.is_renewed = False
        self.is_outdated = False
        self.is_active = True

    def look(self) -> None:
        changed_at = configuration.changed_at(self._connection_id)
        self.is_outdated = changed_at != self._changed_at
        self.is_active = changed_at is not None

    def step(self) -> bool:
        """Whether a person has to enter a code before anything can leave."""
        found = configuration.log_in(self._connection_id) if self._needs_person else None
        if found is None:
            return False
        self.is_renewed = found.logged_in_at != self._logged_in_at  # seen here too where its ring was lost
        self._logged_in_at = found.logged_in_at
        now = timezone.now()
        if found.is_wanted(now):
            if found.expires_at is not None or found.wanted_since is None:
                look_after(self._connection_id, actor=GATEWAY, now=now)
            return True
        if found.warned_at is None and found.ends_soon(now) and _stops_trading(found, now):
            self._warn(found, now)
        return False

    def _warn(self, found: LogInView, now: datetime) -> None:
        with transaction.atomic():
            if found.expires_at is None or not note_ends_soon(self._connection_id, actor=GATEWAY, now=now):
                return
            minutes_left = int((found.expires_at - now).total_seconds() // 60)
            moment = market_moment()
            for account in accounts.accounts_of_connection(self._connection_id):
                alert_log_in_ends(account.id, minutes_left=minutes_left, now=moment.now)


def _stops_trading(found: LogInView, now: datetime) -> bool:
    """Whether it ends before today's trading does. The token's end is of the wall clock, trading is of the market's."""
    if found.expires_at is None:
        return False
    moment = market_moment()
    ends_at = to_vietnam(moment.now + (found.expires_at - now) * moment.speed)
    today = moment.local.date()
    _, closes = session_bounds(rules_on(today), _LAST_TO_CLOSE)
    return trading_calendar().is_trading_day(today) and ends_at.date() == today and ends_at.time() < closes
