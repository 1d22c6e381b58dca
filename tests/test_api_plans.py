"""Conditional orders over REST: kept once per key, by their owners, refused with every reason."""

import pytest

from apps.orders.models import ConditionalOrder, Order

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
    cancelled = client.post(f"{ADDRESS}{kept['id']}/cancel/")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "CANCELLED")
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
    taken = floor.officer_client.post(f"{ADDRESS}{kept}/cancel/")
    assert (taken.status_code, taken.json()["code"]) == (422, "PLAN_NOT_FOUND")
    missing = floor.trader_client.get(f"{ADDRESS}11111111-2222-4333-8444-555555555555/")
    assert (missing.status_code, missing.json()["code"]) == (404, "PLAN_NOT_FOUND")
    assert ConditionalOrder.objects.get().status == "ACTIVE"
