"""The exchange in process: the tape, its sessions, its days."""

import json
from datetime import date
from itertools import pairwise

from qts.domain.market import is_on_tick, rule_book_on
from qts.domain.values import Session
from simulator.tests.worlds import Hand

RULES = rule_book_on(date(2026, 1, 5))


def tape(hand):
    return [message.argument for message in hand.messages if message.data_type == "B"]


def content(message):
    return json.loads(json.loads(json.loads(message.argument))["Content"])


def test_the_same_seed_and_clock_give_the_same_tape(tmp_path):
    one, two, three = (
        Hand(tmp_path / name, "11-23 14:10", seed=seed) for name, seed in zip("abc", (7, 7, 8), strict=True)
    )
    days = ["11-23 14:31", "11-23 14:50", "11-24 09:20", "11-25 09:00", "11-25 09:20"]  # the 24th is a holiday
    for moment in days:
        one.until(moment)
        three.until(moment)
    for minute in range(11, 30):
        two.until(f"11-23 14:{minute}:07")
    for moment in days:
        two.until(moment)
    assert len(tape(one)) > 300
    assert tape(one) == tape(two)
    assert tape(one) != tape(three)


def test_the_day_has_its_sessions_and_only_valid_prices(tmp_path):
    hand = Hand(tmp_path, "11-23 08:58")
    hand.until("11-23 15:01")
    statuses = [content(message) for message in hand.messages if message.data_type == "F" and message.symbol == "SSI"]
    assert [(record["Time"], record["TradingSession"]) for record in statuses[-6:]] == [
        ("09:00:00", "ATO"),
        ("09:15:00", "LO"),
        ("11:30:00", "BREAK"),
        ("13:00:00", "LO"),
        ("14:30:00", "ATC"),
        ("14:45:00", "C"),
    ]
    security = hand.world.exchange.securities["SSI"]
    ticks = [content(message) for message in hand.messages if message.data_type == "B" and message.symbol == "SSI"]
    assert len(ticks) > 300
    instrument = security.listing.instrument
    for record in ticks:
        assert is_on_tick(RULES, instrument.exchange, instrument.kind, int(record["Close"]))
        assert security.band.holds(int(record["Close"]))
        assert not "11:30:00" < record["Time"] < "13:00:00"
        assert not "14:30:00" < record["Time"] < "14:45:00"
    auctions = ("09:15:00", "14:45:00")
    for auction in auctions:  # one price an auction; in the same second trading may go on elsewhere
        first, *others = [record["Close"] for record in ticks if record["Time"] == auction]
        assert others[:9] == [first] * 9
    assert {record["Close"] for record in ticks if record["Time"] == auctions[1]} == {security.totals.last_vnd}
    assert len(security.book) == 0
    assert sum(record["Volume"] for record in ticks) == security.totals.quantity


def test_each_match_comes_with_the_totals_after_it(tmp_path):
    hand = Hand(tmp_path, "11-23 09:20")
    hand.until("11-23 09:50")
    flow = [message for message in hand.messages if message.symbol == "FPT" and message.data_type in ("B", "X-TRADE")]
    total = 0
    matched = [pair for pair in pairwise(flow) if pair[0].data_type == "B"]
    assert matched
    for tick, trade in matched:
        total += content(tick)["Volume"]
        assert trade.data_type == "X-TRADE"
        assert content(trade)["LastPrice"] == content(tick)["Close"]
        assert content(trade)["TotalVol"] == total


def test_foreigners_move_the_room(tmp_path):
    hand = Hand(tmp_path, "11-23 09:20")
    security = hand.world.exchange.securities["VNM"]
    before = security.room_left
    hand.until("11-23 11:00")
    totals = security.totals
    assert totals.foreign_bought_quantity + totals.foreign_sold_quantity > 0
    open_purchases = before - totals.foreign_bought_quantity + totals.foreign_sold_quantity - security.room_left
    assert 0 <= open_purchases < security.listing.daily_value_vnd / security.reference_vnd
    last = [content(message) for message in hand.messages if message.data_type == "R" and message.symbol == "VNM"][-1]
    assert last["CurrentRoom"] == security.room_left


def test_the_next_trading_day_starts_at_the_last_close(tmp_path):
    hand = Hand(tmp_path, "11-23 14:00")
    hand.until("11-23 14:59")
    closes = {symbol: one.totals.last_vnd for symbol, one in hand.world.exchange.securities.items()}
    hand.until("11-25 08:58")
    for symbol, security in hand.world.exchange.securities.items():
        assert security.reference_vnd == closes[symbol]
        assert security.totals.quantity == 0
        assert security.session is Session.PRE_OPEN
    yesterday = hand.world.calendar.previous_trading_day(hand.world.exchange.day)
    (bar,) = hand.world.store.daily_bars("SSI", yesterday, yesterday)
    assert bar.close_vnd == closes["SSI"]


def test_invented_history_ends_at_the_reference_price(tmp_path):
    hand = Hand(tmp_path, "11-23 08:58")
    calendar, day = hand.world.calendar, hand.world.exchange.day
    first = day.replace(year=2025)
    bars = hand.world.store.daily_bars("SSI", first, day)
    assert bars[-1].close_vnd == 35_800
    assert bars[-1].day == calendar.previous_trading_day(day)
    assert len(bars) == 260 or bars[0].day >= first
    for bar in bars:
        assert calendar.is_trading_day(bar.day)
        assert bar.low_vnd <= min(bar.open_vnd, bar.close_vnd) <= max(bar.open_vnd, bar.close_vnd) <= bar.high_vnd
