"""What the controls show: credentials, the state inside, the ledger."""

import time
from typing import Any

from aiohttp import web

from qts.domain.market import to_vietnam
from qts.domain.values import InstrumentKind
from simulator.broker.orders import ClientOrder
from simulator.server.access import Access
from simulator.server.answers import answer
from simulator.server.faults import Faults
from simulator.server.market_clock import MarketClock
from simulator.server.market_stream import MarketStreams
from simulator.server.order_stream import OrderStreams
from simulator.world import World


class Pages:
    def __init__(
        self, world: World, access: Access, market_streams: MarketStreams, order_streams: OrderStreams
    ) -> None:
        self._world = world
        self._access = access
        self._market_streams = market_streams
        self._order_streams = order_streams

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

    def state(self, clock: MarketClock, faults: Faults) -> web.Response:
        """The clock, the sessions, and every customer's order and fill that the journal holds."""
        exchange, broker, journal = self._world.exchange, self._world.broker, self._world.journal
        return answer(
            {
                "now_ms": exchange.now_ms,
                "market_time": to_vietnam(clock.at(time.time())).isoformat(timespec="seconds"),
                "clock_speed": clock.speed,
                "trading_day": str(exchange.day),
                "sessions": {one.symbol: one.session for one in exchange.securities.values()},
                "floor_vnd": {one.symbol: one.band.floor_vnd for one in exchange.securities.values()},
                "last_vnd": {one.symbol: one.totals.last_vnd for one in exchange.securities.values()},
                "settlement_vnd": {
                    one.symbol: one.settlement_vnd
                    for one in exchange.securities.values()
                    if one.listing.instrument.kind is InstrumentKind.FUTURE
                },
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
                "faults": faults,
            }
        )

    def ledger(self) -> web.Response:
        """Everything that the broker was ever asked, accepted, matched and booked."""
        return answer(self._world.journal.everything())


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
