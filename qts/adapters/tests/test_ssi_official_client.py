"""SSI's own Python client and ours, driven side by side against one server that remembers every byte."""

import json
from typing import Any

import pytest
from ssi_fctrading import FCTradingClient
from ssi_fctrading.core.core_crypto import core_crypto
from ssi_fctrading.models import fcmodel_requests as models

from qts.adapters.ssi.signer import Signer
from qts.adapters.ssi.trading import Accepted, TradingClient
from qts.adapters.tests.fake_fastconnect import Asked, FakeFastConnect, success
from qts.adapters.tests.test_ssi_trading_client import CREDENTIALS, QUICK
from qts.domain.values import OrderType, Side

ACCOUNT, REQUEST_ID, ORDER_ID = "0901351", "12345678", "12658867"
DEVICE_ID = "8C-EC-4B-D3-0B-96"
USER_AGENT = "QTS"
SIDES = {Side.BUY: "B", Side.SELL: "S"}
# market, symbol, side, type, price in VND, price on the wire, quantity
ORDERS = [
    ("VN", "SSI", Side.BUY, OrderType.LO, 21_000, 21_000.0, 300),
    ("VN", "SSI", Side.SELL, OrderType.LO, 21_050, 21_050.0, 1),
    ("VN", "E1VFVN30", Side.BUY, OrderType.LO, 24_510, 24_510.0, 100),
    ("VN", "SSI", Side.BUY, OrderType.ATO, None, 0, 100),
    ("VN", "SSI", Side.SELL, OrderType.MTL, None, 0, 500_000),
    ("VN", "SHS", Side.BUY, OrderType.MOK, None, 0, 100),
    ("VN", "SHS", Side.BUY, OrderType.MAK, None, 0, 100),
    ("VN", "SHS", Side.SELL, OrderType.PLO, None, 0, 100),
    ("VNFE", "41I1F7000", Side.BUY, OrderType.LO, 128_050_000, 1280.5, 1),
    ("VNFE", "41I1F7000", Side.SELL, OrderType.LO, 128_000_000, 1280.0, 500),
    ("VNFE", "41I1F7000", Side.BUY, OrderType.ATC, None, 0, 2),
]


@pytest.fixture
def ours(fastconnect: FakeFastConnect):
    client = TradingClient(fastconnect.url, CREDENTIALS, device_id=DEVICE_ID, timeout=QUICK)
    yield client
    client.close()


@pytest.fixture
def official(fastconnect: FakeFastConnect) -> FCTradingClient:
    client = FCTradingClient(
        fastconnect.url, CREDENTIALS.consumer_id, CREDENTIALS.consumer_secret, CREDENTIALS.private_key, 0
    )
    client.verifyCode(CREDENTIALS.pin)
    return client


def assert_same_request(fastconnect: FakeFastConnect, call: str) -> None:
    """Theirs, then ours. The same fields in the same order; each signature is what the other signs."""
    theirs, ours = (asked for asked in fastconnect.asked if asked.path.endswith(f"/{call}"))
    assert theirs.method == ours.method == "POST"
    assert theirs.path == ours.path == f"/api/v2/Trading/{call}"
    assert list(json.loads(theirs.body).items()) == list(json.loads(ours.body).items())
    key = core_crypto.getRSAKey(CREDENTIALS.private_key)
    assert _signature(ours) == core_crypto.sign(ours.body.decode(), key)
    assert _signature(theirs) == Signer(str(CREDENTIALS.private_key)).sign(theirs.body)
    assert (_signature(theirs) == _signature(ours)) == (theirs.body == ours.body), "a signature is of the exact bytes"
    for asked in (theirs, ours):
        assert asked.headers["Content-Type"] == "application/json"
        assert asked.headers["Authorization"].startswith("Bearer ey")


def _signature(asked: Asked) -> str:
    return next(value for name, value in asked.headers.items() if name.lower() == "x-signature")


def _call(name: str, market: str) -> str:
    return f"der{name}" if market == "VNFE" else name


@pytest.mark.parametrize(("market", "symbol", "side", "order_type", "price_vnd", "wire_price", "quantity"), ORDERS)
def test_new_orders(fastconnect, official, ours, *, market, symbol, side, order_type, price_vnd, wire_price, quantity):
    call = _call("NewOrder", market)
    fastconnect.answers[call] = success({"requestID": REQUEST_ID})
    model = models.NewOrder(
        ACCOUNT, REQUEST_ID, symbol, market, SIDES[side], str(order_type), wire_price, quantity,
        deviceId=DEVICE_ID, userAgent=USER_AGENT,
    )  # fmt: skip
    told = (official.der_new_order if market == "VNFE" else official.new_order)(model)
    answer = ours.new_order(
        account=ACCOUNT, request_id=REQUEST_ID, symbol=symbol, side=side, order_type=order_type, price_vnd=price_vnd,
        quantity=quantity, market=market,
    )  # fmt: skip
    assert_same_request(fastconnect, call)
    assert told["status"] == 200
    assert isinstance(answer, Accepted)


@pytest.mark.parametrize(("market", "symbol"), [("VN", "SSI"), ("VNFE", "41I1F7000")])
@pytest.mark.parametrize("side", Side)
def test_cancels(fastconnect, official, ours, *, market, symbol, side):
    call = _call("CancelOrder", market)
    fastconnect.answers[call] = success({"requestID": REQUEST_ID})
    model = models.CancelOrder(
        ACCOUNT, REQUEST_ID, ORDER_ID, market, symbol, SIDES[side], deviceId=DEVICE_ID, userAgent=USER_AGENT
    )
    (official.der_cancle_order if market == "VNFE" else official.cancle_order)(model)
    ours.cancel_order(
        account=ACCOUNT, request_id=REQUEST_ID, order_id=ORDER_ID, symbol=symbol, side=side, market=market
    )
    assert_same_request(fastconnect, call)


@pytest.mark.parametrize(
    ("market", "symbol", "price_vnd", "wire_price", "quantity"),
    [("VN", "SSI", 21_050, 21_050.0, 200), ("VNFE", "41I1F7000", 128_060_000, 1280.6, 3)],
)
def test_amendments(fastconnect, official, ours, *, market, symbol, price_vnd, wire_price, quantity):
    call = _call("ModifyOrder", market)
    fastconnect.answers[call] = success({"requestID": REQUEST_ID})
    model = models.ModifyOrder(
        ACCOUNT, REQUEST_ID, ORDER_ID, market, symbol, wire_price, quantity, "B", "LO",
        deviceId=DEVICE_ID, userAgent=USER_AGENT,
    )  # fmt: skip
    (official.der_modify_order if market == "VNFE" else official.modify_order)(model)
    ours.modify_order(
        account=ACCOUNT, request_id=REQUEST_ID, order_id=ORDER_ID, symbol=symbol, side=Side.BUY,
        order_type=OrderType.LO, price_vnd=price_vnd, quantity=quantity, market=market,
    )  # fmt: skip
    assert_same_request(fastconnect, call)


def test_log_ins_and_queries_ask_the_same(fastconnect, official, ours):
    ours.log_in()
    log_ins = [json.loads(asked.body) for asked in fastconnect.asked if asked.path.endswith("AccessToken")]
    theirs, mine = log_ins[:2], log_ins[2:]
    assert [list(one.items()) for one in theirs] == [list(one.items()) for one in mine]
    rows: dict[str, Any] = {"account": ACCOUNT, "orders": []}
    fastconnect.answers["orderBook"] = success(rows)
    official.get_order_book(models.OrderBook(ACCOUNT))
    ours.order_book(ACCOUNT)
    theirs_asked, ours_asked = fastconnect.asked[-2:]
    assert (theirs_asked.method, theirs_asked.path.lower(), theirs_asked.query) == (
        ours_asked.method, ours_asked.path.lower(), ours_asked.query,
    )  # fmt: skip
