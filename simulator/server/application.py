"""One listener for all four services of SSI and the simulator's own controls. Paths match in any case."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

from qts.domain.market import Schedule
from simulator.broker.customers import Customer
from simulator.server import answers
from simulator.server.access import Access
from simulator.server.control_api import ControlApi, Restart, is_from_here
from simulator.server.data_api import DataApi
from simulator.server.market_clock import MarketClock
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import OrderStreams
from simulator.server.pacemaker import Pacemaker
from simulator.server.quotas import DATA_LIMITS, TRADING_LIMITS, Limit, Quotas
from simulator.server.signalr_api import SignalRApi
from simulator.server.trading_api import LostAnswer, TradingApi
from simulator.world import World

BODY_BYTES_MAX: Final = 64 * 1024
_SIGNALR: Final = "v2.0/signalr/"
_MARKET: Final = "api/v2/market/"
_TRADING: Final = "api/v2/trading/"
_MONEY_AND_SHARES: Final = ("cash/", "ors/", "stock/")  # their names keep this prefix
_API: Final = "api/v2/"
_CONTROL: Final = "sim/"
_NEW_ORDERS: Final = frozenset({"neworder", "derneworder"})
_CHANGES: Final = frozenset({"cancelorder", "dercancelorder", "modifyorder", "dermodifyorder"})

_log = logging.getLogger("simulator.server")


class Application:
    """Without `has_controls` everything under /sim/ but healthz is not there."""

    def __init__(
        self, world: World, schedule: Schedule, *, has_controls: bool = False, restart: Restart | None = None
    ) -> None:
        self._world = world
        self._has_controls = has_controls
        self._market_streams = MarketStreams(world.feed, lambda: self._control.faults)
        self._order_streams = OrderStreams(world.broker, lambda: self._control.faults)
        self._control = ControlApi(world, self._market_streams, self._order_streams)
        self._access = Access(world.secrets, lambda: self._control.faults, self._second_log_in)
        self._quotas = {"data": Quotas(DATA_LIMITS), "trading": Quotas(TRADING_LIMITS)}
        self.pacemaker = Pacemaker(world, MarketClock(schedule), self._market_streams, self._order_streams)
        self._control.connect(self._access, self.pacemaker, self._quotas, restart)
        self._data = DataApi(world, lambda: self._control.faults)
        self._trading = TradingApi(
            world, self._access, self.pacemaker, lambda: self._control.faults, lambda: self._quotas["trading"].limits
        )
        self._signalr = SignalRApi(
            self._access, self._market_streams, self._order_streams, lambda: self._control.faults
        )

    def build(self) -> web.Application:
        application = web.Application(client_max_size=BODY_BYTES_MAX)
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

    def _second_log_in(self, customer: Customer) -> None:
        self._control.end_streams_of(customer.customer_id)

    # --- dispatch -------------------------------------------------------------------------------------------------

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        """Whatever happens is answered in SSI's own error shape, and never with the inside of this program."""
        path = "/".join(part for part in request.match_info["path"].lower().split("/") if part)
        try:
            return await self._respond(request, path)
        except web.HTTPException as error:
            return answers.failure(error.reason, error.status, error.status)
        except answers.UNREADABLE as error:
            return answers.failure(f"Bad request: {error}")
        except web.RequestPayloadError:
            return answers.failure("Bad request", 400, 400)
        except (LostAnswer, ConnectionError):
            return _hang_up(request)  # in the second case nobody is left to be answered
        except Exception:
            _log.exception("%s /%s failed", request.method, path)
            return answers.failure("Internal server error", 500, 500)

    async def _respond(self, request: web.Request, path: str) -> web.StreamResponse:
        if path in ("healthz", "sim/healthz"):
            return self._control.pages["healthz"]()
        if f"{path}/".startswith(_CONTROL):
            return await self._control_call(request, f"{path}/".removeprefix(_CONTROL).removesuffix("/"))
        if path.startswith(_SIGNALR):
            return await self._signalr.respond(request, path.removeprefix(_SIGNALR))
        service, name = _service_of(path)
        if (limit := self._exceeded(request, service, path)) is not None:
            return answers.quota_exceeded(limit, as_text=self._control.faults.quota_as_text)
        if request.method == "POST" and not answers.is_json(request):
            raise web.HTTPUnsupportedMediaType
        call = self._market_call if service == "data" else self._trading_call
        answered = await call(request, name)
        if self._control.faults.answer_delay_ms:
            await asyncio.sleep(self._control.faults.answer_delay_ms / 1000)
        return answered

    def _exceeded(self, request: web.Request, service: str, path: str) -> Limit | None:
        quotas = self._quotas[service]
        if self._control.faults.quota_exceeded:
            return quotas.limits[0] if quotas.limits else DATA_LIMITS[0]
        key = self._access.key_of(request)
        return None if key is None else quotas.take(key, request.method, path, time.time())

    async def _control_call(self, request: web.Request, name: str) -> web.StreamResponse:
        if not self._has_controls:
            raise web.HTTPNotFound
        if not is_from_here(request):
            raise web.HTTPForbidden
        return await self._control.respond(request, name)

    async def _market_call(self, request: web.Request, name: str) -> web.StreamResponse:
        if name == "accesstoken":
            _require(request, "POST")
            return await self._access.data_token(request)
        if not self._data.knows(name):
            raise web.HTTPNotFound
        _require(request, "GET")
        if "Authorization" not in request.headers:
            return answers.answer({"message": "Missing Authorization header", "status": 401})  # HTTP 200, as seen live
        if self._access.data_key(request) is None:
            return answers.unauthorized()
        return self._data.respond(request, name)

    async def _trading_call(self, request: web.Request, name: str) -> web.StreamResponse:
        faults = self._control.faults
        if faults.close_trading:
            return _hang_up(request)
        if faults.refuse_trading:
            return answers.failure("Internal server error", 500, 500)
        if name in self._trading.queries or name == "ratelimit":
            _require(request, "GET")
            return self._trading.query(request, name)
        posts: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {
            "accesstoken": self._access.trading_token,
            "getotp": self._access.one_time_code,
            **self._trading.order_calls,
        }
        if name not in posts:
            raise web.HTTPNotFound
        _require(request, "POST")
        if faults.lost_requests and name in _NEW_ORDERS:
            faults.lost_requests -= 1
            return _hang_up(request)
        if faults.lost_change_requests and name in _CHANGES:
            faults.lost_change_requests -= 1
            return _hang_up(request)
        return await posts[name](request)


def _service_of(path: str) -> tuple[str, str]:
    """The service and the call's name. Raises web.HTTPNotFound."""
    for prefix, service in ((_MARKET, "data"), (_TRADING, "trading")):
        if path.startswith(prefix):
            return service, path.removeprefix(prefix)
    name = path.removeprefix(_API)
    if path.startswith(_API) and name.startswith(_MONEY_AND_SHARES):
        return "trading", name
    raise web.HTTPNotFound


def _require(request: web.Request, method: str) -> None:
    if request.method != method:
        raise web.HTTPMethodNotAllowed(request.method, [method])


def _hang_up(request: web.Request) -> web.Response:
    """End the connection without a byte of answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _stop_when_failed(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("the market has stopped", exc_info=error)
        raise SystemExit(1)
