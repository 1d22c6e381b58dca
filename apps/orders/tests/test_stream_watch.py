from datetime import timedelta

import pytest
from django.utils import timezone

from apps.orders.models import StreamPosition
from apps.orders.services.stream_watch import watch_order_stream
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
