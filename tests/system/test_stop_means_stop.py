"""The kill switch of a running system in which Valkey, the workers or the web tier hang; the broker's book judges."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from qts.embedded import processes
from tests.system.books import Books
from tests.system.running import RunningSystem, SystemOptions

MORNING = SystemOptions(start="09:15:00", speed=10)  # continuous trading until 11:30: thirteen minutes here
ACCOUNT, ORDERS = "0901351", 8
STOPPED_S_MAX = 5.0
OVER_AT_BROKER = {"FF", "CL", "FFPC", "RJ", "EX"}
_WORKING = """
    SELECT count(*) FROM orders_order
    WHERE status IN ('PENDING', 'SENT', 'UNKNOWN', 'QUEUED', 'OPEN', 'PARTIALLY_FILLED') AND NOT cancel_wanted
"""
_STOPS = """
    SELECT (SELECT count(*) FROM risk_tradinghold WHERE is_on) + (SELECT count(*) FROM risk_killswitch WHERE is_engaged)
"""
_ENGAGED = "SELECT max(recorded_at) FROM eventlog_eventrecord WHERE topic = 'risk.killSwitch.changed'"
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.parametrize("running_system", [MORNING], indirect=True, ids=["morning"]),
]


class Rehearsal:
    def __init__(self, system: RunningSystem, inside: Callable[[str], list[str]]) -> None:
        self.system = system
        self.inside = inside
        self.books = Books(system.environment["DATABASE_URL"])

    def wait_until_free(self) -> None:
        """The system is well, and what a timer held while something hung goes on by itself."""
        self.wait(lambda: self.system.is_healthy() and not self.books.value(_STOPS), 60, "trading is held back")

    def place(self, count: int) -> list[str]:
        return self.inside(f"place_resting('{ACCOUNT}', {count})")

    def working(self) -> int:
        return int(self.books.value(_WORKING))

    def open_at_broker(self) -> int:
        theirs: list[dict[str, Any]] = self.system.simulator("sim/state")["orders"]
        return sum(order["status"] not in OVER_AT_BROKER for order in theirs)

    def wait(self, what: Any, seconds: float, reason: str) -> None:
        assert processes.wait_until(what, seconds, pause_s=0.2), f"{reason}\n{self.system.output()[-4000:]}"

    def stop(self, *more: str) -> float:
        """By the command line; the seconds from the stop until the last cancel of a working order was queued."""
        self.system.manage("kill", "firm", "--reason", "rehearsal", *more)
        engaged = self.books.value(_ENGAGED)
        last = self.books.value("SELECT max(recorded_at) FROM orders_intent WHERE kind = 'CANCEL'")
        return float((last - engaged).total_seconds())


@pytest.fixture(scope="module")
def rehearsal(running_system) -> Iterator[Rehearsal]:
    with running_system.inside() as inside:
        yield Rehearsal(running_system, inside)


@pytest.mark.parametrize(
    ("victim", "by_hand"), [("valkey", True), ("trading", True), ("web", False)], ids=["valkey", "workers", "web"]
)
def test_a_stop_reaches_the_exchange_whatever_hangs_and_outlives_a_restart(rehearsal, victim, by_hand):
    rehearsal.wait_until_free()
    assert rehearsal.place(ORDERS) == [""] * ORDERS
    rehearsal.wait(lambda: rehearsal.open_at_broker() == ORDERS, 30, "the orders do not reach the exchange")
    rehearsal.wait(lambda: rehearsal.books.unsettled() == {"orders": ORDERS}, 30, "their answers do not come back")
    with rehearsal.system.frozen(victim):
        took_s = rehearsal.stop(*(["--send"] if by_hand else []))
        print(f"{victim} hangs: {ORDERS} orders taken back within {took_s:.2f} s")
        assert took_s < STOPPED_S_MAX
        assert rehearsal.working() == 0
        rehearsal.wait(lambda: rehearsal.open_at_broker() == 0, 20, "orders are left at the exchange")
        sent = len(rehearsal.system.simulator("sim/state")["orders"])
    rehearsal.wait(rehearsal.system.is_ready, 60, "the system does not come back")
    if victim == "trading":
        old = rehearsal.system.kill("trading")
        rehearsal.system.wait_for_successor("trading", old)
        rehearsal.wait(rehearsal.system.is_ready, 60, "the workers do not come back")
    assert all("KILL_SWITCH_ENGAGED" in refusal for refusal in rehearsal.place(2))
    time.sleep(2)
    assert len(rehearsal.system.simulator("sim/state")["orders"]) == sent
    rehearsal.wait(lambda: rehearsal.books.unsettled() == {}, 60, "something is left on its way")
    rehearsal.inside("release_everything()")
