"""What a former gateway left: found at once where it is there, called absent only when it cannot leave any more."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now

from apps.orders import services
from apps.orders.models import GatewayState, Intent
from apps.orders.services import resolution, sending
from apps.orders.services.pace import Pace
from apps.orders.services.resolution import Resolver
from apps.orders.tests.conftest import MORNING, STRATEGY, row
from qts.adapters.ssi.trading import AmbiguousSend, RateLimit
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock(monkeypatch):
    """It asks with each step, at a moment of our choice."""
    seconds = [1_000.0]
    monkeypatch.setattr(resolution, "ASK_EVERY_S", 0.0)
    monkeypatch.setattr(resolution, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def resolver_of(desk, broker, *, epochs_later=0):
    epoch = GatewayState.objects.get().epoch + epochs_later
    return Resolver(desk.connection_id, broker, Pace(desk.connection_id, [RateLimit("*", "1s", 1_000)]), epoch)


def test_what_a_former_gateway_may_still_send_does_not_count_as_absent(desk, broker, unknown, clock):
    resolver = resolver_of(desk, broker, epochs_later=1)
    resolver.step(MORNING)
    clock[0] += 60  # of the steady clock; the claim is as young as before
    resolver.step(MORNING)
    assert desk.order(unknown.id).status == Status.UNKNOWN
    Intent.objects.update(claimed_at=Now() - timedelta(seconds=sending.CLAIM_OVER_S))
    for seconds, status in ((0, Status.UNKNOWN), (9.9, Status.UNKNOWN), (0.2, Status.REJECTED)):
        clock[0] += seconds
        resolver.step(MORNING)
        assert desk.order(unknown.id).status == status
    assert len(broker.calls) == 1


def test_what_a_former_gateway_sent_is_found_at_once(desk, broker, unknown, clock):
    broker.book["0901351"] = [row(unknown, "QU")]
    resolver_of(desk, broker, epochs_later=1).step(MORNING)
    assert desk.order(unknown.id).status == Status.OPEN


def test_nothing_leaves_any_more_when_absence_begins_to_count():
    assert sending.CLAIM_AGE_S_MAX < sending.CLAIM_OVER_S


@pytest.mark.parametrize("epochs_later", [0, 1])
def test_a_lost_cancel_is_asked_for_again_after_a_second(desk, gateway, broker, working, clock, *, epochs_later):
    """A former gateway's too, which may still leave: two cancels do no more harm than one."""
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    broker.script = [AmbiguousSend("reset")]
    gateway.send()
    broker.book["0901351"] = [row(working, "QU")]
    resolver = resolver_of(desk, broker, epochs_later=epochs_later)
    for seconds, cancel in ((0, "UNKNOWN"), (0.9, "UNKNOWN"), (0.2, "NOT_RECEIVED")):
        clock[0] += seconds
        resolver.step(MORNING)
        assert desk.intents()[-1] == ("CANCEL", cancel)
    assert services.cancelling.fire_waiting_cancels(desk.connection_id, MORNING) == 1
    gateway.send()
    cancels = [request_id for what, request_id in broker.calls if what == "cancel"]
    assert len(cancels) == len(set(cancels)) == 2
