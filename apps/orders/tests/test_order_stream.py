"""Taking in the stream's frames: position, resumption, bad messages; and the comparison with the order book."""

import json
import time

import pytest
from django.db import IntegrityError

from apps.orders import selectors
from apps.orders.models import Discrepancy, Fill, ForeignOrder, Order, StreamPosition
from apps.orders.services import order_stream, reconciliation
from apps.orders.services.order_stream import position_of, rewind, take_frames
from apps.orders.services.pace import Pace
from apps.orders.services.reconciliation import Reconciler
from apps.orders.tests.conftest import DAY, MORNING, at, ms, row
from qts.adapters.ssi.signalr import ReceivedFrame
from qts.adapters.ssi.trading import RateLimit
from qts.domain.orders import Status

pytestmark = pytest.mark.django_db


def frame(*messages: tuple[str, dict[str, object]]) -> ReceivedFrame:
    broadcasts = [
        {"H": "BroadcastHubV2", "M": "Broadcast", "A": [json.dumps({"type": kind, "data": data})]}
        for kind, data in messages
    ]
    return ReceivedFrame(time.time_ns(), json.dumps({"C": "d-1", "M": broadcasts}).encode())


def order_event(order: Order, status: str, notify_id: int, filled=0, now=MORNING):
    return "orderEvent", {
        "orderID": f"B{order.request_id}", "notifyID": notify_id, "instrumentID": order.symbol,
        "uniqueID": order.request_id, "buySell": "B", "orderType": "LO", "price": 25050, "quantity": order.quantity,
        "marketID": "VN", "account": "0901351", "cancelQty": 0, "osQty": order.quantity - filled, "filledQty": filled,
        "avgPrice": 0, "inputTime": str(ms(now)), "modifiedTime": str(ms(now)), "orderStatus": status,
        "rejectReason": "", "origRequestID": order.request_id,
    }  # fmt: skip


def match_event(order: Order, quantity: int, notify_id: int, now=MORNING):
    return "orderMatchEvent", {
        "orderID": f"B{order.request_id}", "notifyID": notify_id, "instrumentID": order.symbol,
        "uniqueID": order.request_id, "buySell": "B", "matchPrice": 25000, "matchQty": quantity, "account": "0901351",
        "matchTime": str(ms(now)),
    }  # fmt: skip


@pytest.fixture
def sent(desk, gateway):
    done = desk.submit()
    gateway.send()
    position_of(desk.connection_id, MORNING.date())
    return desk.order(done.order_id)


def test_a_frame_moves_the_orders_and_the_position(desk, sent):
    take_frames(
        desk.connection_id,
        [frame(order_event(sent, "QU", 5), match_event(sent, 300, 6)), frame(order_event(sent, "FF", 7, filled=300))],
        now=MORNING,
    )
    assert desk.order(sent.id).status == Status.FILLED
    position = StreamPosition.objects.get()
    assert (position.trading_day.isoformat(), position.last_notify_id) == (DAY, 7)


def test_the_whole_day_read_again_changes_nothing(desk, sent):
    frames = [frame(order_event(sent, "QU", 5), match_event(sent, 100, 6)), frame(order_event(sent, "PF", 7, 100))]
    take_frames(desk.connection_id, frames, now=MORNING)
    before = (desk.order(sent.id), Fill.objects.count(), selectors.order_history(sent.id), desk.state)
    rewind(desk.connection_id)
    take_frames(desk.connection_id, frames, now=MORNING)
    assert (desk.order(sent.id), Fill.objects.count(), selectors.order_history(sent.id), desk.state) == before
    assert StreamPosition.objects.get().last_notify_id == 7


def test_a_broken_message_is_kept_and_the_next_one_counts(desk, sent):
    broken = ("orderEvent", {"notifyID": 5, "orderID": "1"})
    cut = ReceivedFrame(time.time_ns(), b'{"C":"d-1","M":[{"H":"BroadcastHubV2","M":"Broad')
    take_frames(desk.connection_id, [cut, frame(broken, order_event(sent, "QU", 6))], now=MORNING)
    assert desk.order(sent.id).status == Status.OPEN
    assert [found.kind for found in Discrepancy.objects.all()] == ["UNREADABLE", "UNREADABLE"]
    assert StreamPosition.objects.get().last_notify_id == 6


def test_a_new_day_is_read_from_its_beginning(desk, sent):
    take_frames(desk.connection_id, [frame(order_event(sent, "QU", 50))], now=MORNING)
    assert position_of(desk.connection_id, MORNING.date()).last_notify_id == 50
    next_day = at("08:58:00", "2026-11-25")
    assert position_of(desk.connection_id, next_day.date()).last_notify_id == 0


def test_the_last_news_of_a_day_that_arrive_on_the_next_do_not_move_its_position(desk, sent):
    next_day = at("08:58:00", "2026-11-25")
    position_of(desk.connection_id, next_day.date())
    take_frames(desk.connection_id, [frame(order_event(sent, "EX", 90, now=at("14:45:01")))], now=next_day)
    assert desk.order(sent.id).status == Status.EXPIRED
    position = StreamPosition.objects.get()
    assert (position.trading_day.isoformat(), position.last_notify_id) == ("2026-11-25", 0)


# --- the order book --------------------------------------------------------------------------------------------------


@pytest.fixture
def reconciler(desk, broker, monkeypatch):
    monkeypatch.setattr(reconciliation, "COMPARE_EVERY_S", 0.0)
    Pace.learn(desk.connection_id, [RateLimit("*", "1s", 1_000)])
    return Reconciler(desk.connection_id, broker)


def noted():
    return [(found.kind, found.resolved_at is not None) for found in Discrepancy.objects.order_by("id")]


def test_what_the_stream_did_not_tell_is_taken_from_the_book(desk, broker, reconciler, sent):
    broker.book["0901351"] = [row(sent, "QU")]
    reconciler.step(MORNING)
    assert desk.order(sent.id).status == Status.OPEN


def test_a_book_without_news_costs_no_order_a_lock(broker, reconciler, working, monkeypatch):
    broker.book["0901351"] = [row(working, "QU")]
    monkeypatch.setattr(reconciliation, "apply_book_row", lambda *_, **__: pytest.fail("nothing is new"))
    reconciler.step(MORNING)


def test_an_order_that_the_book_does_not_have_is_noted_until_it_does(desk, broker, reconciler, working):
    reconciler.step(MORNING)
    reconciler.step(MORNING)
    assert noted() == [("ORDER_MISSING", False)]
    assert desk.order(working.id).status == Status.OPEN
    broker.book["0901351"] = [row(working, "QU")]
    reconciler.step(MORNING)
    assert noted() == [("ORDER_MISSING", True)]


def test_a_fill_that_only_the_book_knows_is_asked_for_again_and_never_made_up(
    desk, broker, reconciler, stream, working
):
    broker.book["0901351"] = [row(working, "PF", filled=100)]
    reconciler.step(MORNING)
    assert not reconciler.wants_replay  # its event may be a moment behind
    reconciler.step(MORNING)
    assert reconciler.wants_replay
    assert (desk.order(working.id).filled_quantity, noted()) == (0, [("FILL_MISSING", False)])
    after = Reconciler(desk.connection_id, broker)
    for _ in range(4):
        after.step(MORNING)
    assert not after.wants_replay  # once is enough
    stream.match(working, 100)
    after.step(MORNING)
    assert noted() == [("FILL_MISSING", True)]


def test_orders_placed_elsewhere_appear_once(desk, broker, reconciler):
    elsewhere = Order(request_id="777", symbol="SSI", side="BUY", order_type="LO", quantity=500, price_vnd=25_000)
    broker.book["0901351"] = [row(elsewhere, "QU")]
    reconciler.step(MORNING)
    broker.book["0901351"] = [row(elsewhere, "PF", filled=200)]
    reconciler.step(MORNING)
    assert [(found.filled_quantity, found.broker_status) for found in ForeignOrder.objects.all()] == [(200, "PF")]
    assert Order.objects.count() == 0


def test_the_operator_sees_gateway_and_stream_of_a_connection(desk, sent, gateway):
    order_stream._show(desk.connection_id, StreamPosition.State.RECONNECTING, "connection refused")
    desk.submit()
    (seen,) = selectors.broker_connection_status()
    assert (seen.connection_id, seen.stream_state, seen.stream_trouble, seen.waiting_count, seen.unknown_count) == (
        desk.connection_id, "RECONNECTING", "connection refused", 1, 0,
    )  # fmt: skip


def test_the_stream_is_read_on_while_the_pace_allows_no_question(desk, broker, sent):
    Pace.learn(desk.connection_id, [RateLimit("*", "1s", 1)])
    assert Pace(desk.connection_id).take() == 0  # somebody's order
    broker.book["0901351"] = [row(sent, "QU")]
    comparing, began = Reconciler(desk.connection_id, broker), time.monotonic()
    comparing.step(MORNING)
    assert time.monotonic() - began < 0.5
    assert (StreamPosition.objects.get().reconciled_at, desk.order(sent.id).status) == (None, Status.SENT)
    time.sleep(1.1)
    comparing.step(MORNING)
    assert StreamPosition.objects.get().reconciled_at is not None
    assert desk.order(sent.id).status == Status.OPEN


def test_messages_that_are_there_together_are_one_transaction(desk, sent, monkeypatch):
    commits = []
    monkeypatch.setattr(order_stream, "passing", commits.append)
    order_stream.take_together(
        desk.connection_id, [frame(order_event(sent, "QU", 5)), frame(match_event(sent, 300, 6))], now=MORNING
    )
    assert commits.count("message.positioned") == 2
    assert commits.count("message.committed") == 1
    assert desk.order(sent.id).status == Status.FILLED
    assert StreamPosition.objects.get().last_notify_id == 6


def test_matches_of_two_days_in_each_others_midst_are_all_counted(desk, sent):
    tomorrow = at("09:15:00", "2026-11-25")
    several = [match_event(sent, 100, 6), match_event(sent, 100, 1, now=tomorrow), match_event(sent, 200, 7)]
    take_frames(desk.connection_id, [frame(*several)], now=MORNING)
    assert (desk.order(sent.id).filled_quantity, desk.order(sent.id).status) == (300, Status.FILLED)
    assert noted() == [("FOREIGN_FILL", False)]
    assert sum(fill.quantity for fill in Fill.objects.all()) == 300


def test_what_the_books_refuse_together_is_taken_in_one_by_one(desk, sent, monkeypatch):
    """A check that looks only at the end of a transaction, and refuses as long as there are two messages in one."""
    honest, taken = order_stream.take_frames, []

    def refused_together(connection_id, frames, *, now):
        taken.append(len(frames))
        if len(taken) == 1:
            honest(connection_id, frames, now=now)
            raise IntegrityError("deferred")
        honest(connection_id, frames, now=now)

    monkeypatch.setattr(order_stream, "take_frames", refused_together)
    frames = [frame(order_event(sent, "QU", 5)), frame(match_event(sent, 300, 6))]
    order_stream.take_together(desk.connection_id, frames, now=MORNING)
    assert taken == [2, 2]
    assert desk.order(sent.id).status == Status.FILLED
    assert Fill.objects.count() == 1
