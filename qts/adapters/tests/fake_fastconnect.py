"""A scripted FastConnect server in a thread: answers what a test tells it to and remembers what it was asked."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


def jwt(seconds: float, number: int = 0) -> str:
    """A token that expires after `seconds`; `number` tells tokens apart."""
    claims = json.dumps({"exp": time.time() + seconds, "n": number}).encode()
    return f"eyJhbGciOiJSUzI1NiJ9.{base64.b64encode(claims).decode().rstrip('=')}.c2ln"


def reply(document: Any, status: int = 200) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.json_response(document, status=status)

    return handle


def success(data: Any) -> Handler:
    return reply({"message": "Success", "status": 200, "data": data})


def text(body: str, status: int) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, content_type="text/html")

    return handle


async def silence(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


class FakeFastConnect:
    """`answers[name]` handles the last part of the path; a list is used up one by one, its last entry stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, Handler | list[Handler]] = {"AccessToken": self.issue_token}
        self.token_lifetime_s = 8 * 3600.0
        self.tokens_issued = 0
        self.sockets: list[web.WebSocketResponse] = []
        self.received: list[dict[str, Any]] = []
        self.negotiation: dict[str, Any] = {"ConnectionToken": "AQAB+tok/en==:x y", "ProtocolVersion": "1.3"}
        self.keep_alive_s: float | None = 0.1
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self.url = ""

    def start(self) -> None:
        self._thread.start()
        self.run(self._start())

    def stop(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def names(self) -> list[str]:
        return [one.path.rpartition("/")[2] for one in self.asked]

    def push(self, raw: str) -> None:
        self.run(self.sockets[-1].send_str(raw))

    def push_all(self, frames: list[str]) -> None:
        async def send() -> None:
            for raw in frames:
                await self.sockets[-1].send_str(raw)

        self.run(send())

    def close_socket(self) -> None:
        self.run(self.sockets[-1].close())

    def cut_socket(self) -> None:
        async def cut() -> None:
            request = self.sockets[-1]._req
            assert request is not None
            assert request.transport is not None
            request.transport.abort()

        self.run(cut())

    async def issue_token(self, _: web.Request) -> web.StreamResponse:
        self.tokens_issued += 1
        token = jwt(self.token_lifetime_s, self.tokens_issued)
        return web.json_response({"message": "Success", "status": 200, "data": {"accessToken": token}})

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._dispatch)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def _stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, dict(request.query), dict(request.headers), body))
        name = request.path.rpartition("/")[2]
        answer = self.answers.get(name)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is not None:
            return await answer(request)
        if name == "negotiate":
            return web.json_response(self.negotiation)
        if name == "start":
            return web.json_response({"Response": "started"})
        if name == "connect":
            return await self._serve_socket(request)
        return web.json_response({"message": "no such call", "status": 404, "data": None}, status=404)

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_str('{"C":"s-0,1","S":1,"M":[]}')
        keeping_alive = asyncio.create_task(self._keep_alive(socket))
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self.received.append(json.loads(message.data))
        keeping_alive.cancel()
        return socket

    async def _keep_alive(self, socket: web.WebSocketResponse) -> None:
        while self.keep_alive_s is not None:
            await asyncio.sleep(self.keep_alive_s)
            await socket.send_str("{}")
