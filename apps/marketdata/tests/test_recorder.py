"""Bars equal what the stored ticks add up to, whatever was repeated, late or killed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.marketdata.models import Bar1m, DeadLetter, IngestCheckpoint, MarketGap, Tick
from apps.marketdata.services import recorder as recorder_module
from apps.marketdata.services.recorder import LeaseLost, PastMarketTime, Recorder
from apps.marketdata.tests.conftest import at, forget_market, ms, tick
from qts.adapters import bus as event_bus
from qts.domain.events import BarClosed, GapDetected, MessageDeadLettered

pytestmark = pytest.mark.django_db(transaction=True)

MORNING = at("09:00:00")


@pytest.fixture
def bus(valkey):
    return event_bus.connect(settings.EVENT_BUS_URL)


def new_recorder(bus, epoch=1):
    return Recorder(bus, epoch=epoch, now=MORNING)


def announced(bus):
    """Every bar.closed on the bus so far, oldest first."""
    deliveries = bus.consume([BarClosed.topic], group="test", consumer="test", count=1_000, block_ms=0)
    return [event_bus.decode(one.topic, one.body) for one in deliveries]


def bars_by_sql():
    """The oracle: minutes of the tick table by SQL alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT symbol, date_trunc('minute', traded_at) AS starts_at,
                   (array_agg(price_vnd ORDER BY wal_segment, wal_offset, wal_part))[1],
                   max(price_vnd), min(price_vnd),
                   (array_agg(price_vnd ORDER BY wal_segment DESC, wal_offset DESC, wal_part DESC))[1],
                   sum(quantity)::bigint, sum(price_vnd * quantity)::bigint, count(*)
            FROM marketdata_tick GROUP BY 1, 2 ORDER BY 1, 2
            """
        )
        return cursor.fetchall()


def stored_bars():
    rows = Bar1m.objects.order_by("symbol", "starts_at").values_list(
        "symbol", "starts_at", "open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume", "value_vnd", "trade_count"
    )
    return list(rows)


MINUTE_OF_TICKS = [
    tick("09:15:01", 25_000, 300, position="1:8"),
    tick("09:15:01", 25_000, 300, position="1:8:1"),  # the same content: another fill
    tick("09:15:30", 25_100, 100, position="1:90"),
    tick("09:15:59", 24_950, 200, position="1:200"),
]


def test_a_minute_becomes_one_bar_when_the_clock_says_so(bus):
    recorder = new_recorder(bus)
    recorder.take(MINUTE_OF_TICKS, minutes_over_at=at("09:15:59"))
    assert Tick.objects.count() == 4
    assert stored_bars() == []
    recorder.take([], minutes_over_at=at("09:16:00"))
    value_vnd = 25_000 * 600 + 25_100 * 100 + 24_950 * 200
    assert stored_bars() == [("SSI", at("09:15:00"), 25_000, 25_100, 24_950, 24_950, 900, value_vnd, 4)]
    [bar] = announced(bus)
    assert (bar.symbol, bar.ts_start_ms, bar.volume, bar.wal_position) == ("SSI", ms("09:15:00"), 900, "1:200")
    assert not Bar1m.objects.filter(is_announced=False).exists()


def test_the_next_minutes_tick_closes_a_bar_before_the_clock(bus):
    recorder = new_recorder(bus)
    recorder.take([*MINUTE_OF_TICKS, tick("09:16:00", 25_000, position="1:300")], minutes_over_at=None)
    assert [(row[1], row[8]) for row in stored_bars()] == [(at("09:15:00"), 4)]


def test_ticks_given_twice_count_once(bus):
    recorder = new_recorder(bus)
    recorder.take(MINUTE_OF_TICKS, minutes_over_at=None)
    recorder.take(MINUTE_OF_TICKS, minutes_over_at=None)
    recorder.take([*MINUTE_OF_TICKS[:2], tick("09:15:59", 25_000, position="1:400")], minutes_over_at=at("09:17:00"))
    recorder.take(MINUTE_OF_TICKS, minutes_over_at=at("09:18:00"))
    assert Tick.objects.count() == 5
    assert stored_bars() == bars_by_sql()
    assert len(announced(bus)) == 1


def test_a_successor_continues_the_open_minute(bus):
    new_recorder(bus, epoch=1).take(MINUTE_OF_TICKS[:3], minutes_over_at=None)
    successor = new_recorder(bus, epoch=2)  # the first one was killed: what it knew is gone
    successor.take(MINUTE_OF_TICKS[2:], minutes_over_at=at("09:16:00"))
    assert stored_bars() == bars_by_sql()
    assert [bar.trade_count for bar in announced(bus)] == [4]


def test_a_late_tick_corrects_its_bar_and_says_so(bus):
    recorder = new_recorder(bus)
    recorder.take(MINUTE_OF_TICKS, minutes_over_at=at("09:16:00"))
    recorder.take([tick("09:16:10", 25_000, position="1:500")], minutes_over_at=None)
    recorder.take([tick("09:15:58", 26_000, position="1:600")], minutes_over_at=None)
    recorder.take([], minutes_over_at=at("09:17:00"))
    assert stored_bars() == bars_by_sql()
    assert [(bar.ts_start_ms, bar.high_vnd) for bar in announced(bus)] == [
        (ms("09:15:00"), 25_100),
        (ms("09:15:00"), 26_000),
        (ms("09:16:00"), 25_000),
    ]


def test_a_late_tick_after_a_restart_corrects_its_bar(bus):
    new_recorder(bus, epoch=1).take(MINUTE_OF_TICKS, minutes_over_at=at("09:16:00"))
    successor = new_recorder(bus, epoch=2)
    successor.take([tick("09:15:58", 26_000, position="1:600")], minutes_over_at=at("09:16:30"))
    assert stored_bars() == bars_by_sql()


def test_a_replaced_recorder_writes_nothing_more(bus):
    old = new_recorder(bus, epoch=1)
    old.take(MINUTE_OF_TICKS[:2], minutes_over_at=None)
    new_recorder(bus, epoch=2)
    with pytest.raises(LeaseLost):
        old.take(MINUTE_OF_TICKS[2:], minutes_over_at=at("09:20:00"))
    assert Tick.objects.count() == 2
    assert stored_bars() == []
    with pytest.raises(LeaseLost):
        new_recorder(bus, epoch=1)
    assert IngestCheckpoint.objects.get(name="recorder").epoch == 2


def test_a_bar_that_missed_the_bus_is_published_by_the_successor(bus, monkeypatch):
    recorder = new_recorder(bus, epoch=1)
    monkeypatch.setattr(recorder_module, "announce_bars", _killed)
    with pytest.raises(SystemExit):
        recorder.take(MINUTE_OF_TICKS, minutes_over_at=at("09:16:00"))
    assert announced(bus) == []
    monkeypatch.undo()
    new_recorder(bus, epoch=2)
    assert [bar.trade_count for bar in announced(bus)] == [4]


def _killed(bus):
    raise SystemExit("killed between commit and publishing")


def test_a_backlog_closes_each_minute_once(bus):
    """After an outage ticks of many minutes come at once while the clock is far ahead: no bar is given out half."""
    backlog = [tick(f"09:{minute:02d}:{second:02d}", 25_000 + second, position=f"1:{minute * 100 + second}")
               for minute in range(15, 30) for second in (1, 20, 40)]  # fmt: skip
    recorder = new_recorder(bus)
    for start in range(0, len(backlog), 4):
        recorder.take(backlog[start : start + 4], minutes_over_at=None)
    recorder.take([], minutes_over_at=at("10:00:00"))
    assert stored_bars() == bars_by_sql()
    assert [bar.trade_count for bar in announced(bus)] == [3] * 15


def test_a_match_of_an_impossible_day_becomes_a_dead_letter(bus):
    recorder = new_recorder(bus)
    recorder.take(
        [
            tick("09:15:00", 25_000, position="1:8", day="2099-01-01"),
            tick("09:15:00", 25_000, position="1:9", day="2026-01-05"),
            tick("14:45:00", 25_000, position="1:10", day="2026-11-20"),
        ],
        minutes_over_at=None,
    )
    assert list(Tick.objects.values_list("trading_day", flat=True)) == [date(2026, 11, 20)]
    assert sorted(DeadLetter.objects.values_list("wal_position", flat=True)) == ["1:8", "1:9"]


def test_dead_letters_and_gaps_are_kept_once(bus):
    letter = MessageDeadLettered(raw="{", reason="frame: truncated", ts_received_ns=1, wal_position="1:8")
    gap = GapDetected(
        symbols="*",
        ts_from_ns=10**18,
        ts_to_ns=10**18 + 10**9,
        cause="RECONNECT",
        reason="connection lost",
        ts_market_from_ms=ms("09:15:00"),
        ts_market_to_ms=ms("09:15:01"),
    )
    recorder = new_recorder(bus)
    recorder.take([letter, gap], minutes_over_at=None)
    recorder.take([letter, gap], minutes_over_at=None)
    assert DeadLetter.objects.get().reason == "frame: truncated"
    assert MarketGap.objects.get().reason == "connection lost"


def test_a_gap_that_is_told_again_grows_and_never_shrinks(bus):
    def told(to_s, market_to):
        return GapDetected(
            symbols="*",
            ts_from_ns=10**18,
            ts_to_ns=10**18 + to_s * 10**9,
            cause="SILENCE",
            reason="nothing came",
            ts_market_from_ms=ms("09:15:00"),
            ts_market_to_ms=ms(market_to),
        )

    recorder = new_recorder(bus)
    recorder.take([told(1, "09:15:01"), told(2, "09:15:02")], minutes_over_at=None)
    MarketGap.objects.update(fill="FILLED")
    recorder.take([told(9, "09:15:09")], minutes_over_at=None)
    recorder.take([told(3, "09:15:03")], minutes_over_at=None)
    gap = MarketGap.objects.get()
    assert (gap.to_at - gap.from_at, gap.market_to_at) == (timedelta(seconds=9), at("09:15:09"))
    assert gap.fill == "WAITING"  # what was added has not been looked at


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    ticks=st.lists(
        st.tuples(st.sampled_from(["SSI", "VNM"]), st.integers(0, 240), st.integers(10_000, 10_050), st.integers(1, 9)),
        min_size=1,
        max_size=40,
    ),
    cuts=st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["go on", "restart", "repeat"]))),
)
def test_bars_equal_the_tick_table_whatever_happens(bus, ticks, cuts):
    """Any order of arrival, any batches, restarts and repetitions in between."""
    _wipe()
    first = ms("09:15:00")
    events = [
        replace(tick("09:15:00", price, quantity, symbol=symbol, position=f"1:{index * 50 + 8}"),
                ts_exchange_ms=first + second * 1_000)
        for index, (symbol, second, price, quantity) in enumerate(ticks)
    ]  # fmt: skip
    epoch, recorder, rest = 1, new_recorder(bus, epoch=1), events
    for size, happening in [*cuts, (len(events), "go on")]:
        batch, rest = rest[:size], rest[size:]
        recorder.take(batch, minutes_over_at=at("09:17:00") if len(batch) % 2 else None)
        if happening == "restart":
            epoch += 1
            recorder = new_recorder(bus, epoch=epoch)
        if happening == "repeat":
            recorder.take(batch, minutes_over_at=None)
    recorder.take([], minutes_over_at=at("10:00:00"))
    assert Tick.objects.count() == len(events)
    assert stored_bars() == bars_by_sql()


def _wipe():
    forget_market()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE marketdata_tick, marketdata_bar1m, marketdata_ingestcheckpoint")


def test_past_market_time_is_what_the_clock_showed_that_long_ago():
    wall, market = [100.0], [MORNING]
    past = PastMarketTime(lambda: market[0], 0.5, monotonic=lambda: wall[0])
    assert past.now() is None
    for _ in range(4):
        wall[0] += 0.25
        market[0] += timedelta(seconds=10)
        shown = past.now()
    assert shown == MORNING + timedelta(seconds=20)
