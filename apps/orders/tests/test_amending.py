"""Another price or quantity: what is sent and held back, what waits, and what a cancel or a stop makes of it."""

import pytest

from apps.accounts.selectors import account_state
from apps.orders import services
from apps.orders.models import Intent
from apps.orders.services.amending import fire_waiting_amendments
from apps.orders.services.cancelling import fire_waiting_cancels
from apps.orders.tests.amendments import (
    amend,
    amending,
    as_it_was,
    ask,
    asked_id,
    codes,
    doubtful,
    growing,
    need_vnd,
    topics,
)
from apps.orders.tests.conftest import MORNING, STRATEGY, at, refused, row
from apps.risk import services as risk
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.domain.errors import RuleCode
from qts.domain.orders import Status
from qts.domain.values import Actor, ActorKind

__all__ = ["amending", "doubtful", "growing"]

pytestmark = pytest.mark.django_db


# --- what goes out ----------------------------------------------------------------------------------------------------


def test_an_order_that_was_never_sent_is_changed_at_once(desk, gateway, broker):
    order_id = desk.submit().order_id
    answer = amend(order_id, price_vnd=25_000, quantity=200)
    assert (answer.accepted, answer.status, answer.waits) == (True, Status.PENDING, False)
    order = desk.order(order_id)
    assert (order.quantity, order.price_vnd, desk.reserved_vnd) == (200, 25_000, need_vnd(200, 25_000))
    assert desk.intents() == [("PLACE", "READY")]
    assert topics(order_id) == ["submitted", "amended"]


@pytest.mark.parametrize("sent", [(300, 25_100), (500, 25_050)])
def test_the_broker_is_asked_and_the_old_terms_hold_until_it_has_answered(desk, gateway, broker, working, sent):
    terms = dict(zip(("quantity", "price_vnd"), sent, strict=True))
    answer = amend(working.id, **terms)
    assert (answer.accepted, answer.status) == (True, Status.AMEND_PENDING)
    assert amend(working.id, **terms) == answer
    assert gateway.send(3) == 1
    assert ([what for what, _ in broker.calls], broker.amended_to) == (["new", "amend"], sent)
    order = desk.order(working.id)
    assert (order.quantity, order.price_vnd, order.status) == (300, 25_050, Status.AMEND_PENDING)
    assert (order.wanted_quantity, order.wanted_price_vnd) == sent
    assert desk.reserved_vnd == need_vnd(*sent)  # the dearer of both


def test_meanwhile_the_dearer_terms_are_held(desk, gateway, working):
    amend(working.id, price_vnd=24_000)
    assert desk.reserved_vnd == need_vnd(300, 25_050)


def test_it_is_amended_when_the_exchange_says_so(desk, broker, stream, amending):
    stream.event(amending, "WM", unique_id=asked_id(amending))
    assert desk.order(amending.id).status == Status.AMEND_PENDING
    stream.event(amending, "QU", unique_id=asked_id(amending), terms=(300, 25_100))
    order = desk.order(amending.id)
    assert (order.status, order.quantity, order.price_vnd) == (Status.OPEN, 300, 25_100)
    assert (order.wanted_quantity, order.wanted_price_vnd, order.amended_at) == (None, None, MORNING)
    assert (desk.intents()[-1], desk.reserved_vnd) == (("AMEND", "CONFIRMED"), need_vnd(300, 25_100))
    assert topics(order.id)[-2:] == ["amendRequested", "amended"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"price_vnd": 25_050, "quantity": 300}, "AMEND_CHANGES_NOTHING"),
        ({"price_vnd": 25_100, "quantity": 200}, "AMEND_CHANGES_BOTH"),
        ({"quantity": 100}, "QUANTITY_NOT_ABOVE_FILLED"),
        ({"price_vnd": 25_030}, "PRICE_OFF_TICK"),
        ({"price_vnd": 27_000}, "PRICE_ABOVE_CEILING"),
        ({"quantity": 350}, "QUANTITY_OFF_LOT"),
        ({"quantity": 4_100}, "BUYING_POWER_EXCEEDED"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_changes_nothing(desk, stream, working, terms, code):
    stream.match(working, 100)
    before = desk.reserved_vnd
    assert code in codes(amend(working.id, **terms))
    order = desk.order(working.id)
    assert (order.status, order.wanted_quantity, desk.reserved_vnd) == (Status.PARTIALLY_FILLED, None, before)
    assert not Intent.objects.filter(kind="AMEND").exists()


def test_its_own_money_counts_for_it(desk, gateway, stream):
    """99 of 100 million are held by the order itself; it may still be changed within them."""
    done = desk.submit("BUY 3900 SSI @ 25000")
    gateway.send()
    stream.event(desk.order(done.order_id), "QU")
    assert codes(amend(done.order_id, quantity=4_000)) == ["BUYING_POWER_EXCEEDED"]
    assert amend(done.order_id, price_vnd=25_550).accepted


def test_its_own_shares_count_for_it(desk, gateway, stream):
    done = desk.submit("SELL 900 SSI @ 25100")
    gateway.send()
    stream.event(desk.order(done.order_id), "QU")
    assert codes(amend(done.order_id, quantity=1_100)) == ["SELLABLE_QUANTITY_EXCEEDED"]
    assert amend(done.order_id, quantity=1_000).accepted
    assert account_state(desk.account_id, MORNING).position("SSI").reserved_sell_quantity == 1_000


@pytest.mark.parametrize("text", ["BUY 300 SSI @ MTL", "BUY 300 SSI @ ATC"])
def test_only_limit_orders_are_amended(desk, text):
    now = at("14:35:00") if "ATC" in text else MORNING
    order_id = desk.submit(text, now=now).order_id
    assert codes(amend(order_id, quantity=200, now=now)) == ["ORDER_NOT_AMENDABLE"]


def test_an_order_that_is_over_or_being_cancelled_is_not_amended(desk, stream, working):
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    assert codes(amend(working.id, price_vnd=25_100)) == ["ORDER_NOT_AMENDABLE"]
    stream.match(working, 300)
    assert codes(amend(working.id, price_vnd=25_100)) == ["ORDER_NOT_AMENDABLE"]


def test_to_somebody_else_the_order_does_not_exist(desk, working):
    actor = Actor(ActorKind.USER, str(make_user("mallory", Role.TRADER).pk))
    assert codes(amend(working.id, actor=actor, price_vnd=25_100)) == ["ORDER_NOT_FOUND"]
    desk.admit("mallory", "view")
    assert codes(amend(working.id, actor=actor, price_vnd=25_100)) == ["ORDER_NOT_FOUND"]
    desk.admit("mallory", "trade")
    assert amend(working.id, actor=actor, price_vnd=25_100).accepted


def test_a_second_wish_waits_for_the_outcome_of_the_first(desk, amending):
    assert codes(amend(amending.id, price_vnd=25_200)) == ["ORDER_NOT_AMENDABLE"]


# --- cancels and stops meanwhile --------------------------------------------------------------------------------------


def test_a_cancel_takes_back_an_amendment_that_has_not_left(desk, gateway, broker, working):
    amend(working.id, price_vnd=25_100)
    answer = services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    assert (answer.status, answer.waits) == (Status.CANCEL_PENDING, False)
    assert gateway.send(3) == 1
    assert [what for what, _ in broker.calls] == ["new", "cancel"]
    assert desk.reserved_vnd == need_vnd(300, 25_050)


def test_a_cancel_waits_for_an_amendment_that_is_on_its_way(desk, gateway, broker, stream, amending):
    answer = services.request_cancel(order_id=amending.id, actor=STRATEGY, now=MORNING)
    assert (answer.accepted, answer.waits, answer.status) == (True, True, Status.AMEND_PENDING)
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 0
    stream.event(amending, "QU", unique_id=asked_id(amending), terms=(300, 25_100))
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 1
    assert desk.order(amending.id).status == Status.CANCEL_PENDING


def test_a_cancel_does_not_wait_for_ever(desk, gateway, broker, amending):
    services.request_cancel(order_id=amending.id, actor=STRATEGY, now=MORNING)
    Intent.objects.filter(kind="AMEND").update(answered_at=at("00:00:00", "2020-01-01"))
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 1
    assert desk.order(amending.id).status == Status.CANCEL_PENDING


def test_a_refused_cancel_over_a_doubtful_amendment_lets_the_book_decide(desk, gateway, broker, stream, doubtful):
    services.request_cancel(order_id=doubtful.id, actor=STRATEGY, now=MORNING)
    broker.script = [refused("Order cannot be modified")]
    gateway.send()
    order = desk.order(doubtful.id)
    assert (order.status, order.price_vnd, order.wanted_price_vnd) == (Status.OPEN, 25_050, None)
    assert codes(amend(order.id, price_vnd=25_200)) == ["ORDER_NOT_AMENDABLE"]
    assert fire_waiting_amendments(desk.connection_id, MORNING) == 0
    broker.book["0901351"] = [row(order, "QU", unique_id=asked_id(order), terms=(300, 25_100))]
    ask(desk, broker)
    assert (desk.order(order.id).price_vnd, desk.intents()[1]) == (25_100, ("AMEND", "CONFIRMED"))


def test_the_kill_switch_keeps_an_amendment_from_leaving(desk, gateway, broker, working):
    amend(working.id, quantity=500)
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    gateway.send()
    assert [what for what, _ in broker.calls] == ["new"]
    assert as_it_was(desk, working)
    assert codes(amend(working.id, quantity=500)) == [RuleCode.KILL_SWITCH_ENGAGED]


# --- waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "too_early", "fires"), [("12:10:00", "12:59:59", "13:00:00"), ("09:05:00", "09:14:59", "09:15:00")]
)
def test_it_waits_for_the_first_moment_that_takes_it(desk, working, asked, too_early, fires):
    answer = amend(working.id, now=at(asked), price_vnd=25_100)
    assert (answer.accepted, answer.waits, answer.status) == (True, True, Status.OPEN)
    assert desk.order(working.id).wanted_price_vnd == 25_100
    assert fire_waiting_amendments(desk.connection_id, at(too_early)) == 0
    assert fire_waiting_amendments(desk.connection_id, at(fires)) == 1
    assert fire_waiting_amendments(desk.connection_id, at(fires)) == 0
    assert (desk.order(working.id).status, desk.reserved_vnd) == (Status.AMEND_PENDING, need_vnd(300, 25_100))
    assert topics(working.id).count("amendRequested") == 2  # the wish, and that it went out


@pytest.mark.parametrize("time", ["14:35:00", "15:10:00"])
def test_there_is_no_such_moment_any_more_today(desk, working, time):
    assert codes(amend(working.id, now=at(time), price_vnd=25_100)) == [RuleCode.SESSION_FORBIDS_AMEND]


def test_what_waits_is_replaced_or_taken_back(desk, working):
    amend(working.id, now=at("12:10:00"), price_vnd=25_100)
    amend(working.id, now=at("12:11:00"), quantity=200)
    order = desk.order(working.id)
    assert (order.wanted_quantity, order.wanted_price_vnd) == (200, 25_050)
    assert amend(working.id, now=at("12:12:00"), quantity=300, price_vnd=25_050).accepted
    assert desk.order(working.id).wanted_quantity is None
    assert fire_waiting_amendments(desk.connection_id, at("13:00:00")) == 0


def test_the_gate_judges_it_again_when_it_fires(desk, working):
    amend(working.id, now=at("12:10:00"), quantity=3_000)
    desk.submit("BUY 2000 SSI @ 25000", now=MORNING)
    assert fire_waiting_amendments(desk.connection_id, at("13:00:00")) == 0
    order = desk.order(working.id)
    assert (order.status, order.wanted_quantity) == (Status.OPEN, None)
    assert order.reason == "amendment refused by the risk gate: BUYING_POWER_EXCEEDED"


def test_it_waits_until_the_exchange_has_confirmed_the_order(desk, gateway, stream):
    done = desk.submit()
    gateway.send()
    assert amend(done.order_id, price_vnd=25_100).waits
    assert fire_waiting_amendments(desk.connection_id, MORNING) == 0
    stream.event(desk.order(done.order_id), "QU")
    assert fire_waiting_amendments(desk.connection_id, MORNING) == 1
