"""Valkey emptied and started anew, PostgreSQL started anew, in the middle of trading: nothing is lost, pages go on."""

import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
import psycopg
import pytest
import redis

from qts.adapters.ssi.codec import decode_frame
from qts.adapters.ssi.credentials import DataCredentials
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.domain.events import OrderBookUpdated, QuoteUpdated
from tests.system.board_page import BoardPage
from tests.system.books import Books
from tests.system.market_witness import MarketWitness, Span
from tests.system.running import SHELL, RunningSystem, SystemOptions

# `QTS_SERVER_LOSSES=10 pytest tests/system/test_servers_lost.py` loses each server as often; once: `test_kill_nine`
ROUNDS = int(os.environ.get("QTS_SERVER_LOSSES", "0"))
MORNING = SystemOptions(start="09:15:00", speed=10)
PATIENCE_S = 90.0
CALM_S = 6.0  # of trading between two losses: leases are taken, streams are followed
NS = 10**9
pytestmark = [
    pytest.mark.skipif(not ROUNDS, reason="takes minutes; `make soak` runs it"),
    pytest.mark.timeout(300 + 300 * ROUNDS),
    pytest.mark.parametrize("running_system", [MORNING], indirect=True, ids=["morning"]),
]


class Session:
    """A trading system with an open page, a second listener on the exchange, and its own books."""

    def __init__(self, system: RunningSystem) -> None:
        self.system = system
        self.books = Books(system.environment["DATABASE_URL"])
        self.key = system.simulator("sim/credentials")["data"]
        self.witness = MarketWitness(system.simulator_url, self.key)
        begun = system.manage(*SHELL, "from tests.system.inside import *; begin('trader')")
        self.page = BoardPage(system.web_url, begun.split()[1])
        self.took: list[tuple[str, str, float]] = []

    def begin(self) -> None:
        self.witness.start()
        self.page.start()
        self.wait(lambda: self.page.changed_at, "the page shows nothing")
        self.wait(lambda: len(self.books.ticks()) > 200, "no matches are stored")

    def lose(self, name: str, act: Callable[[], object]) -> None:
        """And wait until everything moves again; what came after the loss is what counts."""
        time.sleep(CALM_S)
        bar, lost_at = self.books.newest_bar(), time.time()
        act()
        for what, is_so in (
            ("page", lambda: self.page.changed_at > lost_at + 0.5),
            ("store", lambda: self.books.newest_tick_ns() > (lost_at + 0.5) * NS),
            ("ready", self.system.is_healthy),
            ("bars", lambda: (newest := self.books.newest_bar()) and newest > bar),
        ):
            self.wait(is_so, f"{name}: no {what} afterwards")
            self.took.append((name, what, time.time() - lost_at))

    def empty_valkey(self) -> None:
        redis.Redis.from_url(self.system.environment["REDIS_URL"]).flushall()

    def empty_and_kill_valkey(self) -> None:
        self.empty_valkey()
        self.system.wait_for_successor("valkey", self.system.kill("valkey"))

    def kill_postgres(self) -> None:
        self.system.wait_for_successor("postgres", self.system.kill("postgres"))

    def wait(self, is_so: Callable[[], Any], reason: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                if is_so():
                    return
            except (psycopg.OperationalError, httpx2.TransportError):
                pass  # just what was lost
            time.sleep(0.1)
        raise AssertionError(f"{reason}\n{self.system.output()[-6_000:]}")

    def stop_the_market(self) -> None:
        """The exchange's clock stands still: whatever it has said so far is all there is."""
        self.system.simulator("sim/clock", {"act": "pause"})
        time.sleep(2)
        self.witness.stop()
        newest = max(at_ns for at_ns, _ in self.witness.heard)
        self.wait(lambda: self.books.newest_tick_ns() > newest - NS, "the last matches are not stored")

    def told_anew(self) -> dict[str, dict[str, Any]]:
        """What the exchange tells of each symbol to somebody who comes now."""
        client = MarketDataClient(self.system.simulator_url, DataCredentials(**self.key))
        told: dict[str, dict[str, Any]] = {}
        with connect_market_stream(self.system.simulator_url, client, ["X-TRADE:ALL", "X-QUOTE:ALL"]) as stream:
            while frames := stream.frames(3):
                for frame in frames:
                    for event in decode_frame(
                        frame.raw, ts_received_ns=frame.received_ns, wal_position="0:0", instruments={}
                    ).events:
                        _note(event, told)
        client.close()
        return told


def _note(event: Any, told: dict[str, dict[str, Any]]) -> None:
    if isinstance(event, QuoteUpdated):
        told.setdefault(event.symbol, {}).update(last=event.last_vnd, total_qty=event.total_quantity)
    elif isinstance(event, OrderBookUpdated):
        levels = {"bids": [list(level) for level in event.bids], "asks": [list(level) for level in event.asks]}
        told.setdefault(event.symbol, {}).update(levels)


@pytest.fixture(scope="module")
def session(running_system) -> Session:
    found = Session(running_system)
    found.begin()
    for _ in range(ROUNDS):
        found.lose("valkey emptied", found.empty_valkey)
        found.lose("valkey emptied and killed", found.empty_and_kill_valkey)
        found.lose("postgres killed", found.kill_postgres)
    time.sleep(CALM_S)
    found.stop_the_market()
    for told in {(name, what): None for name, what, _ in found.took}:
        times = sorted(seconds for name, what, seconds in found.took if (name, what) == told)
        print(f"{told[0]}, until {told[1]}: {times[len(times) // 2]:.1f} s in the middle, at most {times[-1]:.1f} s")
    return found


def gaps_before(session: Session) -> list[Span]:
    """Without the silence of the market that was stopped."""
    newest_ms = max(match[1] for _, match in session.witness.heard)
    return [gap for gap in session.books.market_gaps() if gap.from_ms < newest_ms - 1_000]


def test_every_match_is_stored_once_or_in_a_marked_gap(session):
    gaps = gaps_before(session)
    missing, invented, compared = session.witness.compare(session.books.ticks(), gaps)
    print("matches compared:", compared, "gaps, s:", [(gap.to_ms - gap.from_ms) / 1_000 for gap in gaps])
    assert missing == Counter(), f"not recorded, and no gap says so: {gaps}"
    assert invented == Counter(), "recorded, but the exchange never said so"
    assert compared > 500


def test_no_server_that_was_lost_has_cost_a_message(session):
    """The broker's stream was not theirs: who follows it goes on, and writes its log."""
    assert session.books.value("SELECT count(*) FROM marketdata_marketgap WHERE cause = 'RECONNECT'") <= 1  # the start


def test_the_page_and_the_live_state_are_what_the_exchange_says(session):
    told = session.told_anew()
    assert len(told) == 30
    until = time.monotonic() + 20
    wrong = told
    while wrong and time.monotonic() < until:
        time.sleep(0.5)
        wrong = {
            symbol: (session.page.quotes[symbol], fields)
            for symbol, fields in told.items()
            if any(session.page.quotes[symbol].get(name) != value for name, value in fields.items())
        }
    assert wrong == {}
    session.page.stop()


def test_bars_are_what_the_ticks_add_up_to(session):
    until = session.books.newest_bar()
    stored, added_up = session.books.bars(until, is_filled=False), session.books.bars_of_ticks(until)
    filled = session.books.bars(until, is_filled=True)
    assert stored == {minute: bar for minute, bar in added_up.items() if minute not in filled}
    assert len(stored) > 100
