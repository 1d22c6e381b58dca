"""Differences with the broker and what was in doubt: both versions, who decides, and what a decision does."""

import pytest
from django.apps import apps
from django.utils import timezone

from apps.eventlog import selectors as eventlog
from apps.orders import selectors as orders
from apps.orders import services
from apps.portal.tests.conftest import ticket_of
from apps.sso.selectors import actor_of
from qts.domain.events import DiscrepancyResolved
from qts.domain.orders import Status

Discrepancy, Intent, Order = (
    apps.get_model("orders", "Discrepancy"),
    apps.get_model("orders", "Intent"),
    apps.get_model("orders", "Order"),
)


@pytest.fixture
def missing(desk):
    """Of the trader's order, which works here and which the broker does not show."""
    assert desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine)).status_code == 200
    report = {"status": "QU", "quantity": 900, "price_vnd": 25_000, "filled_quantity": 0}
    Order.objects.update(status=Status.OPEN, broker_order_id="B1", broker_report=report)
    Intent.objects.update(state="ANSWERED")
    order = Order.objects.get()
    return Discrepancy.objects.create(
        connection_id=order.connection_id, order=order, kind="ORDER_MISSING", subject=str(order.id),
        detail="order B1 is working here and not in the broker's order book", noticed_at=timezone.now(),
    )  # fmt: skip


def resolve(desk, missing, who="operator", **given):
    return desk.client(who).post(f"/system/differences/{missing.id}/", given)


def test_both_versions_stand_side_by_side(desk, missing):
    page = desk.client("operator").get("/system/differences/").content.decode()
    assert page.count('data-differs="yes"') == 1  # the quantity: 1,000 here, 900 there
    assert "1,000" in page
    assert "900" in page
    dialog = desk.client("operator").get(f"/system/differences/{missing.id}/").content.decode()
    assert "ORDER_ENDED" in dialog


def test_a_decision_needs_a_reason_and_an_operator(desk, missing):
    assert resolve(desk, missing, reason=" ").status_code == 422
    assert resolve(desk, missing, reason="x" * 401).status_code == 422
    assert resolve(desk, missing, who="trader", reason="mine").status_code == 403
    assert resolve(desk, missing, who="risk", reason="mine").status_code == 403
    assert Discrepancy.objects.get().resolved_at is None


def test_noting_it_changes_nothing_else(desk, missing):
    assert resolve(desk, missing, reason="asked the broker by phone").status_code == 200
    row = Discrepancy.objects.get()
    assert (row.resolution, row.resolved_by) == ("NOTED: asked the broker by phone", f"user:{desk.users.operator.pk}")
    assert Order.objects.get().status == Status.OPEN
    page = desk.client("operator").get("/system/differences/").content.decode()
    assert "asked the broker by phone" in page
    assert ">operator<" in page
    [event] = [one for one in eventlog.history(key=str(row.connection_id)) if one.topic == DiscrepancyResolved.topic]
    assert (event.body["reason"], event.actor) == ("asked the broker by phone", row.resolved_by)


def test_an_order_that_the_broker_does_not_have_is_ended_and_frees_what_it_held(desk, missing):
    assert resolve(desk, missing, reason="never reached them", resolution="ORDER_ENDED").status_code == 200
    order = Order.objects.get()
    assert (order.status, order.reason) == (Status.EXPIRED, "never reached them")
    last = orders.order_history(order.id)[-1]
    assert (last.actor, last.status) == (f"user:{desk.users.operator.pk}", "EXPIRED")
    assert [one.troubles for one in services.verify_orders() if "status" in str(one.troubles)] == []
    assert resolve(desk, missing, reason="again", resolution="ORDER_ENDED").status_code == 422


def test_other_differences_end_no_order(desk, missing):
    Discrepancy.objects.update(kind="OVERFILL")
    assert resolve(desk, missing, reason="no", resolution="ORDER_ENDED").status_code == 422
    assert Order.objects.get().status == Status.OPEN
    with pytest.raises(ValueError, match="does not show"):
        services.resolve_discrepancy(
            discrepancy_id=missing.id, resolution=services.Resolution.ORDER_ENDED, reason="no",
            actor=actor_of(desk.users.operator), now=timezone.now(),
        )  # fmt: skip


def test_what_was_in_doubt_is_listed_with_its_evidence(desk, missing):
    now = timezone.now()
    evidence = "the broker shows order B1: QU"
    Intent.objects.update(doubted_at=now, doubt="read timed out", evidence=evidence, answered_at=now)
    page = desk.client("trader").get("/orders/outcomes/").content.decode()
    assert page.count('data-outcome="ANSWERED"') == 1
    assert "read timed out" in page
    assert evidence in page
    assert "data-outcome" not in desk.client("trader2").get("/orders/outcomes/").content.decode()
    assert "data-outcome" in desk.client("operator").get("/orders/outcomes/").content.decode()
