"""One listener for all four services of SSI and the simulator's own controls. Paths match in any case."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import msgspec
from aiohttp import web

from qts.domain.market import Schedule
from simulator.server import answers
from simulator.server.access import Access
from simulator.server.control_api import ControlApi
from simulator.server.data_api import DataApi
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import HUB as ORDER_HUB
from simulator.server.order_stream import OrderStreams, notify_id_of
from simulator.server.pacemaker import Pacemaker
from simulator.server.trading_api import LostAnswer, TradingApi
from simulator.wire import signalr
from simulator.wire.market_records import HUB as MARKET_HUB
from simulator.world import World

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_SIGNALR: Final = "v2.0/signalr/"
_MARKET: Final = "api/v2/market/"
_TRADING: Final = "api/v2/trading/"
_CONTROL: Final = "sim/"

_log = logging.getLogger("simulator.server")


class Application:
    def __init__(self, world: World, schedule: Schedule) -> None:
        self._world = world
        self._access = Access(world.secrets)
        self._data = DataApi(world)
        self._market_streams = MarketStreams(world.feed, lambda: self._control.faults)
        self._order_streams = OrderStreams(world.broker)
        self._control = ControlApi(world, self._access, self._market_streams, self._order_streams)
        self.pacemaker = Pacemaker(world, schedule, self._market_streams, self._order_streams)
        self._trading = TradingApi(world, self._access, self.pacemaker, lambda: self._control.faults)

    def build(self) -> web.Application:
        application = web.Application(client_max_size=64 * 1024)
        application.router.add_route("*", "/{path:.*}", self._dispatch)
        application.cleanup_ctx.append(self._life)
        application.on_shutdown.append(self._close_streams)
        return application

    async def _life(self, application: web.Application) -> AsyncIterator[None]:
        self.pacemaker.start()
        beating = asyncio.create_task(self.pacemaker.run())
        beating.add_done_callback(_stop_when_failed)
        yield
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
        self._world.close()

    async def _close_streams(self, application: web.Application) -> None:
        self._market_streams.drop_all()
        self._order_streams.drop_all()

    # --- dispatch -------------------------------------------------------------------------------------------------

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"].lower()
        if path.startswith(_CONTROL):
            return await self._control_call(request, path.removeprefix(_CONTROL))
        if path.startswith(_SIGNALR):
            return await self._signalr_call(request, path.removeprefix(_SIGNALR))
        if self._control.faults.quota_exceeded:
            return answers.quota_exceeded()
        try:
            if path.startswith(_MARKET):
                return await self._market_call(request, path.removeprefix(_MARKET))
            if path.startswith(_TRADING):
                return await self._trading_call(request, path.removeprefix(_TRADING))
        except msgspec.MsgspecError as error:
            return answers.failure(f"Bad request: {error}")
        raise web.HTTPNotFound

    async def _control_call(self, request: web.Request, name: str) -> web.StreamResponse:
        if request.remote not in _LOOPBACK:
            raise web.HTTPForbidden
        if request.method == "POST" and name == "faults":
            return await self._control.set_faults(request)
        pages = {
            "healthz": self._control.healthz,
            "credentials": self._control.credentials,
            "state": self._control.state,
        }
        if request.method != "GET" or name not in pages:
            raise web.HTTPNotFound
        return pages[name]()

    async def _market_call(self, request: web.Request, name: str) -> web.StreamResponse:
        if name == "accesstoken" and request.method == "POST":
            return await self._access.data_token(request)
        if name not in self._data.handlers() or request.method != "GET":
            raise web.HTTPNotFound
        if "Authorization" not in request.headers:
            return answers.answer({"message": "Missing Authorization header", "status": 401})  # HTTP 200, as seen live
        if not self._access.holds_data_token(request):
            return answers.unauthorized()
        return self._data.respond(request, name)

    async def _trading_call(self, request: web.Request, name: str) -> web.StreamResponse:
        faults = self._control.faults
        if faults.close_trading:
            return _hang_up(request)
        if faults.refuse_trading:
            return answers.failure("Internal server error", 500, 500)
        if request.method == "GET" and (name in self._trading.queries or name == "ratelimit"):
            return self._trading.query(request, name)
        posts = {
            "accesstoken": self._access.trading_token,
            "getotp": self._access.one_time_code,
            **self._trading.order_calls,
        }
        if request.method != "POST" or name not in posts:
            raise web.HTTPNotFound
        try:
            return await posts[name](request)
        except LostAnswer:
            return _hang_up(request)

    async def _signalr_call(self, request: web.Request, name: str) -> web.StreamResponse:
        """Clients disagree on the verb of negotiate and on start; both are taken, neither is waited for."""
        if name in ("ping", "abort"):
            return answers.answer({"Response": "pong" if name == "ping" else "aborted"})
        hubs = self._hubs_of(request)
        caller = self._access.caller(request)
        allowed = self._access.holds_data_token(request) if MARKET_HUB.lower() in hubs else caller is not None
        if not allowed:
            return answers.unauthorized()
        if name == "negotiate":
            return answers.answer(signalr.negotiation())
        if name == "start":
            return answers.answer(signalr.STARTED)
        if name not in ("connect", "reconnect"):
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(autoping=True, max_msg_size=64 * 1024, compress=False)
        await socket.prepare(request)
        if MARKET_HUB.lower() in hubs:
            await self._market_streams.serve(socket)
        elif caller is not None:
            await self._order_streams.serve(socket, caller.customer.customer_id, notify_id_of(request))
        return socket

    def _hubs_of(self, request: web.Request) -> list[str]:
        try:
            hubs = signalr.hub_names(answers.query_of(request).get("connectiondata", ""))
        except msgspec.MsgspecError as error:
            raise web.HTTPBadRequest(text="connectionData is not a list of hubs") from error
        if not {MARKET_HUB.lower(), ORDER_HUB.lower()} & set(hubs):
            raise web.HTTPBadRequest(text=f"no such hub: {hubs}")
        return hubs


def _hang_up(request: web.Request) -> web.Response:
    """End the connection without a byte of answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _stop_when_failed(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("the market has stopped", exc_info=error)
        raise SystemExit(1)
