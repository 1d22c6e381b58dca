"""A stop was reached: what is sold, how, and what an exit may not do."""

import pytest

from apps.eventlog.services import handlers_of
from apps.orders import handlers, services
from apps.orders.models import Intent, Order
from apps.orders.tests.conftest import MORNING, ms
from apps.risk import services as risk
from apps.risk.tests.conftest import OFFICER
from qts.domain.errors import RuleCode
from qts.domain.events import ExitRequested
from qts.domain.values import OrderType


def event(desk, quantity=1_000):
    return ExitRequested(
        account_id=str(desk.account_id), symbol="SSI", quantity=quantity, reason="STOP_LOSS", ts_market_ms=ms(MORNING)
    )


def orders():
    return list(Order.objects.order_by("client_order_id").values_list("side", "order_type", "quantity", "status"))


def test_the_event_sells_at_the_market_and_its_repeat_sells_nothing_more(desk):
    assert "apps.orders.handlers.sell_what_must_go" in handlers_of("risk.exit.requested")
    handlers.sell_what_must_go(event(desk))
    handlers.sell_what_must_go(event(desk))
    assert orders() == [("SELL", "MTL", 1_000, "PENDING")]
    order = Order.objects.get()
    assert (order.actor_id, order.price_vnd) == ("risk-exit", None)
    assert desk.state.position("SSI").sellable_quantity == 0


def test_a_large_exit_goes_out_in_parts_that_the_limit_lets_pass(desk):
    risk.change_limit(
        code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=11_000_000, reason="test", actor=OFFICER, now=MORNING
    )  # 400 shares at the ceiling of 26,750
    handlers.sell_what_must_go(event(desk))
    assert [quantity for _, _, quantity, _ in orders()] == [400, 400, 200]
    assert {status for *_, status in orders()} == {"PENDING"}


def limit(code, number, **scope):
    risk.change_limit(code=code, limit=number, reason="test", actor=OFFICER, now=MORNING, **scope)


def test_parts_are_as_small_as_every_limit_of_one_order_wants_them(desk):
    limit(RuleCode.ORDER_QUANTITY_EXCEEDS_MAX, 450)
    handlers.sell_what_must_go(event(desk))
    assert orders() == [("SELL", "MTL", quantity, "PENDING") for quantity in (400, 400, 200)]


def test_a_limit_of_the_exchange_counts_for_the_parts(desk):
    limit(RuleCode.ORDER_VALUE_EXCEEDS_MAX, 11_000_000, scope="exchange", scope_id="HOSE")
    handlers.sell_what_must_go(event(desk))
    assert orders() == [("SELL", "MTL", quantity, "PENDING") for quantity in (400, 400, 200)]


def test_parts_of_one_size_are_no_slip_of_the_hand(desk):
    limit(RuleCode.DUPLICATE_ORDER, 60_000)
    limit(RuleCode.PARTICIPATION_EXCEEDS_MAX, 0)
    limit(RuleCode.ORDER_VALUE_EXCEEDS_MAX, 11_000_000)
    handlers.sell_what_must_go(event(desk))
    assert {status for *_, status in orders()} == {"PENDING"}
    assert len(orders()) == 3


def test_where_only_limit_orders_are_taken_it_leaves_at_the_floor_whatever_the_collar(desk, monkeypatch):
    monkeypatch.setattr("apps.orders.services.exits._TYPES", (OrderType.LO,))
    limit(RuleCode.PRICE_FAR_FROM_LAST, 300)
    handlers.sell_what_must_go(event(desk))
    order = Order.objects.get()
    assert (order.price_vnd, order.status) == (23_250, "PENDING")


def test_after_a_death_in_the_middle_only_the_rest_is_sold_however_the_limits_are_by_then(desk, monkeypatch):
    limit(RuleCode.ORDER_VALUE_EXCEEDS_MAX, 11_000_000)  # 400 shares at the ceiling
    sent = services.exits.submit_order
    parts = iter(range(2))
    monkeypatch.setattr(services.exits, "submit_order", lambda **order: (next(parts), sent(**order))[1])
    with pytest.raises(StopIteration):
        handlers.sell_what_must_go(event(desk))
    monkeypatch.undo()
    limit(RuleCode.ORDER_VALUE_EXCEEDS_MAX, 3_000_000)  # 100 shares
    handlers.sell_what_must_go(event(desk))
    assert orders() == [("SELL", "MTL", quantity, "PENDING") for quantity in (400, 400, 100, 100)]


def test_more_than_is_held_is_refused_by_the_gate_and_leaves_nothing(desk):
    handlers.sell_what_must_go(event(desk, quantity=2_000))
    assert Order.objects.get().reason == "SELLABLE_QUANTITY_EXCEEDED"
    assert not Intent.objects.exists()


@pytest.mark.parametrize(("reducing", "status"), [(True, "PENDING"), (False, "DENIED")])
def test_a_loss_stop_lets_the_exit_out_and_a_full_stop_does_not(desk, reducing, status):
    scope = f"account:{desk.account_id}"
    risk.engage_kill_switch(scope=scope, reason="test", actor=OFFICER, now=MORNING, allows_reducing=reducing)
    handlers.sell_what_must_go(event(desk))
    assert Order.objects.get().status == status
    assert Intent.objects.count() == (1 if reducing else 0)


def test_outside_of_the_sessions_nothing_is_entered(desk, monkeypatch):
    monkeypatch.setattr("apps.orders.services.exits.admits", lambda *_: False)
    assert services.submit_exit(
        account_id=desk.account_id, symbol="SSI", quantity=1_000, reason="STOP_LOSS", wish="1", now=MORNING
    ) == []  # fmt: skip
    assert not Order.objects.exists()
