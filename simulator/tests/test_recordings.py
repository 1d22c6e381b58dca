"""Recorded data through the matching engine."""

import csv
import gzip
import json
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import rule_book_on
from qts.domain.values import Side
from simulator.listings import vn30_listings
from simulator.recordings.recording import Wanted, bar_as_prints, day_as_prints, read_recording
from simulator.tests.worlds import Hand

RULES = rule_book_on(date(2026, 1, 5))

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED_DATA = Path(os.environ.get("QTS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
TICK_DAY = SHARED_DATA / "intraday" / "vn30f1m_ticks" / "2026-02-24.csv.gz"

TICKS = """time,price,volume,side
09:00:00,2041.1,1,SELL
09:00:00,2041.3,2,BUY
09:00:01,2041.1,8,
11:29:59,2050.0,3,SELL
11:30:01,2050.1,4,BUY
14:30:02,2046.0,5,BUY
14:45:00,2046.5,2,BUY
14:45:00,2046.5,10,BUY
14:45:00,2046.4,1,SELL
"""


def tape(hand):
    ticks = [message for message in hand.messages if message.data_type == "B"]
    records = [json.loads(json.loads(json.loads(message.argument))["Content"]) for message in ticks]
    return [(record["Time"], record["Close"], int(record["Volume"])) for record in records]


@pytest.fixture
def tick_file(tmp_path):
    file = tmp_path / "ticks.csv"
    file.write_text(TICKS, encoding="utf-8")
    return file


def test_recorded_matches_come_out_as_recorded(tmp_path, tick_file):
    hand = Hand(tmp_path / "state", "02-24 08:40", recording=read_recording(tick_file))
    hand.until("02-24 10:00")
    hand.until("02-24 15:00")
    assert tape(hand) == [
        ("09:00:00", 2041.1, 1),
        ("09:00:00", 2041.3, 2),
        ("09:00:01", 2041.1, 8),
        ("11:29:59", 2050.0, 3),
        ("11:30:01", 2050.1, 4),
        ("14:30:02", 2046.0, 5),
        ("14:45:00", 2046.5, 2),
        ("14:45:00", 2046.5, 10),
        ("14:45:00", 2046.4, 1),
    ]
    assert hand.world.exchange.securities["VN30F1M"].totals.quantity == 36


def test_what_was_before_the_start_is_not_played(tmp_path, tick_file):
    hand = Hand(tmp_path / "state", "02-24 11:00", recording=read_recording(tick_file))
    hand.until("02-24 11:31")
    assert tape(hand) == [("11:29:59", 2050.0, 3), ("11:30:01", 2050.1, 4)]


def test_a_customer_takes_part_in_the_recording(tmp_path):
    bars = tmp_path / "bars.csv"
    bars.write_text(
        "symbol,time,open,high,low,close,volume\n"
        "SSI,2024-01-02 09:15,33.0,33.2,32.9,33.1,40000\n"
        "SSI,2024-01-02 09:20,33.1,33.1,32.5,32.6,40000\n"
        "SSI,2024-01-03 09:15,50.0,50.0,50.0,50.0,100\n"
        "XYZ,2024-01-02 09:15,10.0,10.0,10.0,10.0,100\n",
        encoding="utf-8",
    )
    recording = read_recording(bars, Wanted(first_day=date(2024, 1, 2)))
    assert [listing.symbol for listing in recording.listings] == ["SSI"]
    hand = Hand(tmp_path / "state", "11-23 09:00", recording=recording)
    hand.until("11-23 09:16")
    resting = hand.order("BUY 300 SSI LO@32700")
    bought = hand.order("BUY 200 SSI MTL")
    assert bought.filled_value_vnd == 200 * 33_150  # the quote one step above the last price
    assert resting.filled_quantity == 0
    hand.until("11-23 09:21")
    assert resting.filled_value_vnd == 300 * 32_700  # the recorded market came down to it
    totals = hand.world.exchange.securities["SSI"].totals
    assert (totals.open_vnd, totals.high_vnd, totals.last_vnd) == (33_000, 33_200, 32_600)


DAILY = """symbol,date,open,high,low,close,volume,source
SSI,2024-01-02,33.0,33.9,32.5,33.5,1000000,x
SSI,2024-01-03,33.6,33.6,32.0,32.1,2000000,x
FPT,2024-01-03,96.0,97.0,95.5,96.5,500000,x
SSI,2024-01-04,50.0,50.0,50.0,50.0,100,x
"""


def test_daily_bars_play_one_a_trading_day(tmp_path):
    file = tmp_path / "daily.csv"
    file.write_text(DAILY, encoding="utf-8")
    recording = read_recording(file, Wanted(first_day=date(2024, 1, 2), day_count=2))
    hand = Hand(tmp_path / "state", "11-23 09:00", recording=recording)
    hand.until("11-23 14:50")
    ssi, fpt = (hand.world.exchange.securities[symbol].totals for symbol in ("SSI", "FPT"))
    assert (ssi.open_vnd, ssi.high_vnd, ssi.low_vnd, ssi.last_vnd) == (33_000, 33_900, 32_500, 33_500)
    assert (ssi.quantity, fpt.quantity) == (1_000_000, 0)
    hand.until("11-25 14:50")  # the 24th is a holiday
    security = hand.world.exchange.securities["SSI"]
    ssi, fpt = security.totals, hand.world.exchange.securities["FPT"].totals
    assert security.reference_vnd == 33_500
    assert (ssi.open_vnd, ssi.high_vnd, ssi.low_vnd, ssi.last_vnd) == (33_600, 33_600, 32_000, 32_100)
    assert (ssi.quantity, fpt.quantity, fpt.last_vnd) == (2_000_000, 500_000, 96_500)
    hand.until("11-26 14:50")
    assert hand.world.exchange.securities["SSI"].totals.quantity == 0


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 50), st.integers(0, 50), st.integers(0, 3_000_000))
def test_a_daily_bar_is_built_again_from_its_matches(open_tick, close_tick, above, below, volume):
    low = max(1, min(open_tick, close_tick) - below)
    ohlc = tuple(50 * tick for tick in (open_tick, max(open_tick, close_tick) + above, low, close_tick))
    prints = day_as_prints(vn30_listings(["SSI"])[0], ohlc, volume, RULES)
    assert sum(one.quantity for one in prints) == volume
    assert all(ohlc[2] <= one.price_vnd <= ohlc[1] and one.quantity > 0 for one in prints)
    if volume >= 200:
        prices = [one.price_vnd for one in prints]
        assert (prices[0], max(prices), min(prices), prices[-1]) == ohlc[:4]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "columns"),
        ("time,price,volume,side\n", "no match"),
        ("time,price,volume,side\n09:00:00,x,1,BUY\n", "line 2"),
        ("time,price,volume,side\n09:00:00,2041.1,1,HOLD\n", "line 2"),
        ("symbol,time,open,high,low,close,volume\n", "--replay-day"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_with_a_reason(tmp_path, text, reason):
    file = tmp_path / "file.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read_recording(file)


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 50), st.integers(0, 50), st.integers(0, 1_000_000))
def test_a_bar_is_built_again_from_its_matches(open_tick, close_tick, above, below, volume):
    high, low = max(open_tick, close_tick) + above, min(open_tick, close_tick) - below
    prints = bar_as_prints("SSI", 0, (open_tick, high, low, close_tick), volume)
    assert sum(one.quantity for one in prints) == volume
    assert all(one.quantity > 0 and one.ms_of_day < 60_000 for one in prints)
    if volume >= 4:
        prices = [one.price_vnd for one in prints]
        assert (prices[0], max(prices), min(prices), prices[-1]) == (open_tick, high, low, close_tick)
        assert all(one.aggressor in Side for one in prints)


@pytest.mark.shared_data
def test_a_recorded_day_gives_the_recorded_minutes(tmp_path):
    if not TICK_DAY.exists():
        pytest.skip(f"{TICK_DAY.name} is not part of this repository; set QTS_SHARED_DATA to its folder")
    hand = Hand(tmp_path, "02-24 08:40", recording=read_recording(TICK_DAY))
    for hour in range(9, 16):
        for minute in range(0, 60, 5):
            hand.until(f"02-24 {hour:02}:{minute:02}")
    played = tape(hand)
    with gzip.open(TICK_DAY, "rt", encoding="utf-8") as file:
        recorded = [(row["time"], float(row["price"]), int(row["volume"])) for row in csv.DictReader(file)]
    assert len(played) == len(recorded)
    assert minutes(played) == minutes(recorded)


def minutes(matches):
    """Open, high, low, close, volume by minute."""
    by_minute = defaultdict(list)
    for time, price, volume in matches:
        by_minute[time[:5]].append((price, volume))
    return {
        minute: (
            inside[0][0],
            max(price for price, _ in inside),
            min(price for price, _ in inside),
            inside[-1][0],
            sum(volume for _, volume in inside),
        )
        for minute, inside in by_minute.items()
    }
