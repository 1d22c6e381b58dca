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
