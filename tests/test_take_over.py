"""A lease of a dead process is free at once; one of a living process, asleep or not, only after its time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from qts.adapters.lease import Lease, show_life
from qts.adapters.life import Life
from tests.order_market import ROOT, wait_for

TTL_S = 30.0
AT_ONCE_S = 2.0
HOLDER = """
import os, sys, time
import psycopg
from qts.adapters.lease import Lease, show_life
from qts.adapters.life import Life

url, name, ttl_s = sys.argv[1:]
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what is logged is no answer
show_life(Life(lambda: psycopg.connect(url, autocommit=True, application_name=name)))
lease = Lease(os.environ["REDIS_URL"], name, float(ttl_s))
print(lease.acquire(), file=answers, flush=True)
while True:
    time.sleep(0.1)
    if not lease.renew():
        print("lost", file=answers, flush=True)
        time.sleep(60)
"""


@pytest.fixture
def name() -> str:
    return f"take-over-{uuid4().hex[:12]}"


@pytest.fixture
def life() -> Iterator[Life]:
    shown = Life(lambda: psycopg.connect(os.environ["DATABASE_URL"], autocommit=True))
    show_life(shown)
    yield shown
    show_life(None)
    shown.close()


class Holder:
    """Another process, with the lease in its hands until it dies or finds that it lost it."""

    def __init__(self, name: str, ttl_s: float, database_url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, database_url, name, str(ttl_s)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.epoch = int(self.line())

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@pytest.fixture
def hold(name: str) -> Iterator[object]:
    holders: list[Holder] = []

    def start(ttl_s: float = TTL_S, database_url: str = os.environ["DATABASE_URL"]) -> Holder:
        holders.append(Holder(name, ttl_s, database_url))
        return holders[-1]

    yield start
    for holder in holders:
        holder.process.kill()
        holder.process.communicate()


def lease(name: str, ttl_s: float = TTL_S) -> Lease:
    return Lease(os.environ["REDIS_URL"], name, ttl_s)


def taken(name: str) -> tuple[int, float]:
    """The new epoch, and the seconds until it was to be had."""
    began = time.monotonic()
    mine = lease(name)
    epoch: int = wait_for(mine.acquire, 60, "the dead one's lease is not to be had")
    return epoch, time.monotonic() - began


def test_who_is_killed_gives_its_lease_away_at_once(name, hold, life):
    holder = hold()
    assert lease(name).acquire() is None
    holder.signal(signal.SIGKILL)
    epoch, seconds = taken(name)
    assert seconds < AT_ONCE_S
    assert epoch > holder.epoch


def test_who_sleeps_keeps_its_lease_until_its_time_is_over(name, hold, life):
    holder = hold(ttl_s=1.0)
    holder.signal(signal.SIGSTOP)
    stopped_at = time.monotonic()
    mine = lease(name)
    while time.monotonic() - stopped_at < 0.6:
        assert mine.acquire() is None, "a sleeper is not dead"
        time.sleep(0.1)
    epoch, _ = taken(name)
    holder.signal(signal.SIGCONT)
    assert holder.line() == "lost"
    assert epoch > holder.epoch
    assert mine.held is False


def test_the_death_of_a_successor_shows_although_its_predecessor_sleeps_on(name, hold, life):
    sleeper = hold(ttl_s=0.5)
    sleeper.signal(signal.SIGSTOP)
    time.sleep(0.7)
    successor = hold()
    successor.signal(signal.SIGKILL)
    _, seconds = taken(name)
    assert seconds < AT_ONCE_S


def test_who_lost_its_session_and_lives_is_fenced_by_the_higher_epoch(name, hold, life):
    holder = hold()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [name])
    epoch, seconds = taken(name)
    assert seconds < AT_ONCE_S
    assert epoch > holder.epoch
    assert holder.line() == "lost"


def test_without_a_database_a_lease_ends_with_its_time_alone(name, hold, life):
    hold(database_url="postgresql://nobody@127.0.0.1:1/none").signal(signal.SIGKILL)
    time.sleep(0.5)
    assert lease(name).acquire() is None


def test_ones_own_lease_is_never_taken_for_that_of_a_dead(name, life):
    assert lease(name).acquire()
    assert lease(name).acquire() is None


def test_a_plain_token_is_nobody_of_whom_one_could_tell(name, life):
    show_life(None)
    assert lease(name).acquire()
    show_life(life)
    assert lease(name).acquire() is None


def test_after_a_broken_connection_a_process_has_another_name(life):
    before = life.name()
    other = Life(lambda: psycopg.connect(os.environ["DATABASE_URL"], autocommit=True))
    assert other.name() != before
    assert not other.is_over(before)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [_backend_of(life)])
    assert life.name() not in {before, ""}
    wait_for(lambda: other.is_over(before), 60, "the old name seems to live")
    assert not other.is_over(life.name())
    other.close()


def _backend_of(life: Life) -> int:
    assert life.name()
    session = life._session
    assert session is not None
    return session.info.backend_pid
