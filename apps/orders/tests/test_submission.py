"""Entering an order: the gate, the reservation, the record, and asking twice."""

from uuid import uuid4

import pytest

from apps.eventlog import selectors as eventlog
from apps.orders import selectors
from apps.orders.models import Intent, Order, RequestCounter
from apps.orders.services.request_ids import take_request_id
from apps.orders.tests.conftest import MORNING, STRATEGY, at, request
from apps.risk import services as risk
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.domain.errors import RuleCode
from qts.domain.orders import Status
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db

COST = 300 * 25_050
FEE = COST * 15 // 10_000


def topics(desk) -> list[str]:
    found = [event.topic for event in eventlog.history(key=str(desk.account_id))]
    return [topic for topic in reversed(found) if topic.startswith("order.")]


def test_an_order_is_reserved_recorded_and_queued_in_one_go(desk):
    done = desk.submit("BUY 300 SSI @ 25050", caused_by_received_ns=123)
    order = desk.order(done.order_id)
    assert (done.accepted, done.status, done.breaches) == (True, Status.PENDING, ())
    assert (order.quantity, order.price_vnd, order.exchange, order.trading_day.isoformat()) == (
        300, 25_050, "HOSE", "2026-11-23",
    )  # fmt: skip
    assert desk.reserved_vnd == COST + FEE
    intent = Intent.objects.get()
    assert (intent.kind, intent.state, intent.request_id, intent.account_number, intent.caused_by_received_ns) == (
        "PLACE", "READY", order.request_id, "0901351", 123,
    )  # fmt: skip
    assert topics(desk) == ["order.order.submitted"]


def test_a_sale_reserves_shares_and_no_cash(desk):
    desk.submit("SELL 400 SSI @ 25050")
    assert desk.reserved_vnd == 0
    assert desk.state.position("SSI").sellable_quantity == 600


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("BUY 300 XXX @ 25050", {RuleCode.UNKNOWN_SYMBOL}),
        ("BUY 300 SSI @ 25055", {RuleCode.PRICE_OFF_TICK}),
        ("BUY 350 SSI @ 25050", {RuleCode.QUANTITY_OFF_LOT}),
        ("BUY -300 SSI @ 25050", {RuleCode.QUANTITY_NOT_POSITIVE}),
        ("BUY 300 SSI @ -25050", {RuleCode.PRICE_REQUIRED}),
        ("BUY 300 SSI @ 26800", {RuleCode.PRICE_ABOVE_CEILING}),
        ("BUY 300 SSI @ 23200", {RuleCode.PRICE_BELOW_FLOOR}),
        ("BUY 300 SSI @ ATC", {RuleCode.SESSION_FORBIDS_ORDER_TYPE}),
        ("BUY 4100 SSI @ 25050", {RuleCode.BUYING_POWER_EXCEEDED}),
        ("SELL 1100 SSI @ 25050", {RuleCode.SELLABLE_QUANTITY_EXCEEDED}),
    ],
)
def test_a_refused_order_is_on_record_with_its_reasons_and_nothing_else_happened(desk, text, codes):
    done = desk.submit(text)
    assert {breach.code for breach in done.breaches} == codes
    assert (done.accepted, done.status) == (False, Status.DENIED)
    view = selectors.order(done.order_id)
    assert view is not None
    assert {breach.code for breach in view.breaches} == codes
    assert (desk.reserved_vnd, desk.state.position("SSI").sellable_quantity) == (0, 1_000)
    assert not Intent.objects.exists()
    assert not RequestCounter.objects.exists()
    assert topics(desk) == ["order.order.denied"]


def test_all_reasons_are_collected(desk):
    done = desk.submit("BUY 350 SSI @ 26805")
    assert {breach.code for breach in done.breaches} == {
        RuleCode.PRICE_OFF_TICK, RuleCode.PRICE_ABOVE_CEILING, RuleCode.QUANTITY_OFF_LOT,
    }  # fmt: skip


def test_the_same_wish_is_answered_once(desk):
    first = desk.submit("BUY 300 SSI @ 25050", name="a")
    again = desk.submit("BUY 300 SSI @ 25050", name="a", now=at("10:16:00"))
    assert again == first
    assert (Order.objects.count(), Intent.objects.count(), desk.reserved_vnd) == (1, 1, COST + FEE)


def test_a_denied_wish_stays_denied_when_it_is_asked_again(desk):
    first = desk.submit("BUY 350 SSI @ 25050", name="a")
    assert desk.submit("BUY 350 SSI @ 25050", name="a") == first
    assert Order.objects.count() == 1


def test_the_same_name_for_another_wish_is_refused(desk):
    desk.submit("BUY 300 SSI @ 25050", name="a")
    done = desk.submit("BUY 400 SSI @ 25050", name="a")
    assert [breach.code for breach in done.breaches] == [RuleCode.IDEMPOTENCY_KEY_REUSED]
    assert done.order_id is None
    assert (Order.objects.count(), desk.reserved_vnd) == (1, COST + FEE)
    assert topics(desk) == ["order.order.submitted", "order.order.denied"]


def test_reservations_add_up_until_the_cash_is_gone(desk):
    accepted = [desk.submit("BUY 1000 SSI @ 25000").accepted for _ in range(5)]
    assert accepted == [True, True, True, False, False]
    assert desk.reserved_vnd == 3 * (25_000_000 + 37_500)


def test_an_order_under_a_kill_switch_is_denied(desk):
    risk.engage_kill_switch(scope="firm", reason="test", actor=STRATEGY, now=MORNING)
    done = desk.submit()
    assert [breach.code for breach in done.breaches] == [RuleCode.KILL_SWITCH_ENGAGED]


def test_a_user_without_a_membership_does_not_see_the_account(desk):
    user = make_user("mallory", Role.TRADER)
    actor = Actor(ActorKind.USER, str(user.pk))
    done = desk.submit(actor=actor)
    assert [breach.code for breach in done.breaches] == [RuleCode.ACCOUNT_NOT_FOUND]
    assert (Order.objects.count(), desk.reserved_vnd) == (0, 0)
    assert topics(desk) == ["order.order.denied"]
    desk.admit("mallory", "trade")
    assert desk.submit(actor=actor).accepted


def test_an_unknown_account_is_refused_and_remembered(desk):
    desk.account_id = uuid4()
    done = desk.submit()
    assert [breach.code for breach in done.breaches] == [RuleCode.ACCOUNT_NOT_FOUND]
    assert topics(desk) == ["order.order.denied"]


def test_request_ids_count_up_and_a_lost_counter_begins_above_the_old_one(db):
    connection_id, day = uuid4(), at("09:00:00").date()
    first = [int(take_request_id(connection_id, day, at("09:00:00"))) for _ in range(3)]
    assert first == [32_400_001, 32_400_002, 32_400_003]
    RequestCounter.objects.all().delete()
    assert int(take_request_id(connection_id, day, at("09:00:10"))) == 32_410_001
    assert int(take_request_id(uuid4(), day, at("23:59:59"))) < 99_999_999


def test_a_counter_from_an_older_backup_goes_on_above_what_was_given_out_since(db):
    connection_id, day = uuid4(), at("09:00:00").date()
    saved = int(take_request_id(connection_id, day, at("09:00:00")))
    given_out = {int(take_request_id(connection_id, day, at("09:30:00"))) for _ in range(1_500)}
    RequestCounter.objects.update(last=saved)
    assert int(take_request_id(connection_id, day, at("09:30:02"))) not in given_out
    assert int(take_request_id(connection_id, day, at("09:00:00"))) not in given_out  # a clock that went back


def test_the_counter_refuses_a_ninth_digit(db):
    connection_id, day = uuid4(), at("09:00:00").date()
    RequestCounter.objects.create(connection_id=connection_id, trading_day=day, last=99_999_999)
    with pytest.raises(OverflowError):
        take_request_id(connection_id, day, MORNING)


def test_a_request_with_another_symbol_case_is_another_wish():
    assert request("BUY 300 SSI @ 25050", "a").body_hash != request("BUY 300 ssi @ 25050", "a").body_hash
