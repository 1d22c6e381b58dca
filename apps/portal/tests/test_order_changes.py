"""Amending, replacing and cancelling many from the pages; the order list narrowed and as a file."""

import csv
import io
import re
import zipfile
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from django.apps import apps

from apps.orders import selectors as orders
from apps.portal.tests.conftest import ticket_of
from qts.domain.orders import Status

Intent, Order = (apps.get_model("orders", "Intent"), apps.get_model("orders", "Order"))


def place(desk, **typed):
    ticket = ticket_of(desk.mine, client_order_id=str(uuid4()), **typed)
    answer = desk.client("trader").post("/ticket/submit/", ticket)
    assert answer.status_code == 200, answer.content.decode()
    return Order.objects.latest("recorded_at").id


def to_the_book(order_id):
    """As if the exchange had it."""
    Order.objects.filter(id=order_id).update(status=Status.OPEN, broker_order_id="B1")
    Intent.objects.filter(order_id=order_id).update(state="ANSWERED")


@pytest.fixture
def order_id(desk):
    return place(desk)


def amend(desk, order_id, who="trader", **typed):
    order = orders.order(order_id)
    assert order.price_vnd is not None
    given = {"price": f"{order.price_vnd / 1000:.2f}", "quantity": str(order.quantity)} | typed
    return desk.client(who).post(f"/orders/{order_id}/amend/", given)


def test_the_form_shows_what_holds(desk, order_id):
    page = desk.client("trader").get(f"/orders/{order_id}/amend/").content.decode()
    order = orders.order(order_id)
    assert f'value="{order.quantity}"' in page
    assert f'value="{order.price_vnd / 1000:.2f}"' in page


def test_what_has_not_left_takes_both_at_once(desk, order_id):
    assert amend(desk, order_id, price="24.90", quantity="200").status_code == 200
    order = orders.order(order_id)
    assert (order.quantity, order.price_vnd, order.status) == (200, 24_900, Status.PENDING)


def test_the_broker_is_asked_for_one_thing(desk, order_id):
    to_the_book(order_id)
    answer = amend(desk, order_id, price="24.90")
    assert "Amendment asked for." in answer.headers["HX-Trigger"]
    order = orders.order(order_id)
    assert (order.status, order.wanted_price_vnd) == (Status.AMEND_PENDING, 24_900)
    page = desk.client("trader").get("/orders/").content.decode()
    assert "amendment asked for" in page
    story = desk.client("trader").get(f"/orders/{order_id}/").content.decode()
    assert "1,000 @ 24.90" in story
    assert re.search(r"\+\d+ ms", story)  # how long the step took


def test_for_both_a_replacement_is_offered_and_done_when_meant(desk, order_id):
    to_the_book(order_id)
    offered = amend(desk, order_id, price="24.90", quantity="200")
    assert (offered.status_code, "Replace the order" in offered.content.decode()) == (422, True)
    assert orders.order(order_id).status == Status.OPEN
    assert amend(desk, order_id, price="24.90", quantity="200", replaces="on").status_code == 200
    assert orders.order(order_id).status == Status.CANCEL_PENDING
    new = Order.objects.get(replaces=order_id)
    assert (new.quantity, new.price_vnd) == (200, 24_900)
    assert "goes out when the replaced order is over" in desk.client("trader").get("/orders/").content.decode()


def test_what_cannot_be_read_is_asked_for_again(desk, order_id):
    for typed in ({"price": "abc"}, {"price": "0"}, {"price": ""}, {"quantity": "1.5"}, {"quantity": "-100"}):
        answer = amend(desk, order_id, **typed)
        assert (answer.status_code, 'aria-invalid="true"' in answer.content.decode()) == (422, True), typed
    assert Intent.objects.get().kind == "PLACE"


def test_a_refusal_says_why(desk, order_id):
    to_the_book(order_id)
    answer = amend(desk, order_id, price="99.00")
    assert (answer.status_code, "PRICE_ABOVE_CEILING" in answer.content.decode()) == (422, True)


def test_nobody_else_amends(desk, order_id):
    assert amend(desk, order_id, "trader2", price="24.90").status_code == 404
    assert amend(desk, order_id, "risk", price="24.90").status_code == 403
    assert orders.order(order_id).price_vnd != 24_900


# --- cancelling many --------------------------------------------------------------------------------------------------


@pytest.fixture
def three(desk):
    return [place(desk), place(desk, price="24.80"), place(desk, side="SELL", price="25.20")]


def test_what_would_be_cancelled_is_shown_first(desk, three):
    page = desk.client("trader").get("/orders/cancel-all/?side=BUY").content.decode()
    assert (page.count("data-order="), 'name="side" value="BUY"' in page) == (2, True)
    assert {orders.order(one).status for one in three} == {Status.PENDING}


def test_only_what_is_chosen_is_cancelled(desk, three):
    answer = desk.client("trader").post("/orders/cancel-all/", {"side": "BUY"})
    assert "Cancel asked for 2 orders." in answer.headers["HX-Trigger"]
    assert [orders.order(one).status for one in three] == [Status.CANCELLED, Status.CANCELLED, Status.PENDING]


def test_nothing_of_others_is_cancelled(desk, three):
    desk.client("trader2").post("/orders/cancel-all/", {})
    assert desk.client("risk").post("/orders/cancel-all/", {}).status_code == 403
    desk.client("trader2").post("/orders/cancel-all/", {"account": str(desk.mine)})
    assert {orders.order(one).status for one in three} == {Status.PENDING}


# --- the list ---------------------------------------------------------------------------------------------------------


COUNTS = {
    "": 3, "side=SELL": 1, "side=BUY&symbol=SSI": 2, "symbol=VNM": 0, "status=PENDING": 3, "status=FILLED": 0,
    "order_type=LO": 3, "order_type=MTL": 0, "by=hand": 3, "by=strategy": 0, "since=2026-11-24": 0,
    "since=2026-11-23&until=2026-11-23": 3, "until=2026-11-22": 0, "side=LEFT&status=odd&since=soon&show=what": 3,
}  # fmt: skip


def test_the_list_is_narrowed(desk, three):
    client = desk.client("trader")
    found = {query: client.get(f"/orders/?{query}").content.decode().count('data-status="PENDING"') for query in COUNTS}
    assert found == COUNTS


def test_the_file_holds_what_the_list_shows(desk, three):
    client = desk.client("trader")
    answer = client.get("/orders/export.csv?side=BUY")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [str(one) for one in reversed(three[:2])]
    assert {(row["symbol"], row["side"], row["status"], row["account"]) for row in rows} == {
        ("SSI", "BUY", "PENDING", "0901351")
    }
    assert rows[0]["submitted_at"].startswith("2026-11-23T10:0")
    sheet = client.get("/orders/export.xlsx?side=BUY").content
    with zipfile.ZipFile(io.BytesIO(sheet)) as archive:
        tree = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own bytes
    assert len(tree.findall(".//{*}row")) == 3
    assert client.get("/orders/export.pdf").status_code == 404
    assert desk.client("trader2").get("/orders/export.csv").content.decode("utf-8-sig").count("\n") == 1


def test_a_ticket_is_kept_for_the_session_that_takes_it(desk, market):
    """An order for the closing auction, entered in the morning."""
    ticket = ticket_of(desk.mine, order_type="ATC", price="", hold="1")
    client = desk.client("trader")
    asked = client.post("/ticket/confirm/", ticket).content.decode()
    assert 'name="hold" value="1"' in asked
    assert "it is kept and sent then" in asked
    done = client.post("/ticket/submit/", ticket)
    assert (done.status_code, "23/11 14:30" in done.content.decode()) == (200, True)
    order = Order.objects.get()
    assert (order.status, order.intents.count()) == (Status.PENDING, 0)
    assert "held until" in client.get("/orders/").content.decode()


def test_without_the_choice_it_is_refused(desk):
    answer = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine, order_type="ATC", price=""))
    assert (answer.status_code, "SESSION_FORBIDS_ORDER_TYPE" in answer.content.decode()) == (422, True)
