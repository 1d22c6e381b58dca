"""Conditional orders in the portal: typed, checked, confirmed, watched, taken back."""

import pytest

from apps.orders.selectors import conditional_orders, orders

NEW = "/orders/conditional/new/"


def typed(desk, **changes):
    fields = {
        "symbol": "SSI", "account": str(desk.mine), "kind": "OCO", "side": "SELL", "quantity": "1,000",
        "valid_until": "2026-11-25", "stop": "24.00", "target": "26.50",
        "client_order_id": "11111111-2222-4333-8444-555555555555",
    }  # fmt: skip
    return fields | changes


def test_the_form_asks_for_what_its_kind_needs(desk):
    client = desk.client("trader")
    stop = client.get(f"{NEW}?symbol=ssi").content.decode()
    assert 'name="stop"' in stop
    assert 'name="target"' not in stop
    assert 'value="2026-11-23"' in stop
    trail = client.get(f"{NEW}?symbol=SSI&kind=TRAILING_STOP&quantity=1200").content.decode()
    assert ('name="trail"' in trail, 'name="step"' in trail, 'value="1200"' in trail) == (True, True, True)
    done = client.get(f"{NEW}?symbol=SSI&kind=IF_DONE").content.decode()
    assert ('name="then_side"' in done, 'name="entry"' in done, 'name="stop"' in done) == (True, True, False)
    assert client.get(f"{NEW}?symbol=XYZ").status_code == 404


def test_it_is_confirmed_before_it_is_watched_and_sent_twice_is_kept_once(desk):
    client = desk.client("trader")
    confirm = client.post(NEW, typed(desk, act="check")).content.decode()
    assert "Watch for this?" in confirm
    assert "26.50" in confirm
    assert conditional_orders([desk.mine]) == []
    for _ in "12":
        answer = client.post(NEW, typed(desk, act="place"))
        assert (answer.status_code, "qts:orders" in answer.headers["HX-Trigger"]) == (200, True)
    (plan,) = conditional_orders([desk.mine])
    assert [(leg.role, leg.level_vnd) for leg in plan.legs] == [("STOP", 24_000), ("TARGET", 26_500)]
    page = client.get("/orders/conditional/").content.decode()
    assert "at or below 24.00: sell 1,000 at the market" in page
    assert "at or above 26.50: sell 1,000 at 26.50" in page


def test_back_keeps_what_was_typed(desk):
    page = desk.client("trader").post(NEW, typed(desk, act="edit", quantity="1,200")).content.decode()
    assert 'value="1,200"' in page
    assert 'value="11111111-2222-4333-8444-555555555555"' in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stop": "25.50", "kind": "STOP", "target": ""}, "The price is there already"),
        ({"stop": "", "kind": "STOP", "target": ""}, "Something is missing"),
        ({"stop": "26.60"}, "The stop and the target lie on the wrong sides"),
        ({"valid_until": "2026-11-20"}, "today and 90 days from now"),
        ({"stop": "24.02"}, "PRICE_OFF_TICK"),
    ],
)
def test_a_refusal_is_told_in_words_and_the_next_try_is_another_wish(desk, changes, said):
    answer = desk.client("trader").post(NEW, typed(desk, act="place", **changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "11111111-2222-4333-8444-555555555555" not in page
    assert conditional_orders([desk.mine]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"quantity": "many"}, "Type whole shares"), ({"stop": "low"}, "Type a price"), ({"valid_until": ""}, "required")],
)
def test_what_is_no_number_is_told_at_its_field(desk, changes, said):
    answer = desk.client("trader").post(NEW, typed(desk, act="place", **changes))
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert conditional_orders([desk.mine]) == []


def test_taking_back(desk):
    client = desk.client("trader")
    client.post(NEW, typed(desk, act="place"))
    plan_id = conditional_orders([desk.mine])[0].id
    assert "Take this back?" in client.get(f"/orders/conditional/{plan_id}/cancel/").content.decode()
    assert client.post(f"/orders/conditional/{plan_id}/cancel/").status_code == 200
    assert conditional_orders([desk.mine])[0].status == "CANCELLED"
    assert "No conditional orders" in client.get("/orders/conditional/").content.decode()
    assert "CANCELLED" in client.get("/orders/conditional/?show=all").content.decode()
    assert orders([desk.mine]) == []


def test_nobody_sees_or_touches_somebody_elses(desk):
    mine = desk.client("trader")
    mine.post(NEW, typed(desk, act="place"))
    plan_id = conditional_orders([desk.mine])[0].id
    other = desk.client("trader2")
    assert str(plan_id) not in other.get("/orders/conditional/?show=all").content.decode()
    assert other.post(f"/orders/conditional/{plan_id}/cancel/").status_code == 404
    refused = other.post(NEW, typed(desk, act="place"))
    assert "You have no such account to trade." in refused.content.decode()
    officer = desk.client("risk")
    assert str(plan_id) in officer.get("/orders/conditional/").content.decode()
    assert officer.get(f"{NEW}?symbol=SSI").status_code == 403
    assert conditional_orders([desk.mine])[0].status == "ACTIVE"
