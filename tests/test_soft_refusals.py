"""A refusal that asks for the price once more, over REST: a slip of the hand is caught, a wish is carried out."""

import pytest

from apps.orders.models import Order
from apps.orders.tests.conftest import MORNING
from apps.risk import services as risk
from qts.domain.errors import RuleCode
from qts.domain.values import Actor, ActorKind

OFFICER = Actor(ActorKind.USER, "7")


@pytest.fixture
def collar(floor):
    """No further than 1 % from the last price, which is 25,000."""
    risk.change_limit(code=RuleCode.PRICE_FAR_FROM_LAST, limit=100, reason="test", actor=OFFICER, now=MORNING)


def test_the_price_typed_once_more_under_a_new_key_sends_the_order(floor, collar):
    refused = floor.place("k-1", price_vnd=25_500)
    (breach,) = refused.json()["context"]["breaches"]
    assert (refused.status_code, breach["code"], breach["limit"], breach["actual"]) == (
        422, "PRICE_FAR_FROM_LAST", 100, 200,
    )  # fmt: skip
    wrong = floor.place("k-2", price_vnd=25_500, confirmations={"PRICE_FAR_FROM_LAST": 25_000})
    assert wrong.status_code == 422
    sent = floor.place("k-3", price_vnd=25_500, confirmations={"PRICE_FAR_FROM_LAST": 25_500})
    assert (sent.status_code, sent.json()["status"]) == (201, "PENDING")
    assert [order.status for order in Order.objects.order_by("submitted_at", "client_order_id")] == [
        "DENIED", "DENIED", "PENDING",
    ]  # fmt: skip


def test_a_confirmation_under_the_old_key_is_another_order(floor, collar):
    floor.place("k-1", price_vnd=25_500)
    again = floor.place("k-1", price_vnd=25_500, confirmations={"PRICE_FAR_FROM_LAST": 25_500})
    assert again.status_code != 201
    assert again.json()["context"]["breaches"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert Order.objects.count() == 1


def test_a_hard_refusal_cannot_be_confirmed(floor):
    answer = floor.place(quantity=300, confirmations={"BUYING_POWER_EXCEEDED": 300})
    assert answer.status_code == 400
    assert Order.objects.count() == 0
