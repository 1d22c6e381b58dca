"""Conditional, sliced and basket orders over REST: taken once per key, by their owners, refused with every reason."""

import pytest

from apps.orders.models import Basket, ConditionalOrder, Order, SlicedOrder

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/conditional-orders/"


def ask(floor, key="k-1", client=None, **changes):
    body = {
        "account_id": str(floor.desk.account_id), "kind": "OCO", "symbol": "SSI", "side": "SELL", "quantity": 300,
        "valid_until": "2026-11-25", "stop_vnd": 24_000, "target_vnd": 26_500,
    } | changes  # fmt: skip
    return (client or floor.trader_client).post(
        ADDRESS,
        {name: value for name, value in body.items() if value is not ...},
        content_type="application/json",
        headers={"Idempotency-Key": key} if key else {},
    )


def cancel(client, address):
    return client.post(f"{address}cancel/", headers={"Idempotency-Key": "cancel-1"})


def test_it_is_kept_once_per_key_and_can_be_read_and_taken_back(floor):
    first, again = ask(floor), ask(floor)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    kept = first.json()
    assert (kept["status"], [leg["role"] for leg in kept["legs"]]) == ("ACTIVE", ["STOP", "TARGET"])
    assert [(leg["level_vnd"], leg["direction"], leg["state"]) for leg in kept["legs"]] == [
        (24_000, "AT_OR_BELOW", "WATCHING"), (26_500, "AT_OR_ABOVE", "WATCHING"),
    ]  # fmt: skip
    client = floor.trader_client
    assert client.get(f"{ADDRESS}{kept['id']}/").json() == kept
    assert [row["id"] for row in client.get(f"{ADDRESS}?active_only=true&symbol=SSI").json()] == [kept["id"]]
    assert client.post(f"{ADDRESS}{kept['id']}/cancel/").json()["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    cancelled, repeated = (cancel(client, f"{ADDRESS}{kept['id']}/") for _ in "12")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "CANCELLED")
    assert (repeated.status_code, repeated.json()) == (202, cancelled.json())
    assert client.get(f"{ADDRESS}?active_only=true").json() == []
    assert (ConditionalOrder.objects.count(), Order.objects.count()) == (1, 0)


def test_another_body_under_the_same_key_is_refused(floor):
    ask(floor)
    other = ask(floor, quantity=400)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert ConditionalOrder.objects.get().quantity == 300


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"stop_vnd": ...}, 422, "TERMS_MISSING"),
        ({"then_vnd": 25_000}, 422, "TERMS_NOT_ALLOWED"),
        ({"stop_vnd": 26_500, "target_vnd": 24_000}, 422, "LEVELS_OUT_OF_ORDER"),
        ({"kind": "STOP", "target_vnd": ..., "stop_vnd": 25_000}, 422, "TRIGGER_ALREADY_MET"),
        ({"valid_until": "2027-06-01"}, 422, "VALIDITY_OUT_OF_RANGE"),
        ({"symbol": "XYZ"}, 422, "UNKNOWN_SYMBOL"),
        ({"kind": "SOMEDAY"}, 400, "INVALID_INPUT"),
        ({"stop_vnd": 24_000.5}, 400, "INVALID_INPUT"),
        ({"valid_until": "tomorrow"}, 400, "INVALID_INPUT"),
        ({"colour": "red"}, 400, "INVALID_INPUT"),
    ],
)
def test_a_bad_one_leaves_nothing(floor, changes, status, code):
    answer = ask(floor, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert not ConditionalOrder.objects.exists()


def test_strangers_and_officers(floor):
    assert ask(floor, account_id=str(floor.foreign_account_id)).json()["code"] == "ACCOUNT_NOT_FOUND"
    assert ask(floor, client=floor.officer_client).json()["code"] == "ACCOUNT_NOT_TRADABLE"
    assert ask(floor, key="").json()["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    assert not ConditionalOrder.objects.exists()
    kept = ask(floor).json()["id"]
    taken = cancel(floor.officer_client, f"{ADDRESS}{kept}/")
    assert (taken.status_code, taken.json()["code"]) == (422, "PLAN_NOT_FOUND")
    missing = floor.trader_client.get(f"{ADDRESS}11111111-2222-4333-8444-555555555555/")
    assert (missing.status_code, missing.json()["code"]) == (404, "PLAN_NOT_FOUND")
    assert ConditionalOrder.objects.get().status == "ACTIVE"


def send(floor, path, key="k-1", client=None, **body):
    return (client or floor.trader_client).post(
        f"/api/v1/{path}",
        {"account_id": str(floor.desk.account_id)} | body,
        content_type="application/json",
        headers={"Idempotency-Key": key},
    )


ICEBERG = {"kind": "ICEBERG", "symbol": "SSI", "side": "BUY", "quantity": 1_000, "price_vnd": 25_000}


def test_an_iceberg_is_taken_once_read_and_taken_back(floor):
    first, again = (send(floor, "sliced-orders/", show_quantity=300, **ICEBERG) for _ in "12")
    assert (first.status_code, first.json()) == (201, again.json())
    address = f"/api/v1/sliced-orders/{first.json()['id']}/"
    assert floor.trader_client.get(address).json()["status"] == "ACTIVE"
    assert [row["id"] for row in floor.trader_client.get("/api/v1/sliced-orders/?active_only=true").json()] == [
        first.json()["id"]
    ]
    other = send(floor, "sliced-orders/", show_quantity=400, **ICEBERG)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    missing = send(floor, "sliced-orders/", key="k-2", **ICEBERG)
    assert (missing.status_code, missing.json()["code"]) == (422, "TERMS_MISSING")
    assert cancel(floor.officer_client, address).json()["code"] == "PLAN_NOT_FOUND"
    assert cancel(floor.trader_client, address).json()["status"] == "CANCELLED"
    assert (SlicedOrder.objects.count(), Order.objects.count()) == (1, 0)


ROWS = [
    {"symbol": "SSI", "side": "BUY", "quantity": 300, "price_vnd": 25_000},
    {"symbol": "SSI", "side": "BUY", "order_type": "LO", "quantity": 150, "price_vnd": 25_000},
]


def test_a_basket_is_asked_about_and_sent_once(floor):
    asked = send(floor, "baskets/preview/", rows=ROWS).json()
    assert [row["would_pass"] for row in asked["rows"]] == [True, False]
    assert (asked["buy_vnd"], asked["passing_count"], Order.objects.count()) == (7_511_250, 1, 0)
    first, again = (send(floor, "baskets/", rows=ROWS) for _ in "12")
    assert (first.status_code, first.json()) == (201, again.json())
    assert [order["status"] for order in first.json()["orders"]] == ["PENDING", "DENIED"]
    assert floor.trader_client.get(f"/api/v1/baskets/{first.json()['id']}/").json() == first.json()
    assert (Basket.objects.count(), Order.objects.count()) == (1, 2)


def test_a_basket_that_is_no_table_sends_nothing(floor):
    for rows in (
        [],
        [{"symbol": "SSI"}],
        [ROWS[0] | {"colour": "red"}],
        [ROWS[0] | {"quantity": 1.5}],
        [ROWS[0]] * 101,
    ):
        answer = send(floor, "baskets/", rows=rows)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")
    assert not Order.objects.exists()


def test_nobody_elses_account_takes_a_basket_or_shows_one(floor):
    foreign = {"account_id": str(floor.foreign_account_id)}
    assert send(floor, "baskets/preview/", rows=ROWS, **foreign).status_code == 404
    assert send(floor, "baskets/", rows=ROWS, **foreign).json()["code"] == "ACCOUNT_NOT_FOUND"
    assert send(floor, "baskets/", rows=ROWS, client=floor.officer_client).json()["code"] == "ACCOUNT_NOT_TRADABLE"
    assert not Basket.objects.exists()
