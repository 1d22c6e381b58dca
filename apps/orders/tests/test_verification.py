"""manage.py verify_orders: quiet where row, fills and events agree, loud where one was changed behind their backs."""

import io

import pytest
from django.core.management import CommandError, call_command

from apps.orders import services
from apps.orders.models import Fill, Intent, Order
from apps.orders.tests.conftest import MORNING, STRATEGY, refused
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db


def verify(**options):
    told = io.StringIO()
    call_command("verify_orders", stdout=told, **options)
    return told.getvalue().splitlines()


@pytest.fixture
def history(desk, gateway, broker, stream, working):
    """Amended, partly filled, its cancel refused, then filled; beside a refused, a withdrawn and a rejected one."""
    services.request_amend(order_id=working.id, quantity=500, actor=STRATEGY, now=MORNING)
    gateway.send()
    asked = Intent.objects.get(kind="AMEND").request_id
    stream.event(working, "QU", unique_id=asked, terms=(500, 25_050))
    stream.match(working, 200)
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    broker.script = [refused("no")]
    gateway.send()
    stream.match(working, 300)
    desk.submit("BUY 300 SSI @ 25030")
    services.request_cancel(order_id=desk.submit().order_id, actor=STRATEGY, now=MORNING)
    desk.submit()
    broker.script = [refused("out of range")]
    gateway.send()
    return working


def test_orders_agree_with_their_events(history):
    assert {order.status for order in Order.objects.all()} == {
        Status.FILLED, Status.DENIED, Status.CANCELLED, Status.REJECTED,
    }  # fmt: skip
    assert verify() == ["4 orders rebuilt from their events, 0 differ"]
    assert verify(since="2026-11-24") == ["0 orders rebuilt from their events, 0 differ"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": "OPEN"}, "status: the row has OPEN, the events make it FILLED"),
        ({"quantity": 900}, "quantity: the row has 900, the events make it 500"),
        ({"price_vnd": 1}, "price_vnd: the row has 1, the events make it 25050"),
        ({"filled_quantity": 400}, "filled_quantity: the row has 400, the events make it 500"),
        ({"filled_value_vnd": 7}, "filled_value_vnd: the row has 7, the events make it 12500000"),
    ],
)
def test_a_row_that_was_changed_is_found(history, change, told):
    Order.objects.filter(id=history.id).update(**change)
    with pytest.raises(CommandError, match="1 orders differ"):
        verify()
    [found] = [one for one in services.verify_orders() if one.troubles]
    assert (found.order_id, found.troubles) == (history.id, (told,))


def test_a_fill_that_vanished_is_found(history):
    Fill.objects.filter(order=history, quantity=200).delete()
    [found] = [one for one in services.verify_orders() if one.troubles]
    assert found.troubles == ("fills: 300 for 7500000 VND are stored, 500 are in the events",)
