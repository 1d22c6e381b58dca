"""Whatever a broker may answer to an order is one of four things: accepted, refused, over the quota, or not known.

The table is for every order call. "Not known" is asked for later; only a documented no says that nothing was done.
"""

import json
from typing import Any

import pytest
from aiohttp import web

from qts.adapters.ssi.trading import Accepted, AmbiguousSend, Refused, TradingClient
from qts.adapters.tests.fake_fastconnect import FakeFastConnect, Handler, reset, silence
from qts.adapters.tests.test_ssi_trading_client import CREDENTIALS, QUICK, QUOTA, buy
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import OrderType, Side

OK = {"message": "Success", "status": 200, "data": {"requestID": "12345678", "requestData": {}}}
NO = {"message": "Price is invalid", "status": 400, "data": None}


def raw(
    body: Any, status: int = 200, content_type: str = "application/json", *, location: str = "", encoding: str = ""
) -> Handler:
    content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()

    async def handle(_: web.Request) -> web.StreamResponse:
        given = {"Content-Type": content_type, "Location": location, "Content-Encoding": encoding}
        headers = {name: value for name, value in given.items() if value}
        return web.Response(body=content, status=status, headers=headers)

    return handle


def cut(body: bytes, after: int) -> Handler:
    """The headers promise all of it, the connection ends before."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[:after])
        assert request.transport is not None
        request.transport.abort()
        return response

    return handle


BYTES = json.dumps(OK).encode()
ANSWERS: list[tuple[str, Handler, str]] = [
    # the documented yes, and harmless variations of it
    ("documented yes", raw(OK), "accepted"),
    ("status as text", raw(OK | {"status": "200"}), "accepted"),
    ("status as text with spaces", raw(OK | {"status": " 200 "}), "accepted"),
    ("status as a float", raw(OK | {"status": 200.0}), "accepted"),
    ("request id as a number", raw(OK | {"data": {"requestID": 12345678}}), "accepted"),
    ("fields nobody knows", raw(OK | {"code": "SUCCESS", "data": {"requestID": "12345678", "x": [1]}}), "accepted"),
    ("yes sent as text/html", raw(OK, content_type="text/html"), "accepted"),
    ("yes with an empty message", raw(OK | {"message": ""}), "accepted"),
    # a documented no
    ("no under HTTP 200", raw(NO), "refused"),
    ("no with its status as text", raw(NO | {"status": "400"}), "refused"),
    ("no under HTTP 400", raw(NO, 400), "refused"),
    ("no such call", raw(NO | {"status": 404}, 404), "refused"),
    ("forbidden", raw(NO | {"status": 403}, 403), "refused"),
    ("wrong shape of the request", raw(NO | {"status": 422}, 422), "refused"),
    ("no without data", raw({"message": "Wrong OTP", "status": 400}), "refused"),
    ("no whose message is null", raw(NO | {"message": None}), "refused"),
    # the quota
    ("quota as JSON", raw({"message": QUOTA, "status": 429, "data": None}, 429), "over the quota"),
    ("quota under HTTP 200", raw({"message": QUOTA, "status": 429, "data": None}), "over the quota"),
    ("quota as text", raw(QUOTA, 429, "text/plain"), "over the quota"),
    ("quota as text under HTTP 200", raw(QUOTA, 200, "text/plain"), "over the quota"),
    ("quota as a page", raw(f"<html>{QUOTA}</html>", 429, "text/html"), "over the quota"),
    ("429 without a word", raw(b"", 429), "over the quota"),
    # 200 with an error inside
    ("yes to somebody else", raw(OK | {"data": {"requestID": "87654321"}}), "not known"),
    ("yes without data", raw(OK | {"data": None}), "not known"),
    ("yes whose data is a list", raw(OK | {"data": ["12345678"]}), "not known"),
    ("yes whose data is an error", raw(OK | {"data": {"error": "timeout"}}), "not known"),
    ("error 500 in the body", raw({"message": "boom", "status": 500, "data": None}), "not known"),
    ("error 503 in the body", raw({"message": "busy", "status": "503", "data": None}), "not known"),
    ("yes in the body of HTTP 202", raw(OK, 202), "not known"),
    ("yes in the body of HTTP 400", raw(OK, 400), "not known"),
    ("no in the body of HTTP 500", raw(NO, 500), "not known"),
    ("no in the body of HTTP 302", raw(NO, 302, location="/"), "not known"),
    ("duplicate request id", raw(NO | {"message": "Duplicate requestID 12345678"}), "not known"),
    ("request id was used", raw(NO | {"message": "requestID already used"}), "not known"),
    ("time-out of the server", raw(NO | {"status": 408}, 408), "not known"),
    ("conflict", raw(NO | {"status": 409}, 409), "not known"),
    # wrong shape
    ("status is a word", raw(OK | {"status": "Success"}), "not known"),
    ("status is true", raw(OK | {"status": True}), "not known"),
    ("status is null", raw(OK | {"status": None}), "not known"),
    ("status is a list", raw(OK | {"status": [200]}), "not known"),
    ("status is negative", raw(NO | {"status": -400}), "not known"),
    ("status is too large", raw(NO | {"status": 10**30}), "not known"),
    ("status in other digits", raw(OK | {"status": "２００"}), "not known"),
    ("no status", raw({"message": "Success", "data": {"requestID": "12345678"}}), "not known"),
    ("an empty object", raw({}), "not known"),
    ("a list", raw([OK]), "not known"),
    ("a string", raw('"Success"'), "not known"),
    ("a number", raw("200"), "not known"),
    ("null", raw("null"), "not known"),
    ("NaN", raw('{"status": NaN}'), "not known"),
    ("nothing", raw(b""), "not known"),
    ("two answers", raw(BYTES + BYTES), "not known"),
    ("no UTF-8", raw(b'{"message": "\xff", "status": 200}'), "not known"),
    ("deep nesting", raw(b"[" * 50_000), "not known"),
    # pages of those in between
    ("a proxy's page", raw("<html>please wait</html>", 200, "text/html"), "not known"),
    ("a log-in page", raw("<html>sign in</html>", 403, "text/html"), "not known"),
    ("bad gateway", raw("<html>Bad Gateway</html>", 502, "text/html"), "not known"),
    ("unavailable", raw("", 503), "not known"),
    ("gateway time-out", raw("<html>", 504, "text/html"), "not known"),
    ("a redirect", raw("", 307, location="/elsewhere"), "not known"),
    # cut
    ("cut in the middle of the JSON", raw(BYTES[:40]), "not known"),
    ("cut by the connection", cut(BYTES, 40), "not known"),
    ("cut before the body", cut(BYTES, 0), "not known"),
    ("cut one byte early", cut(BYTES, len(BYTES) - 1), "not known"),
    ("packed, and no gzip", raw(BYTES, encoding="gzip"), "not known"),
    ("no answer", silence, "not known"),
    ("reset", reset, "not known"),
]
IDS = [name for name, _, _ in ANSWERS]
CALLS = {
    "NewOrder": buy,
    "CancelOrder": lambda client: client.cancel_order(
        account="0901351", request_id="12345678", order_id="5", symbol="SSI", side=Side.BUY
    ),
    "ModifyOrder": lambda client: client.modify_order(
        account="0901351", request_id="12345678", order_id="5", symbol="SSI", side=Side.BUY, order_type=OrderType.LO,
        price_vnd=21_050, quantity=300,
    ),
}  # fmt: skip


@pytest.fixture
def client(fastconnect: FakeFastConnect):
    client = TradingClient(fastconnect.url, CREDENTIALS, timeout=QUICK)
    yield client
    client.close()


@pytest.mark.parametrize(("_name", "answer", "meaning"), ANSWERS, ids=IDS)
def test_each_answer_is_what_the_table_says(client, fastconnect, _name, answer, meaning):
    for call in CALLS:
        fastconnect.answers[call] = answer
        assert (call, _meaning_of(client, call)) == (call, meaning)
        assert fastconnect.names().count(call) == 1, "nothing is sent again to find out"
    fastconnect.answers["orderBook"] = answer
    with pytest.raises((TransientError, TerminalError)):  # none of these says that an order is missing
        client.order_book("0901351")


def test_the_table_has_no_row_twice():
    assert len(set(IDS)) == len(IDS) >= 60


def _meaning_of(client: TradingClient, call: str) -> str:
    try:
        answer = CALLS[call](client)
    except AmbiguousSend:
        return "not known"
    if isinstance(answer, Refused):
        return "over the quota" if answer.over_quota else "refused"
    assert isinstance(answer, Accepted)
    assert answer.request_id == "12345678"
    return "accepted"


BAD_LOG_INS: list[tuple[str, Handler, type[Exception]]] = [
    ("no token", raw({"message": "Success", "status": 200, "data": {}}), TerminalError),
    ("data is null", raw({"message": "Success", "status": 200, "data": None}), TerminalError),
    ("token is a number", raw({"message": "Success", "status": 200, "data": {"accessToken": 7}}), TerminalError),
    ("token is empty", raw({"message": "Success", "status": 200, "data": {"accessToken": ""}}), TerminalError),
    ("refused", raw({"message": "Key does not exist.", "status": 400, "data": None}), TerminalError),
    ("page", raw("<html>", 200, "text/html"), TransientError),
    ("bad gateway", raw("<html>", 502, "text/html"), TransientError),
    ("quota", raw(QUOTA, 429, "text/plain"), TransientError),
    ("cut", cut(BYTES, 20), TransientError),
    ("reset", reset, TransientError),
]


@pytest.mark.parametrize(("_name", "answer", "error"), BAD_LOG_INS, ids=[name for name, _, _ in BAD_LOG_INS])
def test_no_order_leaves_after_a_log_in_that_failed(client, fastconnect, _name, answer, error):
    fastconnect.answers["AccessToken"] = answer
    with pytest.raises(error):
        buy(client)
    assert "NewOrder" not in fastconnect.names()


BOOK_ROW = {
    "uniqueID": "12345678", "orderID": "5", "buySell": "B", "price": 21000, "quantity": 300, "filledQty": 0,
    "orderStatus": "QU", "marketID": "VN", "inputTime": "1", "modifiedTime": "1", "instrumentID": "SSI",
    "orderType": "LO", "cancelQty": 0, "avgPrice": 0, "rejectReason": "0",
}  # fmt: skip
NUMBERS = [
    ("as text", {"price": "21000", "quantity": "300", "filledQty": "0"}, (21_000, 300, 0)),
    ("as floats", {"price": 21000.0, "quantity": 300.0, "filledQty": 0.0}, (21_000, 300, 0)),
    ("as text with a fraction of nothing", {"price": "21000.00", "quantity": "300.0"}, (21_000, 300, 0)),
    ("ids as numbers", {"uniqueID": 12345678, "orderID": 5}, (21_000, 300, 0)),
    ("absent fills", {"filledQty": None, "cancelQty": ""}, (21_000, 300, 0)),
]


@pytest.mark.parametrize(("_name", "change", "expected"), NUMBERS, ids=[name for name, _, _ in NUMBERS])
def test_numbers_of_the_order_book_may_be_text(client, fastconnect, _name, change, expected):
    rows = {"account": "0901351", "orders": [BOOK_ROW | change]}
    fastconnect.answers["orderBook"] = raw({"message": "Success", "status": 200, "data": rows})
    (order,) = client.order_book("0901351")
    assert (order.price_vnd, order.quantity, order.filled_quantity) == expected
    assert (order.order_id, order.unique_id) == ("5", "12345678")


@pytest.mark.parametrize(
    "change",
    [
        {"price": "a lot"},
        {"price": 21000.5},
        {"quantity": "many"},
        {"quantity": True},
        {"orderID": ""},
        {"buySell": "X"},
    ],
    ids=str,
)
def test_an_order_book_with_an_impossible_number_is_no_order_book(client, fastconnect, change):
    rows = {"account": "0901351", "orders": [BOOK_ROW, BOOK_ROW | change]}
    fastconnect.answers["orderBook"] = raw({"message": "Success", "status": 200, "data": rows})
    with pytest.raises(TerminalError):
        client.order_book("0901351")
