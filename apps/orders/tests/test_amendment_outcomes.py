"""Every way in which the answer to an amendment can come, fills meanwhile, and amendments that we did not ask for."""

import pytest

from apps.accounts.selectors import account_state
from apps.orders import services
from apps.orders.models import Discrepancy, Intent
from apps.orders.services.reconciliation import rows_with_news
from apps.orders.services.resolution import declare_not_received
from apps.orders.tests.amendments import (
    amend,
    amending,
    as_it_was,
    ask,
    asked_id,
    doubtful,
    growing,
    need_vnd,
    topics,
)
from apps.orders.tests.conftest import MORNING, at, refused, row
from qts.adapters.ssi.trading import AmbiguousSend
from qts.domain.orders import Status

__all__ = ["amending", "doubtful", "growing"]

pytestmark = pytest.mark.django_db


# --- how the answer can come ------------------------------------------------------------------------------------------


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
    assert rows_with_news(desk.connection_id, desk.account_id, [reported], MORNING.date()) == [reported]
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


@pytest.mark.parametrize("has_asked", [False, True])
def test_what_has_traded_may_be_all_that_is_left_after_it(desk, gateway, stream, working, has_asked):
    """The rest was taken away elsewhere, while an amendment of ours may be on its way."""
    stream.match(working, 200)
    if has_asked:
        amend(working.id, price_vnd=25_100)
        gateway.send()
    stream.event(working, "FF", filled=200, unique_id="77", terms=(200, 25_050), now=at("10:16:00"))
    order = desk.order(working.id)
    assert (order.status, order.quantity, order.wanted_price_vnd) == (Status.FILLED, 200, None)
    assert account_state(desk.account_id, MORNING).reserved_orders_vnd == 0


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
