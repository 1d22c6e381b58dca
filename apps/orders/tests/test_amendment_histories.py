"""Any history of amendments, matches, lost answers and lost messages ends as the exchange has it, money included."""

import itertools
import os
from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.orders import services
from apps.orders.models import Discrepancy, Intent
from apps.orders.services.resolution import declare_not_received
from apps.orders.tests.amendments import amend, need_vnd
from apps.orders.tests.conftest import MORNING, Broker, Desk, Gateway, Stream, row
from qts.adapters.ssi.trading import AmbiguousSend
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("QTS_AMENDMENT_HISTORIES", "8"))
PRICES = (24_900, 25_000, 25_100)
STEP = st.one_of(
    st.tuples(st.just("price"), st.sampled_from(PRICES), st.sampled_from(["taken", "lost", "gone"])),
    st.tuples(st.just("quantity"), st.sampled_from([200, 300, 400, 500]), st.sampled_from(["taken", "lost", "gone"])),
    st.tuples(st.just("match"), st.sampled_from([100, 200]), st.booleans()),
    st.tuples(st.just("hear"), st.integers(1, 4), st.just("")),
)


class Exchange:
    """One order as the exchange has it, and what it says of it: in order, some of it lost on the way."""

    def __init__(self, desk):
        self.desk, self.broker, self.stream = desk, Broker(), Stream(desk)
        self.gateway = Gateway(desk, self.broker)
        self.order_id = desk.submit("BUY 300 SSI @ 25000").order_id
        self.gateway.send()
        self.order = desk.order(self.order_id)
        self.quantity, self.price_vnd, self.filled, self.unique_id = 300, 25_000, 0, self.order.request_id
        self.said = []
        self.notify_ids = itertools.count(1)
        self.say("QU")
        self.hear(9)

    @property
    def status(self):
        if self.filled == self.quantity:
            return "FF"
        return "PF" if self.filled else "QU"

    def say(self, status, is_lost=False):
        terms, filled, unique_id = (self.quantity, self.price_vnd), self.filled, self.unique_id
        notify_id = next(self.notify_ids)
        if not is_lost:
            self.said.append(lambda: self.stream.event(
                self.order, status, filled=filled, terms=terms, unique_id=unique_id, notify_id=notify_id
            ))  # fmt: skip

    def hear(self, count):
        for _ in range(min(count, len(self.said))):
            self.said.pop(0)()

    def amend(self, fate, is_lost, **terms):
        """`fate` of the request: taken, taken and its answer lost, or gone before it arrived."""
        if not amend(self.order_id, **terms).accepted:
            return
        if fate != "taken":
            self.broker.script = [AmbiguousSend("reset")]
        self.gateway.send()
        if fate == "gone":
            return
        request_id = self.broker.calls[-1][1]
        asked = Intent.objects.get(request_id=request_id)
        self.unique_id = request_id
        self.say("WM", is_lost)
        if self.status == "FF" or asked.quantity <= self.filled:
            notify_id = next(self.notify_ids)
            if not is_lost:
                self.said.append(lambda: self.stream.error(request_id, "ORD012", "no", notify_id=notify_id))
            return
        self.quantity, self.price_vnd = asked.quantity, asked.price_vnd
        self.say(self.status, is_lost)

    def match(self, quantity, is_lost):
        quantity = min(quantity, self.quantity - self.filled)
        if quantity == 0:
            return
        self.filled += quantity
        notify_id = next(self.notify_ids)
        self.said.append(lambda: self.stream.match(self.order, quantity, 24_900, notify_id=notify_id))
        self.say(self.status, is_lost)

    def tell_all(self):
        """The stream to its end, then the order book; what it does not show was never received."""
        self.hear(len(self.said))
        shown = SimpleNamespace(
            order_type="LO", symbol="SSI", side="BUY", quantity=self.quantity, price_vnd=self.price_vnd,
            request_id=self.order.request_id,
        )  # fmt: skip
        services.apply_book_row(
            self.desk.connection_id,
            row(shown, self.status, filled=self.filled, unique_id=self.unique_id),
            now=MORNING,
        )
        for intent in Intent.objects.select_related("order").filter(kind="AMEND", state="UNKNOWN"):
            declare_not_received(intent, MORNING)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(STEP, st.booleans()), max_size=14))
def test_any_history_ends_as_the_exchange_has_it(market, steps):
    with transaction.atomic():
        exchange = Exchange(Desk())
        for (act, how_much, detail), is_lost in steps:
            if act == "hear":
                exchange.hear(how_much)
            elif act == "match":
                exchange.match(how_much, is_lost)
            else:
                terms = {"price_vnd": how_much} if act == "price" else {"quantity": how_much}
                exchange.amend(detail, is_lost, **terms)
        exchange.tell_all()
        assert_as_the_exchange(exchange)
        transaction.set_rollback(True)


def assert_as_the_exchange(exchange):
    order = exchange.desk.order(exchange.order_id)
    rest = exchange.quantity - exchange.filled
    status = {"FF": Status.FILLED, "PF": Status.PARTIALLY_FILLED, "QU": Status.OPEN}[exchange.status]
    assert (order.quantity, order.price_vnd, order.filled_quantity, order.status, order.wanted_quantity) == (
        exchange.quantity, exchange.price_vnd, exchange.filled, status, None,
    )  # fmt: skip
    held = exchange.desk.state.reserved_orders_vnd
    needed = need_vnd(rest, exchange.price_vnd) if rest else 0
    assert abs(held - needed) <= 3  # a fee is rounded for each match
    assert held >= 0
    assert exchange.desk.state.position("SSI").quantity == 1_000 + exchange.filled
    assert not Discrepancy.objects.exists()
    assert not Intent.objects.filter(state__in=["READY", "CLAIMED", "UNKNOWN"]).exists()
    assert [found.troubles for found in services.verify_orders() if found.troubles] == []
