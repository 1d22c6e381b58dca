"""From the simulated exchange over the wire into the tick table and the bars, every stage the real one."""

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from apps.configuration.services import seed_demo_connections
from apps.marketdata import selectors
from apps.marketdata.models import Bar1m, DeadLetter, MarketGap, Tick
from apps.marketdata.services.master_data import load_master_data_of_day
from apps.marketdata.tests.conftest import forget_market
from qts.adapters import bus as event_bus
from qts.adapters.ssi.codec import decode_frame
from qts.adapters.wal import WalReader
from qts.domain.events import BarClosed, QuoteUpdated, TickReceived
from qts.domain.market import ms_of
from tests.market_pipeline import Market, wait_for
from tests.system.market_witness import MarketWitness, Span

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
MATCHES_MIN = 300  # compared with those that somebody else heard


@pytest.fixture
def start_market(transactional_db, tmp_path, settings):
    """Starts an exchange whose day begins in a few seconds, and points everything at it."""
    forget_market()
    started: list[Market] = []

    def start(day, begins, ends, speed, *arguments, opens_in_s=6.0, forks=False):
        market = Market(tmp_path, forks=forks)
        started.append(market)
        settings.SSI_DATA_URL = market.url
        settings.WAL_DIR = market.data_dir / "wal"
        busy_s = market.start_workers()
        opens_at = time.time() + max(opens_in_s, 2 * busy_s)
        settings.MARKET_CLOCK = f"affine:{day},{begins},{ends},{opens_at:.3f},{speed}"
        market.start_simulator(settings.MARKET_CLOCK, arguments)
        seed_demo_connections(market.ask("sim/credentials"), now=datetime.now(tz=UTC))
        load_master_data_of_day()
        market.let_go(market.ingest)
        market.let_go(market.recorder)
        wait_for(lambda: selectors.stream_status().is_live, 60, "the stream does not connect")
        assert time.time() < opens_at, "the market had opened before the stream was connected"
        return market

    yield start
    for market in started:
        market.kill_all()
    forget_market()


def bars_of_ticks():
    """(symbol, minute) -> open, high, low, close, volume, value, count, by SQL over the tick table."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT symbol, date_trunc('minute', traded_at),
                   (array_agg(price_vnd ORDER BY wal_segment, wal_offset, wal_part))[1], max(price_vnd), min(price_vnd),
                   (array_agg(price_vnd ORDER BY wal_segment DESC, wal_offset DESC, wal_part DESC))[1],
                   sum(quantity)::bigint, sum(price_vnd * quantity)::bigint, count(*)
            FROM marketdata_tick GROUP BY 1, 2
            """
        )
        return {row[:2]: row[2:] for row in cursor.fetchall()}


def stored_bars():
    names = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume", "value_vnd", "trade_count")
    return {row[:2]: row[2:] for row in Bar1m.objects.values_list("symbol", "starts_at", *names)}


def published(kind):
    bus = event_bus.connect(os.environ["REDIS_URL"])
    found = []
    while batch := bus.consume([kind.topic], group="journey", consumer="journey", count=5_000, block_ms=0):
        found += [event_bus.decode(one.topic, one.body) for one in batch]
        bus.acknowledge("journey", batch)
    return found


def place(position):
    """The order in which messages were received."""
    segment, offset, *part = map(int, position.split(":"))
    return segment, offset, part[0] if part else 0


def assert_every_match_is_stored_once(wal_dir):
    """What the log holds of matches is in the table, but for those from before their subscription: the snapshot."""
    since_ms, live, snapshot = 0, set(), set()
    for record in WalReader(wal_dir).replay():
        if record.payload.startswith(b'{"qts_subscribed_ms"'):
            since_ms = int(record.payload.partition(b":")[2].rstrip(b"}")) // 1_000 * 1_000
            continue
        decoded = decode_frame(
            record.payload, ts_received_ns=record.received_ns, wal_position=record.position, instruments={}
        )
        for tick in decoded.events:
            if isinstance(tick, TickReceived):
                (live if tick.ts_exchange_ms >= since_ms else snapshot).add(place(tick.wal_position))
    assert snapshot, "the exchange repeated no old match: the test proves nothing"
    stored = list(Tick.objects.values_list("wal_segment", "wal_offset", "wal_part"))
    assert len(stored) == len(live)
    assert set(stored) == live


def assert_the_tape_is_stored(witness):
    """Each match that the exchange told to somebody else as well is in the table once, or in a marked gap."""
    gaps = spans_of_gaps()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, (extract(epoch FROM traded_at) * 1000)::bigint, price_vnd, quantity FROM marketdata_tick"
        )
        stored = cursor.fetchall()
    missing, invented, compared = witness.compare(stored, gaps)
    marked_s = sum(gap.to_ms - gap.from_ms for gap in gaps if gap.symbols == "*") / 1_000
    print(f"matches compared {compared:,} of {len(witness.heard):,}, gaps {len(gaps)}, of all symbols {marked_s:.0f} s")
    print(f"missing {missing.total()}, doubled or invented {invented.total()}")
    assert missing == Counter(), "not recorded, and no gap says so"
    assert invented == Counter(), "recorded, but the exchange never said so"
    assert compared > MATCHES_MIN


def spans_of_gaps():
    return [Span(ms_of(gap.market_from_at), ms_of(gap.market_to_at), gap.symbols) for gap in MarketGap.objects.all()]


def assert_volumes_equal_the_totals():
    """Between two totals that the exchange told on one connection, exactly the volume in between is in the table."""
    volumes: dict[str, list[tuple[tuple[int, ...], int]]] = {}
    for symbol, *where, quantity in Tick.objects.values_list(
        "symbol", "wal_segment", "wal_offset", "wal_part", "quantity"
    ):
        volumes.setdefault(symbol, []).append((tuple(where), quantity))
    totals: dict[str, list[QuoteUpdated]] = {}
    for quote in published(QuoteUpdated):
        totals.setdefault(quote.symbol, []).append(quote)
    gaps = [(gap.from_at.timestamp() * 1e9, gap.to_at.timestamp() * 1e9) for gap in MarketGap.objects.all()]
    compared = 0
    for symbol, quotes in totals.items():
        for before, after in pairwise(quotes[2:]):  # the first ones are the snapshot and what was under way
            if any(before.ts_received_ns < to_ns + 10**9 and after.ts_received_ns > from_ns for from_ns, to_ns in gaps):
                continue
            recorded = [
                quantity
                for where, quantity in volumes.get(symbol, [])
                if place(before.wal_position) < where <= place(after.wal_position)
            ]
            assert sum(recorded) == after.total_quantity - before.total_quantity, (symbol, before, after)
            compared += len(recorded)
    assert compared > 100


def test_ticks_and_bars_survive_broken_messages_lost_streams_and_killed_processes(start_market, settings):
    market = start_market("2026-11-23", "09:14:30", "11:29:00", 30)
    wait_for(lambda: Tick.objects.count() > 300, 90, "no ticks in the table")
    quote = selectors.live_quotes(["VNM"])["VNM"]
    assert quote.floor_vnd < quote.last_vnd < quote.ceiling_vnd
    assert quote.bids
    assert quote.asks
    witness = MarketWitness(market.url, market.ask("sim/credentials")["data"])
    witness.start()

    market.ask("sim/faults", {"broken_market_message": True, "snapshot_ticks": True})
    letter = wait_for(DeadLetter.objects.first, 30, "no dead letter")
    assert "X-TRADE" in letter.raw
    assert_it_goes_on()

    market.ask("sim/faults", {"drop_market_streams": True, "snapshot_ticks": True})
    wait_for(MarketGap.objects.exists, 40, "the lost connection is not marked as a gap")
    assert_it_goes_on()

    for program in (market.recorder, market.ingest):
        program.kill()
        if program is market.ingest:
            wait_for(lambda: not selectors.stream_status().is_live, 15, "a dead reader still looks alive")
        program.start()
        market.let_go(program)
        assert_it_goes_on()

    market.simulator.kill()
    wait_for(lambda: not selectors.stream_status().is_live, 15, "a dead exchange still looks alive")
    market.restart_simulator()
    assert_it_goes_on()
    gaps = list(MarketGap.objects.order_by("from_at").values_list("cause", "symbols", "reason"))
    assert [cause for cause, _, _ in gaps].count("RECONNECT") == 3, gaps
    print("gaps:", gaps)
    assert_dead_time_is_marked_in_the_markets_time_too()

    # the end will excuse a few more, of the last second of the market
    wait_for(lambda: witness.compare([], spans_of_gaps())[2] > 2 * MATCHES_MIN, 90, "the witness hears too little")
    market.simulator.kill()  # first, so that nothing is in the log that only a successor of the reader would publish
    wait_for(lambda: not selectors.stream_status().is_live, 15, "a dead exchange still looks alive")
    market.ingest.kill()
    witness.stop()
    wait_until_all_is_recorded()
    market.recorder.kill()
    assert stored_bars() == bars_of_ticks()
    assert {(bar.symbol, bar.ts_start_ms): bar.volume for bar in published(BarClosed)} == {
        (symbol, round(starts_at.timestamp() * 1000)): bar[4] for (symbol, starts_at), bar in stored_bars().items()
    }
    assert_every_match_is_stored_once(settings.WAL_DIR)
    assert_volumes_equal_the_totals()
    assert_the_tape_is_stored(witness)


def assert_dead_time_is_marked_in_the_markets_time_too():
    """It is what history fills: at thirty times the speed of the wall clock."""
    for gap in MarketGap.objects.filter(cause="RECONNECT"):
        assert gap.market_to_at - gap.market_from_at > 25 * (gap.to_at - gap.from_at), gap


def assert_it_goes_on():
    wait_for(lambda: selectors.stream_status().is_live, 90, "the stream is not connected")
    known = Tick.objects.count()
    wait_for(lambda: Tick.objects.count() > known + 50, 90, "no more ticks come")


def wait_until_all_is_recorded():
    """The reader is dead: what the bus still holds is recorded, and the clock closes the last minutes."""
    newest = Tick.objects.order_by("-traded_at").values_list("traded_at", flat=True)[0]
    wait_for(lambda: selectors.market_now() > newest + timedelta(minutes=2), 60, "the market clock stands still")
    wait_for(lambda: len(stored_bars()) == len(bars_of_ticks()), 60, "minutes are left open")
    wait_for(lambda: not Bar1m.objects.filter(is_announced=False).exists(), 15, "bars are not announced")
