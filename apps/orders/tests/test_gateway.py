"""Sending: what is committed before the network is touched, and what each kind of answer leads to."""

import threading
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from django.conf import settings
from django.db import connections
from django.db.models.functions import Now
from django.utils import timezone

from apps.orders import services
from apps.orders.models import Discrepancy, GatewayState, Intent, Order
from apps.orders.services import resolution, sending
from apps.orders.services.gateway import _next_due
from apps.orders.services.pace import Pace
from apps.orders.services.resolution import Resolver, declare_not_received
from apps.orders.services.sending import FenceDown, Unreachable, doubt_stale_claims
from apps.orders.services.turns import run_under_lease
from apps.orders.services.wakeup import Doorbell
from apps.orders.tests.conftest import MORNING, STRATEGY, at, refused, row
from apps.risk import services as risk
from qts.adapters.lease import Lease, Slice, slice_of
from qts.adapters.ssi.trading import AmbiguousSend, NotSent, RateLimit
from qts.domain.errors import TerminalError, TransientError
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_accepted_order_is_sent_and_nothing_more(desk, gateway, broker):
    done = desk.submit()
    assert gateway.send(2) == 1
    order = desk.order(done.order_id)
    assert (order.status, order.sent_at, order.accepted_at) == (Status.SENT, MORNING, None)
    assert broker.calls == [("new", order.request_id)]
    assert desk.intents() == [("PLACE", "ANSWERED")]


def test_it_is_committed_as_sent_before_the_network_is_touched(desk, gateway, broker):
    desk.submit()
    seen = []

    def look(request_id):
        def from_another_connection():
            seen.append((Order.objects.get().status, Intent.objects.get().state))
            connections.close_all()

        thread = threading.Thread(target=from_another_connection)
        thread.start()
        thread.join()
        return refused("no")

    broker.script = [look]
    gateway.send()
    assert seen == [(Status.SENT, "CLAIMED")]


def test_orders_leave_in_the_order_of_their_entry_and_cancels_first(desk, gateway, broker, working):
    later = [desk.order(desk.submit().order_id).request_id for _ in range(2)]
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    cancel_id = Intent.objects.get(kind="CANCEL").request_id
    broker.calls.clear()
    assert gateway.send(4) == 3
    assert broker.calls == [("cancel", cancel_id), ("new", later[0]), ("new", later[1])]


def test_a_refused_order_is_rejected_and_its_money_is_free(desk, gateway, broker):
    done = desk.submit()
    broker.script = [refused("Price 25,050 is out of range")]
    gateway.send()
    order = desk.order(done.order_id)
    assert (order.status, order.reason) == (Status.REJECTED, "400: Price 25,050 is out of range")
    assert desk.reserved_vnd == 0
    assert desk.intents() == [("PLACE", "REFUSED")]


def test_over_the_quota_the_same_request_goes_again_later(desk, gateway, broker):
    done = desk.submit()
    broker.script = [refused("API calls quota exceeded! maximum admitted 5 per 1s.", "429")]
    assert gateway.send(2) == 1  # not at once
    assert desk.order(done.order_id).status == Status.PENDING
    assert desk.reserved_vnd > 0
    Intent.objects.update(not_before=Now() - timedelta(seconds=1))
    gateway.send()
    assert broker.calls[0] == broker.calls[1]
    assert desk.order(done.order_id).status == Status.SENT


@pytest.mark.parametrize("error", [TransientError("connection refused"), TerminalError("log-in refused")])
def test_what_certainly_did_not_leave_is_due_again_under_the_same_id(desk, gateway, broker, error):
    done = desk.submit()
    broker.script = [error]
    with pytest.raises(Unreachable):
        gateway.send()
    assert desk.order(done.order_id).status == Status.PENDING
    assert desk.intents() == [("PLACE", "READY")]
    Intent.objects.update(not_before=None)
    gateway.send()
    assert broker.calls[0] == broker.calls[1]


def test_the_pace_is_taken_of_the_call_that_goes_next(desk, gateway, broker, working):
    """An order that came before an amendment goes before it, and is counted as an order."""
    order = working
    desk.submit()
    services.request_amend(order_id=order.id, price_vnd=25_100, actor=STRATEGY, now=MORNING)
    assert _next_due(desk.connection_id, MORNING) == "PLACE"
    gateway.send(2)
    assert [name for name, _ in broker.calls] == ["new", "new", "amend"]


def test_a_lost_answer_is_unknown_keeps_its_reservation_and_is_not_sent_again(desk, gateway, broker):
    done = desk.submit()
    broker.script = [AmbiguousSend("read timed out")]
    assert gateway.send(3) == 1
    order = desk.order(done.order_id)
    assert (order.status, order.reason) == (Status.UNKNOWN, "read timed out")
    assert desk.reserved_vnd > 0
    assert len(broker.calls) == 1


def test_a_fill_that_overtakes_a_lost_answer_leaves_nothing_to_doubt(desk, gateway, broker, stream):
    done = desk.submit()

    def fill_then_lose(_):
        stream.match(desk.order(done.order_id), 300)
        return AmbiguousSend("reset")

    def step(request_id):
        raise fill_then_lose(request_id)

    broker.script = [step]
    gateway.send()
    assert desk.order(done.order_id).status == Status.FILLED
    assert desk.intents() == [("PLACE", "ANSWERED")]


# --- finding out ------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask_at_once(monkeypatch):
    monkeypatch.setattr(resolution, "ASK_EVERY_S", 0.0)


def test_an_unknown_order_is_found_in_the_book(desk, broker, unknown, ask_at_once):
    broker.book["0901351"] = [row(unknown, "QU")]
    Resolver(desk.connection_id, broker, Pace(desk.connection_id), 1).step(MORNING)
    found = desk.order(unknown.id)
    assert (found.status, found.broker_order_id) == (Status.OPEN, f"B{unknown.request_id}")
    assert desk.intents() == [("PLACE", "ANSWERED")]


@pytest.fixture
def clock(monkeypatch, ask_at_once):
    seconds = [1_000.0]
    monkeypatch.setattr(resolution, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def resolver_of(desk, broker, *, epochs_later=0):
    epoch = GatewayState.objects.get().epoch + epochs_later
    return Resolver(desk.connection_id, broker, Pace(desk.connection_id, [RateLimit("*", "1s", 1_000)]), epoch)


def test_it_is_given_up_only_after_ten_seconds_without_a_break(desk, broker, unknown, ask_at_once, clock):
    resolver = resolver_of(desk, broker)
    for seconds in (0, 9.0):
        clock[0] = 1_000.0 + seconds
        resolver.step(MORNING)
        assert desk.order(unknown.id).status == Status.UNKNOWN
    broker.is_down = TransientError("away")  # nobody can say where it was in these seconds
    clock[0] += 2
    with pytest.raises(TransientError):
        resolver.step(MORNING)
    broker.is_down = None
    for seconds in (20.0, 29.9):
        clock[0] = 1_000.0 + seconds
        resolver.step(MORNING)
        assert desk.order(unknown.id).status == Status.UNKNOWN
    clock[0] = 1_030.1
    resolver.step(MORNING)
    lost = desk.order(unknown.id)
    assert lost.status == Status.REJECTED
    assert lost.reason.startswith("NOT_RECEIVED_BY_BROKER")
    assert (desk.reserved_vnd, len(broker.calls)) == (0, 1)


def test_an_order_given_up_that_turns_up_after_all_lives(desk, stream, unknown):
    declare_not_received(Intent.objects.select_related("order").get(), MORNING)
    stream.event(unknown, "QU")
    assert desk.order(unknown.id).status == Status.OPEN
    stream.match(unknown, 300, 25_000)
    order = desk.order(unknown.id)
    assert (order.status, order.filled_quantity) == (Status.FILLED, 300)
    assert desk.state.position("SSI").quantity == 1_300
    assert not Discrepancy.objects.exists()


def test_a_match_of_an_order_given_up_is_booked(desk, stream, unknown):
    declare_not_received(Intent.objects.select_related("order").get(), MORNING)
    stream.match(unknown, 100, 25_000)
    order = desk.order(unknown.id)
    assert (order.status, order.filled_quantity) == (Status.PARTIALLY_FILLED, 100)


def test_a_lost_cancel_is_found_by_what_it_did(desk, gateway, broker, working, ask_at_once):
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    broker.script = [AmbiguousSend("reset")]
    gateway.send()
    broker.book["0901351"] = [row(working, "CL", cancelled=300)]
    Resolver(desk.connection_id, broker, Pace(desk.connection_id), 1).step(MORNING)
    assert desk.order(working.id).status == Status.CANCELLED
    assert desk.reserved_vnd == 0


def test_a_cancel_that_never_arrived_is_asked_for_again(desk, gateway, broker, working):
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    broker.script = [AmbiguousSend("reset")]
    gateway.send()
    declare_not_received(Intent.objects.select_related("order").get(kind="CANCEL"), MORNING)
    assert desk.order(working.id).status == Status.OPEN
    assert services.cancelling.fire_waiting_cancels(desk.connection_id, MORNING) == 1
    gateway.send()
    cancels = [request_id for what, request_id in broker.calls if what == "cancel"]
    assert len(set(cancels)) == 2
    assert desk.order(working.id).status == Status.CANCEL_PENDING


# --- dying, and being replaced ----------------------------------------------------------------------------------------


class Killed(BaseException):
    """Nothing of the gateway's own code may catch it, as with kill -9."""


def test_a_claim_without_an_answer_is_doubted_by_the_successor_and_never_sent_again(desk, gateway, broker):
    done = desk.submit()
    broker.script = [Killed()]
    with pytest.raises(Killed):
        gateway.send()
    assert desk.order(done.order_id).status == Status.SENT
    epoch = GatewayState.objects.get().epoch
    assert gateway.send(3) == 0
    assert doubt_stale_claims(desk.connection_id, epoch, MORNING) == 0  # its own
    assert doubt_stale_claims(desk.connection_id, epoch + 1, MORNING) == 1
    assert desk.order(done.order_id).status == Status.UNKNOWN
    assert len(broker.calls) == 1


def test_a_gateway_of_an_older_epoch_cannot_claim(desk, gateway, broker):
    desk.submit()
    GatewayState.objects.update(epoch=2**40)
    with pytest.raises(FenceDown):
        gateway.send()
    assert (broker.calls, desk.intents()) == ([], [("PLACE", "READY")])


def test_a_holder_that_slept_between_claim_and_call_sends_nothing(desk, gateway, broker, monkeypatch):
    done = desk.submit()
    monkeypatch.setattr(sending, "CLAIM_AGE_S_MAX", -1.0)
    with pytest.raises(FenceDown):
        gateway.send()
    assert broker.calls == []
    assert (desk.order(done.order_id).status, desk.intents()) == (Status.PENDING, [("PLACE", "READY")])


def test_a_holder_that_slept_until_the_first_byte_gives_the_order_back(desk, gateway, broker):
    done = desk.submit()
    broker.script = [NotSent("the right to send ended")]
    with pytest.raises(FenceDown):
        gateway.send()
    assert (desk.order(done.order_id).status, desk.intents()) == (Status.PENDING, [("PLACE", "READY")])
    Intent.objects.update(not_before=None)
    gateway.send()
    assert broker.calls[0] == broker.calls[1]


def test_a_holder_that_slept_does_not_take_back_what_its_successor_doubts(desk, gateway, broker):
    done = desk.submit()

    def successor_doubts(request_id):
        Intent.objects.update(claimed_at=Now() - timedelta(seconds=60))
        assert doubt_stale_claims(desk.connection_id, GatewayState.objects.get().epoch + 1, MORNING) == 1
        raise NotSent("the right to send ended")

    broker.script = [successor_doubts]
    with pytest.raises(FenceDown):
        gateway.send()
    assert (desk.order(done.order_id).status, desk.intents()) == (Status.UNKNOWN, [("PLACE", "UNKNOWN")])


def test_two_gateways_never_claim_the_same(desk, gateway, broker):
    for _ in range(6):
        desk.submit("BUY 100 SSI @ 25000")

    class Turn:
        epoch = 5

        def goes_on(self):
            return True

    def work():
        while sending.send_next(desk.connection_id, cast(Slice, Turn()), broker, MORNING):
            pass
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [request_id for _, request_id in broker.calls]
    assert sorted(sent) == sorted(set(sent))
    assert len(sent) == 6


def test_the_lease_lets_one_gateway_of_a_connection_run(desk):
    ran = []
    with slice_of(Lease(settings.REDIS_URL, f"order-gateway:{desk.connection_id}", 6.0), 30) as turn:
        assert turn.goes_on()
        assert not run_under_lease("order-gateway", desk.connection_id, lambda *_: ran.append(1), seconds_max=1)
    assert run_under_lease("order-gateway", desk.connection_id, lambda *_: ran.append(1), seconds_max=1)
    assert ran == [1]


def test_an_order_of_yesterday_is_not_sent_today(desk, gateway, broker):
    desk.submit()
    assert gateway.send(now=at("09:30:00", "2026-11-25")) == 0
    assert broker.calls == []


def test_an_order_that_a_kill_switch_caught_up_with_is_withdrawn(desk, gateway, broker):
    done = desk.submit()
    risk.engage_kill_switch(scope=f"account:{desk.account_id}", reason="test", actor=STRATEGY, now=MORNING)
    gateway.send(2)
    order = desk.order(done.order_id)
    assert (order.status, order.reason, broker.calls, desk.reserved_vnd) == (
        Status.CANCELLED, "KILL_SWITCH_ENGAGED", [], 0,
    )  # fmt: skip


def test_an_order_that_could_not_leave_in_time_is_withdrawn(desk, gateway, broker):
    old, fresh = desk.submit().order_id, desk.submit().order_id
    Intent.objects.filter(order_id=old).update(recorded_at=timezone.now() - timedelta(seconds=61))
    gateway.send(2)
    assert (desk.order(old).status, desk.order(old).reason) == (Status.CANCELLED, "NOT_SENT_IN_TIME")
    assert desk.order(fresh).status == Status.SENT
    assert len(broker.calls) == 1


@pytest.mark.parametrize("time", ["11:30:00", "14:45:00"])
def test_an_order_whose_session_has_passed_is_withdrawn(desk, gateway, broker, time):
    done = desk.submit()
    gateway.send(2, now=at(time))
    order = desk.order(done.order_id)
    assert (order.status, order.reason, broker.calls, desk.reserved_vnd) == (
        Status.CANCELLED, "SESSION_FORBIDS_ORDER_TYPE", [], 0,
    )  # fmt: skip


# --- doorbell ---------------------------------------------------------------------------------------------------------


def test_a_submitted_order_rings_at_its_commit_and_only_for_its_connection(desk):
    with Doorbell(desk.connection_id) as bell:
        began = time.monotonic()
        bell.wait(0.2)
        assert time.monotonic() - began >= 0.2
        desk.submit()
        began = time.monotonic()
        bell.wait(5.0)
        assert time.monotonic() - began < 4.0
