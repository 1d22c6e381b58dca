"""Orders on their way to the simulated broker and back, over the real wire, with the real market data behind the gate.

Whatever dies in between, the simulator's own book is the judge: every order is in it exactly once, or we know that it
is not.
"""

import os
import time
from uuid import UUID

import pytest

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.orders import services
from apps.orders.models import Discrepancy, Intent
from qts.domain.orders import Status
from qts.domain.values import Side
from tests.journeys import OVER, STRATEGY, journey
from tests.order_market import wait_for

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(7_200)]
KILLS_BY_DEFAULT = 3
KILLS = int(os.environ.get("QTS_GATEWAY_KILLS", KILLS_BY_DEFAULT))


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
    wait_for(lambda: journey.open_orders() == [], 60, "orders are still open")
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


def test_an_order_is_amended_replaced_and_amended_again_although_the_answer_is_lost(journey):
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    floor, _ = journey.band()
    order_id = journey.submit(Side.BUY, 100, floor)
    request_id = journey.wait_status(order_id, Status.OPEN).request_id

    def amend(target, **terms):
        asked = services.request_amend(order_id=target, actor=STRATEGY, now=marketdata.market_now(), **terms)
        assert asked.accepted, asked
        wait_for(lambda: journey.order(target).status is Status.OPEN, 60, lambda: f"{journey.steps(target)}")
        order = journey.order(target)
        return order.quantity, order.price_vnd

    dearer = floor + 50
    assert amend(order_id, price_vnd=dearer) == (100, dearer)
    assert amend(order_id, quantity=300) == (300, dearer)
    at_broker = journey.at_broker()[request_id]
    assert (at_broker["quantity"], at_broker["price_vnd"]) == (300, dearer)
    journey.market.ask("sim/faults", {"lost_change_answers": 1})
    assert amend(order_id, quantity=200) == (200, dearer)
    done = services.request_replace(
        order_id=order_id,
        quantity=500,
        price_vnd=floor,
        client_order_id="r",
        actor=STRATEGY,
        now=marketdata.market_now(),
    )
    journey.wait_status(done.order_id, Status.OPEN)
    assert journey.order(order_id).status is Status.CANCELLED
    assert journey.at_broker()[request_id]["status"] == "CL"
    new = journey.order(done.order_id)
    assert (new.quantity, new.price_vnd, journey.at_broker()[new.request_id]["quantity"]) == (500, floor, 500)
    assert set(Intent.objects.filter(kind="AMEND").values_list("state", flat=True)) == {"CONFIRMED"}
    services.request_cancel(order_id=new.id, actor=STRATEGY, now=marketdata.market_now())
    journey.wait_status(new.id, Status.CANCELLED)
    journey.assert_books_agree()
    assert not Discrepancy.objects.exists()


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
    wait_for(lambda: journey.connection("circuit") == "OPEN", 60, "the circuit is still closed")
    journey.market.ask("sim/faults", {})
    order = journey.wait_status(order_id, Status.REJECTED, seconds=60)
    assert order.reason.startswith("NOT_RECEIVED_BY_BROKER")
    assert order.request_id not in journey.at_broker()
    assert accounts.account_state(journey.account_id, marketdata.market_now()).buying_power_vnd == free


def test_a_restarted_broker_finds_us_again(journey, monkeypatch):
    # on a busy machine it may be away for longer than purchases wait; that they are taken back is not meant here
    monkeypatch.setattr("apps.orders.services.stream_watch.UNCERTAIN_S_MAX", 120.0)
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    floor, ceiling = journey.band()
    resting = journey.submit(Side.BUY, 100, floor)
    journey.wait_status(resting, Status.OPEN)
    journey.market.simulator.kill()
    late = journey.submit(Side.BUY, 200, ceiling)
    wait_for(lambda: journey.connection("stream_state") == "RECONNECTING", 60, "not noticed")
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
            order_ids.append(journey.submit(Side.BUY, 100, ceiling if number % 4 == 0 else floor))
            time.sleep(0.02)

    def sent() -> int:
        return Intent.objects.exclude(state="READY").count()

    place(12)
    running = journey.market.start_worker("gateway", "stream")
    for _ in range(KILLS):
        goals.append(sent() + 3)
        wait_for(lambda: sent() >= goals[-1], 90, "nothing is being sent")
        running.kill()
        if KILLS > KILLS_BY_DEFAULT:  # the cash lasts for so many only
            services.cancel_scope(
                account_id=journey.account_id, reason="room", actor=STRATEGY, now=marketdata.market_now()
            )
        place(12)
        running.start()
    wait_for(lambda: not Intent.objects.filter(state__in=["READY", "CLAIMED", "UNKNOWN"]).exists(), 90, "not all sent")
    services.cancel_scope(account_id=journey.account_id, reason="done", actor=STRATEGY, now=marketdata.market_now())
    wait_for(lambda: journey.open_orders() == [], 60, lambda: f"{journey.open_orders()}\n{running.log()}")
    ours = {order.request_id: order for order in map(journey.order, order_ids)}
    theirs = journey.at_broker()
    lost = {
        key for key, order in ours.items() if not order.sent_at or order.reason.startswith("NOT_RECEIVED_BY_BROKER")
    }
    assert len(ours) == 12 * (1 + KILLS)
    assert set(theirs) == set(ours) - lost
    assert {key: order["filled_quantity"] for key, order in theirs.items()} == {
        key: order.filled_quantity for key, order in ours.items() if key not in lost
    }
    assert all(order.status in OVER for order in ours.values())
    journey.assert_books_agree()
    assert not Discrepancy.objects.exists()
