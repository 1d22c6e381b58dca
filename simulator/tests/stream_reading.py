"""Reads the simulator's streams as tests want them."""

import asyncio
import contextlib
import json

from aiohttp import WSMsgType

from simulator.tests.test_process import ORDER_HUB


def order_stream(client, token, notify_id="-1"):
    parameters = {"transport": "webSockets", "connectionToken": "x", "connectionData": ORDER_HUB}
    headers = {"Authorization": f"Bearer {token}", "NotifyID": notify_id}
    return client.session.ws_connect(f"{client.simulator.url}v2.0/signalr/connect", headers=headers, params=parameters)


async def subscribe(stream, channels):
    await stream.send_json({"H": "FcMarketDataV2Hub", "M": "SwitchChannels", "A": [channels], "I": 0})
    while "I" not in json.loads((await stream.receive(timeout=5)).data):
        pass


async def broadcasts(stream, *, until=None, seconds=2.0):
    """Decoded messages until one is `until` or so many seconds have passed."""
    found = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while until is None or not any(until(one) for one in found):
                message = await stream.receive()
                if message.type is not WSMsgType.TEXT:
                    return found
                frame = json.loads(message.data)
                found += [json.loads(call["A"][0]) for call in frame.get("M", []) if call["M"] == "Broadcast"]
    return found


async def notify_ids(stream, last, seconds=3.0):
    events = await broadcasts(stream, until=lambda event: event["data"]["notifyID"] == last, seconds=seconds)
    return [event["data"]["notifyID"] for event in events]


async def queued(client, token, request_id):
    _, answered = await client.send_order(token, client.order_body(request_id))
    assert answered["status"] == 200
