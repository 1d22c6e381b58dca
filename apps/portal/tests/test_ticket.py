"""The order ticket: type, preview, confirm, send; refusals with their reasons."""

import pytest

from apps.accounts import selectors as accounts
from apps.eventlog.selectors import history
from apps.orders import selectors as orders
from apps.portal.tests.conftest import ticket_of
from apps.risk.services import change_limit
from qts.domain.errors import RuleCode
from qts.domain.values import Actor, ActorKind

OFFICER = Actor(ActorKind.SYSTEM, "test")


def all_orders(*account_ids):
    return orders.orders(account_ids)


def test_a_blank_ticket_knows_ticks_lot_and_band(desk):
    page = desk.client("trader").get("/ticket/?symbol=SSI&side=SELL&price_vnd=25300").content.decode()
    assert 'data-ticks="[[0, 10], [10000, 50], [50000, 100]]"' in page
    assert 'data-floor="23250" data-ceiling="26750" data-reference="25000"' in page
    assert 'value="SELL" checked' in page
    assert 'value="25.30"' in page
    assert "not in this session" in page  # ATO and ATC, at 10:00


def test_two_tickets_are_two_orders_to_be(desk):
    client = desk.client("trader")
    names = {client.get("/ticket/?symbol=SSI").content.decode().split('client_order_id" value="')[1][:36] for _ in "12"}
    assert len(names) == 2


def test_the_preview_shows_what_it_costs_with_the_fee(desk):
    page = desk.client("trader").post("/ticket/preview/", ticket_of(desk.mine)).content.decode()
    assert "25,000,000" in page  # value
    assert "37,500" in page  # 0.15 %
    assert "25,037,500 ₫" in page
    assert 'data-set-quantity="39900"' in page  # 1 billion VND buys 39,940 with the fee
    assert all_orders(desk.mine) == []


def test_the_preview_of_a_sale_takes_fee_and_tax_off(desk):
    page = desk.client("trader").post("/ticket/preview/", ticket_of(desk.mine, side="SELL")).content.decode()
    assert "37,500" in page
    assert "25,000</dd>" in page  # 0.1 % tax
    assert "24,937,500 ₫" in page
    assert 'data-set-quantity="10000"' in page


def test_a_market_order_is_previewed_at_the_ceiling(desk):
    page = desk.client("trader").post("/ticket/preview/", ticket_of(desk.mine, order_type="MTL")).content.decode()
    assert "at the ceiling" in page
    assert "26,750,000" in page


def test_the_largest_quantity_is_affordable_and_one_lot_more_is_not(desk):
    client = desk.client("trader")
    most = client.post("/ticket/submit/", ticket_of(desk.mine, quantity="39,900"))
    assert most.status_code == 200
    over = ticket_of(desk.other, quantity="40,000")
    refused = desk.client("trader2").post("/ticket/submit/", over)
    assert refused.status_code == 422
    assert "BUYING_POWER_EXCEEDED" in refused.content.decode()


def test_a_confirmed_order_is_recorded_and_its_cash_reserved(desk, market):
    client = desk.client("trader")
    confirm = client.post("/ticket/confirm/", ticket_of(desk.mine)).content.decode()
    assert "Send this order?" in confirm
    assert all_orders(desk.mine) == []
    answer = client.post("/ticket/submit/", ticket_of(desk.mine))
    assert answer.status_code == 200
    assert "qts:orders" in answer.headers["HX-Trigger"]
    [order] = all_orders(desk.mine)
    assert (order.symbol, order.side, order.quantity, order.price_vnd) == ("SSI", "BUY", 1_000, 25_000)
    assert accounts.account_state(desk.mine, market.now()).reserved_orders_vnd == 25_037_500


def test_a_double_click_and_a_second_tab_make_one_order(desk):
    client = desk.client("trader")
    answers = [client.post("/ticket/submit/", ticket_of(desk.mine)) for _ in "123"]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(all_orders(desk.mine)) == 1


def test_a_used_ticket_does_not_make_another_order(desk):
    client = desk.client("trader")
    client.post("/ticket/submit/", ticket_of(desk.mine))
    answer = client.post("/ticket/submit/", ticket_of(desk.mine, quantity="2,000"))
    assert answer.status_code == 422
    assert "IDEMPOTENCY_KEY_REUSED" in answer.content.decode()
    assert [order.quantity for order in all_orders(desk.mine)] == [1_000]


def test_every_broken_rule_is_told_with_limit_and_actual(desk, market):
    answer = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine, quantity="150", price="99.99"))
    page = answer.content.decode()
    assert answer.status_code == 422
    for code in ("PRICE_OFF_TICK", "PRICE_ABOVE_CEILING", "QUANTITY_OFF_LOT"):
        assert f'data-code="{code}"' in page
    assert "<strong>26.75</strong>" in page
    assert "<strong>99.99</strong>" in page
    assert "Nothing was sent" in page
    [order] = all_orders(desk.mine)
    assert order.status == "DENIED"
    assert accounts.account_state(desk.mine, market.now()).reserved_vnd == 0


def test_a_limit_just_lowered_refuses_the_next_order(desk, market):
    change_limit(
        code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=10_000_000, reason="quiet day", actor=OFFICER, now=market.now()
    )
    page = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine)).content.decode()
    assert 'data-code="ORDER_VALUE_EXCEEDS_MAX"' in page
    assert "10,000,000 ₫" in page
    assert "25,000,000 ₫" in page


@pytest.mark.parametrize("quantity", ["1.5", "abc", "", "1e9"])
def test_what_is_no_number_of_shares_never_reaches_the_gate(desk, quantity):
    answer = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine, quantity=quantity))
    assert answer.status_code == 422
    assert "ticket-form" in answer.content.decode()
    assert all_orders(desk.mine) == []


def test_a_negative_quantity_is_refused_by_the_gate_and_recorded(desk):
    answer = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine, quantity="-100"))
    assert "QUANTITY_NOT_POSITIVE" in answer.content.decode()
    assert [order.status for order in all_orders(desk.mine)] == ["DENIED"]


def test_another_users_account_cannot_be_traded(desk):
    client = desk.client("trader")
    for step in ("confirm", "submit"):
        answer = client.post(f"/ticket/{step}/", ticket_of(desk.other))
        assert answer.status_code == 422
        assert "You have no such account to trade." in answer.content.decode()
    assert 'data-code="ACCOUNT_NOT_FOUND"' in answer.content.decode()
    assert "buying power" not in client.post("/ticket/preview/", ticket_of(desk.other)).content.decode().lower()
    assert all_orders(desk.mine, desk.other) == []
    [refusal] = history(topic="order.order.denied")
    assert (refusal.key, refusal.body["reason"]) == (str(desk.other), "ACCOUNT_NOT_FOUND")


def test_an_administrator_without_membership_sees_why_there_is_no_ticket(desk):
    page = desk.client("admin").get("/ticket/?symbol=SSI").content.decode()
    assert "You have no account to trade." in page
    assert 'name="quantity"' not in page


def test_an_unknown_symbol_has_no_ticket(desk):
    assert desk.client("trader").get("/ticket/?symbol=XYZ").status_code == 404


def test_back_keeps_what_was_typed_and_a_refused_ticket_becomes_a_new_order(desk):
    client = desk.client("trader")
    typed = ticket_of(desk.mine, quantity="1,200", price="25.10")
    again = client.post("/ticket/edit/", typed).content.decode()
    assert 'value="1,200"' in again
    assert f'name="client_order_id" value="{typed["client_order_id"]}"' in again
    fresh = {name: value for name, value in typed.items() if name != "client_order_id"}
    new = client.post("/ticket/edit/", fresh).content.decode()
    assert typed["client_order_id"] not in new
    assert 'value="25.10"' in new
