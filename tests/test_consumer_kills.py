"""`kill -9` of who follows the stream and of who stores it, again and again, under a full market's messages."""

import os
import random
import time

import pytest

from apps.marketdata import selectors
from apps.marketdata.models import Tick
from apps.marketdata.services import master_data
from tests.market_pipeline import wait_for
from tests.system.market_witness import MarketWitness
from tests.test_market_data_pipeline import (
    assert_every_match_is_stored_once,
    assert_the_tape_is_stored,
    bars_of_ticks,
    start_market,
    stored_bars,
)

__all__ = ["start_market"]

# `QTS_CONSUMER_KILLS=100 pytest tests/test_consumer_kills.py`; two kills of each are in `test_market_data_pipeline`
KILLS = int(os.environ.get("QTS_CONSUMER_KILLS", "0"))
PATIENCE_S = 300  # a machine that does other work besides
# all 1,600 symbols at the speed of the wall clock; a quiet minute has 2,000 messages a second at this activity
BUSY = ("--universe", "all", "--activity", os.environ.get("QTS_CONSUMER_ACTIVITY", "45"))
NS = 10**9
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(900 + 90 * KILLS),
    pytest.mark.skipif(not KILLS, reason="takes half an hour; `make soak` runs it"),
]


def test_every_match_of_the_tape_is_stored_once_or_in_a_marked_gap(start_market, settings, monkeypatch):
    monkeypatch.setattr(master_data, "HISTORY_DAYS", 0)  # of 1,600 symbols it would take longer than the kills
    market = start_market("2026-11-23", "09:14:50", "11:29:30", 1, *BUSY, opens_in_s=90.0, forks=True)
    market.ask("sim/faults", {"snapshot_ticks": True})  # every new subscription begins with old matches
    witness = MarketWitness(market.url, market.ask("sim/credentials")["data"])
    witness.start()
    wait_for(lambda: Tick.objects.count() > 1_000, PATIENCE_S, "no ticks in the table")
    chance, began, heard = random.Random(KILLS), time.time(), len(witness.heard)
    rates, recovered_s = [], []
    for number in range(KILLS):
        program = (market.ingest, market.recorder)[number % 2]
        time.sleep(chance.uniform(0.5, 3.0))
        rates.append(selectors.stream_figures().rate)
        killed_ns = time.time_ns()
        market.replace(program)
        wait_for(lambda since=killed_ns: newest_ns() > since + NS // 2, PATIENCE_S, f"nothing after kill {number}")
        recovered_s.append((time.time_ns() - killed_ns) / NS)
        print(f"kill {number + 1} of {KILLS}: {rates[-1]:,.0f} messages/s, {recovered_s[-1]:.1f} s", flush=True)
    print(f"{KILLS} kills in {time.time() - began:.0f} s, {(len(witness.heard) - heard):,} matches heard meanwhile")
    print(f"messages/s at the kills: middle {middle(rates):,.0f}, most {max(rates):,.0f}")
    print(f"until matches are stored again: middle {middle(recovered_s):.1f} s, most {max(recovered_s):.1f} s")
    market.ask("sim/clock", {"act": "pause"})
    newest = max(at_ns for at_ns, _ in witness.heard)
    wait_for(lambda: newest_ns() > newest - NS, PATIENCE_S, "the last matches are not stored")
    time.sleep(3)
    witness.stop()
    assert_the_tape_is_stored(witness)
    market.kill_all()
    assert_every_match_is_stored_once(settings.WAL_DIR)
    assert_bars_add_up()


def newest_ns():
    """Of the match that stands last in the log."""
    newest = Tick.objects.order_by("-trading_day", "-wal_segment", "-wal_offset", "-wal_part")
    return newest.values_list("received_at_ns", flat=True)[:1].get()


def middle(values):
    return sorted(values)[len(values) // 2]


def assert_bars_add_up():
    """The newest minutes may be open: nobody closes them any more."""
    stored, added_up = stored_bars(), bars_of_ticks()
    newest = max(starts_at for _, starts_at in stored)
    closed = {minute: bar for minute, bar in stored.items() if minute[1] < newest}
    assert closed == {minute: bar for minute, bar in added_up.items() if minute in closed}
    assert len(closed) > 1_000
