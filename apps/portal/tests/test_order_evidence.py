"""Every check of the gate on an order's page, with its value, limit and headroom; the time of each hop."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps

from apps.orders import services as orders
from apps.orders.selectors import Hop
from apps.orders.selectors.evidence import withheld
from apps.portal.views.evidence import PICTURE_WIDTH, duration_text, hop_segments
from qts.domain.orders import OrderRequest
from qts.domain.values import Actor, ActorKind, OrderType, Side

Intent = apps.get_model("orders", "Intent")
Order = apps.get_model("orders", "Order")

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def placed(desk, market):
    def place(**changes):
        told = {"symbol": "SSI", "side": Side.BUY, "order_type": OrderType.LO, "quantity": 1_000, "price_vnd": 25_000}
        request = OrderRequest(**told | changes, client_order_id=f"test-{Order.objects.count()}")
        actor = Actor(ActorKind.USER, str(desk.users.trader.pk))
        return orders.submit_order(account_id=desk.mine, request=request, actor=actor, now=market.now())

    return place


def page_of(desk, answer) -> str:
    return desk.client("trader").get(f"/orders/{answer.order_id}/").content.decode()


def row_of(page, code) -> str:
    return page.split(f'data-check="{code}"')[1].split("</tr>")[0]


def test_each_limit_stands_with_its_value_and_headroom_the_tightest_first(desk, placed):
    page = page_of(desk, placed())
    row = row_of(page, "BUYING_POWER_EXCEEDED")
    assert "25,037,500 ₫" in row
    assert "≤ 1,000,000,000 ₫" in row
    assert "974,962,500 ₫" in row
    assert "2%" in row
    used = [int(found) for found in re.findall(r'max="100" value="(\d+)"', page.split('id="gate"')[1])]
    assert len(used) > 5
    assert used == sorted(used, reverse=True)
    assert "checks that say yes or no were passed" in page
    assert "checks had no limit in force" in page
    assert 'data-hop="judged"' in page


def test_a_refused_order_shows_what_it_overstepped_first(desk, placed):
    page = page_of(desk, placed(quantity=300_000))
    first = page.split('id="gate"')[1].split("data-check=")[1]
    assert 'data-tone="bad"' in first
    row = row_of(page, "BUYING_POWER_EXCEEDED")
    assert "7,511,250,000 ₫" in row
    assert "\u22126,511,250,000 ₫" in row


def test_an_order_from_before_and_one_of_an_older_table_are_read_rightly(desk, placed):
    answer = placed()
    stored = Order.objects.values_list("gate", flat=True).get()
    assert stored["ended_ns"] > stored["began_ns"]
    Order.objects.update(gate=stored | {"table": "other", "figures": stored["figures"] | {"NO_SUCH_RULE": [1, 1]}})
    page = page_of(desk, answer)
    assert "data-check=" in page
    assert "checks that say yes or no" not in page
    Order.objects.update(gate=None)
    page = page_of(desk, answer)
    assert 'id="gate"' not in page
    assert "Risk gate: passed" in page


def test_what_was_asked_of_the_broker_is_shown_without_secrets(desk, placed):
    answer = placed()
    Order.objects.update(broker_report={"status": "FF", "access_token": "very-secret", "inside": [{"pin": "123456"}]})
    Intent.objects.update(answer="200: order 42", caused_by_received_ns=1_795_402_800_000_000_000)
    page = page_of(desk, answer)
    assert "200: order 42" in page
    assert "very-secret" not in page
    assert "123456" not in page
    assert withheld({"a": [{"otp": 1}, 2], "b": {"Signature": "x"}}) == {
        "a": [{"otp": "•••"}, 2],
        "b": {"Signature": "•••"},
    }


def test_reading_orders_does_not_read_what_the_gate_measured(desk, placed, django_assert_num_queries):
    placed()
    with django_assert_num_queries(1) as read:
        (order,) = Order.objects.all()
    assert '"gate"' not in read.captured_queries[0]["sql"]
    order.reason = "changed"
    with django_assert_num_queries(1) as written:
        order.save()
    assert '"gate"' not in written.captured_queries[0]["sql"]


def test_the_picture_of_the_hops_is_as_wide_as_it_says():
    hops = [Hop("judged", AT, 1.0), Hop("sent", AT, 4.0), Hop("filled", AT + timedelta(seconds=90), 90_000.0)]
    found = hop_segments(hops)
    assert [one.took for one in found] == ["1.00 ms", "4.00 ms", "1 min 30 s"]
    assert found[0].x == 0
    assert found[0].width < found[1].width < found[2].width
    assert abs(found[-1].x + found[-1].width - PICTURE_WIDTH) < 0.5
    assert hop_segments([]) == []
    assert hop_segments([Hop("sent", AT, 0.0)])[0].took == "0.00 ms"


@pytest.mark.parametrize(("ms", "text"), [(0.421, "0.42 ms"), (12.34, "12.3 ms"), (1_250.0, "1.25 s")])
def test_durations(ms, text):
    assert duration_text(ms) == text
