"""Bars made of stored minutes are those that the live widener makes."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from apps.marketdata import selectors
from apps.marketdata.models import DailyBar
from apps.marketdata.services.bar_store import store_bars
from qts.domain.events import BarClosed
from qts.domain.market import VIETNAM, BarWidener, Timeframe

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 23)


def minutes_of(days, kept, seed=3):
    draw = np.random.default_rng(seed)
    made, close = [], 25_000
    for number in range(days):
        midnight = datetime.combine(MONDAY + timedelta(days=number), datetime.min.time(), tzinfo=VIETNAM)
        for minute in [*range(555, 691), *range(780, 870), 885, 900, 902]:  # 11:30 and 15:02 are stragglers
            opened, close = close, close + 50 * int(draw.integers(-3, 4))
            if draw.random() < kept:
                made.append(_bar(midnight + timedelta(minutes=minute), opened, close, int(draw.integers(1, 9))))
    return made


def _bar(at, opened, close, lots):
    high, low = max(opened, close) + 50, min(opened, close) - 50
    return BarClosed(
        symbol="SSI", ts_start_ms=round(at.timestamp() * 1000), open_vnd=opened, high_vnd=high, low_vnd=low,
        close_vnd=close, volume=100 * lots, value_vnd=0, trade_count=1, ts_received_ns=1, wal_position="1:1",
    )  # fmt: skip


@pytest.mark.parametrize("timeframe", list(Timeframe)[1:])
@pytest.mark.parametrize("kept", [0.1, 1.0])
def test_they_are_what_the_widener_makes_of_the_same_minutes(timeframe, kept, django_assert_num_queries):
    minutes = minutes_of(4, kept)
    store_bars(minutes)
    widener = BarWidener(timeframe)
    made = [bar for minute in minutes for bar in widener.add(minute)]
    made += filter(None, [widener.close_until(10**14)])
    until = datetime.combine(MONDAY + timedelta(days=9), datetime.min.time(), tzinfo=VIETNAM)
    with django_assert_num_queries(2 + (timeframe is Timeframe.DAY)):  # minutes, archived days, days that were told
        assert selectors.wide_bars("SSI", timeframe, until=until, limit=1_000) == made
    assert selectors.wide_bars("VNM", timeframe, until=until, limit=3) == []


@pytest.mark.parametrize("timeframe", list(Timeframe)[1:])
@pytest.mark.parametrize("limit", [1, 2, 7])
def test_the_latest_ones_are_whole(timeframe, limit):
    minutes = minutes_of(3, 1.0)
    store_bars(minutes)
    widener = BarWidener(timeframe)
    made = [bar for minute in minutes for bar in widener.add(minute)]
    for bar in made[:: len(made) // 7 + 1]:
        until = datetime.fromtimestamp(bar.ts_start_ms / 1000, tz=VIETNAM)
        before = [one for one in made if one.ts_start_ms < bar.ts_start_ms]
        assert selectors.wide_bars("SSI", timeframe, until=until, limit=limit) == before[-limit:]


def test_days_are_the_brokers_where_it_told_them():
    store_bars(minutes_of(2, 1.0))
    told = {"open_vnd": 1, "high_vnd": 4, "low_vnd": 1, "close_vnd": 3, "volume": 7, "value_vnd": 9}
    DailyBar.objects.create(symbol="SSI", trading_day=MONDAY - timedelta(days=3), **told)
    DailyBar.objects.create(symbol="SSI", trading_day=MONDAY, **told)
    until = datetime.combine(MONDAY + timedelta(days=2), datetime.min.time(), tzinfo=VIETNAM)
    days = selectors.wide_bars("SSI", Timeframe.DAY, until=until, limit=9)
    assert [day.volume == 7 for day in days] == [True, True, False]
    assert [day.volume for day in selectors.wide_bars("SSI", Timeframe.DAY, until=until, limit=1)] == [days[2].volume]
    before = selectors.wide_bars("SSI", Timeframe.DAY, until=until - timedelta(days=2), limit=9)
    assert [day.volume for day in before] == [7]
