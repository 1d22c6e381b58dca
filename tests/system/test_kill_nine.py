"""`kill -9` of every process in turn, in the middle of trading; nobody helps. The broker's own book is the judge."""

import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import psycopg
import pytest
import redis

from tests.system import kill_storm
from tests.system.board_page import BoardPage
from tests.system.books import Books, assert_same_fills, assert_same_orders, twice
from tests.system.kill_storm import KillStorm
from tests.system.market_witness import MarketWitness
from tests.system.order_load import OrderLoad
from tests.system.running import SHELL, RunningSystem, SystemOptions

# `QTS_PROCESS_KILLS=300 pytest tests/system/test_kill_nine.py` kills as many while orders come in
KILLS = int(os.environ.get("QTS_PROCESS_KILLS", len(kill_storm.VICTIMS)))
IS_LONG = len(kill_storm.VICTIMS) < KILLS
# continuous trading until 11:30: seven minutes here, in the long run 68
MORNING = SystemOptions(start="09:15:00", speed=2 if IS_LONG else 20)
# The servers and who sends, each in a moment when it hurts. Then all the others in turn, and the strategies last: they
# need 20 minutes of bars.
VICTIMS = ("trading", "valkey", "simulator", "postgres")
LAST = "signals"
RECOVERY_S_MAX = 90.0
OWNERS = {"trader": "0901351", "trader2": "1184411"}
ANSWER_DELAY_MS = 300  # a slow broker: most of the time some order is on its way and its answer is not there yet
HIT_IN_FLIGHT = {"trading", "valkey", "simulator", "postgres"}  # killed in such a moment
FILLS_WANTED = 2  # orders placed after the kill and filled
VOLUME = 4  # of a bar: open, high, low, close, volume
MANY_CALLS = {"service": "trading", "limits": [{"endpoint": "*", "period": "1s", "limit": 1_000}]}
pytestmark = [
    pytest.mark.timeout(7_200 if IS_LONG else 700),
    pytest.mark.parametrize("running_system", [MORNING], indirect=True, ids=["morning"]),
]


class Morning:
    """A running system under load, the witness beside it, and its books."""

    def __init__(self, system: RunningSystem) -> None:
        self.system = system
        self.books = Books(system.environment["DATABASE_URL"])
        self.witness = MarketWitness(system.simulator_url, system.simulator("sim/credentials")["data"])
        sessions = [line.split() for line in self.act(f"begin(*{list(OWNERS)})").splitlines()]
        self.page = BoardPage(system.web_url, sessions[0][1])
        owned = [
            (session, self.books.account_id(number)) for session, number in zip(sessions, OWNERS.values(), strict=True)
        ]
        self.steady = [
            OrderLoad(system.web_url, session, account_id, name)
            for name, (session, account_id) in zip(OWNERS, owned, strict=True)
        ]
        self.storm = KillStorm(system, self.books, owned)
        self.recovered_s: dict[str, float] = {}

    @property
    def loads(self) -> list[OrderLoad]:
        return [*self.steady, *self.storm.loads]

    def begin(self) -> None:
        self.slow_down_broker()
        self.witness.start()
        self.page.start()
        for load in self.steady:
            load.start()
        self.wait(lambda: self.books.filled_since(0) > 5, 60, "nothing is filled")
        self.wait(self.books.newest_bar, 90, "no bar is closed")

    def kill_and_wait(self, name: str) -> None:
        bar = self.books.newest_bar()
        if name == "simulator":
            self.lose_a_request()
        if name == "signals":
            self.wait(self.books.is_any_decision_submitted, 200, "the strategies order nothing")
        if name in HIT_IN_FLIGHT:
            self.wait(self.books.is_order_in_flight, 30, "no order is on its way", pause_s=0.02)
        if name == "valkey":  # and it comes back empty
            redis.Redis.from_url(self.system.environment["REDIS_URL"]).flushall()
        killed_at, old = time.time(), self.system.kill(name)
        self.system.wait_for_successor(name, old, RECOVERY_S_MAX)
        up_at = time.time()
        if name == "simulator":
            self.wait(self.slow_down_broker, RECOVERY_S_MAX, "the simulator does not answer")
        for what, is_so in (
            ("ready", self.system.is_healthy),
            ("changes on the page", lambda: self.page.changed_at > up_at),
            ("new bars", lambda: (newest := self.books.newest_bar()) and newest > bar + timedelta(minutes=1)),
            ("new fills", lambda: self.books.filled_since(up_at) >= FILLS_WANTED),
            ("new decisions", lambda: name != "signals" or self.books.decided_since(up_at)),
        ):
            self.wait(is_so, RECOVERY_S_MAX, f"{name} was killed, and then no {what}")
        self.recovered_s[name] = round(time.time() - killed_at, 1)

    def kill_in_a_storm(self, count: int) -> None:
        """The broker is fast now, too."""
        self.system.simulator("sim/faults", {})
        self.storm.run(count)

    def end(self) -> None:
        """Nothing new; what is open is cancelled; what is under way arrives."""
        for load in self.steady:
            load.stop()
        self.act("stop_strategies()")
        self.page.stop()
        for load in self.steady:
            load.cancel_all()
        self.wait(lambda: not self.books.unsettled(), 60, "not everything ends")
        self.witness.stop()
        newest = max(at_ns for at_ns, _ in self.witness.heard)
        self.wait(lambda: self.books.newest_tick_ns() > newest, 30, "ticks stop")

    def slow_down_broker(self) -> bool:
        """And it lets many calls pass; who sends learns that when it logs in, after the first kill."""
        self.system.simulator("sim/quota", MANY_CALLS)
        return bool(self.system.simulator("sim/faults", {"new_order_delay_ms": ANSWER_DELAY_MS}))

    def lose_a_request(self) -> None:
        """One that the broker never took in, while nobody can know that."""
        self.system.simulator("sim/faults", {"lost_requests": 1, "new_order_delay_ms": ANSWER_DELAY_MS})
        self.wait(self.books.is_order_unknown, 30, "no answer is missed", pause_s=0.05)
        self.slow_down_broker()

    def wait(self, is_so: Callable[[], Any], seconds: float, reason: str, *, pause_s: float = 0.25) -> None:
        until = time.monotonic() + seconds
        trouble = ""
        while time.monotonic() < until:
            try:
                if is_so():
                    return
                trouble = ""
            except (psycopg.OperationalError, httpx2.TransportError) as error:  # just what was killed
                trouble = str(error)
            time.sleep(pause_s)
        raise AssertionError(f"{reason} within {seconds:.0f} s. {trouble} {self._state()}")

    def act(self, call: str) -> str:
        return self.system.manage(*SHELL, f"from tests.system.inside import *; {call}")

    def _state(self) -> str:
        outcomes = Counter((order.status, order.reason[:60]) for order in self.books.orders())
        surprises = [load.surprises for load in self.loads]
        last = [load.wishes[-1] for load in self.loads if load.wishes]
        return (
            f"{self.recovered_s} {self.books.unsettled()} {outcomes} {surprises} {last}\n{self.system.output()[-6000:]}"
        )


@pytest.fixture(scope="module")
def morning(running_system) -> Morning:
    """One morning with all its kills; the tests below look at what is left of it."""
    found = Morning(running_system)
    found.begin()
    for name in VICTIMS:
        found.kill_and_wait(name)
    found.kill_in_a_storm(KILLS)
    found.kill_and_wait(LAST)
    found.end()
    print("seconds from kill -9 to new fills:", found.recovered_s)
    return found


@pytest.fixture(scope="module")
def at_broker(morning) -> Any:
    return morning.system.simulator("sim/state")


def test_every_answer_was_true(morning):
    ours = {order.client_order_id: order for order in morning.books.orders() if not order.strategy_id}
    wishes = {f"api-{load.user_key}-{wish.key}": wish for load in morning.loads for wish in load.wishes}
    assert [surprise for load in morning.loads for surprise in load.surprises] == []
    assert set(ours) == set(wishes), "an order without a wish, or a wish without its order"
    for key, wish in wishes.items():
        assert wish.order_ids == {ours[key].id}, wish
        answers = {status for status in wish.statuses if status in {201, 422}}
        assert answers == ({422} if ours[key].status == "DENIED" else {201}), (wish, ours[key])
    outcomes = Counter(order.status for order in ours.values())
    repeated = sum(wish.was_repeated for wish in wishes.values())
    print("orders of people:", dict(outcomes), "requests repeated:", repeated)
    assert outcomes["FILLED"] > 40
    assert outcomes["CANCELLED"] > 10
    assert repeated, "no request had to be repeated: the kills were idle"


def test_no_order_is_lost_or_doubled(morning, at_broker):
    ours = morning.books.orders()
    assert len(ours) == len({(order.account, order.client_order_id) for order in ours})
    assert_same_orders(ours, at_broker["orders"])
    own_fills = morning.books.rows(
        "SELECT o.broker_order_id, f.quantity, f.price_vnd FROM orders_fill f JOIN orders_order o ON o.id = f.order_id"
    )
    assert_same_fills(own_fills, at_broker["fills"])
    assert morning.books.rows("SELECT kind, subject, detail FROM orders_discrepancy WHERE resolved_at IS NULL") == []
    assert morning.books.rows("SELECT * FROM orders_foreignorder") == []
    unknown = morning.books.value("SELECT count(*) FROM eventlog_eventrecord WHERE topic = 'order.order.unknown'")
    print("orders at the broker:", len(at_broker["orders"]), "fills:", len(own_fills), "were unknown:", unknown)
    assert unknown >= 1, "no answer was lost: the test proves little"
    assert "NOT_RECEIVED" in {order.place_state for order in ours}


def test_new_orders_go_out_and_old_ones_are_known_after_each_kill(morning):
    """How soon is told here, and promised in `test_crash_points`, where nothing else runs: on a machine that carries a
    whole system, its witness and other tests, a second is no measure."""
    kills = morning.storm.kills
    assert {kill.victim for kill in kills} == set(kill_storm.VICTIMS)
    print(kill_storm.figures(kills))


def test_strategies_traded_through_all_of_it_and_decided_nothing_twice(morning):
    decisions = morning.books.rows(
        "SELECT id, strategy_id, symbol, trigger, outcome, order_id FROM strategies_decision"
    )
    assert twice((row.strategy_id, row.symbol, row.trigger["ts_start_ms"]) for row in decisions) == {}
    submitted = {row.order_id: row.id for row in decisions if row.outcome == "SUBMITTED"}
    placed = {order.id: order.decision_id for order in morning.books.orders() if order.strategy_id}
    assert submitted
    assert {str(order_id): decision_id for order_id, decision_id in submitted.items()}.items() <= placed.items()
    assert morning.books.rows("SELECT name FROM strategies_strategy WHERE status = 'FAILED'") == []


def test_cash_and_shares_are_the_brokers(morning, at_broker):
    told = morning.system.manage("reconcile")  # fails when an account differs from its ledger or from the broker
    for number in OWNERS.values():
        assert f"{number}: equal" in told
    held: dict[str, dict[str, int]] = {number: {} for number in OWNERS.values()}
    for number, symbol, quantity in morning.books.rows(
        "SELECT a.number, p.symbol, p.quantity FROM accounts_position p"
        " JOIN accounts_brokerageaccount a ON a.id = p.account_id WHERE p.quantity <> 0"
    ):
        held[number][symbol] = quantity
    for number, positions in held.items():
        theirs = at_broker["accounts"][number]["holdings"]
        assert positions == {symbol: quantity for symbol, quantity in theirs.items() if quantity}
    assert morning.books.value("SELECT count(*) FROM accounts_reservation WHERE state = 'PENDING'") == 0


def test_every_match_outside_a_marked_gap_is_recorded_once(morning):
    gaps = morning.books.gaps()
    missing, invented, compared = morning.witness.compare(morning.books.ticks(), morning.books.market_gaps())
    print("matches compared:", compared, "gaps, s:", [round((to_ns - from_ns) / 1e9, 1) for from_ns, to_ns in gaps])
    assert missing == Counter(), f"not recorded, and no gap says so: {gaps}"
    assert invented == Counter(), "recorded, but the exchange never said so"
    assert compared > 1_000
    marked_s = sum(to_ns - from_ns for from_ns, to_ns in gaps) / 1e9
    assert marked_s < sum(morning.recovered_s.values()) / 2, "most of the morning is a gap"


def test_bars_are_what_the_ticks_add_up_to(morning):
    until = morning.books.newest_bar() - timedelta(minutes=2)
    stored, added_up = morning.books.bars(until, is_filled=False), morning.books.bars_of_ticks(until)
    filled = morning.books.bars(until, is_filled=True)  # the minutes of a gap, of which history had more
    assert stored == {minute: bar for minute, bar in added_up.items() if minute not in filled}
    assert all(filled[minute][VOLUME] >= added_up[minute][VOLUME] for minute in filled.keys() & added_up.keys())
    assert len(stored) > 300
    unannounced = "SELECT count(*) FROM marketdata_bar1m WHERE NOT is_announced AND starts_at < %(until)s"
    # a minute that history fills in this moment is announced in the next
    morning.wait(lambda: morning.books.value(unannounced, until=until) == 0, 15, "a bar is not announced")
