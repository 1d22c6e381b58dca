"""For tests and the demo's seeding, loopback only: credentials, the state inside, fault switches."""

from typing import Any

import msgspec
from aiohttp import web

from simulator.broker.orders import ClientOrder
from simulator.server.access import Access
from simulator.server.answers import answer, failure
from simulator.server.faults import FaultOrder, Faults, switches_of
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import OrderStreams
from simulator.world import World


class ControlApi:
    def __init__(
        self, world: World, access: Access, market_streams: MarketStreams, order_streams: OrderStreams
    ) -> None:
        self._world = world
        self._access = access
        self._market_streams = market_streams
        self._order_streams = order_streams
        self.faults = Faults()

    def healthz(self) -> web.Response:
        return answer({"status": "ok", "market_day": str(self._world.exchange.day)})

    def credentials(self) -> web.Response:
        """The demo customers' secrets, for whoever may reach the loopback of this machine."""
        kept = self._world.secrets
        return answer(
            {
                "data": {"consumer_id": kept.data_consumer_id, "consumer_secret": kept.data_consumer_secret},
                "customers": [
                    {
                        "name": customer.name,
                        "consumer_id": customer.consumer_id,
                        "consumer_secret": customer.consumer_secret,
                        "private_key": customer.private_key,
                        "pin": customer.pin,
                        "accounts": list(customer.account_numbers),
                    }
                    for customer in kept.customers
                ],
            }
        )

    def state(self) -> web.Response:
        """The clock, the sessions, and every customer's order and fill that the journal holds."""
        exchange, broker, journal = self._world.exchange, self._world.broker, self._world.journal
        return answer(
            {
                "now_ms": exchange.now_ms,
                "trading_day": str(exchange.day),
                "sessions": {one.symbol: one.session for one in exchange.securities.values()},
                "last_vnd": {one.symbol: one.totals.last_vnd for one in exchange.securities.values()},
                "total_quantity": {one.symbol: one.totals.quantity for one in exchange.securities.values()},
                "orders": [_order_state(order) for order in journal.all_orders()],
                "fills": journal.fills(),
                "accounts": {
                    account.number: {
                        "cash_vnd": account.cash_vnd,
                        "holdings": {symbol: holding.quantity for symbol, holding in account.holdings.items()},
                    }
                    for account in broker.accounts.values()
                },
                "streams": {"market": len(self._market_streams), "orders": len(self._order_streams)},
                "otps": self._access.otps(),
                "faults": self.faults,
            }
        )

    async def set_faults(self, request: web.Request) -> web.Response:
        """Every switch that the body leaves out goes off."""
        try:
            order = msgspec.json.decode(await request.read() or b"{}", type=FaultOrder)
        except msgspec.MsgspecError as error:
            return failure(str(error), 400, 400)
        self.faults = switches_of(order)
        if order.broken_market_message:
            self._market_streams.send_broken()
        if order.drop_market_streams:
            self._market_streams.drop_all()
        if order.drop_order_streams:
            self._order_streams.drop_all()
        return answer({"faults": self.faults})


def _order_state(order: ClientOrder) -> dict[str, Any]:
    return {
        "requestID": order.request_id,
        "orderID": order.order_id,
        "day": order.day,
        "account": order.account,
        "symbol": order.symbol,
        "side": order.side,
        "type": order.order_type,
        "price_vnd": order.price_vnd,
        "quantity": order.quantity,
        "filled_quantity": order.filled_quantity,
        "filled_value_vnd": order.filled_value_vnd,
        "status": order.status,
        "error_code": order.error_code,
    }
