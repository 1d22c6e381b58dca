"""The log-in of a connection whose second factor a person enters: the code's way, and the token that it opened.

An entry is counted as wrong before the broker is asked and taken back when it was right or never left: whoever dies in
between has counted too much, never too little, for more than five wrong codes lock the service at the broker. All times
are of the wall clock, as the token's end is.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.configuration.locks import lock_log_in
from apps.configuration.models import BrokerLogIn
from apps.configuration.selectors import CODE_VALID, LogInView, log_in
from apps.configuration.services.sealing import key_ring
from apps.eventlog import services as eventlog
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import KeptToken
from qts.domain.events import (
    BrokerCodeRequested,
    BrokerLogInExpired,
    BrokerLogInExpiring,
    BrokerLogInRefused,
    BrokerLogInStarted,
)
from qts.domain.values import Actor

# PostgreSQL's NOTIFY: whoever sends orders goes on in the moment a log-in commits.
LOG_IN_CHANNEL: Final = "qts_broker_log_ins"
WRONG_CODES_MAX: Final = 5
WRONG_PINS_MAX: Final = 3  # it does not get better by itself, and a person may try two more elsewhere
STOPPED_FOR: Final = timedelta(minutes=30)
REQUESTED_EVERY: Final = timedelta(seconds=30)
JUST_NOW: Final = timedelta(minutes=1)
ENTRY_LASTS: Final = timedelta(seconds=30)  # the broker's answer is waited for less long
ITS_TIME_IS_OVER: Final = "its time is over"
REFUSED_BY_BROKER: Final = "the broker refused it"


class LogInProblem(StrEnum):
    """Why a request or a code came to nothing. The names are a public contract."""

    NO_CODE_NEEDED = "NO_CODE_NEEDED"
    CODE_COMES_FROM_APP = "CODE_COMES_FROM_APP"
    CODE_REQUESTED_JUST_NOW = "CODE_REQUESTED_JUST_NOW"
    CODE_NOT_REQUESTED = "CODE_NOT_REQUESTED"
    CODE_LATE = "CODE_LATE"
    CODE_MALFORMED = "CODE_MALFORMED"
    CODE_WRONG = "CODE_WRONG"
    CODES_STOPPED = "CODES_STOPPED"
    SOMEBODY_IS_ENTERING = "SOMEBODY_IS_ENTERING"
    JUST_LOGGED_IN = "JUST_LOGGED_IN"
    BROKER_AWAY = "BROKER_AWAY"
    BROKER_REFUSED = "BROKER_REFUSED"
    ANSWER_LOST = "ANSWER_LOST"


# --- a code is asked for ----------------------------------------------------------------------------------------------


def begin_request(connection_id: UUID, *, actor: Actor, now: datetime) -> LogInProblem | None:
    """Note the request before it leaves, so that two people do not ask twice; or say why none may leave."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        problem = _request_problem(row, log_in(connection_id), now)
        if problem is None:
            row.code_requested_at = row.code_asked_at = now
            row.code_requested_by = str(actor)
            row.save(update_fields=["code_requested_at", "code_requested_by", "code_asked_at"])
    return problem


def note_request(connection_id: UUID, *, actor: Actor, now: datetime) -> None:
    with transaction.atomic():
        eventlog.record(BrokerCodeRequested(connection_id=str(connection_id)), actor=actor, now=now)


def take_back_request(connection_id: UUID) -> None:
    """None was sent: it may be asked for again at once."""
    BrokerLogIn.objects.filter(connection_id=connection_id).update(code_requested_at=None, code_asked_at=None)


def _request_problem(row: BrokerLogIn, seen: LogInView | None, now: datetime) -> LogInProblem | None:
    if seen is None or not seen.second_factor.needs_person:
        return LogInProblem.NO_CODE_NEEDED
    if seen.second_factor == SecondFactor.SMART_OTP:
        return LogInProblem.CODE_COMES_FROM_APP
    if row.stopped_until is not None and now < row.stopped_until:
        return LogInProblem.CODES_STOPPED
    if row.code_asked_at is not None and now < row.code_asked_at + REQUESTED_EVERY:
        return LogInProblem.CODE_REQUESTED_JUST_NOW
    return None


# --- a code is entered ------------------------------------------------------------------------------------------------


def begin_entry(connection_id: UUID, *, now: datetime) -> LogInProblem | None:
    """Take the right to show the broker one code, counted as a wrong one until the broker has said otherwise."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        problem = _entry_problem(row, log_in(connection_id), now)
        if problem is None:
            row.entering_since = now
            row.wrong_code_count += 1
            row.save(update_fields=["entering_since", "wrong_code_count"])
    return problem


def keep_token(connection_id: UUID, token: KeptToken, expires_at: datetime, *, actor: Actor, now: datetime) -> None:
    """The code was right: the gateways are rung, and go on."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        row.write_token, row.expires_at = key_ring().seal(token.text), expires_at
        row.logged_in_at, row.logged_in_by = now, str(actor)
        row.wanted_since = row.warned_at = row.stopped_until = None
        row.code_requested_at = row.entering_since = None
        row.wrong_code_count = 0
        row.save()
        expires_ms = round(expires_at.timestamp() * 1000)
        started = BrokerLogInStarted(connection_id=str(connection_id), ts_expires_ms=expires_ms)
        eventlog.record(started, actor=actor, now=now)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [LOG_IN_CHANNEL, str(connection_id)])


def take_back_entry(connection_id: UUID) -> None:
    """The broker has not seen the code."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        row.entering_since = None
        row.wrong_code_count = max(0, row.wrong_code_count - 1)
        row.save(update_fields=["entering_since", "wrong_code_count"])


def note_wrong_entry(connection_id: UUID, reason: str, *, actor: Actor, now: datetime) -> None:
    """The broker refused the code, or its answer was lost. At the fifth in a row no further one is shown to it."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        row.entering_since = None
        if row.wrong_code_count >= WRONG_CODES_MAX:
            row.stopped_until = now + STOPPED_FOR
        row.save(update_fields=["entering_since", "stopped_until"])
        refused = BrokerLogInRefused(
            connection_id=str(connection_id), reason=reason, wrong_code_count=row.wrong_code_count
        )
        eventlog.record(refused, actor=actor, now=now)


def _entry_problem(row: BrokerLogIn, seen: LogInView | None, now: datetime) -> LogInProblem | None:
    if seen is None or not seen.second_factor.needs_person:
        return LogInProblem.NO_CODE_NEEDED
    if row.entering_since is not None and now < row.entering_since + ENTRY_LASTS:
        return LogInProblem.SOMEBODY_IS_ENTERING
    if not seen.is_wanted(now) and row.logged_in_at is not None and now < row.logged_in_at + JUST_NOW:
        return LogInProblem.JUST_LOGGED_IN
    if row.stopped_until is not None and now < row.stopped_until:
        return LogInProblem.CODES_STOPPED
    return _age_problem(row, now) if seen.second_factor == SecondFactor.OTP else None


def _age_problem(row: BrokerLogIn, now: datetime) -> LogInProblem | None:
    if row.code_requested_at is None:
        return LogInProblem.CODE_NOT_REQUESTED
    return None if now < row.code_requested_at + CODE_VALID else LogInProblem.CODE_LATE


# --- the PIN that is kept here ----------------------------------------------------------------------------------------


def note_wrong_pin(connection_id: UUID, reason: str, *, actor: Actor, now: datetime) -> None:
    """Counted after the broker's answer: a process that is killed between the two has counted one too few."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        row.wrong_code_count += 1
        row.save(update_fields=["wrong_code_count"])
        refused = BrokerLogInRefused(
            connection_id=str(connection_id), reason=reason[:200], wrong_code_count=row.wrong_code_count
        )
        eventlog.record(refused, actor=actor, now=now)


def note_right_pin(connection_id: UUID) -> None:
    """It opened a token, or it was entered anew."""
    BrokerLogIn.objects.filter(connection_id=connection_id).update(wrong_code_count=0)


# --- the token ends ---------------------------------------------------------------------------------------------------


def discard_token(connection_id: UUID, refused: str, *, actor: Actor, now: datetime) -> bool:
    """The broker refused this token. A newer one, opened meanwhile, is kept."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        if row.write_token is None or key_ring().open(row.write_token) != refused:
            return False
        _end(row, REFUSED_BY_BROKER, actor, now)
    return True


def look_after(connection_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Write down that the token has ended, or that there is none, and since when."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        if row.write_token is not None and row.expires_at is not None and row.expires_at <= now:
            _end(row, ITS_TIME_IS_OVER, actor, now)
        elif row.write_token is None and row.wanted_since is None:
            row.wanted_since = now
            row.save(update_fields=["wanted_since"])


def note_ends_soon(connection_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """True for the one who tells of it."""
    with transaction.atomic():
        row = lock_log_in(connection_id)
        if row.warned_at is not None or row.write_token is None or row.expires_at is None:
            return False
        row.warned_at = now
        row.save(update_fields=["warned_at"])
        ends_ms = round(row.expires_at.timestamp() * 1000)
        expiring = BrokerLogInExpiring(connection_id=str(connection_id), ts_expires_ms=ends_ms)
        eventlog.record(expiring, actor=actor, now=now)
    return True


def forget_token(connection_id: UUID, *, now: datetime) -> None:
    """What it was opened with has changed."""
    changed = {"write_token": None, "expires_at": None, "code_requested_at": None, "wanted_since": now}
    BrokerLogIn.objects.filter(connection_id=connection_id).update(**changed)


def _end(row: BrokerLogIn, reason: str, actor: Actor, now: datetime) -> None:
    row.write_token = row.expires_at = None
    row.wanted_since = now
    row.save(update_fields=["write_token", "expires_at", "wanted_since"])
    eventlog.record(BrokerLogInExpired(connection_id=str(row.connection_id), reason=reason), actor=actor, now=now)
