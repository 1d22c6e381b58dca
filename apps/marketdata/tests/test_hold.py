"""When the reader of the stream goes on, and when it gives up its place."""

import time

import pytest
from django.conf import settings

from apps.marketdata.services.ingest import Hold
from qts.adapters.lease import Lease, slice_of

TTL_S = 0.3


@pytest.fixture
def lease(valkey):
    return Lease(settings.REDIS_URL, "market-stream", TTL_S)


def oversleep():
    time.sleep(2 * TTL_S)


def test_a_lease_that_nobody_took_meanwhile_is_taken_again(lease):
    with slice_of(lease, 60) as turn:
        hold = Hold(lease, turn)
        assert hold.goes_on()
        first_epoch = lease.epoch
        oversleep()
        assert not turn.goes_on()
        assert hold.goes_on()
        assert lease.epoch is not None
        assert lease.epoch > first_epoch


def test_a_lease_that_somebody_has_taken_is_left_to_them(lease):
    with slice_of(lease, 60) as turn:
        hold = Hold(lease, turn)
        oversleep()
        successor = Lease(settings.REDIS_URL, "market-stream", 30)
        assert successor.acquire() is not None
        assert not hold.goes_on()
    assert successor.renew()  # leaving did not take it away either


def test_the_turn_ends_when_its_time_is_over(lease):
    with slice_of(lease, TTL_S / 3) as turn:
        hold = Hold(lease, turn)
        assert hold.goes_on()
        oversleep()
        assert not hold.goes_on()
    assert Lease(settings.REDIS_URL, "market-stream", 30).acquire() is not None  # and the place is free
