"""One person's session with the server over HTTP: the log-in, and questions with typed answers.

The log-in is allauth's for programs: the same accounts, codes, rate limits and lock-outs as the pages. The password and
the code are sent once and kept nowhere; what stays is the session's cookie, in memory.
"""

from enum import Enum, auto
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx2
import msgspec

from qts.tui import language, wire
from qts.tui.errors import BadAnswer, Refused, ServerAway, SessionEnded
from qts.tui.language import _

LOG_IN = "/accounts/browser/v1/auth/"
API = "/api/v1/"
TIMEOUT_S = 10.0
SESSION_COOKIE, CSRF_COOKIE = "sessionid", "csrftoken"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ENDED_CODES = frozenset({"NOT_AUTHENTICATED"})
TOO_MANY = 429
FAULTS_FROM = 500
Answer = TypeVar("Answer")


class Step(Enum):
    """What a log-in needs next."""

    CODE = auto()
    ENROLMENT = auto()  # a password without a second factor opens nothing: enrol in a browser
    DONE = auto()


class Session:
    """Raises the errors of `qts.tui.errors` and no others."""

    def __init__(self, url: str, *, market: str = "") -> None:
        """`market` is "" for the live one, or names a replay: then the server refuses every order of this session."""
        self.url = url.rstrip("/")
        self.market = market
        self.person: wire.Person | None = None
        self._is_local = urlsplit(self.url).hostname in LOOPBACK
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            timeout=TIMEOUT_S,
            trust_env=not self._is_local,
            headers={"User-Agent": "QTS terminal"},  # what its user reads in the list of sessions
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    # --- log-in ------------------------------------------------------------------------------------------------------
    async def give_password(self, username: str, password: str) -> Step:
        """Begins afresh: an earlier session is forgotten here (the server ends it by its age)."""
        self.person = None
        self._http.cookies.clear()
        await self._send("GET", f"{LOG_IN}session")  # brings the token that a POST must show
        answer = await self._log_in("login", {"username": username, "password": password})
        if answer.user is not None:
            return Step.ENROLMENT
        if any(flow.get("id") == "mfa_authenticate" and flow.get("is_pending") for flow in answer.flows):
            return Step.CODE
        raise BadAnswer(_("The server asks for a way of logging in that this terminal does not know."))

    async def give_code(self, code: str) -> Step:
        answer = await self._log_in("2fa/authenticate", {"code": code})
        if answer.user is None:
            raise Refused("LOG_IN_EXPIRED", _("That took too long: begin again with the password."), {}, 401)
        self.person = answer.user
        return Step.DONE

    async def log_out(self) -> None:
        """401 is the answer to a log-out that worked."""
        if self.person is not None:
            self.person = None
            await self._send("DELETE", f"{LOG_IN}session")
        self._http.cookies.clear()

    async def _log_in(self, path: str, body: dict[str, str]) -> wire.Proved:
        answer = await self._send("POST", f"{LOG_IN}{path}", body)
        if answer.status_code == TOO_MANY:
            raise Refused("TOO_MANY_REQUESTS", _("Too many tries. Wait some minutes."), {}, TOO_MANY)
        if answer.status_code not in {200, 400, 401}:
            raise BadAnswer(_("The server answered {status} to the log-in.").format(status=answer.status_code))
        told = _decoded(answer.content, wire.LogInAnswer)
        if told.errors:
            sentence = str(told.errors[0].get("message", "")) or _("The log-in was refused.")
            raise Refused(str(told.errors[0].get("code", "")), sentence, {}, answer.status_code)
        return told.data

    # --- questions ---------------------------------------------------------------------------------------------------
    async def get(self, path: str, shape: type[Answer]) -> Answer:
        return await self._ask("GET", path, None, shape, {})

    async def post(
        self, path: str, body: dict[str, Any] | None, shape: type[Answer], *, idempotency_key: str = ""
    ) -> Answer:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self._ask("POST", path, body, shape, headers)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None, shape: type[Answer], headers: dict[str, str]
    ) -> Answer:
        answer = await self._send(method, f"{API}{path}", body, headers)
        if answer.is_success:
            return _decoded(answer.content, shape)
        if answer.status_code >= FAULTS_FROM:
            raise BadAnswer(_("The server has a fault (status {status}).").format(status=answer.status_code))
        failure = _decoded(answer.content, wire.Failure)
        if failure.code in ENDED_CODES:
            raise SessionEnded(_("Your session has ended. Log in again to go on."))
        raise Refused(failure.code, failure.message, failure.context, answer.status_code)

    async def _send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        own = {
            "Accept": "application/json",
            "Accept-Language": language.current(),
            "Origin": self.url,
            "Referer": f"{self.url}/",
            "X-CSRFToken": self._http.cookies.get(CSRF_COOKIE) or "",
        }
        if self.market:
            own["X-QTS-Market"] = self.market
        try:
            return await self._http.request(method, path, json=body, headers=own | (headers or {}))
        except httpx2.TransportError as error:
            raise ServerAway(_("The server does not answer at {url}.").format(url=self.url)) from error
        except httpx2.HTTPError as error:
            raise BadAnswer(_("The server's answer cannot be read.")) from error

    # --- for the sockets ---------------------------------------------------------------------------------------------
    @property
    def is_local(self) -> bool:
        """Whether the server is this machine: then no proxy stands between."""
        return self._is_local

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def cookie(self) -> str:
        return f"{SESSION_COOKIE}={self._http.cookies.get(SESSION_COOKIE, '')}"


def _decoded(content: bytes, shape: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.MsgspecError as error:
        raise BadAnswer(_("The server's answer cannot be read.")) from error
