"""Conditional orders on the real tables: what goes out, once, and what must not."""

from datetime import timedelta
from itertools import product
from threading import Barrier, Thread

import pytest
from django.apps import apps
from django.db import connections

from apps.eventlog import selectors as eventlog
from apps.orders import selectors, services
from apps.orders.models import ConditionalLeg, ConditionalOrder, Intent, Order
from apps.orders.services import conditional_release
from apps.orders.services.conditional_release import release_leg
from apps.orders.services.conditional_watch import ConditionalDesk
from apps.orders.tests.conftest import MORNING, STRATEGY, at
from apps.orders.tests.plans import TODAY, Watch, sent
from apps.risk import services as risk
from apps.risk.tests.conftest import OFFICER
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.domain.errors import RuleCode
from qts.domain.values import Actor, ActorKind, Side

SOLD_AT_MARKET = ("SELL", "MTL", 300, None, "PENDING")


@pytest.fixture
def watch(desk, market):
    return Watch(desk, market)


def topics():
    found = eventlog.history(topic="")
    return [event.topic for event in reversed(found) if event.topic.startswith("order.conditional.")]


def bodies(topic):
    return [event.body for event in reversed(eventlog.history(topic=topic))]


# kind, terms, the prices as they come; what is sent at the end
RELEASES = [
    ("STOP", {"stop_vnd": 24_000}, [24_050], []),
    ("STOP", {"stop_vnd": 24_000}, [24_050, 24_000], [SOLD_AT_MARKET]),
    ("STOP", {"stop_vnd": 24_000}, [23_500, 25_000, 23_500], [SOLD_AT_MARKET]),
    ("STOP", {"stop_vnd": 26_000, "side": Side.BUY}, [26_000], [("BUY", "MTL", 300, None, "PENDING")]),
    ("STOP_LIMIT", {"stop_vnd": 24_000, "limit_vnd": 23_900}, [24_000], [("SELL", "LO", 300, 23_900, "PENDING")]),
    ("TAKE_PROFIT", {"target_vnd": 26_500}, [26_550], [("SELL", "LO", 300, 26_500, "PENDING")]),
    ("OCO", {"stop_vnd": 24_000, "target_vnd": 26_500}, [24_000, 26_500], [SOLD_AT_MARKET]),
    ("OCO", {"stop_vnd": 24_000, "target_vnd": 26_500}, [26_500, 24_000], [("SELL", "LO", 300, 26_500, "PENDING")]),
    ("TRAILING_STOP", {"trail_vnd": 500, "step_vnd": 100}, [25_550, 25_050], []),  # five steps: 25,500 less 500
    ("TRAILING_STOP", {"trail_vnd": 500, "step_vnd": 100}, [25_550, 25_000], [SOLD_AT_MARKET]),
    ("TRAILING_STOP", {"trail_vnd": 500, "step_vnd": 100}, [24_550, 24_500], [SOLD_AT_MARKET]),
]


@pytest.mark.parametrize(
    ("row", "by"),
    [*((row, "looks") for row in RELEASES), *product(RELEASES[-3:], ("matches", "restarts"))],
    ids=lambda given: given if isinstance(given, str) else f"{given[0]}-{given[2][-1]}",
)
def test_what_goes_out(watch, row, by):
    kind, given, prices, expected = row
    assert watch.place(kind, **given).accepted
    watch.look()
    for price in prices:
        if by == "restarts":
            watch.restart()
        watch.tick(price) if by == "matches" else watch.price(price)
    assert sent() == expected
    assert Intent.objects.count() == len(expected)


def test_nothing_is_reserved_before_it_triggers_and_everything_after(watch, desk):
    watch.place("STOP", stop_vnd=26_000, side=Side.BUY)
    assert desk.reserved_vnd == 0
    watch.price(26_000)
    assert desk.reserved_vnd == 300 * 26_750 + 300 * 26_750 * 15 // 10_000


def test_a_triggered_leg_ends_the_one_beside_it_and_tells_so(watch):
    answer = watch.place("OCO", stop_vnd=24_000, target_vnd=26_500)
    watch.price(26_500)
    assert watch.states() == ["STOP CANCELLED", "TARGET TRIGGERED"]
    assert watch.statuses() == ["TRIGGERED"]
    assert topics() == ["order.conditional.placed", "order.conditional.triggered"]
    (body,) = bodies("order.conditional.triggered")
    order = Order.objects.get()
    assert (body["plan_id"], body["released_order_id"], body["price_vnd"], body["status"]) == (
        str(answer.plan_id), str(order.id), 26_500, "TRIGGERED",
    )  # fmt: skip
    leg = ConditionalLeg.objects.get(state="TRIGGERED")
    assert (order.client_order_id, leg.order_id) == (f"cond-{leg.id}", order.id)
    assert (order.actor_kind, order.actor_id) == ("strategy", "7")
    assert [step.topic for step in selectors.order_history(order.id)] == ["order.order.submitted"]


def test_the_order_is_the_askers_and_only_while_he_may_trade(watch, desk):
    trader = make_user("trader", Role.TRADER)
    desk.admit("trader", "trade")
    actor = Actor(ActorKind.USER, str(trader.pk))
    assert watch.place("STOP", stop_vnd=24_000, actor=actor).accepted
    trader.is_active = False
    trader.save()
    assert watch.price(24_000) == 0
    assert watch.states() == ["STOP REFUSED"]
    assert (sent(), ConditionalOrder.objects.get().reason) == ([], "ACCOUNT_NOT_FOUND")


def test_what_cannot_be_paid_at_the_trigger_is_refused_and_told(watch, desk):
    watch.place("STOP", stop_vnd=26_000, side=Side.BUY, quantity=3_700)  # 92.5 million at today's price
    desk.submit("BUY 1000 SSI @ 25000")
    assert watch.price(26_000) == 0
    assert sent()[-1] == ("BUY", "MTL", 3_700, None, "DENIED")
    row = ConditionalOrder.objects.get()
    assert (row.status, row.reason, row.breaches[0]["code"]) == (
        "REFUSED", "BUYING_POWER_EXCEEDED", "BUYING_POWER_EXCEEDED",
    )  # fmt: skip
    assert topics()[-1] == "order.conditional.refused"
    assert watch.price(26_000) == 0
    assert len(sent()) == 2


def test_a_refused_leg_leaves_the_one_beside_it_on_watch(watch):
    risk.change_limit(
        code=RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=7_900_000, reason="test", actor=OFFICER, now=MORNING
    )  # 300 at the target of 26,500 are 7.95 million, at the ceiling of a market sale 8.025
    watch.place("OCO", stop_vnd=24_000, limit_vnd=24_000, target_vnd=26_500)
    watch.price(26_500)
    assert watch.states() == ["STOP WATCHING", "TARGET REFUSED"]
    assert watch.statuses() == ["ACTIVE"]
    watch.price(24_000)
    assert watch.states() == ["STOP TRIGGERED", "TARGET REFUSED"]
    assert sent()[-1] == ("SELL", "LO", 300, 24_000, "PENDING")


@pytest.mark.parametrize("session", ["ATO", "ATC", "BREAK", "HALT", "PLO", "CLOSED", "PERIODIC", "QQ"])
def test_only_continuous_trading_triggers(watch, session):
    watch.place("STOP", stop_vnd=24_000)
    watch.place("TRAILING_STOP", trail_vnd=500, step_vnd=100)
    assert watch.price(23_500, session=session) == 0
    assert watch.tick(23_500) == 0
    assert watch.price(26_500, session=session) == 0
    assert sent() == []
    legs = ConditionalLeg.objects.order_by("level_vnd")
    assert list(legs.values_list("state", "level_vnd")) == [("WATCHING", 24_000), ("WATCHING", 24_500)]
    assert watch.price(23_500) == 2


def test_a_match_of_the_auction_that_is_told_late_does_not_trigger(watch):
    watch.place("STOP", stop_vnd=24_000)
    watch.look()
    assert watch.tick(23_500, now=at("09:14:59")) == 0
    assert watch.tick(23_500, now=at("11:30:00")) == 0
    assert sent() == []


def test_old_prices_never_trigger(watch):
    watch.place("STOP", stop_vnd=24_000)
    ConditionalLeg.objects.update(watched_since_ns=0)  # for long: what keeps the match out is its age
    watch.look()
    assert watch.tick(23_500, age_s=6) == 0
    watch.stream(silent_for_s=16)
    assert watch.price(23_500) == 0
    assert watch.tick(23_500) == 0  # the gate's own word at the release
    assert (sent(), watch.states()) == ([], ["STOP WATCHING"])
    watch.stream()
    assert watch.look() == 1


def test_yesterdays_price_is_no_price_of_today(watch):
    watch.place("STOP", stop_vnd=24_000, valid_until=TODAY + timedelta(days=2))
    watch.place("TRAILING_STOP", side=Side.BUY, trail_vnd=2_000, step_vnd=100, valid_until=TODAY + timedelta(days=2))
    watch.price(23_500, look=False)
    tomorrow = at("10:15:00", "2026-11-25")
    assert watch.look(tomorrow) == 0
    assert sent() == []
    assert ConditionalLeg.objects.get(role="TRAIL").level_vnd == 27_000  # nor does it move a trail


def test_a_match_from_before_it_was_watched_does_not_trigger(watch):
    early = watch.match(23_500)
    watch.place("STOP", stop_vnd=24_000)
    watch.look()
    assert watch._watcher.on_tick(early, MORNING) == 0
    assert watch.tick(23_500) == 1


@pytest.mark.parametrize(("side", "better", "worse"), [("SELL", 25_700, 25_300), ("BUY", 24_300, 24_700)])
def test_of_two_watchers_the_one_that_saw_the_better_price_counts(watch, side, better, worse):
    watch.place("TRAILING_STOP", side=Side(side), trail_vnd=500, step_vnd=100)
    behind = ConditionalDesk()
    behind.refresh(MORNING)
    watch.look()
    watch.tick(better)
    kept = ConditionalLeg.objects.get().level_vnd
    behind.on_tick(watch.match(worse), MORNING)
    assert ConditionalLeg.objects.get().level_vnd == kept


def test_a_trail_survives_a_restart_and_never_goes_back(watch):
    watch.place("TRAILING_STOP", trail_vnd=500, step_vnd=100)
    watch.look()
    watch.tick(25_800)
    assert ConditionalLeg.objects.get().level_vnd == 25_300
    watch.restart()
    watch.price(25_400)
    assert (ConditionalLeg.objects.get().level_vnd, sent()) == (25_300, [])
    assert watch.tick(25_300) == 1


@pytest.mark.parametrize(
    ("reducing", "given", "is_over"),
    [
        (False, {"stop_vnd": 24_000}, True),
        (True, {"stop_vnd": 24_000}, False),  # a loss stop lets sales out
        (True, {"stop_vnd": 26_000, "side": Side.BUY}, True),
    ],
)
def test_a_kill_switch_ends_what_it_stops(watch, desk, reducing, given, is_over):
    watch.place("STOP", **given)
    scope = f"account:{desk.account_id}"
    risk.engage_kill_switch(scope=scope, reason="test", actor=OFFICER, now=MORNING, allows_reducing=reducing)
    assert watch.price(25_000) == 0
    assert watch.statuses() == ["CANCELLED" if is_over else "ACTIVE"]
    assert watch.price(given["stop_vnd"]) == (0 if is_over else 1)


def test_a_switch_that_is_engaged_between_two_looks_stops_the_release(watch):
    watch.place("STOP", stop_vnd=24_000)
    watch.look()
    risk.engage_kill_switch(scope="firm", reason="test", actor=OFFICER, now=MORNING)
    assert watch.tick(23_500) == 0
    assert (sent(), watch.statuses()) == ([], ["CANCELLED"])
    refused = watch.place("STOP", stop_vnd=24_000, name="another")
    assert [breach.code for breach in refused.breaches] == ["KILL_SWITCH_ENGAGED"]


def test_a_rate_limit_delays_and_does_not_forget(watch):
    watch.place("STOP", stop_vnd=24_000)
    risk.change_limit(code=RuleCode.ACCOUNT_RATE_EXCEEDS_MAX, limit=0, reason="test", actor=OFFICER, now=MORNING)
    assert watch.price(24_000) == 0
    leg = ConditionalLeg.objects.get()
    assert (leg.state, leg.met_vnd, leg.waits_for) == ("WATCHING", 24_000, "ACCOUNT_RATE_EXCEEDS_MAX")
    assert sent() == []  # the refused attempt left no order behind: its name is free
    apps.get_model("risk", "RiskLimit").objects.filter(code=RuleCode.ACCOUNT_RATE_EXCEEDS_MAX).update(limit=9)
    assert watch.price(24_500) == 1  # above its level by now, but it was met
    assert sent() == [SOLD_AT_MARKET]


def test_shares_that_have_not_arrived_are_waited_for(watch, desk, gateway, stream, settings):
    bought = desk.submit("BUY 300 SSI @ 25050")
    gateway.send()
    stream.event(desk.order(bought.order_id), "QU")
    stream.match(desk.order(bought.order_id), 300)
    watch.place("STOP", stop_vnd=24_000, quantity=1_300, valid_until=TODAY + timedelta(days=3))
    assert watch.price(24_000) == 0
    assert ConditionalLeg.objects.get().waits_for == "SELLABLE_QUANTITY_EXCEEDED"
    assert len(sent()) == 1
    arrived = at("13:05:00", "2026-11-26")
    settings.MARKET_CLOCK = "affine:2026-11-26,13:05:00,20:00:00,9999999999,1"
    assert watch.price(24_100, now=arrived) == 0  # it was not sold then, and the price says no now
    assert watch.price(24_000, now=arrived) == 1
    assert sent()[-1] == ("SELL", "MTL", 1_300, None, "PENDING")


def test_shares_that_are_promised_to_another_order_are_not_waited_for(watch, desk):
    desk.submit("SELL 900 SSI @ 25000")
    watch.place("STOP", stop_vnd=24_000)
    assert watch.price(24_000) == 0
    assert (watch.states(), ConditionalOrder.objects.get().reason) == (["STOP REFUSED"], "SELLABLE_QUANTITY_EXCEEDED")


def test_it_ends_with_its_last_day(watch):
    watch.place("STOP", stop_vnd=24_000)
    watch.place("STOP", stop_vnd=24_000, valid_until=TODAY + timedelta(days=1))
    watch.look(at("14:44:59"))
    assert watch.statuses() == ["ACTIVE", "ACTIVE"]
    watch.look(at("14:45:00"))
    assert watch.statuses() == ["EXPIRED", "ACTIVE"]
    watch.look(at("08:00:00", "2026-11-25"))
    assert watch.statuses() == ["EXPIRED", "EXPIRED"]
    assert (watch.states(), sent()) == (["STOP EXPIRED", "STOP EXPIRED"], [])
    assert bodies("order.conditional.ended")[0]["status"] == "EXPIRED"


def test_taken_back_it_never_triggers(watch):
    answer = watch.place("OCO", stop_vnd=24_000, target_vnd=26_500)
    watch.look()
    cancel = {"conditional_id": answer.plan_id, "actor": STRATEGY, "now": MORNING}
    assert services.cancel_conditional(**cancel).accepted
    assert services.cancel_conditional(**cancel).accepted
    assert watch.tick(24_000) == 0
    assert watch.price(26_500) == 0
    assert (sent(), watch.statuses()) == ([], ["CANCELLED"])
    assert topics() == ["order.conditional.placed", "order.conditional.ended"]


def test_what_is_over_cannot_be_taken_back(watch):
    answer = watch.place("STOP", stop_vnd=24_000)
    watch.price(24_000)
    refused = services.cancel_conditional(conditional_id=answer.plan_id, actor=STRATEGY, now=MORNING)
    assert [breach.code for breach in refused.breaches] == ["PLAN_NOT_ACTIVE"]
    assert sent() == [SOLD_AT_MARKET]


def test_a_stranger_neither_places_nor_cancels(watch):
    stranger = Actor(ActorKind.USER, str(make_user("stranger", Role.TRADER).pk))
    assert [one.code for one in watch.place("STOP", stop_vnd=24_000, actor=stranger).breaches] == ["ACCOUNT_NOT_FOUND"]
    answer = watch.place("STOP", stop_vnd=24_000)
    refused = services.cancel_conditional(conditional_id=answer.plan_id, actor=stranger, now=MORNING)
    assert [breach.code for breach in refused.breaches] == ["PLAN_NOT_FOUND"]
    assert watch.statuses() == ["ACTIVE"]


def test_asked_twice_it_is_kept_once(watch):
    first, again = (watch.place("STOP", stop_vnd=24_000, name="wish") for _ in "12")
    assert first == again
    other = watch.place("STOP", stop_vnd=23_950, name="wish")
    assert [breach.code for breach in other.breaches] == ["IDEMPOTENCY_KEY_REUSED"]
    watch.price(23_900)
    assert sent() == [SOLD_AT_MARKET]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"stop_vnd": 25_000}, "TRIGGER_ALREADY_MET"),
        ({"stop_vnd": 24_020}, "PRICE_OFF_TICK"),
        ({}, "TERMS_MISSING"),
        ({"stop_vnd": 24_000, "valid_until": TODAY - timedelta(days=1)}, "VALIDITY_OUT_OF_RANGE"),
        ({"stop_vnd": 24_000, "quantity": 150}, "QUANTITY_OFF_LOT"),
    ],
)
def test_what_makes_no_sense_leaves_nothing_behind(watch, given, code):
    answer = watch.place("STOP", **given)
    assert ([breach.code for breach in answer.breaches], answer.plan_id) == ([code], None)
    assert not ConditionalOrder.objects.exists()
    assert topics() == []


@pytest.mark.parametrize("place", ["take_leg_step", "settle_status", "announce"])
def test_a_watcher_that_dies_between_order_and_leg_leaves_neither_and_the_next_sends_one(watch, monkeypatch, place):
    watch.place("STOP", stop_vnd=24_000)
    honest = getattr(conditional_release, place)

    def dies(*_given, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(conditional_release, place, dies)
    with pytest.raises(KeyboardInterrupt):
        watch.price(24_000)
    assert (sent(), watch.states(), Intent.objects.count()) == ([], ["STOP WATCHING"], 0)
    monkeypatch.setattr(conditional_release, place, honest)
    watch.restart()
    assert watch.price(23_900) == 1
    assert sent() == [SOLD_AT_MARKET]


@pytest.mark.django_db(transaction=True)
def test_two_watchers_and_a_hundred_matches_make_one_order(watch):
    watch.place("OCO", stop_vnd=24_000, target_vnd=26_500)
    leg_ids = list(ConditionalLeg.objects.order_by("number").values_list("id", flat=True))
    start, released = Barrier(8), []

    def race(leg_id) -> None:
        start.wait()
        try:
            released.extend(release_leg(leg_id, price_vnd=24_000, now=MORNING) for _ in range(5))
        finally:
            connections.close_all()

    watch.price(24_000, look=False)
    threads = [Thread(target=race, args=(leg_ids[number % 2],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(released) == 1
    assert (len(sent()), Intent.objects.count()) == (1, 1)
    assert sorted(state.split()[1] for state in watch.states()) == ["CANCELLED", "TRIGGERED"]
