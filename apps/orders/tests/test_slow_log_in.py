"""A log-in that takes longer than the lease lasts: the broker is slow, or the machine is."""

import pytest
from django.conf import settings

from apps.orders.models import GatewayState
from apps.orders.services import gateway as sending_side
from apps.orders.services.gateway import run_gateway
from apps.orders.tests.conftest import MORNING
from qts.adapters.lease import Lease, slice_of
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db(transaction=True)
LEASE_S = 0.6


@pytest.fixture
def slow_broker(desk, broker, monkeypatch):
    broker.log_in_takes_s = 3 * LEASE_S
    monkeypatch.setattr(sending_side, "open_client", lambda _: broker)
    monkeypatch.setattr(sending_side, "watch_order_stream", lambda *_, **__: None)  # nobody reads it here
    monkeypatch.setattr(sending_side, "market_now", lambda: MORNING)
    return broker


def run_slice(desk) -> bool:
    """Whether it still had its lease at the end."""
    lease = Lease(settings.REDIS_URL, f"order-gateway:{desk.connection_id}", LEASE_S)
    with slice_of(lease, 4 * LEASE_S) as turn:
        run_gateway(desk.connection_id, turn)
        return turn.epoch is not None


def test_it_keeps_its_lease_and_sends(desk, slow_broker):
    """One that lost it would begin anew with the same log-in, and never send."""
    order_id = desk.submit().order_id
    assert run_slice(desk)
    assert desk.order(order_id).status == Status.SENT
    assert GatewayState.objects.get().circuit == GatewayState.Circuit.CLOSED
