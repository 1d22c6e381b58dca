"""Log-in to both services and the check of who calls."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from simulator.broker.customers import Customer, Secrets
from simulator.server.answers import answer, body_of, failure, success
from simulator.server.faults import Faults
from simulator.wire import tokens

_WRONG_OTPS_MAX: Final = 5  # one more locks the service of the customer for a while, as users report
_LOCKED_S: Final = 600
_PIN, _OTP = 0, 1
_KEY_EXPIRED: Final = "The connection is invalid"


class DataLogin(msgspec.Struct, rename={"consumer_id": "consumerID", "consumer_secret": "consumerSecret"}):
    consumer_id: str
    consumer_secret: str


class TradingLogin(
    msgspec.Struct,
    rename={
        "consumer_id": "consumerID",
        "consumer_secret": "consumerSecret",
        "two_factor_type": "twoFactorType",
        "is_save": "isSave",
    },
):
    consumer_id: str
    consumer_secret: str
    two_factor_type: int = _PIN
    code: str = ""
    is_save: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """A customer with a valid trading token; `is_saved` when the second factor came with it."""

    customer: Customer
    is_saved: bool


class Access:
    """Tokens live on wall time: real clients compare their expiry with their own clock.

    `on_second_log_in` is told the customer whose earlier session a log-in has ended.
    """

    def __init__(
        self, kept: Secrets, faults: Callable[[], Faults], on_second_log_in: Callable[[Customer], None]
    ) -> None:
        self._secrets = kept
        self._faults = faults
        self._on_second_log_in = on_second_log_in
        self._otps: dict[str, tuple[str, float]] = {}
        self._app_users: set[str] = set()
        self._wrong_otps: dict[str, int] = {}
        self._locked_until_s: dict[str, float] = {}
        self._ended_ms: dict[tuple[str, str, bool], int] = {}

    def otps(self) -> dict[str, str]:
        """Codes that are valid now, by customer; the broker would send them by SMS."""
        return {customer_id: code for customer_id, (code, until_s) in self._otps.items() if until_s > time.time()}

    def show_in_app(self, customer_id: str) -> str:
        """The customer uses Smart OTP from now on, and this is what the app shows; no code is sent any more."""
        self._app_users.add(customer_id)
        return self._new_otp(customer_id)

    def end_tokens(self, service: str, consumer_ids: list[str]) -> None:
        """Tokens issued until now are refused as if they had expired."""
        for consumer_id in consumer_ids:
            for is_saved in (False, True):
                self._ended_ms[service, consumer_id, is_saved] = int(time.time() * 1000)

    def unlock(self) -> None:
        """Whoever was locked out by wrong OTPs may try again."""
        self._wrong_otps.clear()
        self._locked_until_s.clear()

    # --- log-in ---------------------------------------------------------------------------------------------------

    async def data_token(self, request: web.Request) -> web.Response:
        login = msgspec.json.decode(await body_of(request), type=DataLogin)
        known = (self._secrets.data_consumer_id, self._secrets.data_consumer_secret)
        if not _same((login.consumer_id, login.consumer_secret), known):
            return failure("Key does not exist.")
        if self._faults().key_expired:
            return failure(_KEY_EXPIRED)
        return self._token_answer(tokens.Claims(tokens.DATA, login.consumer_id, False))

    async def trading_token(self, request: web.Request) -> web.Response:
        """`isSave` false gives a token for queries without looking at the code."""
        login = msgspec.json.decode(await body_of(request), type=TradingLogin)
        customer = self._customer_of(login.consumer_id, login.consumer_secret)
        if customer is None:
            return failure("Key does not exist.")
        if self._faults().key_expired:
            return failure(_KEY_EXPIRED)
        if login.two_factor_type not in (_PIN, _OTP):
            return failure("2FA type is invalid")
        if login.is_save and not self._is_right(customer, login.two_factor_type, login.code):
            return failure("Wrong OTP" if login.two_factor_type == _OTP else "Wrong PIN")
        if login.is_save and login.two_factor_type == _OTP:
            del self._otps[customer.customer_id]  # it opens one log-in
        if self._faults().single_session:  # before the new token is made: it must not end with the others
            self._ended_ms[tokens.TRADING, login.consumer_id, login.is_save] = int(time.time() * 1000) - 1
            self._on_second_log_in(customer)
        return self._token_answer(tokens.Claims(tokens.TRADING, login.consumer_id, login.is_save))

    async def one_time_code(self, request: web.Request) -> web.Response:
        """GetOTP; the answer has no data."""
        login = msgspec.json.decode(await body_of(request), type=DataLogin)
        customer = self._customer_of(login.consumer_id, login.consumer_secret)
        if customer is None:
            return failure("ConsumerID is invalid")
        if customer.customer_id in self._app_users:
            return failure("2FA type is invalid")
        self._new_otp(customer.customer_id)
        return answer({"message": "Success", "status": 200})

    # --- callers --------------------------------------------------------------------------------------------------

    def key_of(self, request: web.Request) -> str | None:
        """The key behind a call's token, of either service: its quota counts the call. A log-in has none yet."""
        claims = self._claims(request)
        return claims.consumer_id if claims is not None else None

    def data_key(self, request: web.Request) -> str | None:
        """The key behind a token of FC Data, or None."""
        claims = self._claims(request)
        return claims.consumer_id if claims is not None and claims.service == tokens.DATA else None

    def caller(self, request: web.Request) -> Caller | None:
        """The customer behind a trading token, or None."""
        claims = self._claims(request)
        if claims is None or claims.service != tokens.TRADING:
            return None
        for customer in self._secrets.customers:
            if customer.consumer_id == claims.consumer_id:
                return Caller(customer, claims.is_saved)
        return None

    def is_second_factor(self, customer: Customer, code: str) -> bool:
        return self._is_right(customer, _PIN, code) or self._is_right(customer, _OTP, code)

    def _new_otp(self, customer_id: str) -> str:
        code = f"{secrets.randbelow(1_000_000):06d}"
        self._otps[customer_id] = (code, time.time() + self._faults().otp_validity_s)
        return code

    def _claims(self, request: web.Request) -> tokens.Claims | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
        claims = tokens.verify(self._secrets.token_secret, token, time.time()) if token else None
        if claims is None or claims.issued_ms <= self._ended_ms.get(claims[:3], -1):
            return None
        return claims

    def _customer_of(self, consumer_id: str, consumer_secret: str) -> Customer | None:
        for customer in self._secrets.customers:
            if _same((consumer_id, consumer_secret), (customer.consumer_id, customer.consumer_secret)):
                return customer
        return None

    def _is_right(self, customer: Customer, two_factor_type: int, code: str) -> bool:
        if self._faults().wrong_second_factor:
            return False
        if two_factor_type == _PIN:
            return _same((code,), (customer.pin,))
        return self._is_right_otp(customer.customer_id, code)

    def _is_right_otp(self, customer_id: str, code: str) -> bool:
        now_s = time.time()
        if not code or now_s < self._locked_until_s.get(customer_id, 0.0):
            return False
        otp, until_s = self._otps.get(customer_id, ("", 0.0))
        is_right = until_s > now_s and _same((code,), (otp,))
        wrong = 0 if is_right else self._wrong_otps.get(customer_id, 0) + 1
        self._wrong_otps[customer_id] = wrong
        if wrong > _WRONG_OTPS_MAX:
            self._locked_until_s[customer_id], self._wrong_otps[customer_id] = now_s + _LOCKED_S, 0
        return is_right

    def _token_answer(self, claims: tokens.Claims) -> web.Response:
        """No key beyond these: the official Python clients refuse any other."""
        return success({"accessToken": self._issued(claims)})

    def _issued(self, claims: tokens.Claims) -> str:
        return tokens.issue(self._secrets.token_secret, claims, time.time(), self._faults().token_lifetime_s)


def _same(given: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return all(secrets.compare_digest(one.encode(), other.encode()) for one, other in zip(given, known, strict=True))
