"""AccessToken and GetOTP of FC Trading. A one-time code passes through here and stays nowhere."""

import re
from typing import Final

import msgspec

from qts.adapters.ssi.credentials import TradingCredentials
from qts.adapters.ssi.http import FastConnectHttp, Reply, access_token
from qts.adapters.ssi.tokens import CodeWanted
from qts.domain.errors import TerminalError, TransientError

_PATH: Final = "api/v2/Trading"
_NOT_CHECKED: Final = "1"  # what SSI's own clients send for a token that serves queries only
# Refusals that say nothing about the code. Any other counts as a wrong one: more than five lock the service.
_OF_THE_KEY: Final = re.compile(r"key|consumer|connection|2fa type", re.IGNORECASE)


class WrongCode(TerminalError):
    """The broker did not take the code or the PIN: it is wrong, late or used, or the service is locked. It does not say
    which."""


class TradingLogIn:
    """Every call raises TransientError when nothing was sent, TerminalError with the broker's words when it refused."""

    def __init__(self, http: FastConnectHttp, credentials: TradingCredentials) -> None:
        self._http = http
        self._credentials = credentials

    def for_queries(self) -> str:
        """A token for queries and streams, which needs no second factor."""
        return access_token(self._query(_NOT_CHECKED, is_saved=False))

    def with_pin(self) -> str:
        """A token for orders. WrongCode where the broker refuses the PIN."""
        if self._credentials.second_factor.needs_person:
            raise CodeWanted
        return _opened(self._query(self._credentials.pin, is_saved=True), self._credentials.pin)

    def with_code(self, code: str) -> str:
        """A token for orders. WrongCode where the broker refuses it, AmbiguousSend where it may be used up."""
        reply = self._http.request("POST", f"{_PATH}/AccessToken", body=self._body(code, is_saved=True))
        _refuse_over_quota(reply)
        return _opened(reply, code)

    def request_code(self) -> None:
        """Have one sent by SMS or e-mail. AmbiguousSend where it may be on its way."""
        login = {"consumerID": self._credentials.consumer_id, "consumerSecret": self._credentials.consumer_secret}
        reply = self._http.request("POST", f"{_PATH}/GetOTP", body=msgspec.json.encode(login))
        _refuse_over_quota(reply)
        if reply.http_status != 200 or reply.status != "200":
            raise TerminalError(f"FastConnect sends no code: {reply.message or reply.http_status}")

    def _query(self, code: str, *, is_saved: bool) -> Reply:
        return self._http.query("POST", f"{_PATH}/AccessToken", body=self._body(code, is_saved=is_saved))

    def _body(self, code: str, *, is_saved: bool) -> bytes:
        login = {
            "consumerID": self._credentials.consumer_id,
            "consumerSecret": self._credentials.consumer_secret,
            "twoFactorType": self._credentials.second_factor.wire_type,
            "code": code,
            "isSave": is_saved,
        }
        return msgspec.json.encode(login)


def _opened(reply: Reply, code: str) -> str:
    try:
        return access_token(reply)
    except TerminalError as error:
        words = str(error).replace(code, "***") if code else str(error)
        if _OF_THE_KEY.search(reply.message):
            raise TerminalError(words) from None
        raise WrongCode(words) from None


def _refuse_over_quota(reply: Reply) -> None:
    if reply.over_quota:
        raise TransientError(f"FastConnect: {reply.message}")
