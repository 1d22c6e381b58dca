"""A trader's way to a simulated broker of the test's own, over the real wire, and the simulator's book as the judge."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from apps.accounts import selectors as accounts
from apps.accounts.services import seed_demo_accounts
from apps.configuration.services import seed_demo_connections
from apps.marketdata import selectors as marketdata
from apps.marketdata.services import ingest, master_data
from apps.orders import selectors, services
from apps.orders.selectors import OrderView
from apps.risk.services import seed_limits
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.adapters.redis_client import redis_client
from qts.domain.orders import OrderRequest, Status
from qts.domain.values import Actor, ActorKind, OrderType, Side
from tests.order_market import OrderMarket, wait_for

STRATEGY = Actor(ActorKind.STRATEGY, "7")
SPEED = 1
OVER = frozenset({Status.FILLED, Status.CANCELLED, Status.REJECTED, Status.EXPIRED, Status.DENIED})


class Journey:
    """The demo's accounts at a simulator of this test's own; `account_id` is that of `number`."""

    number = "0901351"

    def __init__(self, market: OrderMarket, connection_id: UUID, account_id: UUID) -> None:
        self.market = market
        self.connection_id = connection_id
        self.account_id = account_id
        self._wishes = 0

    def submit(self, side: Side, quantity: int, price_vnd: int, symbol: str = "SSI") -> UUID:
        self._wishes += 1
        done = services.submit_order(
            account_id=self.account_id,
            request=OrderRequest(symbol, side, OrderType.LO, quantity, price_vnd, f"wish-{self._wishes}"),
            actor=STRATEGY,
            now=marketdata.market_now(),
        )
        assert done.accepted, done.breaches
        assert done.order_id is not None
        return done.order_id

    def band(self, symbol: str = "SSI") -> tuple[int, int]:
        state = marketdata.market_state(symbol, marketdata.market_now())
        assert state is not None
        return state.band.floor_vnd, state.band.ceiling_vnd

    def open_orders(self) -> list[OrderView]:
        return selectors.orders([self.account_id], open_only=True)

    def order(self, order_id: UUID) -> OrderView:
        found = selectors.order(order_id)
        assert found is not None
        return found

    def wait_status(self, order_id: UUID, *statuses: Status, seconds: float = 60) -> OrderView:
        return wait_for(
            lambda: (order := self.order(order_id)) and order.status in statuses and order,
            seconds,
            lambda: f"{order_id} is {self.order(order_id)}, not {statuses}",
        )

    def at_broker(self) -> dict[str, dict[str, Any]]:
        """The simulator's orders by request id; fails where it has one twice."""
        orders = self.market.ask("sim/state")["orders"]
        assert max(Counter(order["requestID"] for order in orders).values(), default=1) == 1
        return {order["requestID"]: order for order in orders}

    def connection(self, name: str) -> object:
        """What the operator's page says of the connection; None while it says nothing yet."""
        found = [one for one in selectors.broker_connection_status() if one.connection_id == self.connection_id]
        return getattr(found[0], name) if found else None

    def steps(self, order_id: UUID) -> list[str]:
        return [entry.topic.rpartition(".")[2] for entry in selectors.order_history(order_id)]

    def assert_books_agree(self) -> None:
        """Fills, cash and shares, to the dong and the share."""
        state = self.market.ask("sim/state")
        theirs = state["accounts"]["0901351"]
        ours = accounts.account_state(self.account_id, marketdata.market_now())
        assert {symbol: held.quantity for symbol, held in ours.positions.items() if held.quantity} == {
            symbol: quantity for symbol, quantity in theirs["holdings"].items() if quantity
        }
        assert self.open_orders() == []
        assert ours.buying_power_vnd == theirs["cash_vnd"]
        assert sum(fill.quantity * fill.price_vnd for fill in selectors.fills([self.account_id])) == sum(
            fill["quantity"] * fill["price_vnd"] for fill in state["fills"]
        )
        assert accounts.ledger_differences(self.account_id) == []


@pytest.fixture
def journey(transactional_db, settings, tmp_path) -> Iterator[Journey]:
    client = redis_client(settings.REDIS_URL)
    for key in list(client.scan_iter("qts:*", count=1_000)):
        client.delete(key)
    settings.WAL_DIR = tmp_path / "wal"
    settings.MARKET_CLOCK = f"affine:2026-11-23,09:20:00,15:10:00,{time.time():.3f},{SPEED}"
    market = OrderMarket(tmp_path, settings.MARKET_CLOCK)
    try:
        market.start_simulator()
        for name in ("SSI_DATA_URL", "SSI_STREAM_URL", "SSI_TRADING_URL", "SSI_TRADING_STREAM_URL"):
            setattr(settings, name, market.url)
        now = marketdata.market_now()
        for username in ("trader", "trader2"):
            make_user(username, Role.TRADER)
        seed_limits(now)
        connection_of = seed_demo_connections(market.ask("sim/credentials"), now=now)
        account_ids = seed_demo_accounts(connection_of=connection_of, now=now)
        master_data.load_master_data_of_day()
        market.slices.start(ingest.run_stream_slice)
        wait_for(_is_quoted, 60, "no live quote of SSI")
        yield Journey(market, connection_of["0901351"], account_ids["0901351"])
    finally:
        market.end()


def _is_quoted() -> bool:
    quote = marketdata.live_quotes(["SSI"])["SSI"]
    return quote.reference_vnd > 0 and bool(quote.asks and quote.bids) and marketdata.stream_status().age_ms is not None
