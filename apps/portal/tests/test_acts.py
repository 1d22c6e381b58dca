"""Cancelling, starting and stopping strategies, the kill switch: who may, what is asked first, what happens."""

import json
from uuid import UUID

import pytest

from apps.orders import selectors as orders
from apps.portal.tests.conftest import ticket_of
from apps.risk import selectors as risk
from apps.risk.services import LimitChange, propose_limits
from apps.sso.selectors import actor_of
from apps.strategies import selectors as strategies
from qts.domain.errors import RuleCode


def place(desk) -> UUID:
    assert desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine)).status_code == 200
    [order] = orders.orders([desk.mine])
    return order.id


def test_cancelling_is_asked_first_and_done_after(desk):
    order_id = place(desk)
    client = desk.client("trader")
    assert "Cancel this order?" in client.get(f"/orders/{order_id}/cancel/").content.decode()
    assert orders.order(order_id).status == "PENDING"
    answer = client.post(f"/orders/{order_id}/cancel/")
    assert set(json.loads(answer.headers["HX-Trigger"])) == {"qts:toast", "qts:close", "qts:orders"}
    assert orders.order(order_id).status == "CANCELLED"


def test_an_order_that_is_over_says_so(desk):
    order_id = place(desk)
    client = desk.client("trader")
    client.post(f"/orders/{order_id}/cancel/")
    again = client.post(f"/orders/{order_id}/cancel/")
    assert again.status_code == 422
    assert "nothing is left to cancel" in again.content.decode()


@pytest.mark.parametrize("path", ["", "cancel/"])
def test_somebody_elses_order_does_not_exist(desk, path):
    order_id = place(desk)
    stranger = desk.client("trader2")
    assert stranger.get(f"/orders/{order_id}/{path}").status_code == 404
    assert stranger.post(f"/orders/{order_id}/cancel/").status_code == 404
    assert orders.order(order_id).status == "PENDING"


def test_a_risk_officer_reads_an_order_but_may_not_cancel_it(desk):
    order_id = place(desk)
    officer = desk.client("risk")
    page = officer.get(f"/orders/{order_id}/").content.decode()
    assert "Entered by a person" in page
    assert ">trader<" in page
    assert "Cancel</button>" not in page
    assert officer.post(f"/orders/{order_id}/cancel/").status_code == 403


def test_the_story_of_a_refused_order_holds_its_reasons(desk):
    desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine, price="30.00"))
    [order] = orders.orders([desk.mine])
    page = desk.client("trader").get(f"/orders/{order.id}/").content.decode()
    assert 'data-step-kind="refused"' in page
    assert 'data-code="PRICE_ABOVE_CEILING"' in page


def the_strategy(desk):
    return next(found for found in strategies.strategies([desk.mine]) if found.name == "MA cross")


def test_a_strategy_is_started_and_stopped_after_a_question(desk):
    client, strategy = desk.client("trader"), the_strategy(desk)
    assert "Start MA cross?" in client.get(f"/strategies/{strategy.id}/start/").content.decode()
    assert not the_strategy(desk).is_running
    assert client.post(f"/strategies/{strategy.id}/start/").status_code == 200
    assert the_strategy(desk).is_running
    assert client.post(f"/strategies/{strategy.id}/stop/", {"reason": "lunch"}).status_code == 200
    assert not the_strategy(desk).is_running
    assert the_strategy(desk).status_reason == "lunch"


def test_only_who_trades_the_account_starts_its_strategy_and_an_officer_may_stop_it(desk):
    strategy = the_strategy(desk)
    assert desk.client("trader2").post(f"/strategies/{strategy.id}/start/").status_code == 404
    assert desk.client("risk").post(f"/strategies/{strategy.id}/start/").status_code == 403
    assert desk.client("admin").post(f"/strategies/{strategy.id}/start/").status_code == 404
    assert not the_strategy(desk).is_running
    desk.client("trader").post(f"/strategies/{strategy.id}/start/")
    assert desk.client("risk").post(f"/strategies/{strategy.id}/stop/").status_code == 200
    assert not the_strategy(desk).is_running


def engage(client, **changes):
    form = {"scope": "firm", "act": "engage", "word": "STOP", "reason": "too many losses"}
    return client.post("/risk/kill-switch/", form | changes)


def test_the_kill_switch_stops_orders_and_every_page_says_so(desk):
    assert engage(desk.client("risk")).status_code == 200
    [switch] = risk.kill_switches(engaged_only=True)
    assert (switch.scope, switch.reason) == ("firm", "too many losses")
    trader = desk.client("trader")
    page = trader.get("/board/").content.decode()
    assert "Kill switch engaged: no order leaves." in page
    assert "too many losses" in page
    assert "· risk<" in page  # who did it, by name
    refused = trader.post("/ticket/submit/", ticket_of(desk.mine))
    assert 'data-code="KILL_SWITCH_ENGAGED"' in refused.content.decode()


def test_a_release_asks_for_its_own_word_and_for_a_second_officer(desk):
    officer = desk.client("risk")
    engage(officer)
    assert "RELEASE" in officer.get("/risk/kill-switch/?scope=firm").content.decode()
    assert engage(officer, act="release", word="STOP").status_code == 422
    assert engage(officer, act="release", word="release").status_code == 200
    assert [switch.scope for switch in risk.kill_switches(engaged_only=True)] == ["firm"]
    [asked] = risk.open_proposals()
    address = f"/risk/approvals/{asked.id}/"
    agreed = {"act": "approve", "content_hash": asked.content_hash, "reason": "looked at it"}
    own = officer.post(address, agreed)
    assert own.status_code == 422
    assert "Nobody approves what they proposed." in own.content.decode()
    assert desk.client("admin").post(address, agreed).status_code == 422
    assert "release asked for by risk" in officer.get("/risk/").content.decode()
    assert desk.client("risk2").post(address, agreed).status_code == 200
    assert risk.kill_switches(engaged_only=True) == []


def test_stopping_takes_the_working_orders_back_without_bus_or_workers(desk):
    order_id = place(desk)
    assert engage(desk.client("risk")).status_code == 200
    assert orders.order(order_id).status == "CANCELLED"


def test_a_symbol_and_a_person_are_stopped_by_name(desk):
    officer = desk.client("risk")
    dialog = officer.get("/risk/kill-switch/?kind=symbol&name=ssi").content.decode()
    assert 'value="symbol:SSI"' in dialog
    assert engage(officer, scope="symbol:SSI").status_code == 200
    refused = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine))
    assert 'data-code="KILL_SWITCH_ENGAGED"' in refused.content.decode()
    assert "User trader2" in officer.get("/risk/kill-switch/?kind=user&name=trader2").content.decode()
    for unknown in ("kind=symbol&name=XXX", "kind=user&name=nobody", "kind=planet&name=mars", "kind=user&name="):
        assert officer.get(f"/risk/kill-switch/?{unknown}").status_code == 404


def test_a_looser_limit_waits_on_the_approvals_page(desk, market):
    propose_limits(
        [LimitChange(code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=3_000_000_000, seen_version=1)],
        reason="large client",
        actor=actor_of(desk.users.risk),
        now=market.now(),
    )
    page = desk.client("risk2").get("/risk/approvals/").content.decode()
    assert "ORDER_VALUE_EXCEEDS_MAX firm: 2,000,000,000 → 3,000,000,000" in page
    assert "large client" in page
    assert "Take back" not in page
    assert "Take back" in desk.client("risk").get("/risk/approvals/").content.decode()
    [asked] = risk.open_proposals()
    answer = {"act": "approve", "content_hash": "0" * 64, "reason": "as agreed"}
    wrong = desk.client("risk2").post(f"/risk/approvals/{asked.id}/", answer)
    assert "This is not what was shown." in wrong.content.decode()
    answer["content_hash"] = asked.content_hash
    assert (
        "Say why" in desk.client("risk2").post(f"/risk/approvals/{asked.id}/", answer | {"reason": ""}).content.decode()
    )
    assert desk.client("risk2").post(f"/risk/approvals/{asked.id}/", answer).status_code == 200
    [limit] = [found for found in risk.limits() if found.code == "ORDER_VALUE_EXCEEDS_MAX"]
    assert (limit.limit, limit.approved_by) == (3_000_000_000, f"user:{desk.users.risk2.pk}")
    assert "approved" in desk.client("risk").get("/risk/approvals/").content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"word": ""}, "Type STOP to confirm."),
        ({"word": "stopp"}, "Type STOP to confirm."),
        ({"reason": " "}, "Say why"),
        ({"act": "release"}, "Somebody else has just done that."),
    ],
)
def test_a_slip_does_not_stop_the_firm(desk, changes, sentence):
    answer = engage(desk.client("risk"), **changes)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert risk.kill_switches() == []


def test_an_unknown_scope_is_not_found(desk):
    assert engage(desk.client("risk"), scope="strategy:nobody").status_code == 404


@pytest.mark.parametrize("role", ["trader", "operator"])
def test_others_cannot_reach_the_kill_switch(desk, role):
    assert engage(desk.client(role)).status_code == 403
    assert risk.kill_switches() == []


def test_limits_are_edited_in_the_administration(desk):
    page = desk.client("risk").get("/risk/").content.decode()
    assert "/admin/risk/risklimit/" in page
    assert 'data-limit="ORDER_VALUE_EXCEEDS_MAX"' in page
    assert "/admin/risk/risklimit/" not in desk.client("trader").get("/risk/").content.decode()
