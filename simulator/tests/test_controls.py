"""The controls under /sim/: who may use them, and that each does what it says to the wire."""

import asyncio
import json
import time

import aiohttp
import pytest

from simulator.tests.conftest import SimulatorProcess, clock_spec
from simulator.tests.stream_reading import broadcasts, notify_ids, order_stream, queued, subscribe
from simulator.tests.test_process import MARKET_HUB, ORDER_HUB, RawClient, market_stream

# --- who may use them -------------------------------------------------------------------------------------------------


async def test_without_the_flag_there_are_no_controls(tmp_path):
    process = SimulatorProcess(tmp_path, ["--clock", clock_spec("09:30:00"), "--symbols", "SSI"], has_controls=False)
    process.start()
    try:
        async with aiohttp.ClientSession() as session:
            for method, name, status in (
                ("GET", "credentials", 404),
                ("GET", "state", 404),
                ("GET", "ledger", 404),
                ("POST", "faults", 404),
                ("POST", "restart", 404),
                ("GET", "healthz", 200),
            ):
                async with session.request(method, f"{process.url}sim/{name}") as answered:
                    assert (name, answered.status) == (name, status)
                    assert "secret" not in await answered.text()
            async with session.get(f"{process.url}healthz") as answered:
                assert (await answered.json())["status"] == "ok"
    finally:
        process.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8700"}, 200),
        ({"Host": "[::1]:8700"}, 200),
        ({"Host": "rebound.example:8700"}, 403),
        ({"Host": "127.0.0.1.rebound.example"}, 403),
        ({"Host": "localhost.rebound.example:8700"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://127.0.0.1:8700"}, 403),
        ({"Origin": "https://foreign.example"}, 403),
    ],
)
async def test_only_programs_of_this_machine_may_use_them(shared_simulator, headers, status):
    async with aiohttp.ClientSession() as session:
        for path in ("credentials", "state", "ledger"):
            async with session.get(f"{shared_simulator.url}sim/{path}", headers=headers) as answered:
                assert answered.status == status
                assert ("secret" in await answered.text()) == (status == 200 and path == "credentials")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", {"no_such_fault": True}),
        ("faults", {"lost_answers": -1}),
        ("clock", {"speed": 0}),
        ("clock", {"jump_to": "09:00:00"}),
        ("clock", {"jump_to": "2999-01-01T09:00:00"}),
        ("clock", {"jump_to": "tomorrow"}),
        ("halt", {"target": "NOPE"}),
        ("halt", {}),
        ("disturb", {"stream": "market", "act": "reorder"}),
        ("disturb", {"stream": "market", "act": "delay"}),
        ("disturb", {"stream": "sky", "act": "drop"}),
        ("sockets", {"stream": "market", "act": "melt"}),
        ("malformed", {"stream": "market", "form": "polite"}),
        ("malformed", {"stream": "market", "form": "nan", "symbol": "NOPE"}),
        ("expire-tokens", {"customer": "000000"}),
        ("second-login", {"customer": "000000"}),
        ("quota", {"service": "data", "limits": [{"endpoint": "*", "period": "1w", "limit": 1}]}),
        ("restart", {"down_s": -1}),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_reason(shared_simulator, name, body):
    async with RawClient(shared_simulator) as client:
        status, answered = await client.call("POST", f"sim/{name}", body=json.dumps(body))
        assert (status, answered["status"], answered["data"]) == (400, 400, None)
        assert len(answered["message"]) > 3
        assert (await client.call("GET", f"sim/{name}x"))[0] == 404


# --- clock and market -------------------------------------------------------------------------------------------------


def test_the_clock_pauses_goes_on_jumps_and_keeps_its_speed(launch):
    simulator = launch("09:30:00", speed=10)
    assert simulator.control("clock", {"act": "pause"})["speed"] == 0
    before = simulator.control("state")
    time.sleep(0.4)
    after = simulator.control("state")
    assert (after["now_ms"], after["total_quantity"]) == (before["now_ms"], before["total_quantity"])

    assert simulator.control("clock", {"act": "resume"})["speed"] == 10
    simulator.wait_for_state(lambda state: state["now_ms"] > before["now_ms"] + 3_000)
    assert simulator.control("clock", {"speed": 60})["speed"] == 60
    began, from_ms = time.monotonic(), simulator.control("state")["now_ms"]
    simulator.wait_for_state(lambda state: state["now_ms"] > from_ms + 60_000)
    assert 0.5 < time.monotonic() - began < 4

    simulator.control("clock", {"act": "pause"})
    jumped = simulator.control("clock", {"jump_to": "13:30:00"})
    assert (jumped["market_time"], jumped["speed"]) == ("2026-11-23T13:30:00+07:00", 0)
    state = simulator.control("state")
    assert state["market_time"] == "2026-11-23T13:30:00+07:00"
    assert set(state["sessions"].values()) == {"CONTINUOUS"}
    traded_through = simulator.control("clock", {"jump_to": "13:31:00", "trade_through": True})
    assert traded_through["market_time"] == "2026-11-23T13:31:00+07:00"
    assert sum(simulator.control("state")["total_quantity"].values()) > sum(state["total_quantity"].values())
    later = simulator.control("clock", {"jump_to": "2026-11-24T09:20:00"})  # a holiday
    assert later["market_time"] == "2026-11-25T09:30:00+07:00"  # where this clock's next day begins
    assert simulator.control("state")["trading_day"] == "2026-11-25"


@pytest.mark.parametrize("crash", [False, True])
def test_a_restart_keeps_orders_and_a_bent_clock(launch, crash):
    simulator = launch()

    async def order():
        async with RawClient(simulator) as client:
            token = await client.token()
            await queued(client, token, "1")
            return token

    token = asyncio.run(order())
    simulator.wait_for_state(lambda state: [one["status"] for one in state["orders"]] == ["QU"])
    simulator.control("clock", {"act": "pause"})
    simulator.control("clock", {"jump_to": "10:45:00"})
    before = simulator.control("state")
    answered = simulator.control("restart", {"crash": crash, "down_s": 0.0 if crash else 0.5})
    assert answered["restarting"] == ("after a crash" if crash else "in order")
    simulator.wait_for_restart()
    after = simulator.control("state")
    assert (after["market_time"], after["clock_speed"]) == ("2026-11-23T10:45:00+07:00", 0)
    assert after["orders"] == before["orders"]
    assert after["accounts"] == before["accounts"]

    async def query():
        async with RawClient(simulator) as client:
            return await client.call("GET", "api/v2/Trading/orderBook", token=token, account="0901351")

    _, book = asyncio.run(query())
    assert [row["uniqueID"] for row in book["data"]["orders"]] == ["1"]


async def test_a_halt_stops_a_symbol_and_a_market(launch):
    simulator = launch("09:30:00", speed=5)
    async with RawClient(simulator) as client:
        token = await client.token()
        async with market_stream(client, await client.data_token()) as stream:
            await subscribe(stream, "F:SSI-FPT")
            assert simulator.control("halt", {"target": "SSI"})["sessions"] == {
                "SSI": "HALT",
                "FPT": "CONTINUOUS",
                "VNM": "CONTINUOUS",
            }
            is_halt = lambda one: json.loads(one["Content"])["TradingStatus"] == "H"  # noqa: E731
            status = json.loads((await broadcasts(stream, until=is_halt))[-1]["Content"])
            assert (status["Symbol"], status["TradingSession"]) == ("SSI", "HALT")
        quantity = simulator.control("state")["total_quantity"]["SSI"]
        await queued(client, token, "1")
        state = simulator.wait_for_state(lambda state: state["orders"][0]["status"] not in ("RS", "SD"))
        assert state["orders"][0]["status"] == "RJ"
        await asyncio.sleep(0.5)
        assert simulator.control("state")["total_quantity"]["SSI"] == quantity
        assert set(simulator.control("halt", {"target": "HOSE"})["sessions"].values()) == {"HALT"}
        simulator.control("resume", {"target": "HOSE"})
        assert simulator.control("state")["sessions"]["SSI"] == "HALT"  # its own halt goes on
        assert set(simulator.control("resume", {"target": "SSI"})["sessions"].values()) == {"CONTINUOUS"}
        await queued(client, token, "2")
        simulator.wait_for_state(lambda state: state["orders"][1]["status"] == "QU")


# --- sessions, quotas, orders -----------------------------------------------------------------------------------------


async def test_tokens_expire_on_demand_and_by_their_life(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        trading, data = await client.token(), await client.data_token()
        simulator.control("expire-tokens", {"service": "trading", "customer": "118441"})
        assert (await client.call("GET", "api/v2/Trading/rateLimit", token=trading))[0] == 200
        simulator.control("expire-tokens", {"service": "trading"})
        status, answered = await client.call("GET", "api/v2/Trading/rateLimit", token=trading)
        assert (status, answered) == (401, {"message": "Unauthorized", "status": 401, "data": None})
        assert (await client.send_order(trading))[0] == 401
        assert (await client.call("GET", "v2.0/signalr/negotiate", token=trading, connectionData=ORDER_HUB))[0] == 401
        assert (await client.call("GET", "api/v2/Market/IndexList", token=data))[0] == 200
        simulator.control("expire-tokens", {"service": "data"})
        assert (await client.call("GET", "v2.0/signalr/negotiate", token=data, connectionData=MARKET_HUB))[0] == 401
        simulator.control("faults", {"token_lifetime_s": 2})
        short = await client.token()
        assert (await client.call("GET", "api/v2/Trading/rateLimit", token=short))[0] == 200
        await asyncio.sleep(2.1)
        assert (await client.call("GET", "api/v2/Trading/rateLimit", token=short))[0] == 401
        simulator.control("faults", {"key_expired": True})
        assert await client.token() == "The connection is invalid"
        assert simulator.control("state")["orders"] == []


async def test_a_second_log_in_ends_the_first(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        token = await client.token()
        async with order_stream(client, token) as stream, order_stream(client, token) as twin:
            simulator.wait_for_state(lambda state: state["streams"]["orders"] == 2)
            await queued(client, token, "1")  # without the fault both get everything
            assert await notify_ids(stream, 3) == await notify_ids(twin, 3) == [1, 2, 3]
            simulator.control("second-login", {"customer": "090135"})
            (event,) = await broadcasts(stream)
            assert (event["data"]["errorCode"], stream.closed) == ("ERR002", True)
        assert (await client.send_order(token))[0] == 401
        simulator.control("faults", {"single_session": True})
        read, write = await client.token(save=False, code="1"), await client.token()
        async with order_stream(client, read) as stream:
            simulator.wait_for_state(lambda state: state["streams"]["orders"] == 1)
            again = await client.token()
            (event,) = await broadcasts(stream)
            assert event["data"]["errorCode"] == "ERR002"
        assert (await client.send_order(write))[0] == 401
        await queued(client, again, "2")
        assert (await client.call("GET", "api/v2/Trading/rateLimit", token=read))[0] == 200  # of the other kind


async def test_wrong_codes_and_the_lock_after_too_many(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        keys = {"consumerID": client.customer["consumer_id"], "consumerSecret": client.customer["consumer_secret"]}

        async def new_code():
            await client.call("POST", "api/v2/Trading/GetOTP", body=json.dumps(keys))
            return simulator.control("state")["otps"]["090135"]

        code = await new_code()

        async def log_in(given):
            login = {**keys, "twoFactorType": 1, "isSave": True, "code": given}
            return (await client.call("POST", "api/v2/Trading/AccessToken", body=json.dumps(login)))[1]["message"]

        simulator.control("faults", {"wrong_second_factor": True})
        assert (await log_in(code), await client.token()) == ("Wrong OTP", "Wrong PIN")
        simulator.control("faults", {})
        assert [await log_in("000000x") for _ in range(5)] == ["Wrong OTP"] * 5
        assert await log_in(code) == "Success"
        assert await log_in(code) == "Wrong OTP"  # it opens one log-in
        code = await new_code()
        assert [await log_in("000000x") for _ in range(5)] == ["Wrong OTP"] * 5
        assert await log_in(code) == "Wrong OTP"  # locked
        simulator.control("unlock", {})
        assert await log_in(code) == "Success"


async def test_codes_of_the_app_and_codes_that_come_late(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        keys = {"consumerID": client.customer["consumer_id"], "consumerSecret": client.customer["consumer_secret"]}

        async def ask(name, **more):
            return (await client.call("POST", f"api/v2/Trading/{name}", body=json.dumps(keys | more)))[1]["message"]

        simulator.control("faults", {"otp_validity_s": 1})
        assert await ask("GetOTP") == "Success"
        late = simulator.control("state")["otps"]["090135"]
        await asyncio.sleep(1.1)
        assert await ask("AccessToken", twoFactorType=1, isSave=True, code=late) == "Wrong OTP"
        simulator.control("faults", {})
        shown = simulator.control("smart-otp", {"customer": "090135"})["otp"]
        assert await ask("GetOTP") == "2FA type is invalid"
        assert await ask("AccessToken", twoFactorType=1, isSave=True, code=shown) == "Success"


async def test_quotas_are_those_that_ratelimit_shows(launch):
    simulator = launch()
    rows = [{"endpoint": "*", "period": "1m", "limit": 4}, {"endpoint": "*:*/neworder", "period": "1m", "limit": 1}]
    async with RawClient(simulator) as client:
        token, data = await client.token(), await client.data_token()
        assert simulator.control("quota", {"service": "trading", "limits": rows})["limits"] == rows
        _, answered = await client.call("GET", "api/v2/Trading/rateLimit", token=token)
        assert answered["data"] == rows
        await queued(client, token, "1")
        status, answered = await client.send_order(token, client.order_body("2"))
        assert (status, answered) == (
            429,
            {"message": "API calls quota exceeded! maximum admitted 1 per 1m.", "status": 429, "data": None},
        )
        for _ in range(2):
            assert (await client.call("GET", "api/v2/cash/transferHistories", token=token, account="0901351"))[0] == 200
        _, answered = await client.call("GET", "api/v2/Trading/orderBook", token=token, account="0901351")
        assert answered["message"] == "API calls quota exceeded! maximum admitted 4 per 1m."
        assert (await client.call("GET", "api/v2/Market/IndexList", token=data))[0] == 200
        simulator.control("faults", {"quota_exceeded": True, "quota_as_text": True})
        status, text = await client.call("GET", "api/v2/Market/IndexList", token=data)
        assert (status, text) == (429, "API calls quota exceeded! maximum admitted 50 per 1s.")
        simulator.control("faults", {"streams_max": 1})
        async with market_stream(client, data) as first, market_stream(client, data) as second:
            frame = json.loads((await second.receive(timeout=5)).data)
            assert frame["M"][0]["M"] == "Error"
            assert frame["M"][0]["A"] == ["Connection has been blocked, quota 1 exceeded by 1"]
            assert (await second.receive(timeout=5)).data == 1001
            await subscribe(first, "X:SSI")
        assert [order["requestID"] for order in simulator.control("state")["orders"]] == ["1"]


async def test_new_orders_are_cut_before_and_after_acceptance(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        token = await client.token()
        simulator.control("faults", {"lost_requests": 1, "lost_answers": 1})
        for request_id in ("1", "2"):
            with pytest.raises(aiohttp.ClientError):
                await client.send_order(token, client.order_body(request_id))
        await queued(client, token, "3")
        state = simulator.wait_for_state(lambda state: [one["status"] for one in state["orders"]] == ["QU", "QU"])
        assert [order["requestID"] for order in state["orders"]] == ["2", "3"]  # 1 never came, 2 did
        assert state["faults"]["lost_requests"] == state["faults"]["lost_answers"] == 0
        ledger = simulator.control("ledger")
        assert [order["request_id"] for order in ledger["orders"]] == ["2", "3"]
        assert [one["request"]["requestID"] for one in ledger["requests"]] == ["2", "3"]
        assert {"fills", "accounts", "cash_movements"} <= set(ledger)
        simulator.control("faults", {"answer_delay_ms": 500})
        began = time.monotonic()
        assert (await client.call("GET", "api/v2/Trading/rateLimit", token=token))[0] == 200
        assert time.monotonic() - began >= 0.5


async def test_cancels_are_cut_and_repeats_taken(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        token = await client.token()
        await queued(client, token, "1")
        (order,) = simulator.wait_for_state(lambda state: [one["status"] for one in state["orders"]] == ["QU"])[
            "orders"
        ]
        simulator.control("faults", {"lost_change_requests": 1, "lost_change_answers": 1})
        for request_id, status in (("4", "QU"), ("5", "CL")):
            body = {
                "account": order["account"], "requestID": request_id, "orderID": order["orderID"], "marketID": "VN",
                "instrumentID": "SSI", "buySell": "B", "code": "", "deviceId": "8CEC4BD30B96",
            }  # fmt: skip
            with pytest.raises(aiohttp.ClientError):
                await client.send_order(token, json.dumps(body), path="api/v2/Trading/CancelOrder")
            simulator.wait_for_state(lambda state, status=status: state["orders"][0]["status"] == status)
        assert (await client.send_order(token, client.order_body("1")))[1]["message"] == "Duplicate requestID 1"
        simulator.control("faults", {"takes_repeats": True})
        assert (await client.send_order(token, client.order_body("1")))[1]["status"] == 200
        assert [one["requestID"] for one in simulator.control("state")["orders"]] == ["1", "1"]
        simulator.control("faults", {})
        assert (await client.send_order(token, client.order_body("1")))[1]["message"] == "Duplicate requestID 1"
