"""Ten thousand signals within a second: the worker's own code, a strategy in its process, the real gate."""

import threading
import time
from uuid import uuid4

import pytest
from django.db import connections

from apps.accounts import services as ledger
from apps.analytics.services import IndicatorEngine
from apps.eventlog import selectors as eventlog
from apps.orders import selectors as orders
from apps.orders.models import Intent
from apps.orders.services import submit_order
from apps.orders.tests.conftest import MORNING, at, market, request, valkey
from apps.risk import selectors as risk
from apps.risk.services import seed_limits
from apps.strategies import selectors
from apps.strategies.models import Decision
from apps.strategies.services import create_strategy, start_strategy
from apps.strategies.services.desk import StrategyDesk
from apps.strategies.services.lineup import Told
from apps.strategies.services.signals import BATCH_MAX, handle
from qts.adapters.bus import decode, encode
from qts.domain.events import TickReceived
from qts.domain.ports import Delivery
from qts.domain.values import Actor, ActorKind
from tests.flooding_strategy import Flood

__all__ = ["market", "valkey"]

pytestmark = pytest.mark.django_db(transaction=True)
SIGNALS, ORDERS_MAX, DISABLED_S_MAX = 10_000, 10, 1.0
PERSON = Actor(ActorKind.SYSTEM, "test")


def open_account(number):
    found = ledger.open_account(number=number, name="Test", connection_id=uuid4())
    ledger.adopt_balances(account_id=found, cash_vnd=10_000_000_000, positions=[], now=at("08:00:00"))
    return found


@pytest.fixture
def account_id(market):
    seed_limits(MORNING)
    return open_account("0901351")


@pytest.fixture(params=[1, 100], ids=["with each match", "a hundred with each match"])
def each(request):
    return request.param


@pytest.fixture
def flood(account_id, each):
    made = create_strategy(
        name="Flood", class_key=Flood.key, parameters={"each": each}, account_id=account_id, symbols=["SSI"]
    )
    start_strategy(made, actor=PERSON, now=MORNING)
    return made


def ticks(count):
    """All of one second, a tenth of a millisecond apart, as the bus delivers them."""
    first_ns = time.time_ns()
    for number in range(count):
        message = encode(
            TickReceived(
                symbol="SSI", price_vnd=25_000, quantity=100, ts_exchange_ms=round(MORNING.timestamp() * 1000),
                ts_received_ns=first_ns + number * 1_000_000_000 // count, wal_position=f"1:{number}",
            )
        )  # fmt: skip
        yield Delivery(message.topic, message.key, message.body, str(number))


class SomebodyElse:
    """Another account whose owner goes on trading in a thread."""

    def __init__(self) -> None:
        self.account_id = open_account("1184411")
        self.answers: list[bool] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._trade)

    def __enter__(self) -> "SomebodyElse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _trade(self) -> None:
        while not self._is_over.is_set():
            number = len(self.answers)
            wish = request("BUY 100 SSI @ 25000", f"else-{number}")
            done = submit_order(account_id=self.account_id, request=wish, actor=PERSON, now=MORNING)
            self.answers.append(done.accepted)
            self._is_over.wait(0.02)
        connections.close_all()


def test_ten_thousand_signals_in_a_second_are_ten_orders_and_a_stopped_strategy(account_id, flood, each):
    deliveries = list(ticks(SIGNALS // each))
    with StrategyDesk(IndicatorEngine(bars_before=lambda *_: [])) as desk, SomebodyElse() as other:
        desk.refresh()
        assert desk.wants_ticks
        for first in range(0, len(deliveries), BATCH_MAX):
            batch = deliveries[first : first + BATCH_MAX]
            handle([Told(one, decode(one.topic, one.body)) for one in batch], desk)
        assert not desk.wants_ticks  # its process is gone, not only its right to order
    left = orders.orders([account_id], strategy_id=str(flood))
    assert (len(left), Decision.objects.count()) == (ORDERS_MAX, ORDERS_MAX + 1)
    assert Intent.objects.filter(order__account_id=account_id).count() == ORDERS_MAX
    assert [switch.scope for switch in risk.kill_switches(engaged_only=True)] == [f"strategy:{flood}"]
    assert selectors.strategy(flood).status == "FAILED"
    first_s, last_s = lived_s(flood)
    print(f"disabled {first_s:.3f} s after its first order; of the other account meanwhile: {len(other.answers)}")
    assert last_s < DISABLED_S_MAX
    assert len(other.answers) >= 3  # it is all over within a quarter of a second
    assert all(other.answers)


def lived_s(strategy_id) -> tuple[float, float]:
    """From its first order to its end, and from its last one, by the database's clock. The first is mostly the time
    that ten orders take on this machine; `benchmarks/runaway.py` measures it."""
    wishes = eventlog.history(topic="decision.order.proposed", limit=1_000)
    (ended,) = [one for one in eventlog.history(key=str(strategy_id)) if one.body.get("status") == "FAILED"]
    first, last = wishes[-1].recorded_at, wishes[0].recorded_at
    return (ended.recorded_at - first).total_seconds(), (ended.recorded_at - last).total_seconds()
