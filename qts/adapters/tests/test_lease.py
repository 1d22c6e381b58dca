import threading
import time

import pytest

from qts.adapters import lease as lease_module
from qts.adapters.lease import Lease, slice_of, stop_all_slices
from qts.domain.errors import TransientError


@pytest.fixture
def running_again():
    yield
    lease_module._stopping.clear()


def test_one_holder_at_a_time_each_with_a_higher_epoch(redis_url, unique):
    first, second = Lease(redis_url, unique, 5), Lease(redis_url, unique, 5)

    epoch = first.acquire()

    assert epoch is not None
    assert second.acquire() is None
    assert (first.held, second.held) == (True, False)
    assert second.renew() is False
    first.release()
    assert first.held is False
    next_epoch = second.acquire()
    assert next_epoch is not None
    assert next_epoch > epoch


def test_two_names_do_not_meet(redis_url, unique):
    assert Lease(redis_url, f"{unique}-a", 5).acquire() is not None
    assert Lease(redis_url, f"{unique}-b", 5).acquire() is not None


def test_a_holder_that_slept_longer_than_the_ttl_has_lost_it(redis_url, unique):
    sleeper, successor = Lease(redis_url, unique, 0.2), Lease(redis_url, unique, 5)
    old_epoch = sleeper.acquire()
    time.sleep(0.3)
    assert sleeper.held is False

    new_epoch = successor.acquire()

    assert sleeper.renew() is False
    assert sleeper.epoch is None
    assert old_epoch is not None
    assert new_epoch is not None
    assert new_epoch > old_epoch
    sleeper.release()
    assert successor.renew() is True, "the late one must not release what is not its own any more"


def test_an_expired_lease_cannot_be_renewed_even_if_nobody_took_it(redis_url, unique):
    lease = Lease(redis_url, unique, 0.1)
    lease.acquire()
    time.sleep(0.2)

    assert lease.renew() is False


def test_renewing_holds_it_beyond_the_ttl(redis_url, unique):
    holder, other = Lease(redis_url, unique, 0.5), Lease(redis_url, unique, 0.5)
    holder.acquire()
    for _ in range(4):
        time.sleep(0.2)
        assert holder.renew() is True
        assert other.acquire() is None


def test_only_one_of_many_threads_gets_it(redis_url, unique):
    epochs: list[int | None] = []
    threads = [threading.Thread(target=lambda: epochs.append(Lease(redis_url, unique, 5).acquire())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(epochs) == 8
    assert len([epoch for epoch in epochs if epoch is not None]) == 1


def test_epochs_rise_although_the_server_lost_its_data(killable_redis):
    lease = Lease(killable_redis.url, "job", 5)
    before = lease.acquire()
    killable_redis.kill()
    time.sleep(1.1)  # the epoch falls back on the server's clock, which counts seconds
    killable_redis.start()

    after = Lease(killable_redis.url, "job", 5).acquire()

    assert before is not None
    assert after is not None
    assert after > before


def test_without_redis_every_call_is_transient_and_nothing_is_held(killable_redis):
    lease = Lease(killable_redis.url, "job", 5)
    killable_redis.kill()

    with pytest.raises(TransientError):
        lease.acquire()
    assert lease.held is False


def test_a_slice_runs_until_its_time_is_over_and_lets_the_next_in(redis_url, unique):
    turns = 0
    started_at = time.monotonic()
    with slice_of(Lease(redis_url, unique, 5), 0.3) as turn:
        assert turn.epoch is not None
        while turn.goes_on():
            turns += 1
            time.sleep(0.05)

    assert 0.3 <= time.monotonic() - started_at < 1.0
    assert turns >= 3
    assert Lease(redis_url, unique, 5).acquire() is not None


def test_a_second_slice_does_not_run_at_all(redis_url, unique):
    with slice_of(Lease(redis_url, unique, 5), 5) as first:
        assert first.goes_on()
        with slice_of(Lease(redis_url, unique, 5), 5) as second:
            assert second.epoch is None
            assert not second.goes_on()
        assert first.goes_on(), "a slice that never had the lease must not release it"


def test_a_slice_renews_while_it_runs(redis_url, unique):
    with slice_of(Lease(redis_url, unique, 0.3), 0.9) as turn:
        turns = 0
        while turn.goes_on():
            assert Lease(redis_url, unique, 0.3).acquire() is None
            turns += 1
            time.sleep(0.03)
    assert turns > 15


def test_a_slice_whose_body_was_too_slow_ends(redis_url, unique):
    with slice_of(Lease(redis_url, unique, 0.2), 60) as turn:
        assert turn.goes_on()
        time.sleep(0.3)
        assert not turn.goes_on()


def test_slices_end_at_the_shutdown_of_the_worker(redis_url, unique, running_again):
    with slice_of(Lease(redis_url, unique, 5), 60) as turn:
        assert turn.goes_on()
        stop_all_slices()
        assert not turn.goes_on()
    with slice_of(Lease(redis_url, unique, 5), 60) as turn:
        assert not turn.goes_on()
        assert turn.epoch is None


def test_a_slice_outlives_a_short_outage_but_not_its_lease(killable_redis):
    with slice_of(Lease(killable_redis.url, "job", 1.2), 60) as turn:
        assert turn.goes_on()
        killable_redis.kill()
        time.sleep(0.5)
        assert turn.goes_on(), "nobody else can have taken it yet"
        time.sleep(0.8)
        assert not turn.goes_on()
