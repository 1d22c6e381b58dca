"""A gateway that falls asleep with an order in its hands, for three lease times and longer, and then wakes up: it sends
nothing. The successor has long found out that the order is not at the broker.

`QTS_GATEWAY_PAUSES=200 pytest tests/test_gateway_pauses.py` sends as many to sleep.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from apps.risk.models import RiskLimit
from qts.domain.errors import RuleCode
from qts.domain.orders import Status
from qts.domain.values import Side
from tests.crash_trials import Forks
from tests.crash_worker import QUICK
from tests.journeys import Journey, journey
from tests.order_market import wait_for

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3_600)]
PAUSES = int(os.environ.get("QTS_GATEWAY_PAUSES", "3"))
PLACES = ("claim.committed", "call.signed", "call.begun")
LEASE_TTL_S = float(QUICK["apps.orders.services.turns.LEASE_TTL_S"])
AWAKE_S = 0.7  # time enough for the sleeper to send, if it would


@pytest.fixture
def forks(journey, tmp_path) -> Iterator[Forks]:
    with Forks(journey.market.environment, tmp_path / "forks.log", "quick") as started:
        yield started


def test_who_wakes_up_too_late_sends_nothing(journey: Journey, forks: Forks):
    RiskLimit.objects.filter(code=RuleCode.OPEN_ORDERS_EXCEED_MAX).update(limit=PAUSES + 100)  # each leaves one behind
    floor, _ = journey.band()
    given_up: list[UUID] = []
    for number in range(PAUSES):
        order_id = journey.submit(Side.BUY, 100, floor)
        sleeper = _work(forks, journey, "gateway", crash_at=f"{PLACES[number % len(PLACES)]}:1:sleep")
        wait_for(partial(_is_asleep, sleeper), 60, forks.log)
        asleep_at = time.monotonic()
        successor = _work(forks, journey, "gateway", "stream")
        journey.wait_status(order_id, Status.REJECTED)
        time.sleep(max(0.0, asleep_at + 3 * LEASE_TTL_S - time.monotonic()))
        os.kill(sleeper, signal.SIGCONT)
        time.sleep(AWAKE_S)
        forks.kill(sleeper)
        assert journey.order(order_id).reason.startswith("NOT_RECEIVED_BY_BROKER")
        given_up.append(order_id)
        after = journey.submit(Side.BUY, 100, floor)
        journey.wait_status(after, Status.OPEN)
        forks.kill(successor)
    sent = Counter(one["request"]["requestID"] for one in journey.market.ask("sim/ledger")["requests"])
    assert [order_id for order_id in given_up if sent[journey.order(order_id).request_id]] == []
    assert set(sent.values()) == {1}
    print(f"{PAUSES} pauses; sent by those who woke up: 0")


def _work(forks: Forks, journey: Journey, *slices: str, crash_at: str = "") -> int:
    return forks.start("work", crash_at=crash_at, connection_id=str(journey.connection_id), slices=slices)


def _is_asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")
