"""FC Trading REST (specs v2.4): signed order calls and queries. Business refusals are HTTP 200 with status 400."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web

from simulator.server.access import Access
from simulator.server.answers import failure, query_of, success, unauthorized
from simulator.server.faults import Faults
from simulator.server.pacemaker import Pacemaker
from simulator.server.quotas import TRADING_LIMITS, Limit
from simulator.server.trading_api_queries import TradingQueries
from simulator.server.trading_api_signed import Refused, SignedCalls
from simulator.server.trading_api_transfers import Transfers
from simulator.wire.trading_requests import CancelOrder, ModifyOrder, NewOrder, SignedRequest
from simulator.world import World

Handler = Callable[[web.Request], Awaitable[web.Response]]


class LostAnswer(Exception):
    """The connection shall end without an answer."""


class TradingApi:
    """`order_calls` and `queries` are by lower-case path after `api/v2/Trading/`, or after `api/v2/` where that begins
    with cash, ors (rights) or stock. `faults` is replaced by the control API, so it is asked for at each call."""

    def __init__(
        self,
        world: World,
        access: Access,
        pacemaker: Pacemaker,
        faults: Callable[[], Faults],
        limits: Callable[[], Sequence[Limit]] = lambda: TRADING_LIMITS,
    ) -> None:
        self._world = world
        self._access = access
        self._pacemaker = pacemaker
        self._faults = faults
        self._limits = limits
        self._signed = SignedCalls(world, access, pacemaker)
        self._queries = TradingQueries(world)
        transfers = Transfers(world, self._signed, pacemaker)
        handlers: dict[str, Handler] = {
            "neworder": self.new_order,
            "derneworder": self.new_order,
            "cancelorder": self.cancel_order,
            "dercancelorder": self.cancel_order,
            "modifyorder": self.modify_order,
            "dermodifyorder": self.modify_order,
            **transfers.calls,
        }
        self.order_calls: Final = {name: _answering(handler) for name, handler in handlers.items()}
        self.queries: Final = self._queries.handlers

    # --- signed calls ---------------------------------------------------------------------------------------------

    async def new_order(self, request: web.Request) -> web.Response:
        caller, given = await self._signed.read(request, NewOrder)
        order = self._world.intake.new_order(caller.customer, given, caller.ip_address)
        refusal = order if isinstance(order, str) else None
        self._signed.record(request, caller.customer, given, refusal or "")
        if refusal is not None:
            self._pacemaker.tell()
            return failure(refusal)
        self._accepted()
        await self._misbehave()
        return success({"requestID": given.request_id, "requestData": _new_order_echo(given)})

    async def cancel_order(self, request: web.Request) -> web.Response:
        caller, given = await self._signed.read(request, CancelOrder)
        refusal = self._world.intake.cancel_order(caller.customer, given, caller.ip_address)
        self._signed.record(request, caller.customer, given, refusal or "")
        echo = {
            "orderID": given.order_id,
            "account": given.account,
            "marketID": given.market_id,
            "instrumentID": given.instrument_id,
            "buySell": given.buy_sell,
            "requestID": given.request_id,
        }
        return self._change_answer(given, refusal, echo)

    async def modify_order(self, request: web.Request) -> web.Response:
        caller, given = await self._signed.read(request, ModifyOrder)
        refusal = self._world.intake.modify_order(caller.customer, given, caller.ip_address)
        self._signed.record(request, caller.customer, given, refusal or "")
        if refusal is not None:
            return self._change_answer(given, refusal, {})
        echo = {
            "orderID": given.order_id,
            "price": given.price,
            "quantity": int(given.quantity),
            "account": given.account,
            "instrumentID": given.instrument_id,
            "marketID": given.market_id,
            "buySell": given.buy_sell,
            "orderType": given.order_type,
        }
        return self._change_answer(given, refusal, echo)

    def _change_answer(self, given: SignedRequest, refusal: str | None, echo: dict[str, Any]) -> web.Response:
        if refusal is not None:
            self._pacemaker.tell()
            return failure(refusal)
        self._accepted()
        faults = self._faults()
        if faults.lost_change_answers:
            faults.lost_change_answers -= 1
            raise LostAnswer
        return success({"requestID": given.request_id, "requestData": echo})

    def _accepted(self) -> None:
        """The request is durable before it is answered; the exchange hears of it just after."""
        self._pacemaker.tell()
        asyncio.get_running_loop().call_soon(self._pacemaker.beat)

    async def _misbehave(self) -> None:
        faults = self._faults()
        if faults.new_order_delay_ms:
            await asyncio.sleep(faults.new_order_delay_ms / 1000)
        if faults.lost_answers > 0:
            faults.lost_answers -= 1
            raise LostAnswer

    # --- queries --------------------------------------------------------------------------------------------------

    def query(self, request: web.Request, name: str) -> web.Response:
        caller = self._access.caller(request)
        if caller is None:
            return unauthorized()
        if name == "ratelimit":
            return success([*self._limits()])
        return self._queries.answer(caller.customer, name, query_of(request))


def _answering(handler: Handler) -> Handler:
    """A refusal anywhere in the call is its answer."""

    async def call(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except Refused as refused:
            return refused.response

    return call


def _new_order_echo(given: NewOrder) -> dict[str, Any]:
    return {
        "instrumentID": given.instrument_id,
        "market": given.market,
        "buySell": given.buy_sell,
        "orderType": given.order_type,
        "channelID": given.channel_id,
        "price": given.price,
        "quantity": int(given.quantity),
        "account": given.account,
        "stopOrder": given.stop_order,
        "stopPrice": given.stop_price,
        "stopType": given.stop_type,
        "stopStep": given.stop_step,
        "lossStep": given.loss_step,
        "profitStep": given.profit_step,
    }
