"""How many statements an order and its reports cost: most of them run under the account's lock.

The numbers include BEGIN and COMMIT. They do not grow with positions, working orders or history.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.orders.services import order_stream
from apps.orders.tests.conftest import MORNING
from apps.risk.services import seed_limits
from qts.domain.market import to_vietnam

pytestmark = pytest.mark.django_db(transaction=True)


def statements(act, *arguments, **named) -> int:
    with CaptureQueriesContext(connection) as captured:
        act(*arguments, **named)
    return len(captured)


@pytest.fixture
def busy_desk(desk):
    """The day has begun, and a few orders are working."""
    seed_limits(MORNING)
    for _ in range(5):
        assert desk.submit("BUY 100 SSI @ 23300").accepted
    return desk


@pytest.mark.parametrize(
    ("text", "most"),
    [("BUY 100 SSI @ 25050", 21), ("BUY 100 SSI @ MTL", 22), ("SELL 100 SSI @ 25050", 23), ("BUY 1 SSI @ 25050", 13)],
)
def test_an_order_costs_so_many_statements(busy_desk, text, most):
    assert statements(busy_desk.submit, text) <= most


def test_sending_costs_nine_statements_before_the_call_and_two_after(busy_desk, gateway):
    assert statements(gateway.send) <= 11


def test_reports_cost_so_many_statements(busy_desk, gateway, stream):
    order_stream.position_of(busy_desk.connection_id, to_vietnam(MORNING).date())
    order = busy_desk.order(busy_desk.submit("BUY 300 SSI @ 25050").order_id)
    gateway.send(6)

    def report(status: str, **more: int) -> None:
        message = stream.make_event(order, status, **more)
        order_stream.take_messages(busy_desk.connection_id, [message], now=MORNING)

    assert statements(report, "QU") <= 10
    assert statements(stream.match, order, 300) <= 33
    assert statements(report, "FF", filled=300) <= 11
    assert busy_desk.order(order.id).filled_quantity == 300
