"""Baskets: what is told before, what goes out once, and what a crash leaves for the watcher."""

from datetime import timedelta

import pytest

from apps.eventlog import selectors as eventlog
from apps.orders import selectors, services
from apps.orders.models import Basket, Intent, Order
from apps.orders.services import baskets
from apps.orders.tests.conftest import MORNING, STRATEGY, request
from apps.orders.tests.plans import sent
from apps.risk import services as risk
from apps.risk.tests.conftest import OFFICER
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.domain.values import Actor, ActorKind

TABLE = ["BUY 1000 SSI @ 25000", "SELL 600 SSI @ 25500", "BUY 300 SSI @ 25020", "SELL 500 SSI @ MTL"]


def rows(*texts):
    return [request(text, "") for text in texts]


def submit(desk, *texts, name="b-1", actor=STRATEGY, now=MORNING):
    return services.submit_basket(
        account_id=desk.account_id, requests=rows(*texts), client_order_id=name, actor=actor, now=now
    )


def test_the_preview_tells_each_row_and_the_total_and_leaves_nothing(desk):
    found = services.preview_basket(account_id=desk.account_id, requests=rows(*TABLE), actor=STRATEGY, now=MORNING)
    assert [[str(breach.code) for breach in row.breaches] for row in found.rows] == [
        [], [], ["PRICE_OFF_TICK"], ["SELLABLE_QUANTITY_EXCEEDED"],
    ]  # fmt: skip
    assert [row.needed_vnd for row in found.rows] == [25_037_500, 0, 7_517_259, 0]
    assert (found.buy_vnd, found.sell_vnd, found.passing_count) == (25_037_500, 15_300_000, 2)
    assert found.buying_power_vnd == 100_000_000
    assert (Order.objects.count(), Basket.objects.count(), len(eventlog.history(topic="order.order.denied"))) == (
        0,
        0,
        0,
    )


def test_what_two_purchases_need_together_is_told_with_the_second(desk):
    found = services.preview_basket(
        account_id=desk.account_id, requests=rows("BUY 3000 SSI @ 25000", "BUY 1000 SSI @ MTL"), actor=STRATEGY,
        now=MORNING,
    )  # fmt: skip
    (breach,) = found.rows[1].breaches
    assert (breach.code, breach.limit, breach.actual) == ("BUYING_POWER_EXCEEDED", 24_887_500, 26_790_125)


def test_every_row_goes_through_the_gate_and_a_refused_one_keeps_nothing_back(desk):
    answer = submit(desk, *TABLE)
    assert answer.accepted
    assert [status for *_, status in sent()] == ["PENDING", "PENDING", "DENIED", "DENIED"]
    view = selectors.basket(answer.plan_id)
    assert [order.reason for order in view.orders] == [
        "", "", "PRICE_OFF_TICK", "SELF_MATCH,SELLABLE_QUANTITY_EXCEEDED",
    ]  # fmt: skip
    assert (view.status, view.row_count) == ("SENT", 4)
    assert [order.client_order_id for order in view.orders] == [f"basket-{answer.plan_id}-{n}" for n in (1, 2, 3, 4)]
    (event,) = eventlog.history(topic="order.basket.submitted")
    assert (event.body["plan_id"], event.body["quantity"]) == (str(answer.plan_id), 4)


def test_confirmed_twice_it_is_sent_once(desk):
    assert submit(desk, *TABLE[:1]) == submit(desk, *TABLE[:1])
    assert (Basket.objects.count(), len(sent()), Intent.objects.count()) == (1, 1, 1)
    other = submit(desk, "BUY 1100 SSI @ 25000")
    assert [breach.code for breach in other.breaches] == ["IDEMPOTENCY_KEY_REUSED"]
    assert len(sent()) == 1


def test_what_a_crash_left_is_sent_by_the_watcher_once(desk, monkeypatch):
    texts = ["BUY 100 SSI @ 25000", "BUY 200 SSI @ 25000", "BUY 300 SSI @ 25000"]
    honest, calls = baskets.submit_order, []

    def dies_at_the_second(**named):
        calls.append(named)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return honest(**named)

    monkeypatch.setattr(baskets, "submit_order", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        submit(desk, *texts)
    monkeypatch.setattr(baskets, "submit_order", honest)
    assert (len(sent()), Basket.objects.get().status) == (1, "SENDING")
    assert services.finish_baskets(MORNING) == 0  # whoever sends it may still be alive
    Basket.objects.update(recorded_at=Basket.objects.get().recorded_at - timedelta(seconds=11))
    assert [services.finish_baskets(MORNING), services.finish_baskets(MORNING)] == [1, 0]
    assert [quantity for _, _, quantity, _, _ in sent()] == [100, 200, 300]
    assert Basket.objects.get().status == "SENT"


@pytest.mark.parametrize(
    ("placed", "recorded"), [(timedelta(days=3), timedelta(days=3)), (timedelta(0), timedelta(minutes=6))]
)
def test_what_was_left_of_another_day_or_hour_stays_unsent(desk, placed, recorded):
    basket = Basket.objects.create(
        account_id=desk.account_id, client_order_id="old", body_hash="", actor_kind="strategy", actor_id="7",
        rows=[["SSI", "BUY", "LO", 100, 25_000, []]], placed_at=MORNING - placed,
    )  # fmt: skip
    Basket.objects.update(recorded_at=basket.recorded_at - recorded)
    assert services.finish_baskets(MORNING) == 0
    assert sent() == []


def test_a_stranger_sends_none_and_a_kill_switch_stops_each(desk):
    stranger = Actor(ActorKind.USER, str(make_user("stranger", Role.TRADER).pk))
    assert [one.code for one in submit(desk, *TABLE, actor=stranger).breaches] == ["ACCOUNT_NOT_FOUND"]
    assert not Basket.objects.exists()
    risk.engage_kill_switch(scope="firm", reason="test", actor=OFFICER, now=MORNING)
    submit(desk, *TABLE[:2])
    assert {order.reason for order in Order.objects.all()} == {"KILL_SWITCH_ENGAGED"}
    assert not Intent.objects.exists()


@pytest.mark.parametrize("count", [0, 101])
def test_a_basket_has_a_row_and_not_too_many(desk, count):
    with pytest.raises(ValueError, match="1 to 100 rows"):
        submit(desk, *["BUY 100 SSI @ 25000"] * count)
    assert not Basket.objects.exists()
