"""Windows on the clock of Ho Chi Minh City, and which bar shows that one is over."""

from dataclasses import astuple, dataclass
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import VIETNAM, BarWidener, Timeframe, window_of

DAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Minute:
    ts_start_ms: int
    close_vnd: int = 25_000
    volume: int = 100

    @property
    def open_vnd(self):
        return self.close_vnd

    @property
    def high_vnd(self):
        return self.close_vnd + 50

    @property
    def low_vnd(self):
        return self.close_vnd - 50


def ms(clock, day=DAY):
    return round(datetime.combine(day, time.fromisoformat(clock), tzinfo=VIETNAM).timestamp() * 1000)


def told(closed, day=DAY):
    """[(start, end)] as people read them."""
    moments = [(one.ts_start_ms, one.ts_end_ms) for one in closed]
    return [
        tuple(datetime.fromtimestamp(at / 1000, tz=VIETNAM).strftime("%H:%M") for at in window) for window in moments
    ]


@pytest.mark.parametrize(
    ("timeframe", "at", "start", "end"),
    [
        ("1m", "09:15", "09:15", "09:16"),
        ("5m", "09:19", "09:15", "09:20"),
        ("15m", "09:15", "09:15", "09:30"),
        ("15m", "11:29", "11:15", "11:30"),
        ("60m", "09:15", "09:00", "10:00"),
        ("60m", "11:29", "11:00", "11:30"),  # lunch cuts it
        ("60m", "11:30", "11:30", "12:00"),  # a match that bears the end of the morning
        ("60m", "13:00", "13:00", "14:00"),
        ("60m", "14:45", "14:00", "15:00"),
        ("1d", "09:00", "00:00", "15:01"),
        ("1d", "15:30", "00:00", "15:01"),
    ],
)
def test_windows_lie_on_the_clock_and_the_lunch_break_cuts(timeframe, at, start, end):
    assert window_of(Timeframe(timeframe), ms(at)) == (ms(start), ms(end))


@given(st.sampled_from(list(Timeframe)), st.integers(0, 4_000_000_000_000))
def test_a_moment_of_the_trading_day_lies_in_its_window(timeframe, ts_ms):
    start_ms, end_ms = window_of(timeframe, ts_ms)
    assert start_ms <= ts_ms
    assert ts_ms < end_ms or timeframe is Timeframe.DAY
    assert end_ms - start_ms <= timeframe.length_ms
    assert window_of(timeframe, start_ms) == (start_ms, end_ms)


def test_a_window_is_over_with_its_last_minute():
    widener = BarWidener(Timeframe.FIVE_MINUTES)
    closes = [25_000, 25_300, 24_900, 25_100, 25_200]
    closed = [widener.add(Minute(ms(f"09:{15 + n}"), close)) for n, close in enumerate(closes)]
    assert closed[:4] == [[]] * 4
    (bar,) = closed[4]
    assert astuple(bar) == (ms("09:15"), ms("09:20"), 25_000, 25_350, 24_850, 25_200, 500)


def test_a_window_without_its_last_minute_is_over_with_the_next_bar():
    widener = BarWidener(Timeframe.QUARTER)
    assert widener.add(Minute(ms("09:20"))) == []
    assert told(widener.add(Minute(ms("09:44")))) == [("09:15", "09:30"), ("09:30", "09:45")]  # and its own with it


def test_the_morning_ends_with_its_last_minute():
    widener = BarWidener(Timeframe.HOUR)
    assert widener.add(Minute(ms("11:28"))) == []
    assert told(widener.add(Minute(ms("11:29")))) == [("11:00", "11:30")]
    assert widener.add(Minute(ms("11:30"))) == []
    assert told(widener.add(Minute(ms("13:00")))) == [("11:30", "12:00")]


def test_a_day_is_over_when_the_next_one_begins():
    widener = BarWidener(Timeframe.DAY)
    for clock in ("09:15", "11:29", "13:00", "14:45"):
        assert widener.add(Minute(ms(clock))) == []
    (bar,) = widener.add(Minute(ms("09:15", DAY + timedelta(days=1))))
    assert (bar.ts_start_ms, bar.volume) == (ms("00:00"), 400)


def test_what_comes_after_the_end_changes_nothing():
    widener = BarWidener(Timeframe.DAY)
    widener.add(Minute(ms("14:59")))
    assert len(widener.add(Minute(ms("15:00")))) == 1  # the last minute that a match can bear
    assert widener.add(Minute(ms("15:02"))) == []
    assert widener.close_until(ms("23:59")) is None


def test_the_clock_closes_what_no_bar_follows():
    widener = BarWidener(Timeframe.QUARTER)
    widener.add(Minute(ms("14:45")))
    assert widener.close_until(ms("14:59")) is None
    closed = widener.close_until(ms("15:00"))
    assert told([closed]) == [("14:45", "15:00")]
    assert widener.close_until(ms("15:00")) is None
    assert widener.add(Minute(ms("14:46"))) == []  # too late for it
    assert widener.add(Minute(ms("09:15", DAY + timedelta(days=1)))) == []


def test_a_copy_goes_its_own_way():
    widener = BarWidener(Timeframe.FIVE_MINUTES)
    widener.add(Minute(ms("09:15")))
    twin = widener.copy()
    twin.add(Minute(ms("09:16"), 99_000))
    (bar,) = widener.add(Minute(ms("09:19")))
    assert (bar.high_vnd, bar.volume) == (25_050, 200)
