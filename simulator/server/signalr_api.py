"""The HTTP side of classic SignalR: negotiate, connect, start and what else its clients call."""

from collections.abc import Callable

import msgspec
from aiohttp import web

from simulator.server import answers
from simulator.server.access import Access
from simulator.server.faults import Faults
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import HUB as ORDER_HUB
from simulator.server.order_stream import OrderStreams, notify_id_of
from simulator.server.stream_socket import StreamSocket
from simulator.wire import signalr
from simulator.wire.market_records import HUB as MARKET_HUB

_FRAME_BYTES_MAX = 64 * 1024


class SignalRApi:
    def __init__(
        self,
        access: Access,
        market_streams: MarketStreams,
        order_streams: OrderStreams,
        faults: Callable[[], Faults],
    ) -> None:
        self._access = access
        self._market_streams = market_streams
        self._order_streams = order_streams
        self._faults = faults

    async def respond(self, request: web.Request, name: str) -> web.StreamResponse:
        """Clients disagree on the verb of negotiate and on start; both are taken, neither is waited for."""
        if name in ("ping", "abort"):
            return answers.answer({"Response": "pong" if name == "ping" else "aborted"})
        if name not in ("negotiate", "start", "connect", "reconnect"):
            raise web.HTTPNotFound
        is_market = MARKET_HUB.lower() in _hubs_of(request)
        key = self._access.data_key(request) if is_market else self._customer_id(request)
        if key is None:
            return answers.unauthorized()
        if name == "negotiate":
            return answers.answer(signalr.negotiation())
        if name == "start":
            return answers.answer(signalr.STARTED)
        return await self._connect(request, key, is_market=is_market)

    def _customer_id(self, request: web.Request) -> str | None:
        caller = self._access.caller(request)
        return caller.customer.customer_id if caller is not None else None

    async def _connect(self, request: web.Request, key: str, *, is_market: bool) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=True, max_msg_size=_FRAME_BYTES_MAX, compress=False)
        if not socket.can_prepare(request):
            raise web.HTTPBadRequest
        from_notify_id = 0 if is_market else notify_id_of(request)  # what is wrong must be told before the upgrade
        await socket.prepare(request)
        if is_market:
            stream = StreamSocket(socket, request.transport, key, lambda: self._faults().silence)
            await self._market_streams.serve(stream)
        else:
            stream = StreamSocket(socket, request.transport, key, lambda: self._faults().orders_silence)
            await self._order_streams.serve(stream, from_notify_id)
        return socket


def _hubs_of(request: web.Request) -> list[str]:
    """Raises web.HTTPBadRequest where none of ours is among them."""
    try:
        hubs = signalr.hub_names(answers.query_of(request).get("connectiondata", ""))
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest from error
    if not {MARKET_HUB.lower(), ORDER_HUB.lower()} & set(hubs):
        raise web.HTTPBadRequest
    return hubs
