"""Icebergs and TWAPs on the real tables: each part once, never more than everything, and what is left is told."""

from datetime import timedelta

import pytest
from django.apps import apps

from apps.eventlog import selectors as eventlog
from apps.orders import selectors, services
from apps.orders.models import Intent, Order, Slice, SlicedOrder
from apps.orders.tests.conftest import MORNING, STRATEGY, at
from apps.orders.tests.plans import sent
from apps.risk import services as risk
from apps.risk.tests.conftest import OFFICER
from qts.domain.errors import RuleCode
from qts.domain.orders.slicing import SliceKind, SliceTerms
from qts.domain.values import Side


class Cutter:
    """An iceberg or a TWAP of the desk, looked after by hand."""

    def __init__(self, desk, gateway, stream) -> None:
        self.desk, self._gateway, self._stream = desk, gateway, stream

    def iceberg(self, quantity=1_000, show=300, price_vnd=25_000, name="s-1"):
        terms = SliceTerms(SliceKind.ICEBERG, "SSI", Side.BUY, quantity, price_vnd, name, show_quantity=show)
        return self._place(terms)

    def twap(self, quantity=1_000, slices=4, minutes=40, side=Side.SELL, price_vnd=None):
        return self._place(SliceTerms(SliceKind.TWAP, "SSI", side, quantity, price_vnd, "s-1", None, slices, minutes))

    def _place(self, terms):
        return services.place_sliced(account_id=self.desk.account_id, terms=terms, actor=STRATEGY, now=MORNING)

    def look(self, minutes=0.0):
        return services.advance_sliced(MORNING + timedelta(minutes=minutes))

    @property
    def last(self):
        return Order.objects.order_by("recorded_at").last()

    def at_the_exchange(self):
        self._gateway.send()
        self._stream.event(self.last, "QU")
        return self.last

    def fill(self, quantity=None):
        order = self.at_the_exchange()
        self._stream.match(order, quantity or order.quantity)

    def cancelled_by_exchange(self, order, *, filled=0):
        self._stream.event(order, "FFPC" if filled else "CL", filled=filled, cancelled=order.quantity - filled)

    @property
    def view(self):
        return selectors.sliced_order(SlicedOrder.objects.get().id)


@pytest.fixture
def cutter(desk, gateway, stream):
    return Cutter(desk, gateway, stream)


def quantities():
    return [quantity for _, _, quantity, _, _ in sent()]


def test_an_iceberg_shows_one_part_after_another_to_the_last_lot(cutter, desk):
    answer = cutter.iceberg()
    assert (answer.accepted, desk.reserved_vnd) == (True, 0)
    for _ in range(3):
        assert [cutter.look(), cutter.look()] == [1, 0]
        cutter.fill()
    assert cutter.look() == 1
    assert desk.state.reserved_orders_vnd == 100 * 25_000 + 3_750
    cutter.fill()
    assert cutter.look() == 0
    assert quantities() == [300, 300, 300, 100]
    assert (cutter.view.status, cutter.view.filled_quantity, cutter.view.remaining_quantity) == ("DONE", 1_000, 0)
    assert [order.client_order_id for order in Order.objects.order_by("recorded_at")] == [
        f"slice-{answer.plan_id}-{number}" for number in (1, 2, 3, 4)
    ]
    topics = [event.topic for event in reversed(eventlog.history(topic="")) if "sliced" in event.topic]
    assert topics == ["order.sliced.started", *["order.sliced.released"] * 4, "order.sliced.ended"]


def test_a_partly_filled_part_is_waited_for(cutter):
    cutter.iceberg()
    cutter.look()
    cutter.fill(200)
    assert cutter.look() == 0
    assert (quantities(), cutter.view.filled_quantity) == ([300], 200)


def test_a_twap_goes_out_in_its_time_and_the_break_does_not_count(cutter, desk):
    terms = SliceTerms(SliceKind.TWAP, "SSI", Side.SELL, 1_000, None, "s-1", None, 4, 120)
    services.place_sliced(account_id=desk.account_id, terms=terms, actor=STRATEGY, now=at("10:45:00"))
    seen = []
    for text in ("10:45:00", "11:14:59", "11:15:00", "11:29:00", "12:59:59", "13:14:59", "13:15:00", "13:45:00"):
        if services.advance_sliced(at(text)):
            seen.append((text, quantities()[-1]))
            cutter.fill()
    assert seen == [("10:45:00", 200), ("11:15:00", 300), ("13:15:00", 200), ("13:45:00", 300)]
    services.advance_sliced(at("13:46:00"))
    assert cutter.view.status == "DONE"


def test_what_a_slice_did_not_fill_goes_with_the_next(cutter):
    cutter.twap()
    cutter.look()
    order = cutter.at_the_exchange()
    cutter.cancelled_by_exchange(order)  # a market order that found nobody
    assert cutter.look(5) == 0
    assert cutter.look(10) == 1
    assert quantities() == [200, 500]


def test_a_watcher_that_was_away_sends_one_slice_for_all_that_are_due(cutter):
    cutter.twap()
    assert cutter.look(25) == 1
    assert quantities() == [700]


def test_at_the_end_the_rest_is_taken_back_and_what_is_left_is_told(cutter, stream):
    cutter.twap(slices=2, minutes=20, price_vnd=25_500)
    cutter.look()
    first = cutter.at_the_exchange()
    stream.match(first, 300)
    cutter.look(10)
    second = cutter.at_the_exchange()
    cutter.look(20)
    assert list(Intent.objects.filter(kind="CANCEL").order_by("order_id").values_list("order_id", flat=True)) == sorted(
        [first.id, second.id]
    )
    assert cutter.view.status == "ACTIVE"
    cutter.cancelled_by_exchange(cutter.desk.order(first.id), filled=300)
    cutter.cancelled_by_exchange(cutter.desk.order(second.id))
    cutter.look(21)
    assert (cutter.view.status, cutter.view.reason) == ("EXPIRED", "its time is over, 700 are left")
    assert (cutter.look(22), len(sent())) == (0, 2)


def test_it_ends_with_the_day(cutter):
    cutter.iceberg()
    services.advance_sliced(at("14:45:00"))
    assert (cutter.view.status, cutter.view.reason, sent()) == ("EXPIRED", "its time is over, 1000 are left", [])


@pytest.mark.parametrize("how", ["RJ", "taken back"])
def test_a_part_that_is_rejected_or_taken_back_by_somebody_stops_the_whole(cutter, stream, how):
    cutter.iceberg()
    cutter.look()
    order = cutter.at_the_exchange()
    if how == "RJ":
        stream.event(order, "RJ", cancelled=300)
    else:
        services.request_cancel(order_id=order.id, actor=STRATEGY, now=MORNING)
        cutter.cancelled_by_exchange(order)
    assert cutter.look() == 0
    assert (cutter.view.status, len(sent())) == ("STOPPED", 1)


def test_a_part_that_was_taken_back_before_it_was_sent_stops_the_whole_too(cutter):
    cutter.iceberg()
    cutter.look()
    services.request_cancel(order_id=cutter.last.id, actor=STRATEGY, now=MORNING)
    assert (cutter.look(), cutter.view.status) == (0, "STOPPED")


def test_a_refusal_for_good_stops_it_and_nothing_is_reserved(cutter, desk):
    desk.submit("SELL 900 SSI @ 25000")
    cutter.twap()
    assert cutter.look() == 0
    assert (cutter.view.status, cutter.view.reason) == ("STOPPED", "SELLABLE_QUANTITY_EXCEEDED")
    assert sent()[1:] == [("SELL", "MTL", 200, None, "DENIED")]
    assert cutter.look() == 0


def test_a_refusal_for_now_is_tried_again_under_the_same_name(cutter, market):
    cutter.iceberg()
    risk.change_limit(code=RuleCode.ACCOUNT_RATE_EXCEEDS_MAX, limit=0, reason="test", actor=OFFICER, now=MORNING)
    assert cutter.look() == 0
    assert (cutter.view.status, cutter.view.waits_for) == ("ACTIVE", "ACCOUNT_RATE_EXCEEDS_MAX")
    assert (Order.objects.count(), Slice.objects.count()) == (0, 0)
    apps.get_model("risk", "RiskLimit").objects.filter(code=RuleCode.ACCOUNT_RATE_EXCEEDS_MAX).update(limit=9)
    assert cutter.look() == 1
    assert cutter.view.waits_for == ""


def test_equal_parts_are_no_slip_of_the_hand(cutter):
    risk.change_limit(code=RuleCode.DUPLICATE_ORDER, limit=60_000, reason="test", actor=OFFICER, now=MORNING)
    cutter.iceberg()
    cutter.look()
    cutter.fill()
    assert cutter.look() == 1


def test_taking_it_back_takes_back_what_works_of_it(cutter):
    answer = cutter.iceberg()
    cutter.look()
    order = cutter.at_the_exchange()
    for _ in "12":
        assert services.cancel_sliced(sliced_id=answer.plan_id, actor=STRATEGY, now=MORNING).accepted
    assert cutter.desk.order(order.id).status == "CANCEL_PENDING"
    cutter.cancelled_by_exchange(cutter.desk.order(order.id))
    assert (cutter.look(), cutter.view.status, len(sent())) == (0, "CANCELLED", 1)


def test_a_kill_switch_ends_it(cutter):
    cutter.iceberg()
    risk.engage_kill_switch(scope="firm", reason="test", actor=OFFICER, now=MORNING)
    assert (cutter.look(), cutter.view.status, sent()) == (0, "CANCELLED", [])


def test_it_is_taken_once_and_refused_with_its_reasons(cutter):
    assert cutter.iceberg() == cutter.iceberg()
    assert [one.code for one in cutter.iceberg(quantity=2_000).breaches] == ["IDEMPOTENCY_KEY_REUSED"]
    refused = cutter.iceberg(show=1_000, price_vnd=25_020, name="s-2")
    assert [one.code for one in refused.breaches] == ["PRICE_OFF_TICK", "SLICES_OUT_OF_RANGE"]
    assert SlicedOrder.objects.count() == 1
