"""The desk against stored minutes: what is told, when, once, and what a restart or a correction changes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from django.conf import settings

from apps.analytics import selectors
from apps.analytics.models import DetectedPattern
from apps.analytics.services import PatternDesk, prune_patterns, record_patterns
from apps.marketdata.services.bar_store import store_bars
from qts.adapters import bus as event_bus
from qts.adapters.redis_client import redis_client
from qts.domain.events import BarClosed, PatternDetected
from qts.domain.market import VIETNAM

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 11, 23, 9, 15, tzinfo=VIETNAM)
LEG = 12
DOUBLE_BOTTOM = [101_500, 101_000, 101_400, 99_000, 100_000, 99_050, 100_400]


def bar(number, close, symbol="SSI", *, first=FIRST):
    return BarClosed(
        symbol=symbol,
        ts_start_ms=round((first + timedelta(minutes=number)).timestamp() * 1000),
        open_vnd=close,
        high_vnd=close + 20,
        low_vnd=close - 20,
        close_vnd=close,
        volume=1_000,
        value_vnd=close * 1_000,
        trade_count=1,
        ts_received_ns=number,
        wal_position=f"1:{number}",
    )


def drawn(points, symbol="SSI", first=FIRST):
    closes = [points[0]]
    for begin, end in pairwise(points):
        closes += [round(price) for price in np.linspace(begin, end, LEG + 1)[1:]]
    return [bar(number, close, symbol, first=first) for number, close in enumerate(closes)]


class Clock:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


def at_bar(one, minutes=1):
    return datetime.fromtimestamp(one.ts_start_ms / 1000, tz=UTC) + timedelta(minutes=minutes)


def followed(bars, desk=None, *, warm_after=1):
    """A desk that was there from the first bar on; the symbol is warmed when `warm_after` bars are stored."""
    clock = Clock(FIRST)
    desk = desk or PatternDesk(clock)
    found = []
    for number, one in enumerate(bars, start=1):
        store_bars([one])
        clock.at = at_bar(one)
        found += desk.on_bar(one)
        if number == warm_after:
            found += desk.warm_up(0)
    return desk, clock, found


def those(found, pattern, timeframe="1m"):
    return [one for one in found if (one.pattern, one.timeframe) == (pattern, timeframe)]


def test_a_double_bottom_is_told_at_the_minute_that_confirms_it():
    bars = drawn(DOUBLE_BOTTOM)
    _, _, found = followed(bars)
    (told,) = those(found, "double_bottom")
    confirming = next(one for one in bars[61:] if one.close_vnd > 100_020)
    assert told.ts_confirmed_ms == confirming.ts_start_ms + 60_000
    assert (told.symbol, told.direction, told.wal_position) == ("SSI", 1, confirming.wal_position)
    assert (told.level_vnd, told.target_vnd) == (100_020, 101_060)
    assert [price for _, price in told.points] == [98_980, 100_020, 99_030, confirming.close_vnd]
    assert 0 < told.strength_percent <= 100


@pytest.mark.parametrize("warm_after", [2, 30, 64, 73])
def test_whenever_a_symbol_is_warmed_what_its_day_confirmed_is_told(warm_after):
    bars = drawn(DOUBLE_BOTTOM)
    expected = followed(bars)[2]
    DetectedPattern.objects.all().delete()
    found = followed(bars, warm_after=warm_after)[2]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_what_other_days_confirmed_is_not_told_again():
    bars = drawn(DOUBLE_BOTTOM)
    store_bars(bars)
    tomorrow = bar(0, 100_400, first=FIRST + timedelta(days=1))
    clock = Clock(at_bar(tomorrow))
    desk = PatternDesk(clock)
    store_bars([tomorrow])
    assert desk.on_bar(tomorrow) == []  # it waits for its turn
    assert those(desk.warm_up(1), "double_bottom") == []


def test_a_bar_given_again_tells_nothing_and_a_corrected_one_begins_anew():
    bars = drawn(DOUBLE_BOTTOM)
    desk, _, found = followed(bars)
    assert those(found, "double_bottom") != []
    assert desk.on_bar(bars[-1]) == []
    assert desk.warm_up(1) == []  # nobody waits
    corrected = bar(len(bars) - 1, 100_900)
    store_bars([corrected])
    assert desk.on_bar(corrected) == []
    again = desk.warm_up(1)  # from what is stored now
    assert [one.ts_confirmed_ms for one in those(again, "double_bottom")] == [
        one.ts_confirmed_ms for one in those(found, "double_bottom")
    ]
    assert desk.on_bar(bars[3]) == []  # an old one changes nothing
    assert desk.warm_up(1) == []


def test_minutes_that_the_bus_lost_are_read_from_the_store(django_assert_num_queries):
    bars = drawn(DOUBLE_BOTTOM)
    expected = followed(bars)[2]
    DetectedPattern.objects.all().delete()
    clock = Clock(FIRST)
    desk = PatternDesk(clock)
    clock.at = at_bar(bars[20])
    desk.on_bar(bars[20])
    found = [one for one in desk.warm_up(1) if one.ts_confirmed_ms <= at_bar(bars[20]).timestamp() * 1000]
    store_bars(bars)
    with django_assert_num_queries(2):  # the minutes, and whether an archive has some of them
        found += desk.on_bar(bars[-1])
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_quarter_that_no_bar_follows_is_closed_by_the_clock():
    """What is told then is what the next bar, days later, would have shown."""
    bars = quarters()
    expected = [
        one for one in followed([*bars, bar(0, 100_400, first=FIRST + timedelta(days=9))])[2] if is_late(one, bars)
    ]
    assert those(expected, "double_bottom", "15m") != []
    DetectedPattern.objects.all().delete()
    desk, clock, found = followed(bars)
    assert [one for one in found if is_late(one, bars)] == []
    clock.at = at_bar(bars[-1], minutes=16)
    early = desk.on_clock()  # the window ended a minute ago: a bar may still be on its way
    assert [one for one in early if one.timeframe == "15m"] == []
    clock.at = at_bar(bars[-1], minutes=17)
    assert [one for one in desk.on_clock() if one.timeframe == "15m"] == expected
    clock.at = at_bar(bars[-1], minutes=40)
    assert [one for one in desk.on_clock() if one.timeframe == "15m"] == []  # once


def test_a_bar_that_comes_after_the_clock_closed_its_window_begins_anew():
    bars = quarters()
    first_of_last = at_bar(bars[-1], minutes=0)
    bars[-1] = bar(0, 99_950, first=first_of_last)  # the neck is not passed
    desk, clock, found = followed(bars)
    clock.at = first_of_last + timedelta(minutes=17)
    assert those(found + desk.on_clock(), "double_bottom", "15m") == []
    late = bar(5, 100_200, first=first_of_last)
    store_bars([late])
    assert desk.on_bar(late) == []
    again = desk.warm_up(1)
    clock.at += timedelta(minutes=2)
    (told,) = those(again + desk.on_clock(), "double_bottom", "15m")
    assert told.ts_confirmed_ms == bars[-1].ts_start_ms + 15 * 60_000


def quarters():
    """The drawing in quarters of an hour, each with a match in its first minute only."""
    closes = [DOUBLE_BOTTOM[0]]
    for begin, end in pairwise(DOUBLE_BOTTOM):
        closes += [round(price) for price in np.linspace(begin, end, 6)[1:]]
    closes = closes[: next(number for number in range(26, 99) if closes[number] > 100_020) + 1]
    days = [FIRST + timedelta(days=number) for number in range(3)]
    slots = [day + timedelta(minutes=15 * one) for day in days for one in (*range(9), *range(15, 21))]
    return [bar(0, close, first=slot) for slot, close in zip(slots, closes, strict=False)]


def is_late(one, bars):
    return one.timeframe == "15m" and one.ts_confirmed_ms > bars[-1].ts_start_ms


@pytest.fixture
def bus():
    client = redis_client(settings.REDIS_URL)
    keys = [f"qts:bus:{kind.topic}" for kind in (PatternDetected, BarClosed)]
    client.delete(*keys)
    yield event_bus.connect(settings.EVENT_BUS_URL)
    client.delete(*keys)


def published(bus):
    deliveries = bus.consume([PatternDetected.topic], group="t", consumer="t", count=1_000, block_ms=0)
    return [event_bus.decode(one.topic, one.body) for one in deliveries]


def test_patterns_are_stored_once_published_and_read_back(bus):
    found = followed(drawn(DOUBLE_BOTTOM))[2]
    assert record_patterns(found, bus=bus) == len(found)
    assert record_patterns(found, bus=bus) == 0
    assert published(bus) == found
    (view,) = selectors.patterns(names=["double_bottom"], timeframe="1m")
    told = those(found, "double_bottom")[0]
    assert (view.symbol, view.direction, view.level_vnd, view.target_vnd) == ("SSI", 1, 100_020, 101_060)
    assert view.points == told.points
    assert round(view.confirmed_at.timestamp() * 1000) == told.ts_confirmed_ms
    assert view.wal_position == told.wal_position


def test_the_bus_brings_the_minutes_and_the_desk_acknowledges_what_is_stored(bus):
    bars = drawn(DOUBLE_BOTTOM)
    store_bars(bars)
    desk = PatternDesk(Clock(at_bar(bars[-1])))
    event_bus.publish_events(bus, bars)
    new = desk.turn(bus)
    while desk.is_behind:
        new += desk.turn(bus)
    assert new == DetectedPattern.objects.count() == len(published(bus))
    assert DetectedPattern.objects.filter(pattern="double_bottom", timeframe="1m").count() == 1
    assert desk.turn(bus) == 0
    successor = PatternDesk(Clock(at_bar(bars[-1])))
    assert successor.turn(event_bus.connect(settings.EVENT_BUS_URL)) == 0  # nothing comes again


def rows(count, **named):
    made = [
        DetectedPattern(
            **{"symbol": "SSI", "timeframe": "15m", "pattern": "breakout", "direction": 1}
            | {"level_vnd": 100, "strength_percent": 50, "points": [[1, 2]], "wal_position": "1:1"}
            | named,
            confirmed_at=FIRST + timedelta(minutes=number // 2),
        )
        for number in range(count)
    ]
    return DetectedPattern.objects.bulk_create(made, ignore_conflicts=True)


def test_pages_follow_each_other_without_a_gap_or_a_repetition():
    rows(10)
    rows(10, symbol="VNM")
    whole = selectors.patterns(limit=100)
    read, cursor = [], None
    while page := selectors.patterns(limit=3, before=cursor):
        read += page
        cursor = page[-1].position
    assert read == whole
    assert len(read) == 10
    assert [one.confirmed_at for one in read] == sorted((one.confirmed_at for one in read), reverse=True)


@pytest.mark.parametrize(
    ("filters", "symbols"),
    [
        ({"symbols": ["SSI"]}, {"SSI"}),
        ({"symbols": []}, set()),
        ({"direction": -1}, {"VNM"}),
        ({"timeframe": "1d"}, {"FPT"}),
        ({"names": ["breakout", "support"]}, {"SSI", "VNM", "FPT", "HPG"}),
        ({"names": ["support"]}, {"HPG"}),
        ({"since": FIRST + timedelta(days=1)}, set()),
        ({"until": FIRST}, set()),
    ],
)
def test_filters(filters, symbols):
    rows(1)
    rows(1, symbol="VNM", direction=-1)
    rows(1, symbol="FPT", timeframe="1d")
    rows(1, symbol="HPG", pattern="support")
    assert {one.symbol for one in selectors.patterns(**filters)} == symbols


def test_old_patterns_go():
    rows(8)
    assert prune_patterns(before=FIRST + timedelta(minutes=2)) == 2
    assert len(selectors.patterns()) == 2
