"""A worker that is gone holds the firm; the one that comes back lets it go."""

import time

import pytest
from django.conf import settings

from apps.risk import selectors
from apps.risk.services import MonitorWatch, WorkerWatch
from apps.risk.tests.conftest import MONDAY, check
from qts.adapters.lease import Lease
from qts.domain.errors import TransientError

NAMES = ("order-gateway:a", "eventlog-relay")
SILENCE_S = 0.2


@pytest.fixture
def leases(account_id, monkeypatch):
    """Both workers at work; the watch becomes impatient after 0.2 s."""
    monkeypatch.setattr(settings, "WORKER_SILENCE_S_MAX", SILENCE_S)
    monkeypatch.setattr(WorkerWatch, "_names", lambda _: list(NAMES))
    found = {name: Lease(settings.REDIS_URL, name, 30) for name in (*NAMES, "risk-monitor")}
    for lease in found.values():
        assert lease.acquire() is not None
    yield found
    for lease in found.values():
        lease.release()


def held() -> list[tuple[str, str, str]]:
    return [(found.scope, found.cause, found.reason) for found in selectors.holds()]


def test_while_everybody_works_nothing_is_held(leases):
    watch = WorkerWatch()
    watch.look(MONDAY)
    time.sleep(SILENCE_S)
    watch.look(MONDAY)
    assert held() == []


def test_a_hand_over_is_no_loss(leases):
    watch = WorkerWatch()
    leases["eventlog-relay"].release()
    watch.look(MONDAY)
    leases["eventlog-relay"].acquire()
    watch.look(MONDAY)
    leases["eventlog-relay"].release()
    time.sleep(SILENCE_S)
    watch.look(MONDAY)
    assert held() == []


def test_a_lost_gateway_holds_the_firm_until_one_is_back(leases, account_id):
    watch = WorkerWatch()
    leases["order-gateway:a"].release()
    watch.look(MONDAY)
    time.sleep(SILENCE_S)
    watch.look(MONDAY)
    assert held() == [("firm", "lost-worker", "no gateway sends orders or cancels")]
    (breach,) = check(account_id, "BUY 100 SSI @ 25000")
    assert (breach.code, breach.detail) == ("KILL_SWITCH_ENGAGED", "firm (lost-worker)")
    assert check(account_id, "SELL 100 SSI @ 25000") == ()
    leases["order-gateway:a"].acquire()
    watch.look(MONDAY)
    assert held() == []


def test_the_next_slice_of_the_monitor_does_not_let_go_while_the_worker_is_away(leases):
    watch = WorkerWatch()
    leases["order-gateway:a"].release()
    watch.look(MONDAY)
    time.sleep(SILENCE_S)
    watch.look(MONDAY)
    WorkerWatch().look(MONDAY)
    assert len(held()) == 1


def test_the_gateway_holds_the_firm_without_a_monitor_and_only_a_monitor_lets_go(leases):
    watch = MonitorWatch()
    leases["risk-monitor"].release()
    watch.look(MONDAY)
    assert held() == []
    time.sleep(SILENCE_S)
    watch.look(MONDAY)
    assert held() == [("firm", "lost-worker", "nobody watches losses and limits")]
    leases["risk-monitor"].acquire()
    watch.look(MONDAY)
    assert len(held()) == 1
    WorkerWatch().look(MONDAY)
    assert held() == []


def test_without_valkey_nobody_is_called_lost(leases, monkeypatch):
    def is_away(*_names):
        raise TransientError("no Valkey")

    watches = (WorkerWatch(), MonitorWatch())
    for watch in watches:
        monkeypatch.setattr(watch._watch, "lost", is_away)
        watch.look(MONDAY)
    assert held() == []
