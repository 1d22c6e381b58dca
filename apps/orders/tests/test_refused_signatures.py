"""What the signer does not sign: it is over, and keeps nothing else from leaving."""

import pytest

from apps.orders import services
from apps.orders.tests.conftest import MORNING, STRATEGY
from qts.adapters.ssi.signing import SignatureRefused
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED_SIGNATURE = SignatureRefused("the signer refuses: request 1 is not what the gate has let pass")


def test_what_the_signer_refuses_is_over_and_lets_the_next_one_leave(desk, gateway, broker):
    first, second = desk.submit(), desk.submit()
    broker.script = [REFUSED_SIGNATURE]
    assert gateway.send(2) == 2
    assert desk.order(first.order_id).status == Status.REJECTED
    assert desk.order(first.order_id).reason == str(REFUSED_SIGNATURE)
    assert desk.order(second.order_id).status == Status.SENT
    assert [name for name, _ in broker.calls] == ["new", "new"]


def test_a_cancel_that_the_signer_refuses_may_be_asked_for_again(desk, gateway, broker, working):
    order = working
    services.request_cancel(order_id=order.id, actor=STRATEGY, now=MORNING)
    broker.script = [REFUSED_SIGNATURE]
    gateway.send()
    assert desk.order(order.id).status == Status.OPEN
    assert desk.order(order.id).reason == f"cancel refused: {REFUSED_SIGNATURE}"
    services.request_cancel(order_id=order.id, actor=STRATEGY, now=MORNING)
    gateway.send()
    assert [name for name, _ in broker.calls] == ["new", "cancel", "cancel"]
    assert desk.order(order.id).status == Status.CANCEL_PENDING
