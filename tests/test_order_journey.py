"""Orders on their way to the simulated broker and back, over the real wire, with the real market data behind the gate.

Whatever dies in between, the simulator's own book is the judge: every order is in it exactly once, or we know that it
is not.
"""

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
from apps.orders.models import Discrepancy, Intent
from apps.orders.selectors import OrderView
from apps.risk.services import seed_limits
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.adapters.redis_client import redis_client
from qts.domain.orders import OrderRequest, Status
from qts.domain.values import Actor, ActorKind, OrderType, Side
from tests.order_market import OrderMarket, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(420)]

STRATEGY = Actor(ActorKind.STRATEGY, "7")
SPEED = 1
OVER = frozenset({Status.FILLED, Status.CANCELLED, Status.REJECTED, Status.EXPIRED, Status.DENIED})


class Journey:
    """The demo's accounts at a simulator of this test's own; `account_id` is that of number 0901351."""

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

    def wait_status(self, order_id: UUID, *statuses: Status, seconds: float = 40) -> OrderView:
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
        wait_for(_is_quoted, 40, "no live quote of SSI")
        yield Journey(market, connection_of["0901351"], account_ids["0901351"])
    finally:
        market.end()


def _is_quoted() -> bool:
    quote = marketdata.live_quotes(["SSI"])["SSI"]
    return quote.reference_vnd > 0 and bool(quote.asks and quote.bids) and marketdata.stream_status().age_ms is not None


def test_a_purchase_and_a_sale_travel_to_their_fills_and_into_the_books(journey):
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    floor, ceiling = journey.band()
    bought = journey.submit(Side.BUY, 300, ceiling)
    order = journey.wait_status(bought, Status.FILLED)
    assert (order.filled_quantity, order.accepted_at is not None) == (300, True)
    assert order.filled_value_vnd <= 300 * ceiling
    steps = journey.steps(bought)
    assert steps[:2] == ["submitted", "sent"]
    assert {"acceptedByExchange", "filled"} <= set(steps)
    sold = journey.submit(Side.SELL, 200, floor)
    journey.wait_status(sold, Status.FILLED)
    wait_for(lambda: journey.open_orders() == [], 10, "orders are still open")
    assert journey.at_broker()[order.request_id]["filled_quantity"] == 300
    state = accounts.account_state(journey.account_id, marketdata.market_now())
    assert state.positions["SSI"].quantity == 10_100
    # today's sale arrives on T+2, and so does what was bought: neither is spendable or sellable now
    assert state.positions["SSI"].sellable_quantity == 9_800
    assert state.cash_pending_vnd > 0
    journey.assert_books_agree()
    assert not Discrepancy.objects.exists()


def test_an_order_waits_in_the_book_and_is_taken_back(journey):
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    floor, _ = journey.band()
    order_id = journey.submit(Side.BUY, 100, floor)
    order = journey.wait_status(order_id, Status.OPEN)
    assert journey.at_broker()[order.request_id]["status"] == "QU"
    assert services.request_cancel(order_id=order_id, actor=STRATEGY, now=marketdata.market_now()).accepted
    journey.wait_status(order_id, Status.CANCELLED)
    assert journey.at_broker()[order.request_id]["status"] == "CL"
    journey.assert_books_agree()


def test_lost_answers_become_unknown_and_are_found_without_a_second_order(journey):
    journey.market.ask("sim/faults", {"lost_answers": 3})
    floor, ceiling = journey.band()
    order_ids = [journey.submit(Side.BUY, 100, ceiling), *(journey.submit(Side.BUY, 100, floor) for _ in range(3))]
    journey.market.slices.start(
        services.run_gateways
    )  # and nobody reads the stream: only asking the order book can tell
    for order_id in order_ids[:3]:
        wait_for(lambda key=order_id: "unknown" in journey.steps(key), 60, "no answer was lost")
        journey.wait_status(order_id, Status.OPEN, Status.FILLED)
    assert "unknown" not in journey.steps(order_ids[3])
    journey.market.slices.start(services.run_order_streams)
    journey.wait_status(order_ids[0], Status.FILLED)
    for order_id in order_ids[1:]:
        journey.wait_status(order_id, Status.OPEN)
    sent = {journey.order(order_id).request_id for order_id in order_ids}
    assert sent == set(journey.at_broker())


def test_a_request_that_never_arrived_is_given_up_and_its_money_is_free(journey):
    floor, _ = journey.band()
    free = accounts.account_state(journey.account_id, marketdata.market_now()).buying_power_vnd
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    wait_for(lambda: journey.connection("circuit") == "CLOSED", 60, "the gateway is not ready")
    journey.market.ask("sim/faults", {"close_trading": True})
    order_id = journey.submit(Side.BUY, 100, floor)
    journey.wait_status(order_id, Status.UNKNOWN)
    assert accounts.account_state(journey.account_id, marketdata.market_now()).buying_power_vnd < free
    wait_for(lambda: journey.connection("circuit") == "OPEN", 20, "the circuit is still closed")
    journey.market.ask("sim/faults", {})
    order = journey.wait_status(order_id, Status.REJECTED, seconds=60)
    assert order.reason.startswith("NOT_RECEIVED_BY_BROKER")
    assert order.request_id not in journey.at_broker()
    assert accounts.account_state(journey.account_id, marketdata.market_now()).buying_power_vnd == free


def test_a_restarted_broker_finds_us_again(journey):
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    floor, ceiling = journey.band()
    resting = journey.submit(Side.BUY, 100, floor)
    journey.wait_status(resting, Status.OPEN)
    journey.market.simulator.kill()
    late = journey.submit(Side.BUY, 200, ceiling)
    wait_for(lambda: journey.connection("stream_state") == "RECONNECTING", 30, "not noticed")
    journey.market.start_simulator()
    order = journey.wait_status(late, Status.FILLED, Status.REJECTED, seconds=60)
    seen = journey.at_broker()
    if order.status is Status.REJECTED:  # it left in the moment of the death and was lost with it
        assert order.reason.startswith("NOT_RECEIVED_BY_BROKER")
        assert order.request_id not in seen
    else:
        assert seen[order.request_id]["filled_quantity"] == 200
    services.request_cancel(order_id=resting, actor=STRATEGY, now=marketdata.market_now())
    journey.wait_status(resting, Status.CANCELLED)
    journey.assert_books_agree()


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def test_a_gateway_killed_under_load_loses_nothing_and_doubles_nothing(journey):
    floor, ceiling = journey.band()
    order_ids: list[UUID] = []
    goals: list[int] = []

    def place(count: int) -> None:
        for number in range(count):
            order_ids.append(journey.submit(Side.BUY, 100, ceiling if number % 2 else floor))
            time.sleep(0.03)

    def sent() -> int:
        return Intent.objects.exclude(state="READY").count()

    place(12)
    running = journey.market.start_worker("gateway", "stream")
    for _ in range(3):
        goals.append(sent() + 3)
        wait_for(lambda: sent() >= goals[-1], 90, "nothing is being sent")
        running.kill()
        place(12)
        running.start()
    wait_for(lambda: not Intent.objects.filter(state__in=["READY", "CLAIMED", "UNKNOWN"]).exists(), 90, "not all sent")
    services.cancel_scope(account_id=journey.account_id, reason="done", actor=STRATEGY, now=marketdata.market_now())
    wait_for(lambda: journey.open_orders() == [], 60, lambda: f"{journey.open_orders()}\n{running.log()}")
    ours = {order.request_id: order for order in map(journey.order, order_ids)}
    theirs = journey.at_broker()
    lost = {key for key, order in ours.items() if order.reason.startswith("NOT_RECEIVED_BY_BROKER")}
    assert len(ours) == 48
    assert set(theirs) == set(ours) - lost
    assert {key: order["filled_quantity"] for key, order in theirs.items()} == {
        key: order.filled_quantity for key, order in ours.items() if key not in lost
    }
    assert all(order.status in OVER for order in ours.values())
    journey.assert_books_agree()
    assert not Discrepancy.objects.exists()
