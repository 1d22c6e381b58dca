"""Orders that wait: for the session that takes them, or for the end of the order that they replace."""

import dataclasses
from datetime import date

import pytest
from django.conf import settings

from apps.marketdata.services.live_state import Checkpoint, LiveState
from apps.orders import selectors, services
from apps.orders.models import Intent, Order
from apps.orders.services.holding import release_held_orders
from apps.orders.tests.conftest import MORNING, STRATEGY, at, quote, refused
from apps.risk import services as risk
from apps.sso.selectors import Role, actor_of
from apps.sso.tests.sessions import make_user
from qts.adapters.bus import encode
from qts.domain.errors import RuleCode
from qts.domain.market import rule_book_on, session_at
from qts.domain.orders import Status
from qts.domain.values import Actor, ActorKind, Exchange

RULES = rule_book_on(date(2026, 1, 5))

pytestmark = pytest.mark.django_db

LUNCH = at("12:10:00")
AFTERNOON = at("13:00:00")


def codes(done):
    return [str(breach.code) for breach in done.breaches]


def release(desk, now):
    """The exchange says at that moment in what session it is."""
    tell_session(now)
    return release_held_orders(desk.connection_id, now)


def tell_session(now):
    told = dataclasses.replace(quote(now), session=session_at(RULES, Exchange.HOSE, now))
    LiveState(settings.REDIS_URL).write([encode(told)], Checkpoint("0:0", 0))


def submit(desk, text="BUY 300 SSI @ 25050", now=LUNCH, **more):
    tell_session(now)
    return desk.submit(text, now=now, holds=True, **more)


def test_a_wish_to_wait_is_part_of_what_a_name_stands_for(desk):
    """Asked again under the same name without it, it is another wish, and not answered as if it were the first."""
    first = submit(desk, name="one")
    other = desk.submit(now=LUNCH, name="one")
    assert [breach.code for breach in other.breaches] == ["IDEMPOTENCY_KEY_REUSED"]
    assert submit(desk, name="one").order_id == first.order_id
    assert Order.objects.count() == 1


@pytest.fixture
def person(desk):
    user = make_user("person", Role.TRADER)
    desk.admit("person", "trade")
    return actor_of(user)


@pytest.fixture
def held(desk):
    done = submit(desk)
    assert (done.accepted, done.status) == (True, Status.PENDING)
    return desk.order(done.order_id)


def test_it_is_kept_without_a_reservation_and_goes_out_in_the_first_moment(desk, gateway, broker, held):
    assert (held.release_at, held.request_id, desk.reserved_vnd) == (AFTERNOON, "", 0)
    assert gateway.send(now=LUNCH) == 0
    assert release(desk, at("12:59:59")) == 0
    assert release(desk, AFTERNOON) == 1
    assert release(desk, AFTERNOON) == 0
    order = desk.order(held.id)
    assert (order.release_at, order.status, desk.reserved_vnd > 0) == (None, Status.PENDING, True)
    assert gateway.send(2, now=AFTERNOON) == 1
    assert broker.calls == [("new", order.request_id)]
    assert [entry.reason for entry in selectors.order_history(held.id)][:2] == ["", "released"]


def test_without_being_asked_to_nothing_is_kept(desk):
    tell_session(LUNCH)
    assert codes(desk.submit(now=LUNCH)) == ["SESSION_FORBIDS_ORDER_TYPE"]


def test_what_may_go_now_goes_now(desk):
    done = desk.submit(holds=True)
    assert (desk.order(done.order_id).release_at, desk.intents()) == (None, [("PLACE", "READY")])


def test_only_the_moment_is_excused(desk):
    done = submit(desk, "BUY 300 SSI @ 25030")
    assert set(codes(done)) == {"PRICE_OFF_TICK", "SESSION_FORBIDS_ORDER_TYPE"}
    assert not Intent.objects.exists()


def test_after_the_close_it_is_kept_for_the_next_day_whose_prices_are_not_known_yet(desk):
    done = submit(desk, "BUY 300 SSI @ 27000", at("15:10:00"))
    order = desk.order(done.order_id)
    assert (order.release_at, str(order.trading_day)) == (at("09:00:00", "2026-11-25"), "2026-11-25")
    assert services.expire_day(at("15:20:00")) == 0
    assert release(desk, at("09:00:00", "2026-11-24")) == 0


def test_the_gate_judges_it_again(desk, held):
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=LUNCH)
    assert release(desk, AFTERNOON) == 0
    order = desk.order(held.id)
    assert (order.status, order.reason, desk.reserved_vnd) == (Status.CANCELLED, "KILL_SWITCH_ENGAGED", 0)
    assert not Intent.objects.exists()


def test_the_limits_of_who_entered_it_hold_when_it_goes_out(desk, person):
    """Not those of the worker that sends it: an officer has limited this person meanwhile."""
    entered = submit(desk, actor=person)
    risk.change_limit(
        code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=1_000_000, scope="user", scope_id=person.id,
        reason="too eager", actor=Actor(ActorKind.USER, "7"), now=LUNCH,
    )  # fmt: skip
    assert release(desk, AFTERNOON) == 0
    order = desk.order(entered.order_id)
    assert (order.status, order.reason, desk.reserved_vnd) == (Status.CANCELLED, "ORDER_VALUE_EXCEEDS_MAX", 0)


def test_its_money_is_asked_for_when_it_goes_out(desk, held):
    for number in range(2):
        assert submit(desk, "BUY 1900 SSI @ 25000", name=f"large-{number}").accepted
    assert release(desk, AFTERNOON) == 2  # the first two have the money
    reasons = [order.reason for order in selectors.orders([desk.account_id]) if order.status is Status.CANCELLED]
    assert reasons == ["BUYING_POWER_EXCEEDED"]


def test_the_exchange_may_begin_a_moment_late(desk, held):
    """What it says goes before what the timetable says."""
    assert release_held_orders(desk.connection_id, AFTERNOON) == 0
    assert release_held_orders(desk.connection_id, at("13:04:59")) == 0
    assert desk.order(held.id).status == Status.PENDING
    assert release_held_orders(desk.connection_id, at("13:05:00")) == 0
    order = desk.order(held.id)
    assert (order.status, order.reason) == (Status.CANCELLED, "SESSION_FORBIDS_ORDER_TYPE")


def test_a_held_order_is_amended_or_taken_back_at_once(desk, gateway, held):
    answer = services.request_amend(
        order_id=held.id, quantity=200, price_vnd=25_000, actor=STRATEGY, now=at("12:20:00")
    )
    assert (answer.accepted, answer.waits, desk.reserved_vnd) == (True, False, 0)
    assert (desk.order(held.id).quantity, desk.order(held.id).price_vnd) == (200, 25_000)
    assert services.request_cancel(order_id=held.id, actor=STRATEGY, now=at("12:30:00")).accepted
    assert release(desk, AFTERNOON) == 0
    assert desk.order(held.id).status == Status.CANCELLED


def test_asking_twice_keeps_it_once(desk):
    first, again = submit(desk, name="once"), submit(desk, name="once")
    assert (first.order_id, first.status) == (again.order_id, again.status)


# --- one in the stead of another --------------------------------------------------------------------------------------


def replace(order_id, quantity=500, price_vnd=25_100, name="new"):
    return services.request_replace(
        order_id=order_id, quantity=quantity, price_vnd=price_vnd, client_order_id=name, actor=STRATEGY, now=MORNING
    )


def test_the_new_one_goes_out_when_the_old_one_is_over(desk, gateway, broker, stream, working):
    done = replace(working.id)
    assert (done.accepted, done.status, desk.order(working.id).status) == (
        True, Status.PENDING, Status.CANCEL_PENDING,
    )  # fmt: skip
    assert release(desk, MORNING) == 0
    gateway.send(3)
    assert [what for what, _ in broker.calls] == ["new", "cancel"]
    stream.event(working, "CL", cancelled=300, unique_id=broker.calls[1][1])
    assert release(desk, MORNING) == 1
    gateway.send(2)
    assert [what for what, _ in broker.calls] == ["new", "cancel", "new"]
    order = desk.order(done.order_id)
    assert (order.quantity, order.price_vnd, order.replaces_id) == (500, 25_100, working.id)


def test_what_was_filled_meanwhile_is_left_out(desk, gateway, broker, stream, working):
    done = replace(working.id)
    gateway.send()
    stream.match(working, 100)
    stream.event(working, "FFPC", filled=100, cancelled=200)
    assert release(desk, MORNING) == 1
    assert desk.order(done.order_id).quantity == 400


def test_it_waits_for_matches_that_were_counted_and_not_told(desk, gateway, stream, working):
    done = replace(working.id)
    gateway.send()
    stream.event(working, "FFPC", filled=100, cancelled=200)
    assert release(desk, MORNING) == 0
    stream.match(working, 100)
    assert release(desk, MORNING) == 1
    assert desk.order(done.order_id).quantity == 400


def test_nothing_is_left_when_the_old_one_was_filled(desk, gateway, stream, working):
    done = replace(working.id, quantity=300)
    gateway.send()
    stream.match(working, 300)
    assert release(desk, MORNING) == 0
    order = desk.order(done.order_id)
    assert (order.status, order.reason) == (Status.CANCELLED, "the order that it replaces was filled")


def test_a_refused_cancel_gives_the_new_one_up(desk, gateway, broker, working):
    done = replace(working.id)
    broker.script = [refused("no")]
    gateway.send()
    assert release(desk, MORNING) == 0
    assert (desk.order(working.id).status, desk.order(done.order_id).status) == (Status.OPEN, Status.CANCELLED)


def test_asking_twice_replaces_once(desk, working):
    first, again = replace(working.id), replace(working.id)
    assert (first.order_id, again.order_id, again.accepted) == (first.order_id, first.order_id, True)
    assert codes(replace(working.id, quantity=600)) == ["IDEMPOTENCY_KEY_REUSED"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price_vnd": 25_030}, "PRICE_OFF_TICK"),
        ({"quantity": 5_000}, "BUYING_POWER_EXCEEDED"),
        ({"quantity": 100}, "QUANTITY_NOT_ABOVE_FILLED"),
    ],
)
def test_what_the_gate_refuses_leaves_the_old_one_alone(desk, stream, working, changes, code):
    stream.match(working, 100)
    assert code in codes(replace(working.id, **changes))
    assert desk.order(working.id).status == Status.PARTIALLY_FILLED
    assert not Intent.objects.filter(kind="CANCEL").exists()


def test_its_own_money_counts_for_it(desk, gateway, stream):
    done = desk.submit("BUY 3900 SSI @ 25000")
    gateway.send()
    stream.event(desk.order(done.order_id), "QU")
    assert replace(done.order_id, quantity=3_800, price_vnd=26_000).accepted
