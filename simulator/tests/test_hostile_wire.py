"""What a client may send that no client should: each is told so, and nothing hangs or fails for it."""

import asyncio
import time
from urllib.parse import urlencode

import pytest

from qts.domain.values import InstrumentKind
from simulator.broker.checks import price_vnd_of
from simulator.server.data_queries import PAGE_ERROR
from simulator.tests.test_process import ORDER_HUB, RawClient
from simulator.wire.texts import day_of, decimal_number, whole_number

PAGE_INDEX_ERROR = "Page index must be from 1 to 10"
LOGINS = ("api/v2/Market/AccessToken", "api/v2/Trading/AccessToken", "api/v2/Trading/GetOTP")


@pytest.mark.parametrize("notify_id", ["²", "1" * 25, "1" * 5_000, "-2", "+1", "1_0", "١", "x", "1.0"])
async def test_a_wrong_notify_id_is_refused_before_the_upgrade(shared_simulator, notify_id):
    async with RawClient(shared_simulator) as client:
        query = urlencode({"transport": "webSockets", "connectionToken": "x", "connectionData": ORDER_HUB})
        reader, writer = await asyncio.open_connection("127.0.0.1", int(shared_simulator.url.split(":")[2].strip("/")))
        lines = [
            f"GET /v2.0/signalr/connect?{query} HTTP/1.1",
            "Host: 127.0.0.1",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            f"Authorization: Bearer {await client.token()}",
            f"NotifyID: {notify_id}",
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        answered = (await asyncio.wait_for(reader.readuntil(b"}"), 5)).decode()
        writer.close()
    assert answered.startswith("HTTP/1.1 400 ")
    assert answered.endswith('{"message":"NotifyID is invalid","status":400,"data":null}')


@pytest.mark.parametrize("notify_id", ["", "-1", "0", "9" * 18])
async def test_a_right_notify_id_opens_the_stream(shared_simulator, notify_id):
    async with RawClient(shared_simulator) as client:
        headers = {"Authorization": f"Bearer {await client.token()}", "NotifyID": notify_id}
        parameters = {"transport": "webSockets", "connectionToken": "x", "connectionData": ORDER_HUB}
        url = f"{shared_simulator.url}v2.0/signalr/connect"
        async with client.session.ws_connect(url, headers=headers, params=parameters) as stream:
            assert (await stream.receive_json(timeout=5))["S"] == 1


@pytest.mark.parametrize("path", [*LOGINS, "sim/faults"])
@pytest.mark.parametrize(
    "body", [b'{"consumerID":"\xff"}', b'{"consumerID":"x","consumerSecret":"\xc3("}', b"\xff\xfe"]
)
async def test_bytes_that_are_no_text_are_a_bad_request(shared_simulator, path, body):
    async with RawClient(shared_simulator) as client:
        status, answered = await client.call("POST", path, body=body)
    assert status == (400 if path.startswith("sim/") else 200)
    assert answered["status"] == 400


async def test_a_body_that_never_arrives_is_not_waited_for(shared_simulator):
    """Four calls that read one, at the same time; meanwhile the others are served."""
    async with RawClient(shared_simulator) as client:
        token, port = await client.token(), int(shared_simulator.url.split(":")[2].strip("/"))
        began = time.monotonic()

        async def promise(path):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"POST /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Length: 100"
            writer.write((head + "\r\n\r\n{").encode())
            answered = await asyncio.wait_for(reader.readuntil(b"}"), 15)
            writer.close()
            return answered

        waiting = asyncio.gather(*(promise(path) for path in ("api/v2/Trading/NewOrder", *LOGINS)))
        assert (await client.call("GET", "api/v2/Trading/rateLimit", token=token))[0] == 200
        for answered in await waiting:
            assert answered.startswith(b"HTTP/1.1 408 ")
            assert answered.endswith(b'{"message":"Request Timeout","status":408,"data":null}')
        assert 4 < time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pageIndex": "١"}, PAGE_INDEX_ERROR),
        ({"pageIndex": "+1"}, PAGE_INDEX_ERROR),
        ({"pageIndex": "1e1"}, PAGE_INDEX_ERROR),
        ({"pageIndex": "11"}, PAGE_INDEX_ERROR),
        ({"pageSize": "1_0"}, PAGE_ERROR),
        ({"pageSize": "+10"}, PAGE_ERROR),
        ({"pageSize": "١٠"}, PAGE_ERROR),
    ],
)
async def test_pages_are_plain_numbers(shared_simulator, parameters, message):
    async with RawClient(shared_simulator) as client:
        _, answered = await client.call(
            "GET", "api/v2/Market/Securities", token=await client.data_token(), **parameters
        )
    assert answered == {"data": None, "status": "Error", "message": message}


@pytest.mark.parametrize(
    ("account", "symbol", "price", "message"),
    [
        ("0901351", "SSI", "33300", "Success"),
        ("0901351", "SSI", "3.33e4", "Success"),
        ("0901351", "SSI", "33_300", "Price is invalid"),
        ("0901351", "SSI", "+33300", "Price is invalid"),
        ("0901351", "SSI", "٣٣٣٠٠", "Price is invalid"),
        ("0901351", "SSI", "33300.0005", "Price is invalid"),
        ("0901351", "SSI", "1e-99", "Price is invalid"),
        ("0901351", "SSI", "nan", "Price is invalid"),
        ("0901358", "SSI", "33300", "Account 0901358 is not opened for market VN"),
    ],
)
async def test_how_much_can_be_bought_at_what_is_no_price(shared_simulator, account, symbol, price, message):
    async with RawClient(shared_simulator) as client:
        token, query = await client.token(), {"account": account, "instrumentID": symbol, "price": price}
        _, answered = await client.call("GET", "api/v2/Trading/maxBuyQty", token=token, **query)
        assert answered["message"] == message
        if "opened" in message:
            _, answered = await client.call("GET", "api/v2/Trading/maxSellQty", token=token, **query)
            assert answered["message"] == message


@pytest.mark.parametrize(
    ("price", "kind", "price_vnd"),
    [
        (33_300.0, InstrumentKind.STOCK, 33_300),
        (33_300.0005, InstrumentKind.STOCK, None),
        (1e-300, InstrumentKind.STOCK, None),
        (0.0, InstrumentKind.STOCK, 0),
        (1_234.7, InstrumentKind.FUTURE, 123_470_000),
        (2_033.1, InstrumentKind.FUTURE, 203_310_000),
        (1_234.70000001, InstrumentKind.FUTURE, None),
    ],
)
def test_a_price_is_whole_to_the_last_decimal(price, kind, price_vnd):
    assert price_vnd_of(price, kind) == price_vnd


def test_every_tenth_of_a_point_is_a_price():
    tenths = range(1, 40_000)
    assert all(price_vnd_of(tenth / 10, InstrumentKind.FUTURE) == tenth * 10_000 for tenth in tenths)


def test_texts():
    assert [whole_number(text) for text in ("0", "007", "9" * 18)] == [0, 7, 10**18 - 1]
    assert {whole_number(text) for text in ("", "-1", "+1", "1_0", "1.0", "²", "١", "1\n", "9" * 19)} == {None}
    assert [decimal_number(text) for text in ("0.5", "1e+06", "2E2")] == [0.5, 1e6, 200.0]
    assert {decimal_number(text) for text in ("", ".5", "1_0", "inf", "nan", "1e999", "-1", "٣")} == {None}
    assert {day_of(text) for text in ("", "٠١/٠١/2026", "32/01/2026", "2026-01-01", "1/1/26")} == {None}
