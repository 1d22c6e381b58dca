"""The worker of what QTS keeps: fed by the bus, under one lease, and killed in between."""

import time

import pytest
from django.conf import settings as django_settings

from apps.orders import services
from apps.orders.models import ConditionalLeg
from apps.orders.services import conditional_watch
from apps.orders.services.conditional_watch import ConditionalDesk
from apps.orders.services.plan_loop import GROUP, LEASE_TTL_S, take_ticks
from apps.orders.tests.conftest import MORNING
from apps.orders.tests.plans import Watch, sent
from qts.adapters.bus import connect, encode
from qts.adapters.lease import Lease, slice_of
from qts.adapters.redis_client import redis_client
from qts.domain.events import TickReceived
from qts.domain.orders.conditional import ConditionalKind

SOLD = ("SELL", "MTL", 300, None, "PENDING")


@pytest.fixture
def watch(desk, market):
    client = redis_client(django_settings.REDIS_URL)
    client.delete(f"qts:bus:{TickReceived.topic}")
    yield Watch(desk, market)
    client.delete(f"qts:bus:{TickReceived.topic}")


def bus():
    return connect(django_settings.EVENT_BUS_URL)


def publish(watch, *prices):
    bus().publish([encode(watch.match(price)) for price in prices])


def test_a_price_that_was_there_for_one_match_only_triggers(watch):
    watch.place(ConditionalKind.STOP, stop_vnd=24_000)
    desk = ConditionalDesk()
    desk.refresh(MORNING)
    publish(watch, 24_500, 24_000, 24_500)
    assert take_ticks(bus(), desk, block_ms=10) == 1
    assert sent() == [SOLD]


def test_matches_of_a_killed_watcher_come_again_and_make_no_second_order(watch):
    watch.place(ConditionalKind.STOP, stop_vnd=24_000)
    first = ConditionalDesk()
    first.refresh(MORNING)
    publish(watch, 24_000, 23_900)
    taken = bus().consume([TickReceived.topic], group=GROUP, consumer=GROUP, count=10, block_ms=10)
    assert len(taken) == 2
    released = sum(first.on_tick(watch.match(price), MORNING) for price in (24_000, 23_900))
    assert released == 1  # and it dies before it has acknowledged
    second = ConditionalDesk()
    second.refresh(MORNING)
    assert take_ticks(bus(), second, block_ms=10) == 0
    assert sent() == [SOLD]


def test_one_that_fails_does_not_keep_the_others_from_being_watched(watch, monkeypatch):
    for price_vnd in (24_000, 23_950):
        watch.place(ConditionalKind.STOP, stop_vnd=price_vnd, quantity=100)
    first = ConditionalLeg.objects.get(level_vnd=24_000).id
    honest = conditional_watch.release_leg

    def fails_for_the_first(leg_id, **named):
        if leg_id == first:
            raise ValueError("a row that nobody foresaw")
        return honest(leg_id, **named)

    monkeypatch.setattr(conditional_watch, "release_leg", fails_for_the_first)
    assert watch.price(23_900) == 1
    assert watch.states() == ["STOP WATCHING", "STOP TRIGGERED"]
    monkeypatch.setattr(conditional_watch, "release_leg", honest)
    assert watch.look() == 1


@pytest.mark.django_db(transaction=True)
def test_the_slice_watches_and_a_second_one_finds_the_lease_taken(watch):
    watch.place(ConditionalKind.STOP, stop_vnd=24_000)
    watch.price(24_000, look=False)
    with slice_of(Lease(django_settings.REDIS_URL, "plans", LEASE_TTL_S), 60) as turn:
        assert turn.goes_on()
        started_at = time.monotonic()
        services.run_plan_slice(seconds_max=5)
        assert time.monotonic() - started_at < 4
        assert sent() == []
    services.run_plan_slice(seconds_max=0.3)
    assert sent() == [SOLD]
