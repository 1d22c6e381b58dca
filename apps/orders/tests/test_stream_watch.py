from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from apps.orders.models import GatewayState, StreamPosition
from apps.orders.services import stream_watch
from apps.orders.services.stream_watch import VenueWatch, watch_order_stream
from apps.orders.tests.conftest import MORNING
from apps.risk import selectors as risk

pytestmark = pytest.mark.django_db


def test_an_order_stream_that_does_not_report_holds_its_accounts_until_it_does(desk):
    assert watch_order_stream(desk.connection_id, MORNING, watched_s=31) is False  # it never ran: a start, not a loss
    StreamPosition.objects.create(connection_id=desk.connection_id, trading_day=MORNING.date())
    for seconds, is_lost in ((29, False), (31, True), (31, True), (1, False)):
        seen_at = timezone.now() - timedelta(seconds=seconds)
        StreamPosition.objects.filter(connection_id=desk.connection_id).update(seen_at=seen_at)
        assert watch_order_stream(desk.connection_id, MORNING, watched_s=31) is is_lost
        assert [found.scope for found in risk.holds()] == ([f"account:{desk.account_id}"] if is_lost else [])
        assert desk.submit().accepted is not is_lost
        assert desk.submit("SELL 100 SSI @ 25100").accepted


@pytest.mark.parametrize("silent_s", [None, 3_600])
def test_a_stream_that_begins_with_the_gateway_is_waited_for(desk, silent_s):
    seen_at = None if silent_s is None else timezone.now() - timedelta(seconds=silent_s)
    StreamPosition.objects.create(connection_id=desk.connection_id, trading_day=MORNING.date(), seen_at=seen_at)
    assert watch_order_stream(desk.connection_id, MORNING, watched_s=29) is False
    assert risk.holds() == []
    assert watch_order_stream(desk.connection_id, MORNING, watched_s=31) is True
    assert watch_order_stream(desk.connection_id, MORNING, watched_s=1) is False, "another gateway begins"
    assert [found.scope for found in risk.holds()] == [f"account:{desk.account_id}"], "and lets nobody go"


# --- the broker's state is uncertain ----------------------------------------------------------------------------------


class Venue:
    """The gateway's row and the stream's, and a clock to look at them."""

    def __init__(self, desk, monkeypatch) -> None:
        self.desk, self.now_s = desk, 1_000.0
        monkeypatch.setattr(stream_watch, "time", SimpleNamespace(monotonic=lambda: self.now_s))
        self.watch = VenueWatch(desk.connection_id)
        GatewayState.objects.create(connection_id=desk.connection_id)
        state = StreamPosition.State.CONNECTED
        StreamPosition.objects.create(connection_id=desk.connection_id, trading_day=MORNING.date(), state=state)

    def is_held_after(self, seconds: float) -> bool:
        self.now_s += seconds
        is_held = self.watch.step(MORNING)
        assert [found.cause for found in risk.holds()] == (["venue-uncertain"] if is_held else [])
        assert self.desk.submit().accepted is not is_held
        return is_held


@pytest.fixture
def venue(desk, monkeypatch) -> Venue:
    return Venue(desk, monkeypatch)


def circuit(state: str) -> None:
    GatewayState.objects.update(circuit=state, trouble="refused")


def stream(state: str) -> None:
    StreamPosition.objects.update(state=state)


def compared(seconds_ago: float) -> None:
    StreamPosition.objects.update(reconciled_at=timezone.now() - timedelta(seconds=seconds_ago))


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [
        (lambda: circuit("OPEN"), lambda: circuit("CLOSED")),
        (lambda: stream("RECONNECTING"), lambda: stream("CONNECTED")),
        (lambda: compared(91), lambda: compared(1)),
    ],
    ids=["circuit", "stream", "comparison"],
)
def test_new_orders_wait_while_nobody_knows_what_the_broker_has(venue, breaks, mends):
    assert not venue.is_held_after(0)
    breaks()
    assert not venue.is_held_after(1)
    assert not venue.is_held_after(9.9)
    assert venue.is_held_after(0.2)
    assert venue.desk.submit("SELL 100 SSI @ 25100").accepted
    mends()
    assert not venue.is_held_after(0)


def test_a_short_trouble_holds_nobody(venue):
    for _ in range(3):
        stream("RECONNECTING")
        assert not venue.is_held_after(9)
        stream("CONNECTED")
        assert not venue.is_held_after(1)
