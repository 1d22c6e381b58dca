"""The FC Trading client: what it sends, and that every way an order call can end means what it says."""

import json
import threading
import time
from datetime import date
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from qts.adapters.ssi.credentials import TradingCredentials
from qts.adapters.ssi.trading import Accepted, AmbiguousSend, BrokerCash, NotSent, RateLimit, Refused, TradingClient
from qts.adapters.tests import signature_vectors as vectors
from qts.adapters.tests.fake_fastconnect import FakeFastConnect, reply, reset, silence, success, text
from qts.adapters.tests.test_ssi_trading_codec import ROW
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import OrderType, Side

PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCfMx2s55XP9OW67mDKm84v+U1s
dxHz5f1UJ8vQXc4oj9QDLl44DjpOEfgyy/5QOSbuP92AXSEcwpqonHzLYt9o1x+J
ezQu3cJCWEKo3N4kVaiasdhuBePEdOF8t7RncyzqHUdehdjqivoGaTO+s+NAva3E
pLKnJrt0mQ96r8YitQIDAQAB
-----END PUBLIC KEY-----
"""
CREDENTIALS = TradingCredentials("CID-1", "SEC-1", vectors.PRIVATE_KEY, "123456")
QUICK = httpx2.Timeout(connect=1.0, read=0.4, write=1.0, pool=1.0)
QUOTA = "API calls quota exceeded! maximum admitted 5 per 1s."


@pytest.fixture
def client(fastconnect: FakeFastConnect):
    client = TradingClient(fastconnect.url, CREDENTIALS, timeout=QUICK)
    yield client
    client.close()


def buy(client: TradingClient, **changes):
    order: dict[str, Any] = {
        "account": "0901351",
        "request_id": "12345678",
        "symbol": "SSI",
        "side": Side.BUY,
        "order_type": OrderType.LO,
        "price_vnd": 21_000,
        "quantity": 300,
    }
    return client.new_order(**order | changes)


def orders_sent(fastconnect: FakeFastConnect) -> int:
    return fastconnect.names().count("NewOrder")


# --- what is sent -------------------------------------------------------------------------------------------------


def test_an_order_is_signed_over_the_bytes_that_are_sent_and_carries_the_pins_token(client, fastconnect):
    fastconnect.answers["NewOrder"] = success({"requestID": "12345678"})
    before = time.time_ns()

    answer = buy(client)

    assert isinstance(answer, Accepted)
    assert answer.request_id == "12345678"
    assert before < answer.sent_at_ns <= answer.answered_at_ns <= time.time_ns()
    log_in, order = fastconnect.asked
    assert json.loads(log_in.body) == {
        "consumerID": "CID-1",
        "consumerSecret": "SEC-1",
        "twoFactorType": 0,
        "code": "123456",
        "isSave": True,
    }
    assert (order.method, order.path) == ("POST", "/api/v2/Trading/NewOrder")
    assert json.loads(order.body)["requestID"] == "12345678"
    signature = bytes.fromhex(order.headers["X-Signature"])
    key = load_pem_public_key(PUBLIC_KEY)
    assert isinstance(key, RSAPublicKey)
    key.verify(signature, order.body, PKCS1v15(), SHA256())
    assert order.headers["X-Signature"].islower()


def test_queries_use_a_token_without_the_pin_and_no_signature(client, fastconnect):
    fastconnect.answers["orderBook"] = success({"account": "0901351", "orders": []})

    assert client.order_book("0901351") == []

    log_in, query = fastconnect.asked
    assert json.loads(log_in.body)["isSave"] is False
    assert "123456" not in log_in.body.decode()
    assert (query.method, query.query) == ("GET", {"account": "0901351"})
    assert "X-Signature" not in query.headers


def test_derivatives_go_to_their_own_calls(client, fastconnect):
    for name in ("derNewOrder", "derCancelOrder", "derModifyOrder"):
        fastconnect.answers[name] = success({"requestID": "12345678"})
    buy(client, symbol="41I1F7000", market="VNFE", price_vnd=128_050_000, quantity=1)
    common: dict[str, Any] = {
        "account": "0901358",
        "request_id": "12345678",
        "order_id": "9",
        "symbol": "41I1F7000",
        "side": Side.BUY,
    }
    client.cancel_order(**common, market="VNFE")
    client.modify_order(**common, order_type=OrderType.LO, price_vnd=128_060_000, quantity=1, market="VNFE")

    assert fastconnect.names()[1:] == ["derNewOrder", "derCancelOrder", "derModifyOrder"]
    assert [json.loads(one.body).get("price") for one in fastconnect.asked[1:]] == [1280.5, None, 1280.6]


def test_both_tokens_can_be_fetched_beforehand(client, fastconnect):
    client.log_in()
    fastconnect.answers["NewOrder"] = success({"requestID": "12345678"})
    buy(client)
    assert fastconnect.names() == ["AccessToken", "AccessToken", "NewOrder"]


# --- how it can end -----------------------------------------------------------------------------------------------


def test_a_business_refusal_is_a_value_with_its_text(client, fastconnect):
    fastconnect.answers["NewOrder"] = reply({"message": "Account is not exist.", "status": 400, "data": None})
    answer = buy(client)
    assert isinstance(answer, Refused)
    assert (answer.message, answer.code, answer.over_quota) == ("Account is not exist.", "400", False)


@pytest.mark.parametrize(
    "over_quota",
    [
        reply({"message": QUOTA, "status": 429, "data": None}),
        reply({"message": QUOTA, "status": 429}, status=429),
        text(QUOTA, 429),
        text(QUOTA, 200),
    ],
)
def test_over_quota_is_a_definite_no_in_whatever_form(client, fastconnect, over_quota):
    fastconnect.answers["NewOrder"] = over_quota
    answer = buy(client)
    assert isinstance(answer, Refused)
    assert answer.over_quota
    assert answer.message == QUOTA
    assert orders_sent(fastconnect) == 1


@pytest.mark.parametrize(
    "ending",
    [
        silence,
        reset,
        reply({"message": "boom", "status": 500, "data": None}, status=500),
        reply({"message": "boom", "status": 500, "data": None}),
        text("<html>Bad Gateway</html>", 502),
        text("<html>proxy</html>", 200),
        reply([1, 2]),
        reply({}),
    ],
    ids=["time-out", "reset", "500", "500 in the body", "502 page", "page", "list", "empty"],
)
def test_whatever_may_have_arrived_is_ambiguous_and_not_sent_again(client, fastconnect, ending):
    fastconnect.answers["NewOrder"] = ending
    client.log_in()
    before = time.time_ns()
    with pytest.raises(AmbiguousSend) as caught:
        buy(client)
    assert orders_sent(fastconnect) == 1
    assert caught.value.sent_at_ns is not None
    assert caught.value.sent_at_ns > before
    assert "12345678" not in str(caught.value), "bodies stay out of messages"


def test_who_lost_the_right_to_send_sends_nothing(client, fastconnect):
    fastconnect.answers["NewOrder"] = success({"requestID": "12345678"})
    client.log_in()
    asked = []

    def may_send() -> bool:
        asked.append(fastconnect.names().count("NewOrder"))
        return len(asked) > 1

    with pytest.raises(NotSent):
        buy(client, may_send=may_send)
    assert (asked, orders_sent(fastconnect)) == ([0], 0)
    assert isinstance(buy(client, may_send=may_send), Accepted), "the client goes on"
    assert orders_sent(fastconnect) == 1


def test_nothing_sent_is_transient(closed_port):
    client = TradingClient(f"http://127.0.0.1:{closed_port}/", CREDENTIALS, timeout=QUICK)
    with pytest.raises(TransientError):
        buy(client)


def test_a_server_that_went_away_before_the_order_is_transient(fastconnect):
    client = TradingClient(fastconnect.url, CREDENTIALS, timeout=QUICK)
    client.log_in()
    client._http._client.close()
    gone = TradingClient(fastconnect.url.replace(fastconnect.url.rpartition(":")[2], "1/"), CREDENTIALS, timeout=QUICK)
    gone._write_tokens = client._write_tokens
    with pytest.raises(TransientError, match="ConnectError"):
        buy(gone)
    assert orders_sent(fastconnect) == 0


@pytest.mark.parametrize("ending", [silence, reset, text("<html>", 502)])
def test_a_log_in_that_fails_on_the_way_sends_no_order(client, fastconnect, ending):
    fastconnect.answers["AccessToken"] = ending
    with pytest.raises(TransientError):
        buy(client)
    assert orders_sent(fastconnect) == 0


def test_a_refused_log_in_is_terminal_and_names_no_secret(client, fastconnect):
    fastconnect.answers["AccessToken"] = reply({"message": "Key does not exist.", "status": 400, "data": None})
    with pytest.raises(TerminalError, match="Key does not exist") as caught:
        buy(client)
    assert "SEC-1" not in str(caught.value)
    assert orders_sent(fastconnect) == 0


# --- tokens -------------------------------------------------------------------------------------------------------


def test_a_refused_token_is_replaced_and_the_same_bytes_go_once_more(client, fastconnect):
    refused = reply({"message": "Unauthorized", "status": 401, "data": None}, status=401)
    fastconnect.answers["NewOrder"] = [refused, success({"requestID": "12345678"})]

    assert isinstance(buy(client), Accepted)

    first, second = (one for one in fastconnect.asked if one.path.endswith("NewOrder"))
    assert first.body == second.body
    assert first.token != second.token


def test_a_second_refusal_of_the_token_is_the_answer(client, fastconnect):
    fastconnect.answers["NewOrder"] = reply({"message": "Unauthorized", "status": 401, "data": None}, status=401)
    answer = buy(client)
    assert isinstance(answer, Refused)
    assert answer.code == "401"
    assert orders_sent(fastconnect) == 2


def test_a_token_is_used_until_shortly_before_its_end(client, fastconnect):
    fastconnect.answers["orderBook"] = success({"orders": []})
    client.order_book("0901351")
    client.order_book("0901351")
    assert fastconnect.tokens_issued == 1


def test_a_short_lived_token_is_used_for_half_of_its_life(fastconnect, client):
    fastconnect.token_lifetime_s = 1.0
    fastconnect.answers["orderBook"] = success({"orders": []})
    client.order_book("0901351")
    client.order_book("0901351")
    assert fastconnect.tokens_issued == 1
    time.sleep(0.6)
    client.order_book("0901351")
    assert fastconnect.tokens_issued == 2


def test_many_threads_share_one_log_in(fastconnect):
    client = TradingClient(fastconnect.url, CREDENTIALS)
    tokens: list[str] = []
    threads = [threading.Thread(target=lambda: tokens.append(client.read_token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8
    assert len(set(tokens)) == 1
    assert fastconnect.tokens_issued == 1


def test_a_token_that_another_thread_replaced_is_not_dropped(client, fastconnect):
    old = client.read_token()
    client.drop_read_token(old)
    new = client.read_token()
    client.drop_read_token(old)
    assert client.read_token() == new
    assert fastconnect.tokens_issued == 2


# --- queries ------------------------------------------------------------------------------------------------------


def test_the_order_book_and_history(client, fastconnect):
    fastconnect.answers["orderBook"] = success({"account": "0901351", "orders": [ROW]})
    fastconnect.answers["orderHistory"] = success({"orderHistories": [ROW], "account": "0901351"})

    (order,) = client.order_book("0901351")
    assert client.order_history("0901351", date(2026, 8, 3), date(2026, 8, 14)) == [order]

    assert (order.unique_id, order.account, order.price_vnd) == ("71298546", "0901351", 15_400)
    assert fastconnect.asked[-1].query == {"account": "0901351", "startDate": "03/08/2026", "endDate": "14/08/2026"}


@pytest.mark.parametrize("orders", [[ROW, ROW | {"orderID": None}], "none", [3]])
def test_an_order_book_that_cannot_be_read_whole_is_an_error(client, fastconnect, orders):
    fastconnect.answers["orderBook"] = success({"account": "0901351", "orders": orders})
    with pytest.raises(TerminalError):
        client.order_book("0901351")


def test_shares_cash_and_limits(client, fastconnect):
    held = {"instrumentID": "SSI", "onHand": 50300, "sellableQty": 50200, "buyT0": 1, "buyT1": 2, "buyT2": 3}
    fastconnect.answers["stockPosition"] = success({"stockPositions": [held | {"sellT0": 4, "avgPrice": 18505.6}]})
    cash = {"account": "0901351", "cashBal": 5_000_000_000, "cashOnHold": 1, "withdrawable": 2, "purchasingPower": 3}
    fastconnect.answers["cashAcctBal"] = success(cash | {"receivingCashT1": 4, "receivingCashT2": 5, "debt": 6})
    fastconnect.answers["rateLimit"] = success([{"endpoint": "*", "period": "1s", "limit": 5}])

    (position,) = client.stock_positions("0901351")

    assert (position.symbol, position.on_hand, position.sellable, position.average_price_vnd) == (
        "SSI",
        50_300,
        50_200,
        18_506,
    )
    assert (position.bought_today, position.bought_yesterday, position.bought_before, position.sold_today) == (
        1,
        2,
        3,
        4,
    )
    assert client.cash_balance("0901351") == BrokerCash("0901351", 5_000_000_000, 1, 2, 3, 4, 5, 6)
    assert client.rate_limits() == [RateLimit("*", "1s", 5)]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (silence, TransientError),
        (reset, TransientError),
        (text("<html>", 502), TransientError),
        (text(QUOTA, 429), TransientError),
        (reply({"message": "Account is not exist", "status": 400, "data": None}), TerminalError),
        (reply({"message": "Unauthorized", "status": 401}, status=401), TerminalError),
    ],
)
def test_a_query_that_fails_says_whether_to_try_again(client, fastconnect, answer, error):
    fastconnect.answers["orderBook"] = answer
    with pytest.raises(error):
        client.order_book("0901351")
