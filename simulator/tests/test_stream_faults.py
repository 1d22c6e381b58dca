"""What the controls do to the streams, seen by their clients."""

import json
import re

import pytest

from simulator.tests.stream_reading import broadcasts, notify_ids, order_stream, queued, subscribe
from simulator.tests.test_process import RawClient, market_stream


async def test_order_events_are_dropped_doubled_put_out_of_order_and_delayed(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        token = await client.token()
        async with order_stream(client, token) as stream:
            simulator.wait_for_state(lambda state: state["streams"]["orders"] == 1)
            for act, expected in (
                ({"act": "drop", "count": 2}, [3]),
                ({"act": "duplicate", "count": 1}, [4, 4, 5, 6]),
                ({"act": "reorder", "count": 3}, [9, 8, 7]),
                ({"act": "delay", "count": 1, "delay_ms": 700}, [11, 12, 10]),
                ({"act": "drop", "kinds": ["orderMatchEvent"], "count": 9}, [13, 14, 15]),
                ({"act": "drop", "symbols": ["FPT"]}, [16, 17, 18]),
            ):
                simulator.control("faults", {})
                simulator.control("disturb", {"stream": "orders", **act})
                await queued(client, token, None)
                assert await notify_ids(stream, expected[-1]) == expected, act
            simulator.control("disturb", {"stream": "orders", "act": "drop", "seconds": 0.6})
            await queued(client, token, None)
            assert await broadcasts(stream, seconds=0.7) == []
            await queued(client, token, None)
            assert await notify_ids(stream, 24) == [22, 23, 24]
        # what the disturbance kept from the stream is in the replay, once each and in order
        async with order_stream(client, token, "0") as stream:
            assert await notify_ids(stream, 24) == list(range(1, 25))


async def test_market_messages_are_dropped_by_channel_and_symbol(launch):
    simulator = launch("09:30:00", speed=20)
    async with RawClient(simulator) as client, market_stream(client, await client.data_token()) as stream:
        simulator.control("disturb", {"stream": "market", "act": "drop", "kinds": ["X-TRADE"]})
        simulator.control("disturb", {"stream": "market", "act": "drop", "kinds": ["B"], "symbols": ["SSI"]})
        assert len(simulator.control("faults")["disturbances"]) == 2
        await subscribe(stream, "B:ALL")
        seen = await broadcasts(stream, seconds=2)
        assert "SSI" not in {json.loads(one["Content"])["Symbol"] for one in seen}
        assert {"FPT", "VNM"} <= {json.loads(one["Content"])["Symbol"] for one in seen}
        simulator.control("faults", {"snapshot": False})
        simulator.control("disturb", {"stream": "market", "act": "duplicate", "kinds": ["X-QUOTE"]})
        await subscribe(stream, "X-QUOTE:ALL")
        quotes = [one["Content"] for one in await broadcasts(stream, seconds=1.5) if one["DataType"] == "X-QUOTE"]
        assert len(quotes) > 5
        assert quotes[0::2][: len(quotes) // 2] == quotes[1::2]
        simulator.control("faults", {"snapshot": False})
        await subscribe(stream, "X-TRADE:ALL")
        assert {one["DataType"] for one in await broadcasts(stream, seconds=1.5)} == {"X-TRADE"}


async def test_sockets_are_closed_reset_and_left_half_open(launch):
    simulator = launch("09:30:00", speed=10)
    async with RawClient(simulator) as client:
        data_token, token = await client.data_token(), await client.token()
        async with market_stream(client, data_token) as stream:
            await stream.receive(timeout=5)
            assert simulator.control("sockets", {"stream": "market", "act": "close"}) == {"sockets": 1}
            assert (await stream.receive(timeout=5)).data == 1001
        async with market_stream(client, data_token) as stream:
            await stream.receive(timeout=5)
            simulator.control("sockets", {"stream": "market", "act": "reset"})
            assert (await stream.receive(timeout=5)).data in (1006, None)
        stream = await order_stream(client, token)
        await stream.receive(timeout=5)
        assert simulator.control("sockets", {"stream": "orders", "act": "half_open"}) == {"sockets": 1}
        await queued(client, token, "1")
        await stream.ping()
        with pytest.raises(TimeoutError):
            await stream.receive(timeout=1.0)
        assert not stream.closed
        async with order_stream(client, token, "0") as other:  # a new connection is whole
            assert await notify_ids(other, 3) == [1, 2, 3]
        assert simulator.stop() == 0


async def test_malformed_messages_are_sent_as_they_are(launch):
    simulator = launch("12:00:00")
    async with RawClient(simulator) as client:
        async with market_stream(client, await client.data_token()) as stream:
            await stream.receive(timeout=5)
            for form, pattern in {
                "frame": r'^\{"C":"d-0","M":\[\{"H":$',
                "array": r"^\[\]$",
                "object_argument": r'"A":\[\{',
                "error": r'"M":"Error","A":\["Connection has been blocked, quota 1 exceeded by 1"\]',
                "content": r"Symbol\\?\"",
                "nan": r'AvgPrice\\*":\\*"NaN',
                "nulls": r'LastPrice\\*":null',
                "unknown_session": r'TradingSession\\*":\\*"ZZZ',
                "unknown_type": r'DataType\\*":\\*"ZZ',
            }.items():
                simulator.control("malformed", {"stream": "market", "form": form})
                assert re.search(pattern, (await stream.receive(timeout=5)).data), form
        async with order_stream(client, await client.token()) as stream:
            await stream.receive(timeout=5)
            for form, expected in {
                "short_error": ("orderError", None),
                "long_error": ("orderError", "SSI"),
                "unknown_status": ("orderEvent", "SSI"),
                "unknown_type": ("someNewEvent", None),
            }.items():
                simulator.control("malformed", {"stream": "orders", "form": form})
                (event,) = await broadcasts(stream, until=bool)
                assert (event["type"], event["data"].get("instrumentID")) == expected
                assert event["data"]["notifyID"] == 0


async def test_channels_are_replaced_or_added(launch):
    simulator = launch("12:00:00")
    async with RawClient(simulator) as client, market_stream(client, await client.data_token()) as stream:
        await subscribe(stream, "F:ssi")
        await subscribe(stream, "F:FPT")
        simulator.control("halt", {"target": "HOSE"})
        assert symbols(await broadcasts(stream, seconds=1)) == {"FPT"}
        simulator.control("faults", {"adds_channels": True, "snapshot": False})
        await subscribe(stream, "F:VNM , MI:vnindex")
        simulator.control("resume", {"target": "HOSE"})
        assert symbols(await broadcasts(stream, seconds=1)) == {"FPT", "VNM"}


def symbols(messages):
    return {json.loads(one["Content"])["Symbol"] for one in messages if one["DataType"] == "F"}


async def test_a_silent_order_stream_and_a_range_of_a_year(launch):
    simulator = launch()
    async with RawClient(simulator) as client:
        token, data = await client.token(), await client.data_token()
        async with order_stream(client, token) as stream:
            simulator.wait_for_state(lambda state: state["streams"]["orders"] == 1)
            simulator.control("faults", {"orders_silence": True, "range_days_max": 365})
            await queued(client, token, "1")
            assert await broadcasts(stream, seconds=0.7) == []
        dates = {"fromDate": "24/11/2025", "toDate": "23/11/2026"}
        _, answered = await client.call("GET", "api/v2/Market/DailyOhlc", token=data, symbol="SSI", **dates)
        assert (answered["status"], len(answered["data"])) == ("Success", 10)
        assert answered["totalRecord"] > 200
