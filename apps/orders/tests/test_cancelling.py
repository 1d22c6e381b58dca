"""Taking orders back: by hand, by the kill switch, by the end of the day."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.orders import handlers, selectors, services
from apps.orders.models import Discrepancy, Intent, StreamPosition
from apps.orders.services import cancelling
from apps.orders.services.cancelling import cancel_what_is_killed, fire_waiting_cancels
from apps.orders.services.reconciliation import Reconciler
from apps.orders.tests.conftest import MORNING, STRATEGY, at, refused, row
from apps.risk import services as risk
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.adapters.ssi.trading import AmbiguousSend
from qts.domain.errors import RuleCode
from qts.domain.events import KillSwitchChanged
from qts.domain.orders import Status
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db


def cancel(order_id, now=MORNING, actor=STRATEGY):
    return services.request_cancel(order_id=order_id, actor=actor, now=now)


def test_what_was_never_sent_is_taken_back_at_once(desk, gateway, broker):
    done = desk.submit()
    answer = cancel(done.order_id)
    assert (answer.accepted, answer.status, answer.waits) == (True, Status.CANCELLED, False)
    assert (desk.intents(), desk.reserved_vnd) == ([("PLACE", "WITHDRAWN")], 0)
    assert gateway.send() == 0
    assert broker.calls == []


def test_a_symbol_that_takes_no_order_today_lets_cancels_pass(desk, gateway, broker, working, settings):
    settings.ARMING_IS_NEEDED = True
    refusal = desk.submit()
    assert RuleCode.SYMBOL_NOT_ARMED in {breach.code for breach in refusal.breaches}
    assert cancel(working.id).status == Status.CANCEL_PENDING
    assert gateway.send(3) == 1
    assert [what for what, _ in broker.calls] == ["new", "cancel"]


def test_a_working_order_is_cancelled_by_the_broker(desk, gateway, broker, stream, working):
    answer = cancel(working.id)
    assert (answer.accepted, answer.status) == (True, Status.CANCEL_PENDING)
    assert cancel(working.id) == answer
    assert gateway.send(3) == 1
    assert [what for what, _ in broker.calls] == ["new", "cancel"]
    assert desk.reserved_vnd > 0
    stream.event(working, "CL", cancelled=300, unique_id=broker.calls[1][1])
    assert (desk.order(working.id).status, desk.reserved_vnd) == (Status.CANCELLED, 0)
    assert [entry.topic.rpartition(".")[2] for entry in selectors.order_history(working.id)][-2:] == [
        "cancelRequested", "cancelled",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "too_early", "fires"), [("09:05:00", "09:14:59", "09:15:00"), ("12:00:00", "12:59:59", "13:00:00")]
)
def test_what_the_session_forbids_waits_for_the_one_that_allows_it(desk, working, asked, too_early, fires):
    answer = cancel(working.id, at(asked))
    assert (answer.accepted, answer.waits, answer.status) == (True, True, Status.OPEN)
    assert desk.order(working.id).cancel_wanted
    assert fire_waiting_cancels(desk.connection_id, at(too_early)) == 0
    assert Intent.objects.filter(kind="CANCEL").count() == 0
    assert fire_waiting_cancels(desk.connection_id, at(fires)) == 1
    assert desk.order(working.id).status == Status.CANCEL_PENDING


@pytest.mark.parametrize("time", ["14:40:00", "15:10:00"])
def test_no_session_of_the_day_may_allow_it_any_more(desk, working, time):
    answer = cancel(working.id, at(time))
    assert [breach.code for breach in answer.breaches] == [RuleCode.SESSION_FORBIDS_CANCEL]
    assert desk.order(working.id).status == Status.OPEN
    assert Intent.objects.filter(kind="CANCEL").count() == 0


def test_an_order_that_is_over_cannot_be_cancelled(desk, stream, working):
    stream.match(working, 300)
    answer = cancel(working.id)
    assert ([breach.code for breach in answer.breaches], answer.status) == (
        [RuleCode.ORDER_NOT_CANCELLABLE], Status.FILLED,
    )  # fmt: skip


def test_to_somebody_else_the_order_does_not_exist(desk, working):
    user = make_user("mallory", Role.TRADER)
    actor = Actor(ActorKind.USER, str(user.pk))
    for order_id in (working.id, uuid4()):
        assert [breach.code for breach in cancel(order_id, actor=actor).breaches] == [RuleCode.ORDER_NOT_FOUND]
    assert desk.order(working.id).status == Status.OPEN
    desk.admit("mallory", "view")
    assert not cancel(working.id, actor=actor).accepted
    desk.admit("mallory", "trade")
    assert cancel(working.id, actor=actor).accepted


def test_a_cancel_waits_for_the_brokers_order_id(desk, gateway, broker, stream):
    order = desk.order(desk.submit().order_id)
    broker.script = [AmbiguousSend("reset")]
    gateway.send()
    answer = cancel(order.id)
    assert (answer.accepted, answer.waits, answer.status) == (True, True, Status.UNKNOWN)
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 0
    stream.event(order, "QU")
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 1
    assert fire_waiting_cancels(desk.connection_id, MORNING) == 0
    assert desk.order(order.id).status == Status.CANCEL_PENDING


def kill(scope, engaged=True):
    handlers.cancel_what_works(KillSwitchChanged(scope=scope, engaged=engaged, reason="test", ts_market_ms=0))


def test_the_kill_switch_cancels_what_works_in_its_scope(desk, working):
    mine = desk.submit(strategy_id="5f0c2c3e-9d8e-4a53-9c57-3c5b1d9e2a11").order_id
    scope = "strategy:5f0c2c3e-9d8e-4a53-9c57-3c5b1d9e2a11"
    risk.engage_kill_switch(scope=scope, reason="test", actor=STRATEGY, now=MORNING)
    kill(scope)
    assert (desk.order(mine).status, desk.order(working.id).status) == (Status.CANCELLED, Status.OPEN)
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    kill("firm")
    kill("firm")
    assert desk.order(working.id).status == Status.CANCEL_PENDING
    assert Intent.objects.filter(kind="CANCEL").count() == 1


def test_a_switch_that_lets_sales_pass_leaves_them_working(desk):
    sale, purchase = desk.submit("SELL 100 SSI @ 25100").order_id, desk.submit().order_id
    scope = f"account:{desk.account_id}"
    risk.engage_kill_switch(scope=scope, reason="loss", actor=STRATEGY, now=MORNING, allows_reducing=True)
    kill(scope)
    assert (desk.order(sale).status, desk.order(purchase).status) == (Status.PENDING, Status.CANCELLED)


def test_an_old_message_of_a_released_switch_cancels_nothing(desk, working):
    kill("firm")
    kill("firm", engaged=False)
    assert desk.order(working.id).status == Status.OPEN


def test_in_an_auction_the_switch_waits_for_the_first_moment_that_allows_a_cancel(desk, working):
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    services.cancel_for_kill_switch(scope="firm", reason="test", now=at("12:59:59"))
    assert (desk.order(working.id).status, desk.order(working.id).cancel_wanted) == (Status.OPEN, True)
    assert fire_waiting_cancels(desk.connection_id, at("12:59:59")) == 0
    assert fire_waiting_cancels(desk.connection_id, at("13:00:00")) == 1
    assert desk.order(working.id).status == Status.CANCEL_PENDING


def test_the_sweep_asks_again_for_what_works_under_an_engaged_switch(desk, gateway, broker, stream, working):
    assert cancel_what_is_killed(desk.connection_id, MORNING) == 0
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    assert cancel_what_is_killed(desk.connection_id, MORNING) == 1
    assert cancel_what_is_killed(desk.connection_id, MORNING) == 0  # asked for already
    broker.script = [refused("not now")]
    gateway.send()
    assert desk.order(working.id).status == Status.OPEN
    assert cancel_what_is_killed(desk.connection_id, MORNING) == 1
    gateway.send()
    assert [what for what, _ in broker.calls] == ["new", "cancel", "cancel"]


def test_one_order_that_cannot_be_cancelled_does_not_save_the_others(desk, working, monkeypatch):
    orders = [working.id, desk.submit().order_id, desk.submit().order_id]
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    honest = cancelling._cancel_locked

    def stumble(order, **more):
        if order.id == orders[1]:
            raise RuntimeError("broken row")
        return honest(order, **more)

    monkeypatch.setattr(cancelling, "_cancel_locked", stumble)
    with pytest.raises(ExceptionGroup, match="1 orders could not be cancelled"):
        services.cancel_for_kill_switch(scope="firm", reason="test", now=MORNING)
    assert [desk.order(order_id).status for order_id in orders] == [
        Status.CANCEL_PENDING, Status.PENDING, Status.CANCELLED,
    ]  # fmt: skip


# --- the end of the day ----------------------------------------------------------------------------------------------


NEXT_DAY = at("08:58:00", "2026-11-25")


@pytest.fixture
def compared(desk):
    """The order book was compared just now."""
    return StreamPosition.objects.create(
        connection_id=desk.connection_id, trading_day="2026-11-23", reconciled_at=timezone.now()
    )


def test_the_day_ends_five_minutes_after_the_exchange_closed(desk, working, compared):
    waiting = desk.submit().order_id
    assert services.expire_day(at("14:49:59")) == 0
    assert services.expire_day(at("14:50:00")) == 2
    assert services.expire_day(at("14:50:00")) == 0
    assert (desk.order(working.id).status, desk.order(waiting).status, desk.reserved_vnd) == (
        Status.EXPIRED, Status.EXPIRED, 0,
    )  # fmt: skip
    assert desk.intents() == [("PLACE", "ANSWERED"), ("PLACE", "WITHDRAWN")]


@pytest.mark.parametrize("minutes", [1, 60])
def test_what_the_broker_has_does_not_expire_while_nobody_asks_the_broker(desk, working, compared, minutes):
    StreamPosition.objects.update(reconciled_at=timezone.now() - timedelta(minutes=minutes))
    assert services.expire_day(at("14:50:00")) == 0
    assert services.close_day(NEXT_DAY) == 0
    assert (desk.order(working.id).status, desk.reserved_vnd > 0) == (Status.OPEN, True)


def test_a_former_day_is_closed_by_what_the_history_tells(desk, broker, working):
    broker.history["0901351"] = [row(working, "EX", filled=100, cancelled=200, now=at("14:45:00"))]
    Reconciler(desk.connection_id, broker).step(NEXT_DAY)
    assert broker.asked_history == [("0901351", date(2026, 11, 23), date(2026, 11, 24))]
    assert (desk.order(working.id).status, desk.order(working.id).filled_quantity) == (Status.EXPIRED, 0)
    assert desk.reserved_vnd == 100 * 25_050 + 3_757  # what the match that nobody reported will need
    note = Discrepancy.objects.get()
    assert (note.kind, "100 more shares" in note.detail) == ("FILL_MISSING", True)


def test_a_former_day_without_news_is_over(desk, broker, working):
    broker.history["0901351"] = [row(working, "QU", now=at("14:45:00"))]
    Reconciler(desk.connection_id, broker).step(NEXT_DAY)
    assert (desk.order(working.id).status, desk.reserved_vnd) == (Status.EXPIRED, 0)
    assert not Discrepancy.objects.exists()
    Reconciler(desk.connection_id, broker).step(NEXT_DAY)
    assert len(broker.asked_history) == 1


def test_an_order_whose_fate_was_never_learned_is_noted_the_next_day(desk, gateway, broker):
    done = desk.submit()
    broker.script = [AmbiguousSend("reset")]
    gateway.send()
    assert services.expire_day(at("14:55:00")) == 0
    assert services.close_day(NEXT_DAY) == 0
    assert desk.order(done.order_id).status == Status.UNKNOWN
    Reconciler(desk.connection_id, broker).step(NEXT_DAY)
    assert (desk.order(done.order_id).status, desk.reserved_vnd) == (Status.EXPIRED, 0)
    assert Discrepancy.objects.get().kind == "UNRESOLVED_AT_DAY_END"


def test_an_order_whose_answer_was_lost_is_found_in_the_history(desk, gateway, broker):
    done = desk.submit()
    broker.script = [AmbiguousSend("reset")]
    gateway.send()
    broker.history["0901351"] = [row(desk.order(done.order_id), "EX", cancelled=300, now=at("14:45:00"))]
    Reconciler(desk.connection_id, broker).step(NEXT_DAY)
    assert desk.order(done.order_id).status == Status.EXPIRED
    assert desk.intents() == [("PLACE", "ANSWERED")]
    assert not Discrepancy.objects.exists()


def test_a_match_told_after_the_day_ended_is_booked(desk, stream, working, compared):
    services.expire_day(at("14:50:00"))
    stream.match(working, 100, now=at("14:45:00"))
    stored = desk.order(working.id)
    assert (stored.status, stored.filled_quantity) == (Status.EXPIRED, 100)
    assert desk.state.position("SSI").quantity == 1_100
