"""FC Trading over REST: orders, and what the broker says about orders, shares and cash."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx2

from qts.adapters.ssi.account_answers import (
    BrokerCash,
    BrokerContracts,
    BrokerDeposit,
    BrokerMargin,
    BrokerPosition,
    cash_of,
    contracts_of,
    deposit_of,
    integer_of,
    margin_of,
    points_text,
    position_of,
    quantity_of,
)
from qts.adapters.ssi.credentials import TradingCredentials
from qts.adapters.ssi.http import TIMEOUT, AmbiguousSend, FastConnectHttp, MaySend, NotSent, Reply, always
from qts.adapters.ssi.log_in import TradingLogIn
from qts.adapters.ssi.market_time import format_day
from qts.adapters.ssi.signer import Signer
from qts.adapters.ssi.signing import BodySigner, Meanwhile, SignerProcess, nothing
from qts.adapters.ssi.tokens import CodeWanted, TokenKeeper, Tokens
from qts.adapters.ssi.trading_codec import (
    BrokerOrder,
    Market,
    broker_order,
    cancel_order_body,
    modify_order_body,
    new_order_body,
)
from qts.domain.errors import TerminalError
from qts.domain.values import OrderType, Side
from qts.observability.crash_points import passing

__all__ = [
    "Accepted",
    "AmbiguousSend",
    "Answer",
    "BrokerCash",
    "BrokerContracts",
    "BrokerDeposit",
    "BrokerMargin",
    "BrokerPosition",
    "NotSent",
    "RateLimit",
    "Refused",
    "TradingClient",
]

DEVICE_ID_DEFAULT = "02-00-51-54-53-01"  # required since v2.4; locally administered, so nobody's real address
ANSWER_CHARACTERS_MAX = 300
# A time-out of the server (408) and a conflict (409) may come after the order was taken in.
_DEFINITE_NO = frozenset({400, 401, 403, 404, 405, 411, 413, 415, 422, 429})
# "Duplicate requestID" says that an earlier attempt did arrive: that order lives, and only this copy of it was refused.
_REPEATED = re.compile(r"duplicat|already (?:used|exist|been used)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker's gateway took the request. A later refusal comes on the order stream. Wall clock, ns."""

    request_id: str
    sent_at_ns: int  # the last byte of the request was written
    answered_at_ns: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A definite no: nothing was done. `code` is the status in the body or of HTTP; 429 is the quota, and then the same
    request may be sent again later."""

    message: str
    code: str
    sent_at_ns: int
    answered_at_ns: int

    @property
    def over_quota(self) -> bool:
        return self.code == "429"


Answer = Accepted | Refused


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`limit` calls per `period` ("1s", "5s", "1m") over the calls that `endpoint` matches ("*", "post:*")."""

    endpoint: str
    period: str
    limit: int


class TradingClient:
    """One customer's connection, thread-safe.

    Order calls return an Answer, or raise TransientError when nothing was sent (NotSent where `may_send`, asked at the
    last moment, said no; CodeWanted where a person has to log in), AmbiguousSend when it may have arrived,
    TerminalError when the log-in itself was refused. Queries raise TransientError or TerminalError.

    `write_tokens` makes the keeper of the tokens for orders: of what a person's code has opened, or of what the PIN
    opens; without it the PIN is used as often as a token is needed.
    """

    def __init__(
        self,
        base_url: str,
        credentials: TradingCredentials,
        *,
        device_id: str = DEVICE_ID_DEFAULT,
        timeout: httpx2.Timeout = TIMEOUT,
        write_tokens: Callable[[TradingLogIn], Tokens] | None = None,
    ) -> None:
        self._http = FastConnectHttp(base_url, timeout=timeout)
        self._device_id = device_id
        self._signer = _signer_of(credentials)
        self._needs_person = credentials.second_factor.needs_person
        # Two tokens, as SSI's own clients hold: one for queries and streams, one with the second factor for orders.
        log_in = TradingLogIn(self._http, credentials)
        self._read_tokens = TokenKeeper(log_in.for_queries)
        self._write_tokens: Tokens = write_tokens(log_in) if write_tokens else TokenKeeper(log_in.with_pin)

    def close(self) -> None:
        self._http.close()
        self._signer.close()

    def read_token(self) -> str:
        """A valid token for queries, which the order stream needs too."""
        return self._read_tokens.token()

    def drop_read_token(self, refused: str) -> None:
        self._read_tokens.drop(refused)

    def forget_write_token(self) -> None:
        """Somebody has logged in: what was opened then takes the place of the present one."""
        self._write_tokens.forget()

    def log_in(self, meanwhile: Meanwhile = nothing) -> None:
        """Fetch both tokens now and start who signs, so that the first order does not wait for them. `meanwhile` is
        called between the steps, and every second while the signer starts."""
        self._signer.warm_up(meanwhile)
        meanwhile()
        self._read_tokens.token()
        meanwhile()
        self._write_tokens.token()
        meanwhile()

    def new_order(
        self,
        *,
        account: str,
        request_id: str,
        symbol: str,
        side: Side,
        order_type: OrderType,
        price_vnd: int | None,
        quantity: int,
        market: Market = "VN",
        may_send: MaySend = always,
        gate_token: str = "",
    ) -> Answer:
        """`request_id`: at most 8 digits, unique per day; `price_vnd` None for every type but LO."""
        body = new_order_body(
            account=account,
            request_id=request_id,
            symbol=symbol,
            market=market,
            side=side,
            order_type=order_type,
            price_vnd=price_vnd,
            quantity=quantity,
            device_id=self._device_id,
        )
        return self._send("NewOrder", market, body, request_id=request_id, may_send=may_send, gate_token=gate_token)

    def cancel_order(
        self,
        *,
        account: str,
        request_id: str,
        order_id: str,
        symbol: str,
        side: Side,
        market: Market = "VN",
        may_send: MaySend = always,
        gate_token: str = "",
    ) -> Answer:
        """`order_id` is the broker's, `request_id` a new one for this cancel."""
        body = cancel_order_body(
            account=account,
            request_id=request_id,
            order_id=order_id,
            symbol=symbol,
            market=market,
            side=side,
            device_id=self._device_id,
        )
        return self._send("CancelOrder", market, body, request_id=request_id, may_send=may_send, gate_token=gate_token)

    def modify_order(
        self,
        *,
        account: str,
        request_id: str,
        order_id: str,
        symbol: str,
        side: Side,
        order_type: OrderType,
        price_vnd: int | None,
        quantity: int,
        market: Market = "VN",
        may_send: MaySend = always,
        gate_token: str = "",
    ) -> Answer:
        body = modify_order_body(
            account=account,
            request_id=request_id,
            order_id=order_id,
            symbol=symbol,
            market=market,
            side=side,
            order_type=order_type,
            price_vnd=price_vnd,
            quantity=quantity,
            device_id=self._device_id,
        )
        return self._send("ModifyOrder", market, body, request_id=request_id, may_send=may_send, gate_token=gate_token)

    def order_book(self, account: str) -> list[BrokerOrder]:
        """Today's orders. A row that cannot be read is a TerminalError: to leave it out would say it is not there."""
        data = self._get("orderBook", {"account": account})
        return _orders(data, "orders", account)

    def order_history(self, account: str, since: date, until: date) -> list[BrokerOrder]:
        data = self._get(
            "orderHistory", {"account": account, "startDate": format_day(since), "endDate": format_day(until)}
        )
        return _orders(data, "orderHistories", account)

    def stock_positions(self, account: str) -> list[BrokerPosition]:
        data = self._get("stockPosition", {"account": account})
        return [position_of(row) for row in _rows(data, "stockPositions", account)]

    def cash_balance(self, account: str) -> BrokerCash:
        return cash_of(self._get("cashAcctBal", {"account": account}), account)

    def margin_account(self, account: str) -> BrokerMargin:
        return margin_of(self._get("ppmmraccount", {"account": account}))

    def deposit(self, account: str) -> BrokerDeposit:
        return deposit_of(self._get("derivAcctBal", {"account": account}))

    def contracts(self, account: str) -> list[BrokerContracts]:
        """Open positions, and those that were closed today."""
        data = self._get("derivPosition", {"account": account, "querySummary": "True"})
        rows = [*_rows(data, "openPosition", account), *_rows(data, "closePosition", account)]
        return [contracts_of(row) for row in rows]

    def max_buy_quantity(self, account: str, symbol: str, price_vnd: int, *, unit_vnd: int = 1) -> int:
        """`unit_vnd` is the VND behind one unit of the price: 100,000 for a future."""
        asked = {"account": account, "instrumentID": symbol, "price": points_text(price_vnd, unit_vnd)}
        return quantity_of(self._get("maxBuyQty", asked), "maxBuyQty")

    def max_sell_quantity(self, account: str, symbol: str) -> int:
        asked = {"account": account, "instrumentID": symbol, "price": "0.0"}
        return quantity_of(self._get("maxSellQty", asked), "maxSellQty")

    def rate_limits(self) -> list[RateLimit]:
        data = self._get("rateLimit", {})
        return [
            RateLimit(str(row.get("endpoint", "")), str(row.get("period", "")), integer_of(row, "limit"))
            for row in _rows({"account": "", "limits": data}, "limits", "")
        ]

    def _send(
        self, call: str, market: Market, body: bytes, *, request_id: str, may_send: MaySend, gate_token: str
    ) -> Answer:
        """Sign the very bytes that are sent. A refused token is a definite no, so the same bytes may go once more, and
        where only a person can log in, nothing was sent."""
        path = f"api/v2/Trading/{'der' if market == 'VNFE' else ''}{call}"
        signature = {"X-Signature": self._signer.sign_order(call, body, gate_token)}
        token = self._write_tokens.token()
        passing("call.signed")
        reply = self._post(path, token, body, signature, may_send)
        if reply.unauthorised:
            self._write_tokens.drop(token)
            token = self._write_tokens.token()
            reply = self._post(path, token, body, signature, may_send)
        if reply.unauthorised and self._needs_person:
            self._write_tokens.drop(token)
            raise CodeWanted
        return _answer(reply, request_id)

    def _post(self, path: str, token: str, body: bytes, headers: Mapping[str, str], may_send: MaySend) -> Reply:
        return self._http.request("POST", path, token=token, body=body, headers=headers, may_send=may_send)

    def _get(self, name: str, params: Mapping[str, str]) -> Any:
        path = f"api/v2/Trading/{name}"
        token = self._read_tokens.token()
        reply = self._http.query("GET", path, token=token, params=params)
        if reply.unauthorised:
            self._read_tokens.drop(token)
            reply = self._http.query("GET", path, token=self._read_tokens.token(), params=params)
        if reply.http_status != 200 or _status(reply.status) != 200:
            raise TerminalError(f"{name}: {reply.message or reply.http_status}")
        return reply.data


def _signer_of(credentials: TradingCredentials) -> BodySigner:
    if isinstance(credentials.private_key, str):
        return Signer(credentials.private_key)
    if credentials.key_file is None:
        raise TerminalError("a sealed private key needs the file of the keys that open it")
    return SignerProcess(credentials.private_key, credentials.key_file)


def _answer(reply: Reply, request_id: str) -> Answer:
    """Yes and no need to be said in the documented way; everything else has to be asked for. AmbiguousSend then."""
    answered_at_ns = time.time_ns()
    if reply.over_quota:
        return Refused(reply.message, "429", reply.sent_at_ns, answered_at_ns)
    status = _status(reply.status)
    if status == 200 and reply.http_status == 200 and _echoed(reply.data) == request_id:
        return Accepted(request_id, reply.sent_at_ns, answered_at_ns)
    is_told = reply.http_status == 200 or reply.http_status in _DEFINITE_NO
    if status in _DEFINITE_NO and is_told and not _REPEATED.search(reply.message):
        return Refused(reply.message, str(status), reply.sent_at_ns, answered_at_ns)
    told = f"HTTP {reply.http_status}, status {reply.status or 'none'}: {reply.message}"
    raise AmbiguousSend(f"an answer that proves nothing: {told}"[:ANSWER_CHARACTERS_MAX], reply.sent_at_ns)


def _status(text: str) -> int:
    """0 for what is no number."""
    digits = text.strip().removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 0


def _echoed(data: Any) -> str:
    """Whose request was accepted; an answer that got into the wrong hands speaks of another."""
    given = data.get("requestID") if isinstance(data, dict) else None
    return str(given).strip() if isinstance(given, str | int) else ""


def _orders(data: Any, name: str, account: str) -> list[BrokerOrder]:
    try:
        return [broker_order(row, account) for row in _rows(data, name, account)]
    except ValueError as error:
        raise TerminalError(f"{name}: {error}") from error


def _rows(data: Any, name: str, account: str) -> Sequence[Mapping[str, Any]]:
    """Null is no rows where the answer is about our account; from an answer about nothing, nothing follows."""
    rows = data.get(name) if isinstance(data, dict) else None
    if rows is None and isinstance(data, dict) and data.get("account") == account:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TerminalError(f"{name}: not a list of records")
    return rows
