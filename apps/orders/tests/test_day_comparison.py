"""The end of a day: orders by the broker's history, shares and cash, once, whoever was there to see the day end."""

from datetime import date
from types import SimpleNamespace

import pytest

from apps.accounts import selectors as accounts
from apps.orders.models import Discrepancy, ForeignOrder, StreamPosition
from apps.orders.services import day_comparison
from apps.orders.services.day_comparison import RETRY_S, DayComparison, last_day_over
from apps.orders.services.pace import Pace
from apps.orders.tests.conftest import MORNING, Broker, at, row
from qts.adapters.ssi.trading import BrokerCash, BrokerPosition, RateLimit
from qts.domain.errors import TransientError

pytestmark = pytest.mark.django_db(transaction=True)
TODAY, YESTERDAY = date(2026, 11, 23), date(2026, 11, 20)  # a Monday, and the Friday before
EVENING = at("15:10:00")
NEXT_DAY = at("08:50:00", "2026-11-24")


class Books(Broker):
    """And the books of the account, which are at first what the desk began with."""

    def __init__(self) -> None:
        super().__init__()
        self.cash_vnd, self.shares = 100_000_000, 1_000

    def cash_balance(self, account: str) -> BrokerCash:
        return BrokerCash(account, self.cash_vnd, 0, 0, 0, 0, 0, 0)

    def stock_positions(self, account: str) -> list[BrokerPosition]:
        return [BrokerPosition("SSI", self.shares, self.shares, 0, 0, 0, 0, 24_000)]


@pytest.fixture
def broker() -> Books:
    return Books()


@pytest.fixture
def clock(monkeypatch):
    moment = SimpleNamespace(now_s=1_000.0)
    faked = SimpleNamespace(monotonic=lambda: moment.now_s, sleep=abs)  # nobody waits
    monkeypatch.setattr(day_comparison, "time", faked)
    return moment


@pytest.fixture
def look(desk, broker, clock):
    """Looks as the stream's reader does, until there is nothing to do."""
    Pace.learn(desk.connection_id, [RateLimit("*", "1s", 1_000)])
    StreamPosition.objects.create(connection_id=desk.connection_id, trading_day=TODAY, compared_day=YESTERDAY)
    comparison = DayComparison(desk.connection_id, broker)

    def step(now, *, later_s=10.0):
        clock.now_s += later_s
        comparison.step(now)
        return StreamPosition.objects.get().compared_day

    return step


def notes():
    return sorted(Discrepancy.objects.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (MORNING, YESTERDAY),
        (at("14:59:59"), YESTERDAY),
        (EVENING, TODAY),
        (NEXT_DAY, TODAY),
        (at("16:00:00", "2026-11-22"), YESTERDAY),  # a Sunday
    ],
)
def test_which_day_is_over(market, now, day):
    assert last_day_over(now) == day


def test_a_day_is_compared_once_and_recorded_although_all_is_equal(desk, broker, working, look):
    broker.history["0901351"] = [row(working, "QU")]
    assert look(MORNING) == YESTERDAY
    assert look(EVENING) == TODAY
    assert look(EVENING) == TODAY
    assert broker.asked_history == [("0901351", TODAY, TODAY)]
    last = accounts.last_reconciliation(desk.account_id)
    assert (last.compared_at, last.differences, notes()) == (EVENING, (), [])


def test_a_day_whose_end_nobody_saw_is_compared_on_the_next(desk, broker, working, look):
    broker.history["0901351"] = [row(working, "QU")]
    assert look(NEXT_DAY) == TODAY
    assert broker.asked_history == [("0901351", TODAY, TODAY)]


def test_an_order_that_the_history_does_not_have_is_a_persons(desk, broker, stream, working, look):
    stream.match(working, 300, 25_000)
    look(EVENING)
    (note,) = Discrepancy.objects.all()
    assert (note.kind, note.order_id) == ("ORDER_MISSING", working.id)
    assert "not in the broker's order history" in note.detail


@pytest.mark.parametrize("case", [(200, []), (300, ["FILL_MISSING"]), (100, ["FILL_MISMATCH"])])
def test_fills_are_counted_by_the_history(broker, stream, working, look, case):
    there, kinds = case
    stream.match(working, 200, 25_000)
    stream.event(working, "FFPC", filled=200, cancelled=100)
    broker.history["0901351"] = [row(working, "FFPC", filled=there, cancelled=300 - there)]
    look(EVENING)
    assert notes() == kinds
    working.refresh_from_db()
    assert working.filled_quantity == 200, "no fill is made up from a total"


def test_an_order_of_whose_answer_nobody_knew_is_found(desk, broker, gateway, look):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    broker.history["0901351"] = [row(order, "RJ", reason="too late")]
    look(EVENING)
    assert desk.order(order.id).status == "REJECTED"


def test_orders_placed_elsewhere_are_adopted(desk, broker, working, look):
    broker.history["0901351"] = [row(working, "QU"), row(working, "FF", filled=300, unique_id="9", broker_id="B9")]
    look(EVENING)
    assert list(ForeignOrder.objects.values_list("broker_order_id", "filled_quantity")) == [("B9", 300)]


@pytest.mark.parametrize(("changes", "what"), [({"cash_vnd": 99_000_000}, "cash"), ({"shares": 900}, "SSI")])
def test_shares_and_cash_that_differ_are_recorded(desk, broker, look, changes, what):
    for name, value in changes.items():
        setattr(broker, name, value)
    look(EVENING)
    differences = accounts.last_reconciliation(desk.account_id).differences
    assert {found.what.split()[0] for found in differences} == {what}


def test_a_broker_that_does_not_answer_is_asked_again_later(desk, broker, working, look):
    broker.is_down = TransientError("away")
    assert look(EVENING) == YESTERDAY
    broker.is_down = None
    broker.history["0901351"] = [row(working, "QU")]
    assert look(EVENING, later_s=RETRY_S - 1) == YESTERDAY
    assert look(EVENING, later_s=2) == TODAY
