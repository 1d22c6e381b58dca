"""HTTP to FastConnect: time-outs on everything, failures sorted by what they mean."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from qts.domain.errors import TerminalError, TransientError
from qts.observability.crash_points import passing

TIMEOUT = httpx2.Timeout(connect=3.0, read=10.0, write=5.0, pool=3.0)
QUOTA_TEXT = "quota exceeded"
MaySend = Callable[[], bool]


def always() -> bool:
    return True


class AmbiguousSend(Exception):
    """The request may have arrived and nobody can say from here: ask for its outcome, do not send it anew.

    `sent_at_ns` is the wall clock when its last byte was written, None when it was not known to be written whole.
    """

    def __init__(self, reason: str, sent_at_ns: int | None = None) -> None:
        super().__init__(reason)
        self.sent_at_ns = sent_at_ns


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in JSON. `status` and `message` stand in the body; FC Data writes the status as text, FC Trading as a
    number, both report most refusals under HTTP 200."""

    http_status: int
    status: str
    message: str
    data: Any
    document: Mapping[str, Any]
    sent_at_ns: int

    @property
    def over_quota(self) -> bool:
        return self.http_status == 429 or self.status == "429" or QUOTA_TEXT in self.message.lower()

    @property
    def unauthorised(self) -> bool:
        return self.http_status == 401 or self.status == "401"


class NotSent(TransientError):
    """The right to send ended before the first byte: nothing has left."""


class _Sending:
    """What became of the bytes of one request, told by the HTTP library as it goes; the last who may say no."""

    def __init__(self, *, is_order: bool, may_send: MaySend) -> None:
        self._is_order = is_order
        self._may_send = may_send
        self.begun = False
        self.finished_at_ns: int | None = None

    def trace(self, event: str, _: Mapping[str, Any]) -> None:
        if event == "http11.send_request_headers.started":
            self._pass("call.begun")
            if not self._may_send():
                raise NotSent("the right to send ended before the first byte")
            self.begun = True
        elif event == "http11.send_request_body.complete":
            self.finished_at_ns = time.time_ns()
            self._pass("call.written")

    def _pass(self, crash_point: str) -> None:
        if self._is_order:
            passing(crash_point)


class FastConnectHttp:
    """One server's REST side. `base_url` with or without a final slash. TLS is verified."""

    def __init__(self, base_url: str, *, timeout: httpx2.Timeout = TIMEOUT) -> None:
        self._base_url = base_url.rstrip("/") + "/"
        self._client = httpx2.Client(
            timeout=timeout,
            trust_env=not is_loopback(base_url),
            limits=httpx2.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=20.0),
            headers={"Accept": "application/json", "Content-Type": "application/json"},
        )

    def close(self) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        params: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        may_send: MaySend = always,
    ) -> Reply:
        """Send and read the answer. TransientError when no byte was sent, AmbiguousSend when one may have arrived and
        no readable answer came (time-out, reset, HTTP 5xx, no JSON). A refusal in JSON is a Reply.

        `may_send` is asked when the connection stands, just before the first byte; NotSent where it says no."""
        sending = _Sending(is_order="X-Signature" in (headers or {}), may_send=may_send)
        try:
            response = self._client.request(
                method,
                self._base_url + path,
                params=params,
                content=body,
                headers={**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})},
                extensions={"trace": sending.trace},
            )
        except httpx2.HTTPError as error:
            reason = f"{method} {path}: {type(error).__name__}"
            if sending.begun:
                raise AmbiguousSend(reason, sending.finished_at_ns) from error
            raise TransientError(reason) from error
        return _reply(response, sending.finished_at_ns or time.time_ns(), f"{method} {path}")

    def query(self, method: str, path: str, **request: Any) -> Reply:
        """For requests that change nothing: whatever went wrong on the way, they may be repeated (TransientError)."""
        try:
            reply = self.request(method, path, **request)
        except AmbiguousSend as error:
            raise TransientError(str(error)) from error
        if reply.over_quota:
            raise TransientError(f"{method} {path}: {reply.message}")
        return reply


def _reply(response: httpx2.Response, sent_at_ns: int, what: str) -> Reply:
    over_quota = response.status_code == 429 or QUOTA_TEXT in response.text[:500].lower()
    if response.status_code >= 500 and not over_quota:
        raise AmbiguousSend(f"{what}: HTTP {response.status_code}", sent_at_ns)
    try:
        document = msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        if not over_quota:
            raise AmbiguousSend(f"{what}: HTTP {response.status_code} without a JSON object", sent_at_ns)
        document = {"status": 429, "message": response.text[:500]}
    return Reply(
        http_status=response.status_code,
        status=str(document.get("status", "")),
        message=str(document.get("message", "")),
        data=document.get("data"),
        document=document,
        sent_at_ns=sent_at_ns,
    )


def access_token(reply: Reply) -> str:
    """The token in an answer to AccessToken; TerminalError with the server's text when it refused the log-in."""
    token = reply.data.get("accessToken") if isinstance(reply.data, dict) else None
    if reply.status != "200" or not isinstance(token, str) or not token:
        raise TerminalError(f"FastConnect refused the log-in: {reply.message or reply.http_status}")
    return token


def is_loopback(url: str) -> bool:
    """A simulator on this machine is never reached through a proxy that the environment names."""
    return (urlsplit(url).hostname or "") in {"127.0.0.1", "localhost", "::1"}
