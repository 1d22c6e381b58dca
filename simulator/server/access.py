"""Log-in to both services and the check of who calls."""

import secrets
import time
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from simulator.broker.customers import Customer, Secrets
from simulator.server.answers import failure, success
from simulator.wire import tokens

_OTP_VALID_S: Final = 180
_PIN, _OTP = 0, 1


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
    """Tokens live on wall time: real clients compare their expiry with their own clock."""

    def __init__(self, kept: Secrets) -> None:
        self._secrets = kept
        self._otps: dict[str, tuple[str, float]] = {}

    def otps(self) -> dict[str, str]:
        """Codes that are valid now, by customer; the broker would send them by SMS."""
        return {customer_id: code for customer_id, (code, until_s) in self._otps.items() if until_s > time.time()}

    # --- log-in ---------------------------------------------------------------------------------------------------

    async def data_token(self, request: web.Request) -> web.Response:
        login = msgspec.json.decode(await request.read(), type=DataLogin)
        known = (self._secrets.data_consumer_id, self._secrets.data_consumer_secret)
        if not _same((login.consumer_id, login.consumer_secret), known):
            return failure("Key does not exist.")
        return self._token_answer(tokens.Claims(tokens.DATA, login.consumer_id, False))

    async def trading_token(self, request: web.Request) -> web.Response:
        """`isSave` false gives a token for queries without looking at the code."""
        login = msgspec.json.decode(await request.read(), type=TradingLogin)
        customer = self._customer_of(login.consumer_id, login.consumer_secret)
        if customer is None:
            return failure("Key does not exist.")
        if login.two_factor_type not in (_PIN, _OTP):
            return failure("2FA type is invalid")
        if login.is_save and not self._is_right(customer, login.two_factor_type, login.code):
            return failure("Wrong OTP" if login.two_factor_type == _OTP else "Wrong PIN")
        return self._token_answer(tokens.Claims(tokens.TRADING, login.consumer_id, login.is_save))

    async def one_time_code(self, request: web.Request) -> web.Response:
        """GetOTP; the answer has no data."""
        login = msgspec.json.decode(await request.read(), type=DataLogin)
        customer = self._customer_of(login.consumer_id, login.consumer_secret)
        if customer is None:
            return failure("ConsumerID is invalid")
        code = f"{secrets.randbelow(1_000_000):06d}"
        self._otps[customer.customer_id] = (code, time.time() + _OTP_VALID_S)
        answered = success(None)
        answered.body = msgspec.json.encode({"message": "Success", "status": 200})
        return answered

    # --- callers --------------------------------------------------------------------------------------------------

    def holds_data_token(self, request: web.Request) -> bool:
        claims = self._claims(request)
        return claims is not None and claims.service == tokens.DATA

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

    def _claims(self, request: web.Request) -> tokens.Claims | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
        return tokens.verify(self._secrets.token_secret, token, time.time()) if token else None

    def _customer_of(self, consumer_id: str, consumer_secret: str) -> Customer | None:
        for customer in self._secrets.customers:
            if _same((consumer_id, consumer_secret), (customer.consumer_id, customer.consumer_secret)):
                return customer
        return None

    def _is_right(self, customer: Customer, two_factor_type: int, code: str) -> bool:
        if two_factor_type == _PIN:
            return _same((code,), (customer.pin,))
        otp, until_s = self._otps.get(customer.customer_id, ("", 0.0))
        return until_s > time.time() and _same((code,), (otp,))

    def _token_answer(self, claims: tokens.Claims) -> web.Response:
        """No key beyond these: the official Python clients refuse any other."""
        return success({"accessToken": tokens.issue(self._secrets.token_secret, claims, time.time())})


def _same(given: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return all(secrets.compare_digest(one.encode(), other.encode()) for one, other in zip(given, known, strict=True))
