"""Another price or quantity: what is sent, what is held back meanwhile, and every way in which the answer can come."""

import pytest

from apps.accounts.selectors import account_state, fee_schedule
from apps.orders import selectors, services
from apps.orders.models import Discrepancy, Intent
from apps.orders.services import resolution
from apps.orders.services.amending import fire_waiting_amendments
from apps.orders.services.cancelling import fire_waiting_cancels
from apps.orders.services.pace import Pace
from apps.orders.services.reconciliation import rows_with_news
from apps.orders.services.resolution import Resolver, declare_not_received
from apps.orders.tests.conftest import MORNING, STRATEGY, at, refused, row
from apps.risk import services as risk
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.adapters.ssi.trading import AmbiguousSend
from qts.domain.errors import RuleCode
from qts.domain.orders import Status
from qts.domain.portfolio import cash_needed_vnd
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db


def need_vnd(quantity, price_vnd):
    return cash_needed_vnd(quantity=quantity, price_vnd=price_vnd, fees=fee_schedule())


def amend(order_id, now=MORNING, actor=STRATEGY, **terms):
    return services.request_amend(order_id=order_id, actor=actor, now=now, **terms)


def codes(answer):
    return [str(breach.code) for breach in answer.breaches]


def topics(order_id):
    return [entry.topic.rpartition(".")[2] for entry in selectors.order_history(order_id)]


@pytest.fixture
def amending(desk, gateway, broker, working):
    """300 at 25,050 in the book; 25,100 was sent to the broker."""
    assert amend(working.id, price_vnd=25_100).accepted
    gateway.send()
    return desk.order(working.id)


@pytest.fixture
def growing(desk, gateway, broker, working):
    """300 at 25,050 in the book; 500 was sent to the broker."""
    assert amend(working.id, quantity=500).accepted
    gateway.send()
    return desk.order(working.id)


def asked_id(order):
    return Intent.objects.get(order=order, kind="AMEND").request_id


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


# --- how the answer can come ------------------------------------------------------------------------------------------


def as_it_was(desk, order):
    stored = desk.order(order.id)
    return (stored.status, stored.quantity, stored.price_vnd, stored.wanted_quantity) == (
        Status.OPEN, 300, 25_050, None,
    ) and desk.reserved_vnd == need_vnd(300, 25_050)  # fmt: skip


def test_the_broker_refuses_it_at_once(desk, gateway, broker, working):
    amend(working.id, price_vnd=25_100)
    broker.script = [refused("Order cannot be modified")]
    gateway.send()
    assert as_it_was(desk, working)
    assert desk.order(working.id).reason == "amendment refused: 400: Order cannot be modified"
    assert desk.intents()[-1] == ("AMEND", "REFUSED")
    assert amend(working.id, price_vnd=25_100).accepted  # once more, under a new number


def test_the_exchange_refuses_it_later(desk, stream, amending):
    stream.error(asked_id(amending), "ORD012", "Order cannot be modified")
    assert as_it_was(desk, amending)
    assert topics(amending.id)[-1] == "acceptedByExchange"
    stream.error(asked_id(amending), "ORD012", "Order cannot be modified")
    assert as_it_was(desk, amending)


def test_a_refusal_that_was_never_told_shows_in_the_book(desk, amending):
    """The row names the amendment as the last action, and has the old price."""
    reported = row(amending, "QU", unique_id=asked_id(amending), now=at("10:15:01"))
    assert rows_with_news(desk.connection_id, desk.account_id, [reported], MORNING) == [reported]
    services.apply_book_row(desk.connection_id, reported, now=MORNING)
    assert as_it_was(desk, amending)


def test_over_the_quota_the_same_request_goes_again(desk, gateway, broker, working):
    amend(working.id, price_vnd=25_100)
    broker.script = [refused("API calls quota exceeded! maximum admitted 5 per 1s.", "429")]
    gateway.send()
    assert (desk.order(working.id).status, desk.intents()[-1]) == (Status.AMEND_PENDING, ("AMEND", "READY"))
    Intent.objects.update(not_before=None)
    gateway.send()
    assert broker.calls[-1] == broker.calls[-2]


@pytest.fixture
def doubtful(desk, gateway, broker, working, monkeypatch):
    """The answer to the amendment was lost."""
    monkeypatch.setattr(resolution, "ASK_EVERY_S", 0.0)
    amend(working.id, price_vnd=25_100)
    broker.script = [AmbiguousSend("read timed out")]
    assert gateway.send(3) == 1
    order = desk.order(working.id)
    assert (order.status, desk.intents()[-1]) == (Status.AMEND_PENDING, ("AMEND", "UNKNOWN"))
    return order


def ask(desk, broker):
    Resolver(desk.connection_id, broker, Pace(desk.connection_id)).step(MORNING)


def test_a_lost_answer_is_found_to_have_been_a_yes(desk, broker, doubtful):
    broker.book["0901351"] = [row(doubtful, "QU", unique_id=asked_id(doubtful), terms=(300, 25_100))]
    ask(desk, broker)
    order = desk.order(doubtful.id)
    assert (order.status, order.price_vnd, desk.intents()[-1]) == (Status.OPEN, 25_100, ("AMEND", "CONFIRMED"))


def test_a_lost_answer_is_found_to_have_been_a_no(desk, broker, doubtful):
    broker.book["0901351"] = [row(doubtful, "QU", unique_id=asked_id(doubtful))]
    ask(desk, broker)
    assert as_it_was(desk, doubtful)
    assert desk.intents()[-1] == ("AMEND", "REFUSED")


def test_an_amendment_that_never_arrived_leaves_the_order_as_it_was(desk, broker, doubtful):
    broker.book["0901351"] = [row(doubtful, "QU")]
    ask(desk, broker)
    assert desk.order(doubtful.id).status == Status.AMEND_PENDING  # not seen yet is not: never arrived
    declare_not_received(Intent.objects.select_related("order").get(kind="AMEND"), MORNING)
    assert as_it_was(desk, doubtful)
    assert (desk.intents()[-1], len(broker.calls)) == (("AMEND", "NOT_RECEIVED"), 2)


def test_the_order_was_over_before_the_lost_amendment_could_matter(desk, broker, stream, doubtful):
    stream.match(doubtful, 300)
    assert (desk.order(doubtful.id).status, desk.state.reserved_orders_vnd) == (Status.FILLED, 0)
    assert desk.intents()[-1] == ("AMEND", "REFUSED")


def test_a_refusal_is_not_written_twice_when_it_overtakes_the_lost_answer(desk, gateway, broker, stream, working):
    amend(working.id, price_vnd=25_100)

    def refuse_then_lose(request_id):
        stream.error(request_id, "ORD012", "no")
        raise AmbiguousSend("reset")

    broker.script = [refuse_then_lose]
    gateway.send()
    assert as_it_was(desk, working)
    assert desk.intents()[-1] == ("AMEND", "REFUSED")


# --- fills meanwhile --------------------------------------------------------------------------------------------------


def test_it_was_filled_before_the_amendment_arrived(desk, stream, amending):
    stream.match(amending, 300)
    assert desk.order(amending.id).status == Status.FILLED
    stream.error(asked_id(amending), "ORD012", "Order cannot be modified")
    assert (desk.order(amending.id).status, desk.order(amending.id).wanted_price_vnd) == (Status.FILLED, None)
    assert (desk.reserved_vnd, Discrepancy.objects.count()) == (need_vnd(300, 25_000), 0)


def test_the_old_quantity_is_not_the_end_while_a_larger_one_may_hold(desk, stream, growing):
    stream.match(growing, 300)
    assert desk.order(growing.id).status == Status.AMEND_PENDING
    stream.event(growing, "QU", filled=300, unique_id=asked_id(growing), terms=(500, 25_050))
    assert (desk.order(growing.id).status, desk.order(growing.id).quantity) == (Status.PARTIALLY_FILLED, 500)
    stream.match(growing, 200)
    assert desk.order(growing.id).status == Status.FILLED


def test_the_old_quantity_was_the_end_when_the_larger_one_is_refused(desk, stream, growing):
    stream.match(growing, 300)
    stream.error(asked_id(growing), "ORD012", "Order cannot be modified")
    assert desk.order(growing.id).status == Status.FILLED
    assert account_state(desk.account_id, MORNING).reserved_orders_vnd == 0


def test_a_match_beyond_the_old_quantity_proves_the_amendment(desk, stream, growing):
    stream.match(growing, 400)
    order = desk.order(growing.id)
    assert (order.status, order.quantity, order.filled_quantity) == (Status.PARTIALLY_FILLED, 500, 400)
    assert desk.intents()[-1] == ("AMEND", "CONFIRMED")
    assert not Discrepancy.objects.exists()


def test_a_match_beyond_what_was_ever_asked_for_is_none(desk, stream, growing):
    stream.match(growing, 600)
    assert (desk.order(growing.id).filled_quantity, Discrepancy.objects.get().kind) == (0, "OVERFILL")


def test_a_smaller_quantity_that_has_traded_by_then_ends_the_order(desk, gateway, stream, working):
    amend(working.id, quantity=200)
    gateway.send()
    stream.match(working, 200)
    assert desk.order(working.id).status == Status.AMEND_PENDING
    stream.event(working, "FF", filled=200, unique_id=asked_id(working), terms=(200, 25_050))
    order = desk.order(working.id)
    assert (order.status, order.quantity) == (Status.FILLED, 200)
    assert account_state(desk.account_id, MORNING).reserved_orders_vnd == 0


# --- amended elsewhere, and old pages ---------------------------------------------------------------------------------


def test_what_was_amended_by_phone_holds_here_too(desk, stream, working):
    stream.event(working, "QU", unique_id="77", terms=(400, 25_050), now=at("10:16:00"))
    order = desk.order(working.id)
    assert (order.quantity, order.reason) == (400, "amended at the broker, not from here")
    assert desk.reserved_vnd == need_vnd(400, 25_050)
    assert topics(order.id)[-1] == "amended"


def test_an_old_page_of_the_book_does_not_bring_the_old_terms_back(desk, stream, amending):
    old = row(amending, "QU", now=at("10:14:59"))
    stream.event(amending, "QU", unique_id=asked_id(amending), terms=(300, 25_100))
    services.apply_book_row(desk.connection_id, old, now=MORNING)
    assert desk.order(amending.id).price_vnd == 25_100


@pytest.mark.parametrize("terms", [(300, 0), (0, 25_100), (50, 25_100)])
def test_terms_that_make_no_sense_are_not_taken(desk, stream, working, terms):
    stream.match(working, 100)
    stream.event(working, "PF", filled=100, terms=terms)
    order = desk.order(working.id)
    assert (order.quantity, order.price_vnd) == (300, 25_050)


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
