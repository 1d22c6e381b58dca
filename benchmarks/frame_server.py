"""A market stream that sends as fast as its reader takes: `python -m benchmarks.frame_server PORT FRAMES SYMBOLS`.

Classic SignalR as the client of QTS speaks it. Each connection gets all frames once, after its first call.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from benchmarks.market_messages import frames

FRAMES_BETWEEN_PAUSES = 200


def build(sent: Sequence[str]) -> web.Application:
    async def negotiate(_request: web.Request) -> web.Response:
        answer: dict[str, Any] = {"ConnectionToken": "t", "ProtocolVersion": "1.3", "KeepAliveTimeout": 20.0}
        return web.json_response(answer | {"TryWebSockets": True})

    async def start(_request: web.Request) -> web.Response:
        return web.json_response({"Response": "started"})

    async def connect(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.receive()
        for number, frame in enumerate(sent):
            await socket.send_str(frame)
            if number % FRAMES_BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)
        await socket.receive()  # until the reader has gone
        return socket

    application = web.Application()
    application.add_routes(
        [
            web.get("/v2.0/signalr/negotiate", negotiate),
            web.get("/v2.0/signalr/start", start),
            web.get("/v2.0/signalr/connect", connect),
        ]
    )
    return application


def main(port: str, count: str, symbol_count: str) -> None:
    sent = [frame.decode() for frame in frames(int(count), int(symbol_count))]
    web.run_app(build(sent), host="127.0.0.1", port=int(port), print=None, access_log=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
