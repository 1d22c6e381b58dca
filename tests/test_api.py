"""The REST API as another program sees it: what it answers, and what a refusal leaves behind."""

import time

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from apps.accounts import services as ledger
from apps.accounts.models import AccountMembership, Reservation
from apps.eventlog import selectors as eventlog
from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import LiveState
from apps.orders.models import Intent, Order
from apps.orders.tests.conftest import at
from apps.sso.tests.sessions import make_user
from qts import api_urls
from qts.domain.events import OrderDenied

pytestmark = pytest.mark.django_db


def test_an_order_is_taken_once_per_key(floor):
    first, again = floor.place(), floor.place()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["status"] == "PENDING"
    assert (Order.objects.count(), Intent.objects.count(), Reservation.objects.count()) == (1, 1, 1)


def test_another_body_under_the_same_key_is_refused(floor):
    floor.place()
    other = floor.place(quantity=400)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert Order.objects.get().quantity == 300


def test_another_account_under_the_same_key_is_refused(floor):
    ledger.grant_membership(account_id=floor.foreign_account_id, username="trader", role=AccountMembership.Role.TRADE)
    floor.place()
    other = floor.place(account_id=str(floor.foreign_account_id))
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert Order.objects.get().account_id == floor.desk.account_id
    assert floor.place().status_code == 201


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"symbol": "XYZ"}, 422, "UNKNOWN_SYMBOL"),
        ({"price_vnd": 25_070}, 422, "PRICE_OFF_TICK"),
        ({"quantity": 150}, 422, "QUANTITY_OFF_LOT"),
        ({"price_vnd": 26_800}, 422, "PRICE_ABOVE_CEILING"),
        ({"price_vnd": 23_200}, 422, "PRICE_BELOW_FLOOR"),
        ({"order_type": "ATO", "price_vnd": None}, 422, "SESSION_FORBIDS_ORDER_TYPE"),
        ({"price_vnd": None}, 422, "PRICE_REQUIRED"),
        ({"quantity": 0}, 422, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": -100}, 422, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": 100_000}, 422, "ORDER_VALUE_EXCEEDS_MAX"),
        ({"side": "SELL", "quantity": 2_000}, 422, "SELLABLE_QUANTITY_EXCEEDED"),
        ({"quantity": 100.5}, 400, "INVALID_INPUT"),
        ({"quantity": "300"}, 400, "INVALID_INPUT"),
        ({"quantity": True}, 400, "INVALID_INPUT"),
        ({"price_vnd": 25_050.5}, 400, "INVALID_INPUT"),
        ({"side": "HOLD"}, 400, "INVALID_INPUT"),
        ({"symbol": ...}, 400, "INVALID_INPUT"),
        ({"colour": "red"}, 400, "INVALID_INPUT"),
        ({"account_id": "0901351"}, 400, "INVALID_INPUT"),
    ],
)
def test_a_bad_order_is_refused_and_leaves_nothing_working(floor, changes, status, code):
    answer = floor.place(**changes)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert body["message"]
    assert set(body) == {"code", "message", "context", "correlation_id"}
    assert (Reservation.objects.count(), Intent.objects.count()) == (0, 0)
    if status == 422:
        assert Order.objects.get().status == "DENIED"
        assert len(eventlog.history(topic=OrderDenied.topic)) == 1
        assert code in [breach["code"] for breach in body["context"]["breaches"]]


def test_somebody_elses_account_does_not_exist(floor):
    answer = floor.place(account_id=str(floor.foreign_account_id))
    assert (answer.status_code, answer.json()["code"]) == (422, "ACCOUNT_NOT_FOUND")
    assert floor.trader_client.get(f"/api/v1/accounts/{floor.foreign_account_id}/positions/").status_code == 404
    assert Order.objects.count() == 0


def test_an_officer_sees_but_does_not_trade(floor):
    answer = floor.place(client=floor.officer_client)
    assert (answer.status_code, answer.json()["code"]) == (422, "ACCOUNT_NOT_TRADABLE")
    assert floor.officer_client.get(f"/api/v1/accounts/{floor.desk.account_id}/positions/").status_code == 200
    assert Order.objects.count() == 0


@pytest.mark.parametrize("key", ["", "k" * 65, "naïve"])
def test_an_order_without_a_usable_key_is_not_taken(floor, key):
    answer = floor.place(key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert Order.objects.count() == 0


def test_not_json_is_a_malformed_body(floor):
    answer = floor.trader_client.post("/api/v1/orders/", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED_BODY")


def test_a_password_alone_is_not_enough(floor):
    user = make_user("careless", with_factor=False)
    for client in (Client(), Client()):
        assert client.get("/api/v1/orders/").status_code == 403
        client.force_login(user)
        assert client.get("/api/v1/orders/").json()["code"] == "PERMISSION_DENIED"


def test_a_cancel_of_an_order_that_was_not_sent_takes_it_back(floor):
    order_id = floor.place().json()["id"]

    def cancel(key):
        return floor.trader_client.post(f"/api/v1/orders/{order_id}/cancel/", headers={"Idempotency-Key": key})

    cancelled = cancel("c-1")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "CANCELLED")
    assert floor.desk.reserved_vnd == 0
    again = cancel("c-2")
    assert (again.status_code, again.json()["code"]) == (422, "ORDER_NOT_CANCELLABLE")


def test_the_kill_switch_needs_an_officer_and_stops_the_next_order(floor):
    body = {"scope": "firm", "engaged": True, "reason": "drill"}

    def throw(client):
        return client.post("/api/v1/kill-switches/", body, content_type="application/json")

    assert throw(floor.trader_client).status_code == 403
    assert throw(floor.officer_client).json()[0]["is_engaged"] is True
    answer = floor.place()
    assert (answer.status_code, answer.json()["code"]) == (422, "KILL_SWITCH_ENGAGED")
    assert Intent.objects.count() == 0


@pytest.mark.parametrize("scope", ["symbol:SS1", "user:999999", "account:5525cb34-b425-4977-bd96-01e3de82e564"])
def test_who_stops_what_there_is_not_is_told_that_nothing_stopped(floor, scope):
    body = {"scope": scope, "engaged": True, "reason": "drill"}
    answer = floor.officer_client.post("/api/v1/kill-switches/", body, content_type="application/json")
    assert answer.status_code == 400
    assert floor.officer_client.get("/api/v1/kill-switches/").json() == []


def test_what_another_account_lost_is_nobodys_business(floor):
    for number, account_id in enumerate((floor.desk.account_id, floor.foreign_account_id)):
        body = {"scope": f"account:{account_id}", "engaged": True, "reason": f"lost {number} VND"}
        floor.officer_client.post("/api/v1/kill-switches/", body, content_type="application/json")
    seen = floor.trader_client.get("/api/v1/kill-switches/").json()
    assert [switch["reason"] for switch in seen] == ["lost 0 VND"]
    assert len(floor.officer_client.get("/api/v1/kill-switches/").json()) == 2


def test_bars_come_page_by_page(floor):
    """The newest first, oldest first in a page; each page's Link leads to the one before, the last one has none."""
    rows, model = [], apps.get_model("marketdata", "Bar1m")
    for minute in range(5):
        starts_at = at(f"09:{15 + minute}:00")
        prices = dict.fromkeys(("open_vnd", "high_vnd", "low_vnd", "close_vnd"), 25_000 + minute)
        told = {"volume": 100, "value_vnd": 1, "trade_count": 1, "received_at_ns": 1, "wal_position": "1:8"}
        rows.append(model(symbol="SSI", starts_at=starts_at, trading_day=starts_at.date(), **prices, **told))
    model.objects.bulk_create(rows)
    address, pages = "/api/v1/bars/SSI/?limit=2", []
    while address:
        answer = floor.trader_client.get(address)
        pages.append([row["open_vnd"] for row in answer.json()])
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('; rel="next"')
        address = link.partition(">")[0][1:]
    assert pages == [[25_003, 25_004], [25_001, 25_002], [25_000]]


def hear_the_market():
    """Nine seconds ago, and not since."""
    now_ns = time.time_ns()
    LiveState(settings.REDIS_URL).report(
        StreamState.RECONNECTING, since_ns=now_ns, reported_ns=now_ns, last_frame_ns=now_ns - 9_000_000_000
    )


def test_reading(floor):
    client = floor.trader_client
    floor.place()
    assert [row["symbol"] for row in client.get("/api/v1/securities/").json()] == ["SSI"]
    hear_the_market()
    (quoted,) = client.get("/api/v1/quotes/?symbols=ssi").json()
    assert (quoted["last_vnd"], quoted["stream_state"]) == (25_000, "reconnecting")
    assert 9_000 <= quoted["stream_age_ms"] < 14_000
    assert client.get("/api/v1/quotes/?symbols=XYZ").json()["code"] == "UNKNOWN_SYMBOL"
    assert client.get("/api/v1/bars/SSI/").json() == []
    assert client.get("/api/v1/bars/SSI/?resolution=5m&prices=adjusted").json() == []
    assert client.get("/api/v1/bars/SSI/?resolution=7m").json()["code"] == "INVALID_INPUT"
    assert client.get("/api/v1/bars/SSI/?limit=0").json()["code"] == "INVALID_INPUT"
    assert client.get("/api/v1/bars/SSI/?limti=5").json()["context"]["fields"] == {"limti": ["Unknown field."]}
    assert len(client.get("/api/v1/orders/?open_only=true").json()) == 1
    assert client.get("/api/v1/fills/").json() == []
    (account,) = client.get("/api/v1/accounts/").json()
    hear_the_market()
    portfolio = client.get(f"/api/v1/accounts/{account['id']}/positions/").json()
    assert (portfolio["cash_settled_vnd"], portfolio["stream_state"]) == (100_000_000, "reconnecting")
    assert portfolio["reserved_vnd"] == floor.desk.reserved_vnd > 300 * 25_050
    assert portfolio["positions"][0]["market_value_vnd"] == 25_000_000
    use = {row["code"]: row for row in client.get(f"/api/v1/accounts/{account['id']}/limit-use/").json()}
    assert use["OPEN_ORDERS_EXCEED_MAX"]["actual"] == 1
    assert client.get("/api/v1/strategies/").json() == []
    assert client.get("/api/v1/limits/").json()


def test_lists_cost_a_fixed_number_of_queries(floor, django_assert_max_num_queries):
    for number in range(5):
        floor.place(key=f"k-{number}", quantity=100)
    with django_assert_max_num_queries(10):
        assert len(floor.trader_client.get("/api/v1/orders/").json()) == 5


def test_the_schema_describes_every_endpoint_and_the_page_needs_no_other_host(floor):
    schema = floor.trader_client.get("/api/schema/?format=json").json()
    assert schema["openapi"].startswith("3.")
    assert "/api/v1/orders/" in schema["paths"]
    assert len(schema["paths"]) == len({str(known.pattern) for known in api_urls.urlpatterns})
    page = floor.trader_client.get("/api/docs/").content.decode()
    assert "https://cdn" not in page


def test_health_names_what_is_down(floor, settings, client):
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (200, "ok")
    assert ready.json()["strategy_layers"]["limits"] is True
    settings.EVENT_BUS_URL = "kafka://127.0.0.1:1"
    down = client.get("/readyz")
    assert (down.status_code, down.json()["checks"]["valkey"]) == (503, "ok")
    assert down.json()["checks"]["bus"] == "down: TransientError"
    settings.REDIS_URL = settings.EVENT_BUS_URL = "redis://127.0.0.1:1/0"
    down = client.get("/readyz")
    assert down.status_code == 503
    assert down.json()["checks"]["valkey"].startswith("down")
    assert down.json()["checks"]["bus"].startswith("down")


@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [
        ("", "", 401), ("", "Bearer ", 401), ("t0ken", "", 401), ("t0ken", "Bearer tOken", 401),
        ("t0ken", "Bearer t0ken", 200),
    ],
)  # fmt: skip
def test_in_production_metrics_are_for_whoever_has_the_token(client, settings, token, sent, status):
    settings.METRICS_ARE_OPEN, settings.METRICS_TOKEN = False, token
    answer = client.get("/metrics", headers={"Authorization": sent})
    assert answer.status_code == status
    assert (b"qts_" in answer.content) == (status == 200)


def test_metrics_speak_prometheus(floor, client):
    floor.place(quantity=150)
    text = client.get("/metrics").content.decode()
    assert 'qts_gate_refusals_total{code="QUANTITY_OFF_LOT"}' in text
