"""The checks before the open: may this account trade today?

Each answers from what is known now. One that cannot answer is not green. What lives above this app (orders, strategies)
offers its checks at start-up; a name that nobody offers is not green either.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.configuration import selectors as configuration
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import StreamState
from apps.risk.models import PreOpenState
from apps.risk.selectors import effective_limits, kill_states, pre_open_states
from apps.risk.selectors.types import PreOpenCheck, PreOpenName, PreOpenVerdict
from apps.risk.services.limits import FIRST_LIMITS
from qts.domain.market import to_vietnam

Answer = tuple[PreOpenVerdict, str]
Check = Callable[[AccountView, datetime], Answer]
OK, WAITS, BAD = PreOpenVerdict.OK, PreOpenVerdict.WAITS, PreOpenVerdict.BAD

CLOCK_MS_MAX: Final = 5_000  # orders are stamped, sessions begin and codes end by this clock
_offered: dict[PreOpenName, Check] = {}

log = structlog.get_logger(__name__)


def offer_pre_open_check(name: PreOpenName, check: Check) -> None:
    """Called once, when the app that knows the answer is ready."""
    _offered[name] = check


def pre_open_checks(account: AccountView, now: datetime) -> list[PreOpenCheck]:
    """Every check as it is at market time `now`, with the moment since which it is so where that was written down."""
    written = pre_open_states(account.id)
    found = []
    for name in PreOpenName:
        verdict, detail = _asked(name, account, now)
        before = written.get(name)
        since = before.since if before is not None and before.state is verdict else None
        found.append(PreOpenCheck(name, verdict, detail, since))
    return found


def write_down(account_id: UUID, found: list[PreOpenCheck], now: datetime) -> list[PreOpenCheck]:
    """Keep what has changed since the last look; the checks with the moment since which each is so."""
    written = pre_open_states(account_id)
    told = [check if check.since is not None else replace(check, since=now) for check in found]
    with transaction.atomic():
        for check in told:
            if written.get(check.name) != check:
                said = {"state": check.state, "detail": check.detail[:500], "since": check.since}
                PreOpenState.objects.update_or_create(account_id=account_id, name=check.name, defaults=said)
    return told


def _asked(name: PreOpenName, account: AccountView, now: datetime) -> Answer:
    check = _CHECKS.get(name) or _offered.get(name)
    if check is None:
        return BAD, "nobody answers"
    try:
        return check(account, now)
    except DatabaseError:
        raise
    except Exception as error:  # whatever went wrong in it: it is not green
        log.warning("risk.pre_open_check_failed", check=str(name), account_id=str(account.id), error=str(error))
        return WAITS, f"no answer: {type(error).__name__}"


def _calendar(_account: AccountView, now: datetime) -> Answer:
    day, calendar = to_vietnam(now).date(), marketdata.trading_calendar()
    if calendar.is_trading_day(day):
        return OK, str(marketdata.market_moment().session)
    return BAD, f"{calendar.next_trading_day(day):%d/%m/%Y}"


def _clock(_account: AccountView, _now: datetime) -> Answer:
    reading = marketdata.clock_reading()
    return (OK if abs(reading.worst_ms) <= CLOCK_MS_MAX else BAD), f"{reading.worst_ms:,} ms"


def _master_data(_account: AccountView, now: datetime) -> Answer:
    day = to_vietnam(now).date()
    if marketdata.master_data_loaded_at(day) is not None:
        return OK, f"{day:%d/%m/%Y}"
    age_days = marketdata.master_data_age_days(day)
    return WAITS, "" if age_days is None else f"{age_days} d"


def _market_stream(_account: AccountView, _now: datetime) -> Answer:
    status = marketdata.stream_status()
    is_late = status.age_ms is None or status.age_ms > settings.FEED_SILENCE_MS_MAX
    if status.state is StreamState.CONNECTED and not is_late:
        return OK, ""
    detail = status.detail or (f"{status.age_ms:,} ms" if status.age_ms is not None else "")
    return (BAD if status.state is StreamState.DOWN else WAITS), detail


def _log_in(account: AccountView, _now: datetime) -> Answer:
    found = configuration.log_in(account.connection_id)
    if found is None:
        return BAD, "no active broker connection"
    return (BAD, "OTP") if found.is_wanted(datetime.now(UTC)) else (OK, found.name)


def _books(account: AccountView, now: datetime) -> Answer:
    last = accounts.last_reconciliation(account.id)
    if last is None or to_vietnam(last.compared_at).date() != to_vietnam(now).date():
        return WAITS, ""
    if last.differences:
        return BAD, ", ".join(found.what for found in last.differences)
    return OK, f"{to_vietnam(last.compared_at):%H:%M:%S}"


def _limits(account: AccountView, _now: datetime) -> Answer:
    """Every kind of limit that a firm begins with is in force for the account, with whatever figure."""
    missing = FIRST_LIMITS.keys() - effective_limits(account.id).keys()
    return (BAD, ", ".join(sorted(missing))) if missing else (OK, "")


def _stops(account: AccountView, _now: datetime) -> Answer:
    stops = kill_states(account.id)
    return (BAD, ", ".join(stop.scope for stop in stops)) if stops else (OK, "")


_CHECKS: Final[Mapping[PreOpenName, Check]] = {
    PreOpenName.CALENDAR: _calendar,
    PreOpenName.CLOCK: _clock,
    PreOpenName.MASTER_DATA: _master_data,
    PreOpenName.MARKET_STREAM: _market_stream,
    PreOpenName.LOG_IN: _log_in,
    PreOpenName.BOOKS: _books,
    PreOpenName.LIMITS: _limits,
    PreOpenName.STOPS: _stops,
}
