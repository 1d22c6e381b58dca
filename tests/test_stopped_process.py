"""A process that is stopped in the middle of a transaction: the database ends that, the others go on, and when it wakes
up it does nothing. What it was about is done once, by somebody else.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.orders.models import Fill, Order
from qts.domain.orders import Status
from qts.domain.values import Side
from qts.settings.environment import Environment, database_settings
from tests.crash_trials import Forks
from tests.journeys import Journey, journey
from tests.order_market import wait_for

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
IDLE_S_MAX = 2
FREE_S_MAX = IDLE_S_MAX + 3.0  # and what the others need themselves, on a machine that does something else
AWAKE_S = 0.7
SLEEPERS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""


@pytest.fixture
def forks(journey, tmp_path) -> Iterator[Forks]:
    environment = {**journey.market.environment, "IDLE_IN_TRANSACTION_S_MAX": str(IDLE_S_MAX)}
    with Forks(environment, tmp_path / "forks.log", "quick") as started:
        yield started


def test_every_connection_is_made_so():
    assert Environment(_env_file=None, idle_in_transaction_s_max=10).idle_in_transaction_s_max == 10
    options: Any = database_settings("postgresql://qts@127.0.0.1/qts")["OPTIONS"]
    assert "-c idle_in_transaction_session_timeout=10s" in options["options"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone()[0] == "5min"  # in tests, of which one may be one transaction
        cursor.execute("SHOW client_connection_check_interval")
        assert cursor.fetchone()[0] == "1s"


def test_who_is_stopped_in_a_transaction_holds_nobody_up_and_does_nothing_when_it_wakes(journey: Journey, forks: Forks):
    """One market for all three."""
    _an_order_that_falls_asleep_with_the_accounts_lock(journey, forks)
    _a_gateway_that_falls_asleep_in_its_claim(journey, forks)
    _a_reader_that_falls_asleep_over_a_fill(journey, forks)


def _an_order_that_falls_asleep_with_the_accounts_lock(journey: Journey, forks: Forks) -> None:
    floor, _ = journey.band()
    wish: dict[str, Any] = {
        "account_id": str(journey.account_id), "side": "BUY", "quantity": 100, "price_vnd": floor, "name": "sleepy",
    }  # fmt: skip
    sleeper = _asleep(forks, forks.start("submit", crash_at="submit.recorded:1:sleep", **wish))
    began = time.monotonic()
    other = journey.submit(Side.BUY, 100, floor)
    assert 0.2 < time.monotonic() - began < FREE_S_MAX, "it did not have to wait, or too long"
    os.kill(sleeper, signal.SIGCONT)
    assert forks.wait(sleeper, 10) == 1, "it went on as if nothing had happened"
    assert set(Order.objects.values_list("id", flat=True)) == {other}
    assert forks.wait(forks.start("submit", **wish), 20) == 0
    assert Order.objects.filter(client_order_id="sleepy").count() == 1


def _a_gateway_that_falls_asleep_in_its_claim(journey: Journey, forks: Forks) -> None:
    floor, _ = journey.band()
    order_id = journey.submit(Side.BUY, 100, floor)
    sleeper = _asleep(forks, _work(forks, journey, "gateway", crash_at="claim.written:1:sleep"))
    successor = _work(forks, journey, "gateway", "stream")
    journey.wait_status(order_id, Status.OPEN)
    os.kill(sleeper, signal.SIGCONT)
    time.sleep(AWAKE_S)
    assert set(_sent(journey).values()) == {1}
    assert journey.order(order_id).request_id in _sent(journey)
    for pid in (sleeper, successor):
        forks.kill(pid)


def _a_reader_that_falls_asleep_over_a_fill(journey: Journey, forks: Forks) -> None:
    _, ceiling = journey.band()
    order_id = journey.submit(Side.BUY, 100, ceiling)
    sleeper = _asleep(forks, _work(forks, journey, "gateway", "stream", crash_at="fill.booked:1:sleep"))
    successor = _work(forks, journey, "gateway", "stream")
    journey.wait_status(order_id, Status.FILLED)
    os.kill(sleeper, signal.SIGCONT)
    time.sleep(AWAKE_S)
    assert sum(Fill.objects.filter(order_id=order_id).values_list("quantity", flat=True)) == 100
    for pid in (sleeper, successor):
        forks.kill(pid)
    state = journey.market.ask("sim/state")["accounts"][journey.number]
    ours = accounts.account_state(journey.account_id, marketdata.market_now())
    assert ours.positions["SSI"].quantity == state["holdings"]["SSI"]


def _work(forks: Forks, journey: Journey, *slices: str, crash_at: str = "") -> int:
    return forks.start("work", crash_at=crash_at, connection_id=str(journey.connection_id), slices=slices)


def _asleep(forks: Forks, pid: int) -> int:
    """Once it sleeps, with an open transaction."""
    wait_for(partial(_is_stopped, pid), 60, forks.log)
    wait_for(_open_transactions, 60, "it holds no transaction")
    return pid


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")


def _open_transactions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(SLEEPERS)
        return int(cursor.fetchone()[0])


def _sent(journey: Journey) -> dict[str, int]:
    return Counter(one["request"]["requestID"] for one in journey.market.ask("sim/ledger")["requests"])
