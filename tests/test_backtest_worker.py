"""A worker that is killed with kill -9 in the middle of a backtest: the next one goes on, and finds the same."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from apps.marketdata.tests.conftest import valkey
from apps.strategies import selectors, services
from apps.strategies.models import BacktestSteps
from apps.strategies.tests.strange import Slow
from apps.strategies.tests.test_backtests import asked, stored
from qts.adapters.lease import show_life
from qts.adapters.life import Life
from tests.market_pipeline import database_url

__all__ = ["stored", "valkey"]

ROOT = Path(__file__).resolve().parents[1]
WORKER = """
import sys, django
django.setup()
from qts.celery import show_our_life
from apps.strategies.services import run_backtest
show_our_life()
run_backtest(sys.argv[1])
"""
SETS = 10


@pytest.fixture
def life():
    """This process tells the dead from the living, as every worker does."""
    shown = Life(lambda: psycopg.connect(database_url(), autocommit=True))
    show_life(shown)
    yield
    show_life(None)
    shown.close()


@pytest.fixture
def sweep(stored, monkeypatch):
    monkeypatch.setattr("apps.strategies.selectors.research.registered_strategies", lambda: [Slow])
    return lambda: asked("SWEEP", parts=[{"strategy": Slow.key}], grid={"pace": list(range(1, SETS + 1))})


def children_of(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in listed.read_text().split()] if listed.exists() else []


def until(condition, seconds=30):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it does not happen"
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the death of a child is seen in /proc")
def test_a_killed_worker_is_followed_by_one_that_ends_with_the_same_result(sweep, life):
    whole, run_id = sweep(), sweep()
    services.run_backtest(whole)
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "qts.settings.test"}
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(run_id)], cwd=ROOT, env=environment)
    try:
        until(lambda: BacktestSteps.objects.filter(run_id=run_id).exists())
        (child,) = children_of(worker.pid)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])
    left = selectors.backtest(run_id)
    assert (left.status, left.attempt, 0 < left.progress_done < SETS) == ("RUNNING", 1, True)
    services.run_backtest(run_id)  # at once: the dead worker's lease is nobody's
    found = selectors.backtest(run_id)
    assert (found.status, found.attempt) == ("DONE", 2)
    assert selectors.backtest_document(run_id) == selectors.backtest_document(whole)
    assert found.trades_hash == selectors.backtest(whole).trades_hash
