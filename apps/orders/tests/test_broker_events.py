"""What the broker reports: in order, doubled, late, overtaking, impossible."""

import random
from dataclasses import replace
from uuid import uuid4

import pytest

from apps.accounts import selectors as accounts
from apps.eventlog import selectors as eventlog
from apps.marketdata.services.live_state import Checkpoint
from apps.orders import selectors, services
from apps.orders.models import Discrepancy, Fill, ForeignOrder, Intent, Order
from apps.orders.tests.conftest import MORNING, STRATEGY, at, quote, row
from qts.adapters.bus import encode
from qts.adapters.ssi.trading_codec import BrokerOrderEvent
from qts.domain.orders import Status
from qts.domain.values import Side

pytestmark = pytest.mark.django_db


def history(order_id) -> list[tuple[str, str, int]]:
    return [
        (entry.topic.rpartition(".")[2], entry.status, entry.filled_quantity)
        for entry in selectors.order_history(order_id)
    ]


def noted() -> list[str]:
    return list(Discrepancy.objects.order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize(("field", "other"), [("symbol", "VNM"), ("side", Side.SELL)])
def test_what_has_our_number_and_is_something_else_moves_nothing_of_ours(desk, gateway, stream, field, other):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    message = stream.make_event(order, "CL", cancelled=300)
    strange = replace(message, order=replace(message.order, **{field: other}))
    services.apply_broker_event(desk.connection_id, strange, now=MORNING)
    services.apply_book_row(desk.connection_id, strange.order, now=MORNING)
    assert (desk.order(order.id).status, desk.order(order.id).broker_order_id) == (Status.SENT, "")
    assert desk.reserved_vnd > 0
    assert noted() == ["ORDER_MISMATCH"]
    assert [getattr(found, field) for found in ForeignOrder.objects.all()] == [other]


def test_an_order_from_entry_to_its_last_fill(desk, gateway, stream):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    stream.event(order, "RS")
    stream.event(order, "QU")
    stream.match(order, 100, 25_000)
    stream.event(order, "PF", filled=100)
    stream.match(order, 200, 25_050)
    stream.event(order, "FF", filled=300)
    assert history(order.id) == [
        ("submitted", "PENDING", 0),
        ("sent", "SENT", 0),
        ("sent", "QUEUED", 0),
        ("acceptedByExchange", "OPEN", 0),
        ("filled", "PARTIALLY_FILLED", 100),
        ("filled", "FILLED", 300),
    ]
    view = selectors.order(order.id)
    assert view is not None
    assert (view.filled_value_vnd, view.average_fill_vnd, view.accepted_at) == (7_510_000, 25_033, MORNING)
    assert desk.state.position("SSI").quantity == 1_300
    fees = 100 * 25_000 * 15 // 10_000 + 200 * 25_050 * 15 // 10_000
    assert desk.state.buying_power_vnd == 100_000_000 - 7_510_000 - fees
    assert accounts.ledger_differences(desk.account_id) == []
    assert noted() == []


def test_a_fill_before_the_acceptance(desk, gateway, stream):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    stream.match(order, 100)
    stream.event(order, "QU")
    stream.event(order, "PF", filled=100)
    stored = desk.order(order.id)
    assert (stored.status, stored.filled_quantity, stored.accepted_at) == (Status.PARTIALLY_FILLED, 100, MORNING)


def test_every_event_twice_counts_once(desk, stream, working):
    first = stream.event(working, "PF", filled=100)
    match = stream.match(working, 100)
    before = (history(working.id), desk.state, Fill.objects.count())
    for message in (first, match):
        services.apply_broker_event(desk.connection_id, message, now=at("10:20:00"))
    assert (history(working.id), desk.state, Fill.objects.count()) == before


def test_a_fill_while_the_cancel_is_under_way(desk, gateway, stream, working):
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    gateway.send()
    stream.match(working, 100)
    assert desk.order(working.id).status == Status.CANCEL_PENDING
    stream.event(working, "FFPC", filled=100, cancelled=200)
    stored = desk.order(working.id)
    assert (stored.status, stored.filled_quantity) == (Status.CANCELLED, 100)
    # what stays held back is today's purchase that has not settled: its value and fee
    assert desk.reserved_vnd == 100 * 25_000 + 3_750


def test_a_fill_that_beats_the_cancel(desk, gateway, stream, working):
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    gateway.send()
    stream.match(working, 300)
    cancel_id = Intent.objects.get(kind="CANCEL").request_id
    stream.error(cancel_id, "ORD013", "order does not exist")
    assert desk.order(working.id).status == Status.FILLED
    assert Intent.objects.get(kind="CANCEL").state == "REFUSED"
    assert noted() == []


def test_a_fill_reported_after_the_cancel_is_booked_and_its_money_was_kept(desk, stream, working):
    stream.event(working, "FFPC", filled=100, cancelled=200)
    assert desk.order(working.id).status == Status.CANCELLED
    third = 100 * 25_050 + 100 * 25_050 * 15 // 10_000
    assert desk.reserved_vnd == third
    stream.match(working, 100)
    stored = desk.order(working.id)
    assert (stored.status, stored.filled_quantity) == (Status.CANCELLED, 100)
    assert desk.reserved_vnd == 100 * 25_000 + 3_750
    assert desk.state.position("SSI").quantity == 1_100


def test_more_fills_than_the_broker_counts_are_not_booked(desk, stream, working):
    stream.event(working, "FFPC", filled=100, cancelled=200)
    stream.match(working, 100)
    stream.match(working, 100)
    assert desk.order(working.id).filled_quantity == 100
    assert noted() == ["OVERFILL"]


def test_more_fills_than_were_ordered_are_not_booked(desk, stream, working):
    stream.match(working, 300)
    stream.match(working, 100)
    assert desk.order(working.id).filled_quantity == 300
    assert desk.state.position("SSI").quantity == 1_300
    assert noted() == ["OVERFILL"]


def test_a_match_that_names_another_side_is_not_booked(desk, stream, working):
    stream.match(working, 100, side=Side.SELL)
    assert (desk.order(working.id).filled_quantity, noted()) == (0, ["FILL_MISMATCH"])


def test_one_number_for_two_matches_is_noticed(desk, stream, working):
    stream.match(working, 100, notify_id=50)
    stream.match(working, 200, notify_id=50)
    assert (desk.order(working.id).filled_quantity, noted()) == (100, ["FILL_MISMATCH"])


def test_the_same_number_on_another_day_is_another_match(market, desk, gateway, stream, working):
    stream.match(working, 300, notify_id=50)
    next_day = at("10:15:00", "2026-11-25")
    market.write([encode(quote(next_day))], Checkpoint("0:0", 0))
    desk.submit("BUY 100 SSI @ 25000", now=next_day)
    order = Order.objects.get(trading_day="2026-11-25")
    gateway.send(now=next_day)
    stream.match(order, 100, notify_id=50, now=next_day)
    assert (desk.order(order.id).status, Fill.objects.count(), noted()) == (Status.FILLED, 2, [])


def test_a_rejection_after_the_acceptance_by_the_broker(desk, gateway, stream):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    stream.event(order, "RS")
    stream.error(order.request_id, "ORD003", "price over ceiling", notify_id=0)
    stored = desk.order(order.id)
    assert (stored.status, stored.reason) == (Status.REJECTED, "ORD003: price over ceiling")
    assert desk.reserved_vnd == 0
    stream.error(order.request_id, "ORD003", "price over ceiling", notify_id=0)
    stream.event(order, "RJ")
    assert (desk.order(order.id).reason, noted()) == ("ORD003: price over ceiling", [])


def test_a_real_rejection_is_not_undone_by_older_news(desk, gateway, stream):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    late = stream.make_event(order, "QU")
    stream.event(order, "RJ")
    services.apply_broker_event(desk.connection_id, late, now=MORNING)
    assert desk.order(order.id).status == Status.REJECTED


def test_a_refused_cancel_puts_the_order_back_to_work(desk, gateway, stream, working):
    services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING)
    gateway.send()
    stream.event(working, "WC")
    cancel_id = Intent.objects.get(kind="CANCEL").request_id
    stream.error(cancel_id, "ORD011", "cannot be changed in this session")
    stored = desk.order(working.id)
    assert (stored.status, stored.reason) == (
        Status.OPEN, "cancel refused: ORD011: cannot be changed in this session",
    )  # fmt: skip
    assert desk.reserved_vnd > 0
    assert services.request_cancel(order_id=working.id, actor=STRATEGY, now=MORNING).accepted


def test_the_broker_expires_what_was_not_matched(desk, stream, working):
    stream.match(working, 100)
    stream.event(working, "EX", filled=100)
    assert (desk.order(working.id).status, history(working.id)[-1]) == (
        Status.EXPIRED, ("cancelled", "EXPIRED", 100),
    )  # fmt: skip
    assert desk.reserved_vnd == 100 * 25_000 + 3_750


def test_a_provisional_broker_id_is_replaced_by_the_exchanges(desk, gateway, stream):
    order = desk.order(desk.submit().order_id)
    gateway.send()
    for status, broker_id in (("RS", "T20261123w3800001"), ("QU", "19450163"), ("QU", "T20261123w3800001")):
        message = stream.make_event(order, status)
        seen = BrokerOrderEvent(
            notify_id=message.notify_id,
            orig_request_id=order.request_id,
            open_quantity=300,
            order=row(order, status, broker_id=broker_id),
        )
        services.apply_broker_event(desk.connection_id, seen, now=MORNING)
    assert desk.order(order.id).broker_order_id == "19450163"


def test_an_undocumented_status_is_noted_once_and_changes_nothing(desk, stream, working):
    stream.event(working, "ZZ")
    stream.event(working, "ZZ")
    assert (desk.order(working.id).status, noted()) == (Status.OPEN, ["UNKNOWN_STATUS"])


def test_an_impossible_step_is_noted_and_changes_nothing(desk, stream, working):
    stream.match(working, 300)
    stream.event(working, "CL", filled=300)
    assert (desk.order(working.id).status, noted()) == (Status.FILLED, ["IMPOSSIBLE_STEP"])


def test_an_order_placed_elsewhere_is_shown_and_not_invented(desk, stream, working):
    elsewhere = Order(request_id="777", symbol="SSI", side="BUY", order_type="LO", quantity=500, price_vnd=25_000)
    stream.event(elsewhere, "QU")
    stream.event(elsewhere, "PF", filled=100)
    stream.match(elsewhere, 100)
    seen = ForeignOrder.objects.get()
    assert (seen.broker_order_id, seen.quantity, seen.filled_quantity, seen.broker_status) == ("B777", 500, 100, "PF")
    assert noted() == ["FOREIGN_FILL"]
    assert Order.objects.count() == 1
    assert desk.state.position("SSI").quantity == 1_000
    assert [view.broker_order_id for view in selectors.foreign_orders(trading_day=MORNING.date())] == ["B777"]


def test_another_connections_report_does_not_touch_our_order(desk, stream, working):
    message = stream.make_event(working, "CL", cancelled=300)
    services.apply_broker_event(uuid4(), message, now=MORNING)
    assert desk.order(working.id).status == Status.OPEN


def test_a_sale_that_the_books_cannot_hold_is_filled_and_noted(desk, gateway, stream):
    order = desk.order(desk.submit("SELL 1000 SSI @ 25000").order_id)
    gateway.send()
    stream.match(order, 600)
    other = Order(request_id="888", symbol="SSI", side="SELL", order_type="LO", quantity=100, price_vnd=25_000)
    stream.event(other, "QU")
    from django.apps import apps  # the books are another app's: taking shares away is not a service of it

    apps.get_model("accounts", "Position").objects.filter(symbol="SSI").update(quantity=100, cost_total_vnd=1)
    stream.match(order, 400)
    assert (desk.order(order.id).status, noted()) == (Status.FILLED, ["BOOKS_REFUSED"])


@pytest.mark.parametrize("seed", range(12))
def test_shuffled_and_doubled_histories_end_the_same(desk, gateway, stream, seed):
    """Three fills, the acceptance and the end, in any order and with repetitions: same state, same books."""
    order = desk.order(desk.submit("BUY 600 SSI @ 25050").order_id)
    gateway.send()
    told = [
        lambda: stream.event(order, "QU", notify_id=1),
        lambda: stream.match(order, 100, 25_000, notify_id=2),
        lambda: stream.event(order, "PF", filled=100, notify_id=3),
        lambda: stream.match(order, 200, 25_050, notify_id=4),
        lambda: stream.match(order, 300, 24_950, notify_id=5),
        lambda: stream.event(order, "FF", filled=600, notify_id=6),
    ]
    chaos = random.Random(seed)
    story = told + chaos.sample(told, 3)
    chaos.shuffle(story)
    for step in story:
        step()
    stored = desk.order(order.id)
    assert (stored.status, stored.filled_quantity, stored.filled_value_vnd) == (Status.FILLED, 600, 14_995_000)
    assert desk.state.position("SSI").quantity == 1_600
    assert accounts.ledger_differences(desk.account_id) == []
    assert Fill.objects.count() == 3
    assert noted() == []
    filled = [event for event in eventlog.history(key=str(desk.account_id)) if event.topic == "order.order.filled"]
    assert len(filled) == 3
