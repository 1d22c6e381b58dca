"""Controls under /sim/ (docs/simulator.md): for tests, rehearsals and the demo's seeding; with `--controls` only."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from qts.domain.market import to_vietnam
from simulator.server import control_requests as requests
from simulator.server.access import Access
from simulator.server.answers import UNREADABLE, answer, body_of, failure
from simulator.server.control_pages import Pages
from simulator.server.disturbances import Disturbance
from simulator.server.faults import FaultOrder, Faults, switches_of
from simulator.server.market_clock import moment_of
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import HUB as ORDER_HUB
from simulator.server.order_stream import OrderStreams
from simulator.server.pacemaker import Pacemaker
from simulator.server.quotas import Limit, Quotas
from simulator.server.stream_socket import StreamSocket
from simulator.wire import malformed, tokens
from simulator.wire.market_records import HUB as MARKET_HUB
from simulator.wire.market_records import trade_record
from simulator.world import World

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Restart = Callable[[requests.RestartOrder], None]


def is_from_here(request: web.Request) -> bool:
    """A program on this machine: by address, by the name it asked for (a foreign name may be rebound to loopback),
    and without the Origin that a browser adds to what a foreign page posts."""
    try:
        name = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return False
    return request.remote in _LOOPBACK and name in _LOOPBACK_NAMES and "Origin" not in request.headers


class ControlApi:
    def __init__(self, world: World, market_streams: MarketStreams, order_streams: OrderStreams) -> None:
        self._world = world
        self._market_streams = market_streams
        self._order_streams = order_streams
        self.faults = Faults()

    def connect(self, access: Access, pacemaker: Pacemaker, quotas: dict[str, Quotas], restart: Restart | None) -> None:
        """What it acts on besides the world; without `restart` the process cannot start again."""
        self._access = access
        self._pacemaker = pacemaker
        self._quotas = quotas
        self._restart = restart
        pages = Pages(self._world, access, self._market_streams, self._order_streams)
        self.pages: dict[str, Callable[[], web.Response]] = {
            "": self._index,
            "healthz": pages.healthz,
            "credentials": pages.credentials,
            "state": lambda: pages.state(pacemaker.clock, self.faults),
            "ledger": pages.ledger,
            "faults": self._faults_answer,
        }
        self.acts: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {
            "faults": self.set_faults,
            "clock": self.bend_clock,
            "halt": self.halt,
            "resume": self.resume,
            "security": self.decide,
            "disturb": self.disturb,
            "sockets": self.treat_sockets,
            "malformed": self.send_malformed,
            "expire-tokens": self.expire_tokens,
            "second-login": self.second_login,
            "smart-otp": self.smart_otp,
            "unlock": self.unlock,
            "account": self.lock_account,
            "cash": self.move_cash,
            "quota": self.change_quota,
            "restart": self.restart,
        }

    async def respond(self, request: web.Request, name: str) -> web.Response:
        """JSON of the state that the act leaves; HTTP 400 with the reason where it cannot be done."""
        if request.method == "GET" and name in self.pages:
            return self.pages[name]()
        if request.method != "POST" or name not in self.acts:
            raise web.HTTPNotFound
        try:
            return await self.acts[name](request)
        except (*UNREADABLE, ValueError) as error:
            return failure(str(error), 400, 400)
        except KeyError as error:
            return failure(f"unknown here: {error.args[0]}", 400, 400)

    def _index(self) -> web.Response:
        return answer({"GET": sorted(self.pages), "POST": sorted(self.acts)})

    # --- switches -------------------------------------------------------------------------------------------------

    async def set_faults(self, request: web.Request) -> web.Response:
        """Every switch that the body leaves out goes off, and every disturbance of the streams ends."""
        order = await _body(request, FaultOrder)
        self.faults = switches_of(order)
        self._world.intake.takes_repeats = order.takes_repeats
        self._market_streams.disturbances.end_all()
        self._order_streams.disturbances.end_all()
        if order.broken_market_message:
            self._send_malformed_market("content", "")
        if order.drop_market_streams:
            self._market_streams.drop_all()
        if order.drop_order_streams:
            self._order_streams.drop_all()
        return self._faults_answer()

    def _faults_answer(self) -> web.Response:
        running = self._market_streams.disturbances.orders() + self._order_streams.disturbances.orders()
        return answer({"faults": self.faults, "disturbances": running})

    # --- market ---------------------------------------------------------------------------------------------------

    async def bend_clock(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.ClockOrder)
        clock = self._pacemaker.clock
        self._pacemaker.beat()
        if order.act == "pause":
            clock.pause(time.time())
        if order.act == "resume":
            clock.resume(time.time())
        if order.speed is not None:
            clock.change_speed(order.speed, time.time())
        if order.jump_to is not None:
            moment = moment_of(order.jump_to, to_vietnam(clock.at(time.time())).date())
            self._pacemaker.jump(moment, trade_through=order.trade_through)
        self._pacemaker.keep_clock()
        shown = to_vietnam(clock.at(time.time()))
        return answer({"market_time": shown.isoformat(timespec="seconds"), "speed": clock.speed})

    async def halt(self, request: web.Request) -> web.Response:
        target = (await _body(request, requests.Target)).target
        self._world.exchange.halt(target)
        return self._sessions()

    async def resume(self, request: web.Request) -> web.Response:
        target = (await _body(request, requests.Target)).target
        self._world.exchange.resume(target)
        return self._sessions()

    async def decide(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.SecurityOrder)
        exchange = self._world.exchange
        security = exchange.securities[order.symbol]
        if order.state is not None:
            exchange.set_state(order.symbol, order.state)
        first_day = exchange.list_anew(order.symbol) if order.lists_anew else None
        self._pacemaker.tell()
        shown = {"symbol": order.symbol, "state": security.state, "session": security.session}
        return answer({**shown, "first_day": first_day})

    def _sessions(self) -> web.Response:
        self._pacemaker.tell()
        return answer({"sessions": {one.symbol: one.session for one in self._world.exchange.securities.values()}})

    # --- streams --------------------------------------------------------------------------------------------------

    async def disturb(self, request: web.Request) -> web.Response:
        order = await _body(request, Disturbance)
        streams = self._market_streams if order.stream == "market" else self._order_streams
        streams.disturbances.begin(order, time.time())
        return self._faults_answer()

    async def treat_sockets(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.SocketOrder)
        sockets: list[StreamSocket] = (
            self._market_streams.sockets() if order.stream == "market" else self._order_streams.sockets(order.customer)
        )
        for socket in sockets:
            {"close": socket.drop, "reset": socket.reset, "half_open": socket.half_open}[order.act]()
        return answer({"sockets": len(sockets)})

    async def send_malformed(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.MalformedOrder)
        if order.stream == "market":
            self._send_malformed_market(order.form, order.symbol)
        else:
            self._order_streams.send_frame(malformed.order_frames(ORDER_HUB)[order.form])
        return answer({"sent": order.form})

    def _send_malformed_market(self, form: str, symbol: str) -> None:
        exchange = self._world.exchange
        security = exchange.securities[symbol] if symbol else next(iter(exchange.securities.values()))
        frames = malformed.market_frames(MARKET_HUB, trade_record(security, exchange.now_ms))
        self._market_streams.send_frame(frames[form])

    # --- sessions of customers ------------------------------------------------------------------------------------

    async def expire_tokens(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.TokenOrder)
        if order.service != tokens.TRADING:
            self._access.end_tokens(tokens.DATA, [self._world.secrets.data_consumer_id])
        if order.service != tokens.DATA:
            self._access.end_tokens(tokens.TRADING, self._consumer_ids(order.customer))
        return answer({"expired": order.service or "all"})

    async def second_login(self, request: web.Request) -> web.Response:
        """As if the customer had logged in from elsewhere: told on the stream, then cut off, tokens void."""
        customer_id = (await _body(request, requests.CustomerOrder)).customer
        self._access.end_tokens(tokens.TRADING, self._consumer_ids(customer_id))
        self.end_streams_of(customer_id)
        return answer({"ended": customer_id or "all"})

    def end_streams_of(self, customer_id: str) -> None:
        self._order_streams.send_frame(malformed.duplicate_log_in(ORDER_HUB), customer_id)
        self._order_streams.finish_all(customer_id)

    async def smart_otp(self, request: web.Request) -> web.Response:
        """What the customer's app shows now; GetOTP answers "2FA type is invalid" from here on."""
        customer_id = (await _body(request, requests.CustomerOrder)).customer
        self._consumer_ids(customer_id)
        if not customer_id:
            raise ValueError("name the customer")
        return answer({"otp": self._access.show_in_app(customer_id)})

    async def unlock(self, request: web.Request) -> web.Response:
        self._access.unlock()
        return answer({"unlocked": "all"})

    async def lock_account(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.AccountOrder)
        self._world.broker.lock_account(order.account, is_locked=order.is_locked)
        accounts = self._world.broker.accounts.values()
        return answer({"locked": [account.number for account in accounts if account.is_locked]})

    async def move_cash(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.CashOrder)
        self._pacemaker.catch_up()
        refusal = self._world.cashier.transfer(order.account, order.amount_vnd)
        if refusal is not None:
            raise ValueError(refusal)
        self._pacemaker.tell()
        return answer({"account": order.account, "cash_vnd": self._world.broker.accounts[order.account].cash_vnd})

    async def change_quota(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.QuotaOrder)
        quotas = self._quotas[order.service]
        quotas.change(order.limits)
        limits: tuple[Limit, ...] = quotas.limits
        return answer({"service": order.service, "limits": limits})

    async def restart(self, request: web.Request) -> web.Response:
        order = await _body(request, requests.RestartOrder)
        if self._restart is None:
            raise ValueError("this process cannot restart itself")
        self._restart(order)
        return answer({"restarting": "after a crash" if order.crash else "in order"})

    def _consumer_ids(self, customer_id: str) -> list[str]:
        """Raises KeyError for an unknown customer; "" is every customer."""
        known = {one.customer_id: one.consumer_id for one in self._world.secrets.customers}
        return [known[customer_id]] if customer_id else list(known.values())


async def _body(request: web.Request, kind: type[Any]) -> Any:
    return msgspec.json.decode(await body_of(request) or b"{}", type=kind)
