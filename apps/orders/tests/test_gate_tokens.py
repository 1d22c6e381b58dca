"""Whatever leaves carries the gate's word for exactly what leaves."""

from typing import Any

import pytest
from django.conf import settings

from apps.orders import services
from apps.orders.models import Intent
from apps.orders.tests.conftest import MORNING, STRATEGY, Broker
from qts.adapters.sealing import gate_keys
from qts.adapters.ssi.gate_tokens import is_allowed, terms_of
from qts.adapters.ssi.trading_codec import cancel_order_body, modify_order_body, new_order_body

pytestmark = pytest.mark.django_db(transaction=True)


class SignedBroker(Broker):
    """Makes the body as the client does and asks what the signer would say."""

    def __init__(self) -> None:
        super().__init__()
        self.signed: list[tuple[str, bool]] = []

    def new_order(self, **given: Any):
        return self._sign("NewOrder", new_order_body, given)

    def modify_order(self, **given: Any):
        return self._sign("ModifyOrder", modify_order_body, given)

    def cancel_order(self, **given: Any):
        return self._sign("CancelOrder", cancel_order_body, given)

    def _sign(self, call: str, body_of: Any, given: dict[str, Any]):
        token = given.pop("gate_token")
        assert given.pop("may_send")()
        terms = terms_of(call, body_of(**given, device_id="02-00-51-54-53-01"))
        self.signed.append((call, is_allowed(terms, token, gate_keys(settings.QTS_SECRET_KEY_FILE))))
        return self._answer(call, given["request_id"])


@pytest.fixture
def broker() -> SignedBroker:
    return SignedBroker()


@pytest.mark.parametrize("text", ["BUY 300 SSI @ 25050", "SELL 100 SSI @ 25100", "BUY 100 SSI @ MTL"])
def test_orders(desk, gateway, broker, text):
    assert desk.submit(text).accepted
    gateway.send()
    assert broker.signed == [("NewOrder", True)]


def test_amendments_and_cancels(desk, gateway, broker, stream, working):
    assert services.request_amend(order_id=working.id, price_vnd=25_000, actor=STRATEGY, now=MORNING).accepted
    gateway.send()
    changed = desk.order(working.id)
    changed.price_vnd = 25_000
    stream.event(changed, "QU", unique_id=Intent.objects.get(kind="AMEND").request_id)
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    gateway.send()
    assert broker.signed == [("NewOrder", True), ("ModifyOrder", True), ("CancelOrder", True)]


def test_an_order_that_was_amended_before_it_left(desk, gateway, broker):
    done = desk.submit()
    assert services.request_amend(order_id=done.order_id, quantity=200, actor=STRATEGY, now=MORNING).accepted
    gateway.send()
    assert broker.signed == [("NewOrder", True)]


@pytest.mark.parametrize("change", [{"quantity": 200}, {"price_vnd": 25_000}, {"side": "SELL"}], ids=str)
def test_a_row_that_was_changed_past_the_gate_is_not_signed(desk, gateway, broker, change):
    done = desk.submit()
    type(desk.order(done.order_id)).objects.filter(id=done.order_id).update(**change)
    gateway.send()
    assert broker.signed == [("NewOrder", False)]
