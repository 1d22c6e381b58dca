"""Brackets and if-done orders: what the entry order does to what waits for it."""

import pytest

from apps.orders import services
from apps.orders.models import ConditionalLeg, ConditionalOrder, Intent, Order
from apps.orders.tests.conftest import MORNING, STRATEGY, at
from apps.orders.tests.plans import Watch, sent
from apps.risk import services as risk
from apps.risk.tests.conftest import OFFICER
from qts.domain.values import Side

BRACKET = {"side": Side.BUY, "entry_vnd": 25_000, "stop_vnd": 24_000, "target_vnd": 26_500}
SALE_FIRST = {"side": Side.SELL, "entry_vnd": 25_000, "stop_vnd": 26_500, "target_vnd": 24_000}


@pytest.fixture
def watch(desk, market):
    return Watch(desk, market)


@pytest.fixture
def entry(watch, desk, gateway, stream):
    """The entry order of a bracket in the book, and the ways it goes on."""

    class Entry:
        def __init__(self, **given):
            watch.place("BRACKET" if "stop_vnd" in given else "IF_DONE", **given)
            self.id = ConditionalOrder.objects.get().entry_id
            gateway.send()
            stream.event(self.order, "QU")

        @property
        def order(self):
            return desk.order(self.id)

        def fill(self, quantity):
            stream.match(self.order, quantity)
            watch.look()

        def is_cancelled(self, *, filled=0):
            rest = self.order.quantity - filled
            stream.event(self.order, "FFPC" if filled else "CL", filled=filled, cancelled=rest)
            watch.look()

    return Entry


def quantities():
    return list(ConditionalLeg.objects.order_by("number").values_list("state", "quantity"))


def test_the_entry_goes_out_at_once_and_its_exits_sleep(watch, desk):
    answer = watch.place("BRACKET", **BRACKET)
    row = ConditionalOrder.objects.get()
    assert answer.accepted
    assert sent() == [("BUY", "LO", 300, 25_000, "PENDING")]
    assert (row.entry.client_order_id, desk.reserved_vnd) == (f"cond-{row.id}-entry", 7_500_000 + 11_250)
    assert watch.states() == ["STOP DORMANT", "TARGET DORMANT"]
    watch.price(24_000)
    watch.price(26_500)
    assert len(sent()) == 1


def test_a_bracket_that_is_placed_in_the_evening_waits_for_the_morning(watch, desk):
    evening = at("20:00:00")
    watch.price(25_000, now=evening, session="CLOSED", look=False)
    assert watch.place("BRACKET", **BRACKET, now=evening, valid_until=at("12:00:00", "2026-11-26").date()).accepted
    assert (sent(), desk.reserved_vnd) == ([("BUY", "LO", 300, 25_000, "PENDING")], 0)
    assert Order.objects.get().release_at > evening
    watch.look(evening)
    assert watch.states() == ["STOP DORMANT", "TARGET DORMANT"]


def test_a_filled_entry_wakes_its_exits_and_one_of_them_goes_out(watch, entry):
    order = entry(**SALE_FIRST)  # a sale, so that its exit needs no shares of two days ago
    order.fill(300)
    assert watch.states() == ["STOP WATCHING", "TARGET WATCHING"]
    assert watch.price(24_000) == 1
    assert sent()[1] == ("BUY", "LO", 300, 24_000, "PENDING")
    assert watch.states() == ["STOP CANCELLED", "TARGET TRIGGERED"]


def test_the_shares_of_a_filled_bracket_are_sold_when_they_have_arrived(watch, entry, desk):
    entry(**BRACKET, quantity=1_000).fill(1_000)
    desk.submit("SELL 1000 SSI @ 25000")  # those that could be sold: only the bought ones are left
    assert watch.price(24_000) == 0
    assert quantities() == [("WATCHING", 1_000), ("WATCHING", 1_000)]
    assert len(sent()) == 2


def test_exits_watch_what_is_filled_and_ask_the_rest_of_the_entry_back(watch, entry):
    order = entry(**SALE_FIRST, quantity=600)
    order.fill(250)
    assert quantities() == [("WATCHING", 200), ("WATCHING", 200)]
    assert watch.price(26_500) == 0  # bought back would be what is still being sold
    leg = ConditionalLeg.objects.get(role="STOP")
    assert (leg.waits_for, leg.met_vnd) == ("ENTRY", 26_500)
    assert list(Intent.objects.order_by("id").values_list("kind", flat=True)) == ["PLACE", "CANCEL"]
    assert watch.price(25_500) == 0
    order.is_cancelled(filled=250)
    assert sent()[1:] == [("BUY", "MTL", 200, None, "PENDING")]  # it was met: the price of now does not matter
    assert watch.states() == ["STOP TRIGGERED", "TARGET CANCELLED"]


def test_what_the_entry_still_filled_before_its_cancel_is_closed_too(watch, entry):
    order = entry(**SALE_FIRST, quantity=600)
    order.fill(200)
    watch.price(26_500)
    order.fill(300)
    order.is_cancelled(filled=500)
    assert sent()[1:] == [("BUY", "MTL", 500, None, "PENDING")]


def test_a_counted_match_of_an_entry_that_is_over_is_waited_for(watch, entry, stream):
    order = entry(**SALE_FIRST, quantity=600)
    order.fill(200)
    stream.event(order.order, "FFPC", filled=500, cancelled=100)
    assert watch.price(26_500) == 0  # 200 would leave 300 of what was sold without an exit
    assert len(sent()) == 1
    order.fill(300)
    assert sent()[1:] == [("BUY", "MTL", 500, None, "PENDING")]


def test_the_exits_of_an_entry_are_not_ended_before_its_counted_match_has_come(watch, entry, stream):
    order = entry(**SALE_FIRST, quantity=600)
    stream.event(order.order, "FFPC", filled=300, cancelled=300)
    watch.look()
    assert watch.states() == ["STOP DORMANT", "TARGET DORMANT"]
    order.fill(300)
    assert quantities() == [("WATCHING", 300), ("WATCHING", 300)]


@pytest.mark.parametrize("status", ["CL", "RJ", "EX"])
def test_an_entry_that_filled_nothing_ends_its_exits(watch, entry, stream, status):
    order = entry(**BRACKET)
    stream.event(order.order, status, cancelled=300)
    watch.look()
    assert (watch.states(), watch.statuses()) == (["STOP CANCELLED", "TARGET CANCELLED"], ["CANCELLED"])
    assert watch.price(24_000) == 0
    assert len(sent()) == 1


def test_an_entry_that_the_gate_refuses_leaves_nothing_to_watch(watch, desk):
    answer = watch.place("BRACKET", **BRACKET, quantity=5_000)
    assert [breach.code for breach in answer.breaches] == ["BUYING_POWER_EXCEEDED"]
    assert (watch.statuses(), watch.states()) == (["REFUSED"], ["STOP CANCELLED", "TARGET CANCELLED"])
    assert (desk.reserved_vnd, Intent.objects.count()) == (0, 0)
    again = watch.place("BRACKET", **BRACKET, quantity=5_000, name=ConditionalOrder.objects.get().client_order_id)
    assert again == answer
    assert Order.objects.count() == 1


def test_taking_a_bracket_back_takes_its_entry_back(watch, entry, desk):
    order = entry(**BRACKET)
    row = ConditionalOrder.objects.get()
    services.cancel_conditional(conditional_id=row.id, actor=STRATEGY, now=MORNING)
    assert (watch.states(), order.order.status) == (["STOP CANCELLED", "TARGET CANCELLED"], "CANCEL_PENDING")
    order.fill(300)  # the cancel lost the race
    assert watch.price(24_000) == 0
    assert len(sent()) == 1


def test_a_trailing_exit_begins_at_the_price_of_its_first_look(watch, entry):
    order = entry(side=Side.SELL, entry_vnd=25_000, trail_vnd=500, step_vnd=100, target_vnd=24_000, stop_vnd=None)
    assert ConditionalLeg.objects.get(role="TRAIL").level_vnd == 0
    watch.price(25_600)
    order.fill(300)
    watch.look()
    assert ConditionalLeg.objects.get(role="TRAIL").level_vnd == 26_100
    watch.price(25_100)
    assert ConditionalLeg.objects.get(role="TRAIL").level_vnd == 25_600
    assert watch.tick(25_600) == 1


def test_the_second_order_goes_out_when_the_first_is_done(watch, entry):
    order = entry(side=Side.SELL, entry_vnd=25_000, then_vnd=24_500)
    order.fill(100)
    assert watch.states() == ["THEN DORMANT"]
    order.fill(200)
    assert sent()[1:] == [("BUY", "LO", 300, 24_500, "PENDING")]
    assert watch.statuses() == ["TRIGGERED"]


def test_the_second_order_is_as_large_as_what_was_done_of_the_first(watch, entry):
    order = entry(side=Side.SELL, entry_vnd=25_000, quantity=600, then_quantity=1_200)
    order.fill(250)
    order.is_cancelled(filled=250)
    assert sent()[1:] == [("BUY", "MTL", 500, None, "PENDING")]


def test_the_second_order_waits_for_continuous_trading(watch, entry):
    order = entry(side=Side.SELL, entry_vnd=25_000)
    watch.price(25_000, session="ATC")
    order.fill(300)
    assert watch.states() == ["THEN WATCHING"]
    assert len(sent()) == 1
    assert watch.price(25_000) == 1


def test_a_killed_bracket_does_not_come_out(watch, entry):
    order = entry(**SALE_FIRST)
    order.fill(300)
    risk.engage_kill_switch(scope="firm", reason="test", actor=OFFICER, now=MORNING)
    assert watch.price(24_000) == 0
    assert (watch.statuses(), len(sent())) == (["CANCELLED"], 1)


def test_an_entry_of_the_former_day_is_over_and_its_exits_are_not(watch, entry, stream, settings):
    order = entry(**(SALE_FIRST | {"valid_until": at("12:00:00", "2026-11-26").date()}))
    order.fill(100)
    stream.event(order.order, "EX", filled=100, cancelled=200)
    tomorrow = at("10:15:00", "2026-11-25")
    settings.MARKET_CLOCK = "affine:2026-11-25,10:15:00,20:00:00,9999999999,1"
    watch.look(tomorrow)
    assert watch.price(24_000, now=tomorrow) == 1
    assert sent()[1] == ("BUY", "LO", 100, 24_000, "PENDING")
