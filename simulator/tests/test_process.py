"""The simulator as a process: restarts, faults, the edges of the wire that the official clients do not show."""

import asyncio
import itertools
import json
import socket
import subprocess
import sys
import time

import aiohttp
import pytest
from ssi_fctrading.core.core_crypto import core_crypto

from simulator.tests.conftest import ROOT, clock_spec

ACCOUNT = "0901351"
MARKET_HUB = '[{"name": "fcmarketdatav2hub"}]'
ORDER_HUB = '[{"name": "BroadcastHubV2"}]'


class RawClient:
    """Speaks HTTP itself, so that every byte can be chosen."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.customer = simulator.customer()
        self.key = core_crypto.getRSAKey(self.customer["private_key"])
        # a connection for each call, as the official clients do: none is left over from before a restart
        self.session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=20), connector=aiohttp.TCPConnector(force_close=True)
        )
        self.request_ids = itertools.count(1)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.session.close()

    async def call(self, method, path, *, token=None, body=None, headers=None, **parameters):
        """(HTTP status, decoded body)."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = self.simulator.url + path
        async with self.session.request(method, url, data=body, headers=headers, params=parameters) as answered:
            text = await answered.text()
            return answered.status, json.loads(text) if text.startswith("{") else text

    async def token(self, *, save=True, code=None):
        login = {
            "consumerID": self.customer["consumer_id"],
            "consumerSecret": self.customer["consumer_secret"],
            "twoFactorType": 0,
            "code": self.customer["pin"] if code is None else code,
            "isSave": save,
        }
        _, answered = await self.call("POST", "api/v2/Trading/AccessToken", body=json.dumps(login))
        return answered["data"]["accessToken"] if answered["data"] else answered["message"]

    async def data_token(self):
        pair = self.simulator.control("credentials")["data"]
        login = {"consumerID": pair["consumer_id"], "consumerSecret": pair["consumer_secret"]}
        _, answered = await self.call("POST", "api/v2/Market/AccessToken", body=json.dumps(login))
        return answered["data"]["accessToken"]

    def order_body(self, request_id=None, *, price=33350, quantity=100, side="B", order_type="LO", code=""):
        return json.dumps(
            {
                "account": ACCOUNT,
                "requestID": request_id or str(next(self.request_ids)),
                "instrumentID": "SSI",
                "market": "VN",
                "buySell": side,
                "orderType": order_type,
                "price": price,
                "quantity": quantity,
                "channelID": "TA",
                "code": code,
                "deviceId": "8CEC4BD30B96",
            }
        )

    async def send_order(self, token, body=None, *, signed=None, path="api/v2/Trading/NewOrder"):
        body = body or self.order_body()
        signature = core_crypto.sign(signed or body, self.key)
        return await self.call("POST", path, token=token, body=body, headers={"X-Signature": signature})


async def test_a_killed_broker_remembers_every_order(launch):
    simulator = launch("09:30:00")
    async with RawClient(simulator) as client:
        token = await client.token()
        await client.send_order(token, client.order_body("1", quantity=300))
        await client.send_order(token, client.order_body("2", order_type="MTL", price=0))
        before = simulator.wait_for_state(lambda state: [one["status"] for one in state["orders"]] == ["QU", "FF"])
        simulator.kill()
        simulator.start()

        after = simulator.control("state")
        assert after["orders"] == before["orders"]
        assert after["fills"] == before["fills"]
        assert after["accounts"] == before["accounts"]
        # the token, the requestID and the number of the next notice are known too
        _, refused = await client.send_order(token, client.order_body("1"))
        assert refused["message"] == "Duplicate requestID 1"
        seen = await notices(client, token, "0", count=8)
        assert [event["data"]["notifyID"] for event in seen] == list(range(1, 9))
        cancel = {
            "account": ACCOUNT,
            "requestID": "3",
            "orderID": after["orders"][0]["orderID"],
            "marketID": "VN",
            "instrumentID": "SSI",
            "buySell": "B",
            "deviceId": "8CEC4BD30B96",
        }
        await client.send_order(token, json.dumps(cancel), path="api/v2/Trading/CancelOrder")
        simulator.wait_for_state(lambda state: state["orders"][0]["status"] == "CL")


async def test_killing_it_under_load_loses_and_doubles_nothing(launch):
    simulator = launch("09:30:00")
    simulator.control("quota", {"service": "trading", "limits": []})
    async with RawClient(simulator) as client:
        token = await client.token()
        answered: list[str] = []

        async def keep_ordering():
            for number in itertools.count(100):
                body = client.order_body(str(number), order_type="MTL", price=0, quantity=100)
                _, reply = await client.send_order(token, body)
                assert reply["status"] == 200
                answered.append(str(number))

        ordering = asyncio.create_task(keep_ordering())
        await asyncio.sleep(1.0)
        simulator.kill()
        with pytest.raises(aiohttp.ClientError):
            await ordering
        simulator.start()
        state = simulator.wait_for_state(lambda state: not any(one["status"] == "RS" for one in state["orders"]))
    known = [order["requestID"] for order in state["orders"]]
    assert len(answered) > 5
    assert len(known) == len(set(known))
    assert set(answered) <= set(known)
    assert len(set(known) - set(answered)) <= 1  # the one in flight may have been taken
    for order in state["orders"]:
        filled = sum(fill["quantity"] for fill in state["fills"] if fill["orderID"] == order["orderID"])
        assert filled == order["filled_quantity"] <= order["quantity"]
    bought = sum(order["filled_quantity"] for order in state["orders"])
    assert state["accounts"][ACCOUNT]["holdings"]["SSI"] == 10_000 + bought


async def notices(client, token, notify_id, *, count):
    headers = {"Authorization": f"Bearer {token}", "NotifyID": notify_id}
    found = []
    url = f"{client.simulator.url}v2.0/SignalR/connect"
    parameters = {"transport": "webSockets", "connectionToken": "x", "connectionData": ORDER_HUB}
    async with client.session.ws_connect(url, headers=headers, params=parameters) as stream:
        while len(found) < count:
            frame = json.loads((await stream.receive(timeout=10)).data)
            found += [json.loads(call["A"][0]) for call in frame.get("M", [])]
    return found


async def test_signatures_and_tokens(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        saved, unsaved = await client.token(), await client.token(save=False, code="1")
        body = client.order_body("1")
        status, answered = await client.send_order(saved, body, signed=body + " ")
        assert (status, answered["status"]) == (401, 401)
        status, _ = await client.call("POST", "api/v2/Trading/NewOrder", token=saved, body=body)
        assert status == 401
        status, _ = await client.send_order("not.a.token", body)
        assert status == 401
        assert simulator.control("state")["orders"] == []
        # a token without the second factor needs it in every order
        _, answered = await client.send_order(unsaved, body)
        assert (answered["status"], answered["message"]) == (400, "Wrong OTP")
        _, answered = await client.send_order(unsaved, client.order_body("2", code=client.customer["pin"]))
        assert answered["status"] == 200
        assert await client.token(code="no pin") == "Wrong PIN"
        # a stale signature on a query does not matter, nor do case and prefixes
        stale = {"X-Signature": "00ff"}
        _, answered = await client.call(
            "GET", "API/v2/trading/ORDERBOOK", token=unsaved, headers=stale, **{"request.Account": ACCOUNT}
        )
        assert [order["uniqueID"] for order in answered["data"]["orders"]] == ["2"]
        _, limits = await client.call("GET", "api/v2/Trading/rateLimit", token=unsaved)
        assert limits["data"][0]["endpoint"] == "*"


async def test_one_time_codes(shared_simulator):
    async with RawClient(shared_simulator) as client:
        login = {
            name: client.customer[key]
            for name, key in (("consumerID", "consumer_id"), ("consumerSecret", "consumer_secret"))
        }
        _, answered = await client.call("POST", "api/v2/Trading/GetOTP", body=json.dumps(login))
        assert answered == {"message": "Success", "status": 200}
        code = shared_simulator.control("state")["otps"]["090135"]
        login |= {"twoFactorType": 1, "isSave": True}
        path = "api/v2/Trading/AccessToken"
        _, wrong = await client.call("POST", path, body=json.dumps({**login, "code": "x" + code}))
        assert (wrong["status"], wrong["message"]) == (400, "Wrong OTP")
        _, right = await client.call("POST", path, body=json.dumps({**login, "code": code}))
        assert set(right) == {"message", "status", "data"}
        assert set(right["data"]) == {"accessToken"}


async def test_the_data_service_answers_errors_with_http_200(shared_simulator):
    async with RawClient(shared_simulator) as client:
        status, answered = await client.call("GET", "api/v2/Market/Securities")
        assert (status, answered) == (200, {"message": "Missing Authorization header", "status": 401})
        status, _ = await client.call("GET", "api/v2/Market/Securities", token="wrong")
        assert status == 401
        token = await client.data_token()
        _, page = await client.call(
            "GET", "api/v2/market/securities", token=token, **{"lookupRequest.pageSize": "10", "PageIndex": ""}
        )
        assert page["totalRecord"] == 3
        _, members = await client.call("GET", "api/v2/Market/IndexComponents", token=token, indexCode="vn30")
        assert members["data"][0]["TotalSymbolNo"] == "3"


async def test_signalr_takes_both_verbs_and_needs_no_start(shared_simulator):
    async with RawClient(shared_simulator) as client:
        token = await client.data_token()
        for method in ("GET", "POST"):
            status, answered = await client.call(
                method, "v2.0/signalr/negotiate", token=token, connectionData=MARKET_HUB, clientProtocol="1.3"
            )
            assert (status, answered["ProtocolVersion"]) == (200, "1.3")
        assert (await client.call("GET", "v2.0/signalr/negotiate", connectionData=MARKET_HUB))[0] == 401
        _, started = await client.call("GET", "v2.0/signalr/start", token=token, connectionData=MARKET_HUB)
        assert started == {"Response": "started"}
        async with market_stream(client, token) as stream:
            assert json.loads((await stream.receive(timeout=5)).data) == {"C": "s-0,1", "S": 1, "M": []}
            for channels, answered in (
                ("X-QUOTE:SSI", {"I": "5"}),
                ("NONSENSE", {"I": "5", "E": "unknown channel 'NONSENSE'"}),
            ):
                await stream.send_json({"H": "fcmarketdatav2hub", "M": "SwitchChannels", "A": [channels], "I": 5})
                assert await next_result(stream) == answered


def market_stream(client, token):
    parameters = {"transport": "webSockets", "connectionToken": "x", "connectionData": MARKET_HUB, "tid": "10"}
    headers = {"Authorization": f"Bearer {token}"}
    return client.session.ws_connect(f"{client.simulator.url}v2.0/signalr/connect", headers=headers, params=parameters)


async def next_result(stream):
    while True:
        frame = json.loads((await stream.receive(timeout=5)).data)
        if "I" in frame:
            return frame


async def test_faults_of_the_market_stream(launch):
    simulator = launch("09:30:00", speed=10)
    async with RawClient(simulator) as client:
        token = await client.data_token()
        async with market_stream(client, token) as stream:
            await stream.send_json({"H": "FcMarketDataV2Hub", "M": "SwitchChannels", "A": ["X-TRADE:ALL"], "I": 0})
            await next_result(stream)
            simulator.control("faults", {"broken_market_message": True})
            broken = []
            while not broken:
                frame = json.loads((await stream.receive(timeout=5)).data)
                broken = [call for call in frame.get("M", []) if not is_json(json.loads(call["A"][0])["Content"])]
            simulator.control("faults", {"silence": True})
            assert await falls_silent(stream)
            simulator.control("faults", {})
            assert (await stream.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT
            simulator.control("faults", {"drop_market_streams": True})
            while (last := await stream.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert last.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def falls_silent(stream):
    """Whether nothing comes for longer than a busy market ever pauses; what was on its way may still come."""
    for _ in range(200):
        try:
            await stream.receive(timeout=1.5)
        except TimeoutError:
            return True
    return False


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


async def test_faults_of_trading(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        token = await client.token()
        simulator.control("faults", {"lost_answers": 1})
        with pytest.raises(aiohttp.ClientError):
            await client.send_order(token, client.order_body("1"))
        simulator.wait_for_state(
            lambda state: [one["status"] for one in state["orders"]] == ["QU"]
        )  # taken all the same
        _, answered = await client.send_order(token, client.order_body("2"))
        assert answered["status"] == 200

        simulator.control("faults", {"new_order_delay_ms": 700})
        began = time.monotonic()
        await client.send_order(token, client.order_body("3"))
        assert time.monotonic() - began >= 0.7

        simulator.control("faults", {"refuse_trading": True})
        status, _ = await client.send_order(token, client.order_body("4"))
        assert status == 500
        simulator.control("faults", {"close_trading": True})
        with pytest.raises(aiohttp.ClientError):
            await client.send_order(token, client.order_body("5"))
        simulator.control("faults", {"quota_exceeded": True})
        status, answered = await client.send_order(token, client.order_body("6"))
        assert (status, answered["status"]) == (429, 429)
        simulator.control("faults", {})
        assert [one["requestID"] for one in simulator.control("state")["orders"]] == ["1", "2", "3"]


async def test_an_unknown_fault_is_refused(shared_simulator):
    async with RawClient(shared_simulator) as client:
        status, _ = await client.call("POST", "sim/faults", body='{"no_such_fault": true}')
        assert status == 400


def test_it_stops_cleanly_and_quickly(launch):
    simulator = launch()
    began = time.monotonic()
    assert simulator.stop() == 0
    assert time.monotonic() - began < 2.0


async def test_it_stops_quickly_with_clients_connected(launch):
    simulator = launch()
    async with RawClient(simulator) as client, market_stream(client, await client.data_token()) as stream:
        await stream.receive(timeout=5)
        began = time.monotonic()
        assert await asyncio.to_thread(simulator.stop) == 0
        assert time.monotonic() - began < 2.0


def run_to_its_end(*arguments):
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run_to_its_end(
            "--port", str(taken.getsockname()[1]), "--state-dir", str(tmp_path), "--clock", clock_spec("09:30:00")
        )
    assert ended.returncode == 2
    assert "port is taken" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--clock", "sometimes"], "clock must be"),
        (["--clock", "wall", "--symbols", "NOPE"], "not listed here: NOPE"),
        (["--clock", "wall", "--replay", "no-such-file.csv"], "no-such-file.csv"),
    ],
)
def test_bad_arguments_are_refused_with_a_reason(tmp_path, arguments, reason):
    ended = run_to_its_end("--port", "0", "--state-dir", str(tmp_path), *arguments)
    assert ended.returncode == 2
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr
