"""Turns are given one after the other, to whoever asks under the same name."""

import threading
import time

import pytest

from qts.adapters.pace import Pace
from qts.adapters.redis_client import redis_client


@pytest.fixture
def pace(redis_url, unique):
    """Of this test; how long each one would have waited stands in `waits`."""

    def make(calls_per_s, waits, name=""):
        return Pace(redis_url, unique + name, calls_per_s, sleep=waits.append)

    return make


def test_two_who_share_a_pace_get_turns_in_between_each_other(pace):
    mine: list[float] = []
    yours: list[float] = []
    first, second = pace(0.5, mine), pace(0.5, yours)
    for one in (first, second, first, second, first):
        one.wait()
    assert mine == pytest.approx([4, 8], abs=1.5)  # the first waits for nobody
    assert yours == pytest.approx([2, 6], abs=1.5)
    assert sorted(mine + yours) == pytest.approx([2, 4, 6, 8], abs=1.5)


def test_another_name_is_another_pace_and_an_idle_one_saves_nothing_up(pace):
    waits: list[float] = []
    pace(0.5, waits).wait()
    pace(0.5, waits, "-other").wait()
    assert waits == []
    quick = pace(20, waits, "-quick")
    quick.wait()
    time.sleep(0.3)
    quick.wait()
    quick.wait()
    assert waits == pytest.approx([0.05], abs=0.05)


def test_a_servers_clock_that_was_set_back_stops_nobody(pace, redis_url, unique):
    redis_client(redis_url).set(f"qts:pace:{unique}", int((time.time() + 3_600) * 1e6))
    waits: list[float] = []
    pace(1, waits).wait()
    assert waits == []


def test_threads_together_are_no_quicker_than_the_pace(redis_url, unique):
    turns: list[float] = []

    def ask() -> None:
        shared = Pace(redis_url, unique, 50)
        for _ in range(5):
            shared.wait()
            turns.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(turns) == 15
    assert max(turns) - began >= 14 * 0.02
