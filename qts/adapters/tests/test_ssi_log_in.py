"""The log-in that a person's one-time code opens: what goes over the wire, and what no order waits for in vain."""

import json
import threading
import time
from typing import Any

import httpx2
import pytest

from qts.adapters.ssi.credentials import SecondFactor, TradingCredentials
from qts.adapters.ssi.http import AmbiguousSend, FastConnectHttp
from qts.adapters.ssi.log_in import TradingLogIn, WrongCode
from qts.adapters.ssi.tokens import CODE_WANTED, CodeWanted, KeptToken, KeptTokens
from qts.adapters.ssi.trading import Accepted, TradingClient
from qts.adapters.tests import signature_vectors as vectors
from qts.adapters.tests.fake_fastconnect import FakeFastConnect, jwt, reply, reset, silence, success
from qts.adapters.tests.test_ssi_trading_client import QUOTA, buy, orders_sent
from qts.domain.errors import TerminalError, TransientError

OTP = TradingCredentials("CID-1", "SEC-1", vectors.PRIVATE_KEY, "", second_factor=SecondFactor.OTP)
QUICK = httpx2.Timeout(connect=1.0, read=0.4, write=1.0, pool=1.0)
CODE = "482915"
UNAUTHORISED = reply({"message": "Unauthorized", "status": 401, "data": None}, status=401)
YES = success({"requestID": "12345678"})


class Store:
    """Where the token is kept, for every process; `discarded` are those that the broker refused."""

    def __init__(self, *tokens: KeptToken) -> None:
        self.kept: KeptToken | None = tokens[0] if tokens else None
        self.loads = 0
        self.discarded: list[str] = []

    def load(self) -> KeptToken | None:
        self.loads += 1
        return self.kept

    def discard(self, refused: str) -> None:
        self.discarded.append(refused)
        if self.kept is not None and self.kept.text == refused:
            self.kept = None


def token(number: int, seconds: float = 3_600.0) -> KeptToken:
    return KeptToken(jwt(seconds, number), time.time() + seconds)


@pytest.fixture
def log_in(fastconnect: FakeFastConnect):
    http = FastConnectHttp(fastconnect.url, timeout=QUICK)
    yield TradingLogIn(http, OTP)
    http.close()


def client_of(fastconnect: FakeFastConnect, store: Store) -> TradingClient:
    kept = KeptTokens(store.load, store.discard)
    return TradingClient(fastconnect.url, OTP, timeout=QUICK, write_tokens=lambda _: kept)


# --- on the wire ------------------------------------------------------------------------------------------------------


def test_a_code_is_requested_and_shown_as_documented(log_in, fastconnect):
    fastconnect.answers["GetOTP"] = reply({"message": "Success", "status": 200})
    log_in.request_code()
    assert log_in.with_code(CODE).count(".") == 2
    asked, shown = fastconnect.asked
    keys = {"consumerID": "CID-1", "consumerSecret": "SEC-1"}
    assert (asked.method, asked.path, json.loads(asked.body)) == ("POST", "/api/v2/Trading/GetOTP", keys)
    assert json.loads(shown.body) == keys | {"twoFactorType": 1, "code": CODE, "isSave": True}


def test_queries_need_no_code(fastconnect):
    fastconnect.answers["orderBook"] = success({"account": "0901351", "orders": []})
    assert client_of(fastconnect, Store()).order_book("0901351") == []
    assert json.loads(fastconnect.asked[0].body)["isSave"] is False


REFUSALS: dict[str, tuple[Any, type[Exception]]] = {
    "wrong code": (reply({"message": "Wrong OTP", "status": 400, "data": None}), WrongCode),
    "in other words": (reply({"message": "Invalid code", "status": 400, "data": None}), WrongCode),
    "unknown key": (reply({"message": "Key does not exist.", "status": 400, "data": None}), TerminalError),
    "key over": (reply({"message": "The connection is invalid", "status": 400, "data": None}), TerminalError),
    "quota": (reply({"message": QUOTA, "status": 429, "data": None}), TransientError),
    "reset": (reset, AmbiguousSend),
    "no answer": (silence, AmbiguousSend),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_end_of_an_entry_is_what_the_table_says(log_in, fastconnect, name):
    fastconnect.answers["AccessToken"], kind = REFUSALS[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011 (the exact type is compared)
        log_in.with_code(CODE)
    assert type(caught.value) is kind


def test_the_code_is_in_no_error_even_where_the_broker_repeats_it(log_in, fastconnect):
    fastconnect.answers["AccessToken"] = reply({"message": f"Wrong OTP {CODE}", "status": 400, "data": None})
    with pytest.raises(WrongCode) as caught:
        log_in.with_code(CODE)
    assert "Wrong OTP ***" in str(caught.value)
    assert CODE not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_smart_otp_is_not_sent(log_in, fastconnect):
    fastconnect.answers["GetOTP"] = reply({"message": "2FA type is invalid", "status": 400})
    with pytest.raises(TerminalError, match="2FA type is invalid"):
        log_in.request_code()


# --- the token that is kept -------------------------------------------------------------------------------------------


def test_without_a_token_nothing_is_sent_and_it_says_what_is_wanted(fastconnect):
    with pytest.raises(CodeWanted, match=CODE_WANTED):
        buy(client_of(fastconnect, Store()))
    assert fastconnect.asked == []


def test_a_connection_with_a_code_never_logs_in_by_itself(fastconnect):
    with pytest.raises(CodeWanted):
        buy(TradingClient(fastconnect.url, OTP, timeout=QUICK))
    assert fastconnect.asked == []


def test_the_kept_token_is_used_by_whoever_comes_next(fastconnect):
    fastconnect.answers["NewOrder"] = YES
    store = Store(token(1))
    for _ in range(2):  # two processes, one after the other
        assert isinstance(buy(client_of(fastconnect, store)), Accepted)
    assert fastconnect.names() == ["NewOrder", "NewOrder"]
    assert {one.token for one in fastconnect.asked} == {store.kept.text}


def test_a_token_is_used_until_its_end_and_not_beyond(fastconnect):
    fastconnect.answers["NewOrder"] = YES
    store = Store(token(1, 0.5))
    client = client_of(fastconnect, store)
    assert isinstance(buy(client), Accepted)
    time.sleep(0.6)
    with pytest.raises(CodeWanted):
        buy(client)
    assert orders_sent(fastconnect) == 1
    assert store.discarded == []


def test_a_token_that_is_refused_mid_flight_is_dropped_and_nothing_was_sent(fastconnect):
    fastconnect.answers["NewOrder"] = [YES, UNAUTHORISED]
    store = Store(token(1))
    refused = store.kept.text
    client = client_of(fastconnect, store)
    buy(client)
    with pytest.raises(CodeWanted):
        buy(client)
    assert store.discarded == [refused]
    assert orders_sent(fastconnect) == 2


def test_a_newer_token_takes_over_with_the_same_bytes(fastconnect):
    fastconnect.answers["NewOrder"] = [YES, UNAUTHORISED, YES]
    store = Store(token(1))
    client = client_of(fastconnect, store)
    buy(client)
    store.kept = token(2)  # somebody has logged in meanwhile
    assert isinstance(buy(client), Accepted)
    first, second = fastconnect.asked[1:]
    assert (first.body, second.token) == (second.body, store.kept.text)


def test_a_second_refusal_is_no_refusal_of_the_order(fastconnect):
    """Where a PIN's second 401 is the answer, a person is asked instead: the order must not be lost over it."""
    fastconnect.answers["NewOrder"] = [YES, UNAUTHORISED, UNAUTHORISED]
    store = Store(token(1))
    client = client_of(fastconnect, store)
    buy(client)
    store.kept = token(2)
    with pytest.raises(CodeWanted):
        buy(client)
    assert (len(store.discarded), store.kept) == (2, None)


def test_who_hears_of_a_log_in_uses_its_token(fastconnect):
    fastconnect.answers["NewOrder"] = YES
    store = Store(token(1))
    client = client_of(fastconnect, store)
    buy(client)
    store.kept = token(2)
    buy(client)
    client.forget_write_token()
    buy(client)
    first, second, third = (one.token for one in fastconnect.asked)
    assert (first == second, third, store.discarded) == (True, store.kept.text, [])


def test_many_threads_ask_for_the_kept_token_once():
    store = Store(token(1))
    kept = KeptTokens(store.load, store.discard)
    threads = [threading.Thread(target=kept.token) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.loads == 1
