"""News that comes late, twice or spoilt: no cancel is stuck by it, and nothing else of the broker is kept waiting."""

import json
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from apps.orders import services
from apps.orders.locks import lock_order
from apps.orders.models import Discrepancy, ForeignOrder, Intent, StreamPosition
from apps.orders.services import cancelling, reconciliation, resolution
from apps.orders.services.cancelling import cancel_what_is_killed, fire_waiting_cancels
from apps.orders.services.order_stream import position_of, take_together
from apps.orders.services.pace import Pace
from apps.orders.services.reconciliation import Reconciler
from apps.orders.services.resolution import Resolver, declare_not_received
from apps.orders.tests.conftest import MORNING, STRATEGY, row
from apps.orders.tests.test_order_stream import frame, order_event
from apps.risk import services as risk
from qts.adapters.ssi.signalr import ReceivedFrame
from qts.adapters.ssi.trading import AmbiguousSend, RateLimit
from qts.domain.errors import IllegalTransition, TransientError
from qts.domain.orders import Status
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db


def cancel(order_id):
    return services.request_cancel(order_id=order_id, actor=STRATEGY, now=MORNING)


def cancels():
    return [(found.request_id, found.state) for found in Intent.objects.filter(kind="CANCEL").order_by("id")]


# --- one order that nothing can be done with -------------------------------------------------------------------------


def spoil(monkeypatch, spoilt, *, error):
    """A step of this order fails, whatever is wrong with it."""

    def lock(order_id):
        if order_id == spoilt:
            raise error
        return lock_order(order_id)

    monkeypatch.setattr(cancelling, "lock_order", lock)


@pytest.fixture
def two_waiting(desk, gateway, stream):
    """Two orders whose cancels wait for the broker's number of the order, which comes."""
    orders = [desk.order(desk.submit().order_id) for _ in range(2)]
    gateway.send(2)
    for order in orders:
        assert cancel(order.id).waits
        stream.event(order, "QU")
    return orders


def test_an_order_that_cannot_be_acted_on_is_told_of_once_and_the_next_one_goes(desk, two_waiting, monkeypatch):
    spoilt, _ = two_waiting
    spoil(monkeypatch, spoilt.id, error=IllegalTransition("no such step"))
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 1
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 0
    assert [desk.order(order.id).status for order in two_waiting] == [Status.OPEN, Status.CANCEL_PENDING]
    told = Discrepancy.objects.get()
    assert (told.kind, told.subject) == ("ACT_FAILED", f"waiting cancel: {spoilt.id}")
    assert told.detail == "IllegalTransition: no such step"
    monkeypatch.undo()
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 1
    assert desk.order(spoilt.id).status == Status.CANCEL_PENDING


@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), TransientError("Valkey is away")])
def test_a_database_that_is_away_is_no_fault_of_the_order(desk, two_waiting, monkeypatch, error):
    spoil(monkeypatch, two_waiting[0].id, error=error)
    with pytest.raises(type(error)):
        fire_waiting_cancels(desk.connection_id, MORNING)
    assert not Discrepancy.objects.exists()


# --- a cancel that was taken for lost --------------------------------------------------------------------------------


@pytest.fixture
def asked_twice(desk, gateway, broker, working):
    """The first cancel was taken for lost and asked for again; the numbers of both."""
    cancel(working.id)
    broker.script = [AmbiguousSend("read timed out")]
    gateway.send()
    declare_not_received(Intent.objects.select_related("order").get(kind="CANCEL"), MORNING)
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 1
    assert [state for _, state in cancels()] == ["NOT_RECEIVED", "READY"]
    return [request_id for request_id, _ in cancels()]


@pytest.mark.parametrize("second", ["READY", "CLAIMED", "ANSWERED", "UNKNOWN"])
def test_a_cancel_that_was_taken_for_lost_may_be_the_one_that_counts(desk, stream, working, asked_twice, second):
    Intent.objects.filter(request_id=asked_twice[1]).update(state=second)
    stream.event(working, "WC", unique_id=asked_twice[0])
    assert desk.order(working.id).status == Status.CANCEL_PENDING
    stream.event(working, "CL", cancelled=300, unique_id=asked_twice[0])
    assert (desk.order(working.id).status, desk.reserved_vnd) == (Status.CANCELLED, 0)
    assert "the broker shows" in Intent.objects.get(request_id=asked_twice[0]).evidence


def test_the_late_refusal_of_the_first_cancel_leaves_the_second_one_alone(desk, gateway, stream, working, asked_twice):
    gateway.send()
    stream.error(asked_twice[0], "ORD013", "busy")
    assert desk.order(working.id).status == Status.CANCEL_PENDING
    assert cancels() == [(asked_twice[0], "REFUSED"), (asked_twice[1], "ANSWERED")]
    stream.error(asked_twice[1], "ORD013", "busy")
    assert desk.order(working.id).status == Status.OPEN


def test_a_refusal_that_newer_news_overtook_still_ends_the_cancel(desk, gateway, stream, working):
    cancel(working.id)
    gateway.send()
    stream.event(working, "QU", notify_id=9)
    stream.error(cancels()[0][0], "ORD013", "busy", notify_id=8)
    assert desk.order(working.id).status == Status.OPEN
    assert [state for _, state in cancels()] == ["REFUSED"]


# --- a cancel of which nothing is heard ------------------------------------------------------------------------------


@pytest.fixture
def unheard(desk, gateway, working):
    """The broker took the cancel and has told nothing of it since."""
    cancel(working.id)
    gateway.send()
    position_of(desk.connection_id, MORNING.date())
    Intent.objects.filter(kind="CANCEL").update(answered_at=Now() - timedelta(seconds=60))
    return working


def test_a_cancel_without_news_is_asked_for_again_once_the_order_book_was_compared(desk, gateway, broker, unheard):
    cancel(unheard.id)
    assert len(cancels()) == 1  # nobody has looked into the book since
    StreamPosition.objects.update(reconciled_at=Now())
    answer = cancel(unheard.id)
    assert (answer.accepted, answer.status) == (True, Status.CANCEL_PENDING)
    assert [state for _, state in cancels()] == ["REFUSED", "READY"]
    assert gateway.send() == 1
    assert [what for what, _ in broker.calls] == ["new", "cancel", "cancel"]
    cancel(unheard.id)
    assert len(cancels()) == 2


def test_a_kill_switch_asks_again_for_a_cancel_without_news(desk, unheard):
    risk.engage_kill_switch(scope="firm", reason="test", actor=Actor(ActorKind.SYSTEM, "test"), now=MORNING)
    assert cancel_what_is_killed(desk.connection_id, MORNING) == 0
    StreamPosition.objects.update(reconciled_at=Now())
    assert cancel_what_is_killed(desk.connection_id, MORNING) == 1
    assert [state for _, state in cancels()] == ["REFUSED", "READY"]
    assert cancel_what_is_killed(desk.connection_id, MORNING) == 0


# --- what cannot be taken in -----------------------------------------------------------------------------------------


def test_a_row_of_the_order_book_that_cannot_be_kept_does_not_hide_the_others(desk, gateway, broker, monkeypatch):
    monkeypatch.setattr(reconciliation, "COMPARE_EVERY_S", 0.0)
    Pace.learn(desk.connection_id, [RateLimit("*", "1s", 1_000)])
    order = desk.order(desk.submit().order_id)
    gateway.send()
    position_of(desk.connection_id, MORNING.date())
    spoilt = row(order, "QU", unique_id="1", broker_id="7" * 65)
    broker.book["0901351"] = [spoilt, row(order, "QU")]
    reconciler = Reconciler(desk.connection_id, broker)
    for _ in range(2):
        reconciler.step(MORNING)
    assert desk.order(order.id).status == Status.OPEN
    assert [found.kind for found in Discrepancy.objects.all()] == ["UNREADABLE"]
    assert StreamPosition.objects.get().reconciled_at is not None
    assert not ForeignOrder.objects.exists()


def test_a_row_that_cannot_be_kept_does_not_stop_the_gateway(desk, gateway, broker, monkeypatch):
    monkeypatch.setattr(resolution, "ASK_EVERY_S", 0.0)
    first, second = (desk.order(desk.submit(f"BUY {size} SSI @ 25050").order_id) for size in (300, 400))
    broker.script = [AmbiguousSend("reset"), AmbiguousSend("reset")]
    gateway.send(2)
    broker.book["0901351"] = [row(first, "QU", broker_id="7" * 65), row(second, "QU")]
    pace = Pace(desk.connection_id, [RateLimit("*", "1s", 1_000)])
    Resolver(desk.connection_id, broker, pace, None).step(MORNING)
    assert [desk.order(one.id).status for one in (first, second)] == [Status.UNKNOWN, Status.OPEN]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"notifyID": 2**63},
        {"modifiedTime": "9" * 15},
        {"modifiedTime": "9" * 30},
        {"modifiedTime": -1},
        {"rejectReason": "\x00"},
        {"orderID": "\x00"},
        {"uniqueID": "\x00"},
    ],
)
def test_no_message_keeps_the_next_one_away(desk, gateway, spoilt):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    position_of(desk.connection_id, MORNING.date())
    kind, data = order_event(order, "RJ", 5)
    frames = [frame((kind, {**data, **spoilt})), frame(order_event(order, "QU", 6))]
    take_together(desk.connection_id, frames, now=MORNING)
    assert desk.order(order.id).status == Status.OPEN
    assert [found.kind for found in Discrepancy.objects.all()] == ["UNREADABLE"]
    assert StreamPosition.objects.get().last_notify_id == 6


@pytest.mark.parametrize(
    "raw",
    [
        b'{"C":"d-1","M":\x00',
        json.dumps({"C": "d-1", "M": [{"M": "Broadcast", "A": ["\x00"]}]}).encode(),
        json.dumps({"C": "d-1", "M": [{"M": "Broadcast", "A": ["\ud800"]}]}).encode(),
    ],
)
def test_a_frame_that_no_text_column_holds_is_kept_without_it(desk, gateway, raw):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    position_of(desk.connection_id, MORNING.date())
    take_together(
        desk.connection_id, [ReceivedFrame(time.time_ns(), raw), frame(order_event(order, "QU", 6))], now=MORNING
    )
    assert desk.order(order.id).status == Status.OPEN
    assert [found.kind for found in Discrepancy.objects.all()] == ["UNREADABLE"]
