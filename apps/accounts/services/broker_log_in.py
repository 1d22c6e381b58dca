"""What a person does to log a connection in at the broker: have a code sent, and enter it.

The code is in the call that enters it and nowhere else: no row, event, log or answer holds it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from apps.configuration import services as configuration
from apps.configuration.selectors import trading_credentials
from apps.configuration.services import LogInProblem
from qts.adapters.ssi.http import AmbiguousSend, FastConnectHttp
from qts.adapters.ssi.log_in import TradingLogIn, WrongCode
from qts.adapters.ssi.tokens import KeptToken, end_of
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

log = structlog.get_logger(__name__)

CODE_DIGITS: Final = range(4, 11)
REASON_CHARACTERS_MAX: Final = 200
ANSWER_LOST: Final = "the broker's answer was lost"
LOG_IN_SENTENCES: Final["Mapping[LogInProblem, StrOrPromise]"] = {
    LogInProblem.NO_CODE_NEEDED: _("This connection logs in by itself, without a code."),
    LogInProblem.CODE_COMES_FROM_APP: _("The broker's app shows the code: there is none to request."),
    LogInProblem.CODE_REQUESTED_JUST_NOW: _("A code was requested a moment ago. Wait half a minute for it to come."),
    LogInProblem.CODE_NOT_REQUESTED: _("Request a code first: each one opens the log-in once."),
    LogInProblem.CODE_LATE: _("The code is more than three minutes old. Request a new one."),
    LogInProblem.CODE_MALFORMED: _("A code is four to ten digits."),
    LogInProblem.CODE_WRONG: _("The broker refuses the code: it is wrong, or it came too late."),
    LogInProblem.CODES_STOPPED: _(
        "Five codes in a row were wrong. One more may lock the service at the broker, so for half an hour none is sent."
    ),
    LogInProblem.SOMEBODY_IS_ENTERING: _("Somebody else's code is at the broker right now. Look again in a moment."),
    LogInProblem.JUST_LOGGED_IN: _("Somebody has just logged in: there is nothing left to do."),
    LogInProblem.BROKER_AWAY: _("The broker cannot be reached. Nothing was sent; try again in a moment."),
    LogInProblem.BROKER_REFUSED: _("The broker refuses, and not because of the code."),
    LogInProblem.ANSWER_LOST: _("The broker's answer was lost. Its code may be used up: try it again, or a new one."),
}


@dataclass(frozen=True, slots=True)
class LogInAnswer:
    """`problem` None: it was done. `told` is what the broker said to it, if it said something."""

    problem: LogInProblem | None = None
    told: str = ""


def request_broker_code(connection_id: UUID, *, actor: Actor, now: datetime) -> LogInAnswer:
    """Have the broker send a code by SMS or e-mail. `now` is of the wall clock, as the code's three minutes are."""
    problem = configuration.begin_request(connection_id, actor=actor, now=now)
    if problem is not None:
        return LogInAnswer(problem)
    try:
        with _log_in(connection_id) as broker:
            broker.request_code()
    except AmbiguousSend:
        log.warning("broker_code_request_unclear", connection_id=str(connection_id))  # one may come: it is taken
    except (TransientError, TerminalError) as error:
        configuration.take_back_request(connection_id)
        return _refusal(error)
    configuration.note_request(connection_id, actor=actor, now=now)
    return LogInAnswer()


@sensitive_variables("code", "digits", "token")
def enter_broker_code(connection_id: UUID, code: str, *, actor: Actor, now: datetime) -> LogInAnswer:
    """Show the broker the code, keep the token that it opens, and ring the gateways."""
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdecimal() and len(digits) in CODE_DIGITS):
        return LogInAnswer(LogInProblem.CODE_MALFORMED)
    problem = configuration.begin_entry(connection_id, now=now)
    if problem is not None:
        return LogInAnswer(problem)
    try:
        with _log_in(connection_id) as broker:
            token = broker.with_code(digits)
    except (AmbiguousSend, WrongCode) as error:
        is_lost = isinstance(error, AmbiguousSend)
        told = ANSWER_LOST if is_lost else _said(error)
        configuration.note_wrong_entry(connection_id, told, actor=actor, now=now)
        return LogInAnswer(LogInProblem.ANSWER_LOST) if is_lost else LogInAnswer(LogInProblem.CODE_WRONG, told)
    except (TransientError, TerminalError) as error:
        configuration.take_back_entry(connection_id)
        return _refusal(error)
    ends_s = end_of(token)
    kept = KeptToken(token, ends_s)
    configuration.keep_token(connection_id, kept, datetime.fromtimestamp(ends_s, UTC), actor=actor, now=now)
    return LogInAnswer()


def _refusal(error: TransientError | TerminalError) -> LogInAnswer:
    is_away = isinstance(error, TransientError)
    return LogInAnswer(LogInProblem.BROKER_AWAY if is_away else LogInProblem.BROKER_REFUSED, _said(error))


@contextmanager
def _log_in(connection_id: UUID) -> Iterator[TradingLogIn]:
    http = FastConnectHttp(settings.SSI_TRADING_URL)
    try:
        yield TradingLogIn(http, trading_credentials(connection_id))
    finally:
        http.close()


def _said(error: Exception) -> str:
    return str(error)[:REASON_CHARACTERS_MAX]
