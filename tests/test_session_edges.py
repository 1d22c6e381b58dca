"""The last moments of a session, over the real wire, where the exchange's clock is a second and a half ahead of ours.

Orders, cancels and amendments that we think are in time meet the next session. Whatever the broker answers: nothing is
lost, nothing doubled, and what we say of an order is what the broker's ledger says.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pytest

from apps.marketdata import selectors as marketdata
from apps.orders import services
from apps.orders.models import Discrepancy, Intent, Order
from apps.orders.services import reconciliation, resolution
from qts.domain.orders import OrderRequest, Status
from qts.domain.values import OrderType, Side
from tests.journeys import STRATEGY, Journey, journey
from tests.order_market import wait_for

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
DAY: Final = "2026-11-23"
AHEAD: Final = timedelta(seconds=1.5)
LEAD: Final = timedelta(seconds=2.5)
QUOTA: Final = [{"endpoint": "*", "period": "1s", "limit": 50}]
# Ours -> what the broker's book may say of it
AGREES: Final[dict[Status, set[str]]] = {
    Status.OPEN: {"QU"},
    Status.CANCELLED: {"CL", "absent"},
    Status.EXPIRED: {"EX"},
    Status.REJECTED: {"RJ"},
    Status.FILLED: {"FF"},
    Status.PARTIALLY_FILLED: {"PF"},
}
UNDER_WAY: Final = (Intent.State.READY, Intent.State.CLAIMED, Intent.State.UNKNOWN)


class Edge:
    """A desk whose acts fall on both sides of the bell."""

    def __init__(self, journey: Journey, settings) -> None:
        self.journey = journey
        self.settings = settings
        self.placed: list[UUID] = []
        self.floor, self.ceiling = journey.band()
        self._names = itertools.count(1)

    def go_to(self, bell: str) -> None:
        """`LEAD` before the bell by our clock, and by the exchange's `AHEAD` of that."""
        at = datetime.fromisoformat(f"{DAY}T{bell}") - LEAD
        there = (at + AHEAD).isoformat(timespec="milliseconds")
        self.journey.market.ask("sim/clock", {"jump_to": there})
        self.settings.MARKET_CLOCK = f"affine:{DAY},{at:%H:%M:%S.%f},15:10:00,{time.time():.3f},1"

    def place(self, order_type: OrderType = OrderType.LO) -> None:
        """At the floor, where it rests; the gate may refuse it, for its session is over by our clock too."""
        price_vnd = self.floor if order_type == OrderType.LO else None
        wish = OrderRequest("SSI", Side.BUY, order_type, 100, price_vnd, f"edge-{next(self._names)}")
        done = services.submit_order(
            account_id=self.journey.account_id, request=wish, actor=STRATEGY, now=marketdata.market_now()
        )
        if done.accepted and done.order_id is not None:
            self.placed.append(done.order_id)

    def cancel(self, order_id: UUID) -> None:
        services.request_cancel(order_id=order_id, actor=STRATEGY, now=marketdata.market_now())

    def amend(self, order_id: UUID) -> None:
        services.request_amend(
            order_id=order_id, quantity=200, price_vnd=None, actor=STRATEGY, now=marketdata.market_now()
        )

    def rest(self, count: int) -> list[UUID]:
        before = len(self.placed)
        for _ in range(count):
            self.place()
        mine = self.placed[before:]
        assert len(mine) == count
        for order_id in mine:
            self.journey.wait_status(order_id, Status.OPEN)
        return mine

    def cross(self, resting: list[UUID], place: Callable[[], None]) -> None:
        """New orders, cancels and amendments, from before the bell to after it by either clock."""
        until = time.monotonic() + (LEAD + timedelta(seconds=1)).total_seconds()
        acts = itertools.cycle((self.cancel, self.amend))
        wishes = iter([(next(acts), order_id) for order_id in resting])
        while time.monotonic() < until:
            place()
            for act, order_id in itertools.islice(wishes, 1):
                act(order_id)
            time.sleep(0.25)

    def afternoon(self) -> None:
        """Both clocks well into continuous trading, where what waited for it goes out."""
        self.journey.market.ask("sim/clock", {"jump_to": f"{DAY}T13:05:01.500"})
        self.settings.MARKET_CLOCK = f"affine:{DAY},13:05:00,15:10:00,{time.time():.3f},1"
        wait_for(lambda: not Order.objects.filter(cancel_wanted=True).exists(), 60, "cancels still wait")
        self.settles()

    def refusals(self) -> Counter[str]:
        """What the broker or the exchange refused for the session's sake, by its code."""
        answers = Intent.objects.filter(order_id__in=self.placed).values_list("answer", flat=True)
        reasons = [*answers, *Order.objects.filter(id__in=self.placed).values_list("reason", flat=True)]
        return Counter(code for reason in reasons for code in ("ORD011", "ORD016") if code in reason)

    def settles(self) -> None:
        """Everything has been answered, and our rows are the broker's."""
        wait_for(
            lambda: not Intent.objects.filter(state__in=UNDER_WAY).exists() and not self.differences(),
            40,
            lambda: f"{self.differences()}, {list(Intent.objects.filter(state__in=UNDER_WAY).values())}",
        )

    def differences(self) -> list[str]:
        at_broker = self.journey.at_broker()
        found = []
        for order in Order.objects.filter(id__in=self.placed):
            row = at_broker.get(order.request_id)
            theirs = row["status"] if row else "absent"
            if theirs not in AGREES.get(Status(order.status), set()):
                found.append(f"{order.request_id} is {order.status} ({order.reason}), the broker says {theirs}")
        return found


@pytest.fixture
def edge(journey: Journey, settings, monkeypatch) -> Edge:
    monkeypatch.setattr(resolution, "ABSENT_S_MIN", 1.5)
    monkeypatch.setattr(reconciliation, "COMPARE_EVERY_S", 1.0)
    journey.market.ask("sim/quota", {"service": "trading", "limits": QUOTA})
    journey.market.slices.start(services.run_gateways, services.run_order_streams)
    wait_for(lambda: journey.connection("circuit") == "CLOSED", 60, "the gateway is not ready")
    return Edge(journey, settings)


def test_what_meets_the_bell_is_answered_once_and_known_by_its_true_state(edge: Edge, subtests):
    """Lunch takes nothing; the closing auction takes limit orders and lets nobody out; after it the day is over."""
    before: Counter[str] = Counter()
    for bell, place in (
        ("11:30:00", edge.place),
        ("14:30:00", lambda: edge.place(OrderType.MTL)),
        ("14:45:00", edge.place),
    ):
        with subtests.test(bell):
            began = time.monotonic()
            resting = edge.rest(10) if bell != "14:45:00" else []
            edge.go_to(bell)
            edge.cross(resting, place)
            edge.settles()
            refused = edge.refusals() - before
            before = edge.refusals()
            print(f"{bell}: {time.monotonic() - began:.1f} s, {refused}", flush=True)
            assert refused or not resting, "nothing has met the bell: it proves nothing"
        if bell == "11:30:00":
            edge.afternoon()
    assert Order.objects.filter(id__in=edge.placed, status=Status.EXPIRED).count() > 5, "the day's end"
    requests = edge.journey.market.ask("sim/ledger")["requests"]
    asked = Counter(one["request"]["requestID"] for one in requests)
    assert [request_id for request_id, times in asked.items() if times > 1] == []
    assert {row["requestID"] for row in edge.journey.at_broker().values()} <= {
        edge.journey.order(order_id).request_id for order_id in edge.placed
    }
    assert not Discrepancy.objects.filter(resolved_at__isnull=True).exists()
    edge.journey.assert_books_agree()
