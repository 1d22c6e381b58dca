"""The audit page: who did what, when, to what and from where; for whom; narrowed, paged, and as a file."""

import csv
import io
import re

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.portal.tests.conftest import ticket_of
from apps.portal.views import audit
from apps.portal.views.audit_words import TOPICS
from apps.sso.selectors import Role, actor_of
from apps.sso.services import assign_roles
from qts.domain.events import REGISTRY

# what goes to the bus without standing in the event log
OF_THE_MARKET = re.compile(r"marketData\.(?!gap)|technicalAnalysis\.")
QUERIES_MAX = 14  # eleven of them for the frame of every page
EventRecord = apps.get_model("eventlog", "EventRecord")


@pytest.fixture
def order(desk):
    """Entered by the trader from another machine, and filled with fields to look for."""
    trader = desk.client("trader")
    assert trader.post("/ticket/submit/", ticket_of(desk.mine), REMOTE_ADDR="10.20.30.40").status_code == 200
    return EventRecord.objects.get(topic="order.order.submitted")


def found(desk, name="risk", **asked):
    page = desk.client(name).get("/audit/", {"what": "order."} | asked)
    assert page.status_code == 200
    return [int(number) for number in re.findall(r'data-event="(\d+)"', page.content.decode())]


def test_an_order_stands_there_with_person_address_and_link(desk, order):
    page = desk.client("risk").get("/audit/", {"what": "order.order.submitted"}).content.decode()
    [row] = re.findall(r'<tr data-event="\d+".*?</tr>', page, re.DOTALL)
    assert ">trader</td>" in row
    assert "Order entered" in row
    assert f'<a href="/orders/{order.body["order_id"]}/">BUY 1000 SSI</a>' in row
    assert ">10.20.30.40<" in row
    assert order.ip_address == "10.20.30.40"


@pytest.mark.parametrize(("name", "status"), [("trader", 403), ("risk", 200), ("operator", 200), ("admin", 200)])
def test_who_may_search(desk, name, status):
    for address in ("/audit/", "/audit.csv"):
        assert desk.client(name).get(address).status_code == status


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({}, True),
        ({"who": "TRADER"}, True),
        ({"who": "trader2"}, False),
        ({"who": "nobody"}, False),
        ({"address": "10.20.30.40"}, True),
        ({"address": "10.20.30.4"}, False),
        ({"q": "ssi"}, True),
        ({"q": "%"}, False),
        ({"q": "hpg"}, False),
        ({"what": "order.order.submitted"}, True),
        ({"what": "order.order.filled"}, False),
        ({"what": "risk."}, False),
        ({"by": "strategies"}, False),
        ({"by": "all"}, True),
        ({"to": "2020-01-01"}, False),
        ({"from": "nonsense", "by": "?", "what": "' OR 1=1", "before": "x"}, True),
        ({"before": "1"}, False),
        ({"before": "9" * 19}, True),
    ],
)
def test_what_narrows_it(desk, order, asked, is_found):
    assert (order.id in found(desk, **asked)) == is_found


def test_what_one_request_led_to(desk, order):
    assert order.correlation_id
    rows = found(desk, act=order.correlation_id, by="all", what="")
    assert order.id in rows
    assert set(rows) == set(
        EventRecord.objects.filter(correlation_id=order.correlation_id).values_list("id", flat=True)
    )


def test_pages_go_on_where_the_last_one_ended_in_as_many_queries_for_many(desk, order, monkeypatch):
    monkeypatch.setattr(audit, "PAGE_ROWS", 3)
    row = EventRecord.objects.filter(id=order.id).values(
        "topic", "key", "body", "actor_kind", "actor_id", "occurred_at"
    )[0]
    EventRecord.objects.bulk_create(EventRecord(**row) for _ in range(6))
    everything = list(EventRecord.objects.filter(topic__startswith="order.").values_list("id", flat=True))
    client = desk.client("risk")
    client.get("/audit/", {"what": "order."})
    seen, address = [], "/audit/?what=order."
    while address:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address).content.decode()
        assert len(queries) <= QUERIES_MAX
        seen += [int(number) for number in re.findall(r'data-event="(\d+)"', page)]
        older = re.search(r'href="(\?[^"]*before=\d+)"', page)
        address = "/audit/" + older[1].replace("&amp;", "&") if older else ""
    assert seen == sorted(everything, reverse=True)


def test_the_file_has_every_field_and_no_formula(desk, order):
    EventRecord.objects.create(
        topic="risk.approval.requested", key="=1+1", body={"reason": "@x"}, actor_kind="user", actor_id="1",
        occurred_at=order.occurred_at,
    )  # fmt: skip
    answer = desk.client("risk").get("/audit.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert tuple(rows[0]) == audit.HEADINGS
    assert [row["key"] for row in rows if row["topic"] == "risk.approval.requested"] == ["'=1+1"]
    [told] = [row for row in rows if row["id"] == str(order.id)]
    assert (told["who"], told["ip_address"], told["object"]) == ("trader", "10.20.30.40", "BUY 1000 SSI")
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')


def test_the_administration_is_in_the_same_trail(desk):
    admin = desk.client("admin")
    page = admin.get("/audit/", {"what": "administration."}).content.decode()
    assert "Nothing like that was done" in page
    user = desk.users.trader2
    admin.post(
        f"/admin/sso/user/{user.pk}/change/",
        {"username": "trader2", "first_name": "Binh", "is_active": "on", "roles": ["trader", "operator"]},
        REMOTE_ADDR="10.1.1.1",
    )
    assert LogEntry.objects.get().action_flag == CHANGE
    trail = EventRecord.objects.filter(actor_id=str(desk.users.admin.pk), ip_address="10.1.1.1").order_by("id")
    assert [one.topic for one in trail] == ["identity.roles.changed", "administration.row.changed"]
    assert (trail[0].body["roles_before"], trail[0].body["roles"]) == ("trader", "operator, trader")
    assert (trail[1].body["row_id"], trail[1].body["act"]) == (f"sso.user:{user.pk}", "CHANGED")
    assert f"/admin/sso/user/{user.pk}/change/" in admin.get("/audit/", {"what": "administration."}).content.decode()


def test_roles_that_stay_are_no_event(desk):
    count = EventRecord.objects.count()
    assign_roles(desk.users.trader, [Role.TRADER], by=actor_of(desk.users.admin))
    assert EventRecord.objects.count() == count


def test_every_event_of_the_log_has_words():
    assert set(TOPICS) == {topic for topic in REGISTRY if not OF_THE_MARKET.match(topic)}


def test_a_script_in_an_event_is_text(desk, order):
    EventRecord.objects.create(
        topic="risk.approval.requested", key="<script>k</script>", body={"reason": "<script>alert(1)</script>"},
        actor_kind="user", actor_id="1", ip_address="<b>", occurred_at=order.occurred_at,
    )  # fmt: skip
    page = desk.client("risk").get("/audit/", {"q": "<script>"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<b>" not in page
