"""An order that is being amended, and what is asked of it afterwards."""

import pytest

from apps.accounts.selectors import fee_schedule
from apps.orders import selectors, services
from apps.orders.models import Intent
from apps.orders.services import resolution
from apps.orders.services.pace import Pace
from apps.orders.services.resolution import Resolver
from apps.orders.tests.conftest import MORNING, STRATEGY
from qts.adapters.ssi.trading import AmbiguousSend
from qts.domain.orders import Status
from qts.domain.portfolio import cash_needed_vnd


def need_vnd(quantity, price_vnd):
    return cash_needed_vnd(quantity=quantity, price_vnd=price_vnd, fees=fee_schedule())


def amend(order_id, now=MORNING, actor=STRATEGY, **terms):
    return services.request_amend(order_id=order_id, actor=actor, now=now, **terms)


def codes(answer):
    return [str(breach.code) for breach in answer.breaches]


def topics(order_id):
    return [entry.topic.rpartition(".")[2] for entry in selectors.order_history(order_id)]


@pytest.fixture
def amending(desk, gateway, broker, working):
    """300 at 25,050 in the book; 25,100 was sent to the broker."""
    assert amend(working.id, price_vnd=25_100).accepted
    gateway.send()
    return desk.order(working.id)


@pytest.fixture
def growing(desk, gateway, broker, working):
    """300 at 25,050 in the book; 500 was sent to the broker."""
    assert amend(working.id, quantity=500).accepted
    gateway.send()
    return desk.order(working.id)


def asked_id(order):
    return Intent.objects.get(order=order, kind="AMEND").request_id


def as_it_was(desk, order):
    stored = desk.order(order.id)
    return (stored.status, stored.quantity, stored.price_vnd, stored.wanted_quantity) == (
        Status.OPEN, 300, 25_050, None,
    ) and desk.reserved_vnd == need_vnd(300, 25_050)  # fmt: skip


@pytest.fixture
def doubtful(desk, gateway, broker, working, monkeypatch):
    """The answer to the amendment was lost."""
    monkeypatch.setattr(resolution, "ASK_EVERY_S", 0.0)
    amend(working.id, price_vnd=25_100)
    broker.script = [AmbiguousSend("read timed out")]
    assert gateway.send(3) == 1
    order = desk.order(working.id)
    assert (order.status, desk.intents()[-1]) == (Status.AMEND_PENDING, ("AMEND", "UNKNOWN"))
    return order


def ask(desk, broker):
    Resolver(desk.connection_id, broker, Pace(desk.connection_id), 1).step(MORNING)
