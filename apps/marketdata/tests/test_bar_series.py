"""Bars of every length are, to the unit, what pandas makes of the stored matches; late ones included."""

import random
from datetime import date, timedelta

import pandas as pd
import pytest

from apps.marketdata import selectors
from apps.marketdata.models import ArchivedDay, Bar1m, DailyBar, PriceRight, Tick
from apps.marketdata.selectors import Resolution, bar_series
from apps.marketdata.services import archive
from apps.marketdata.services.archive import archive_closed_days
from apps.marketdata.services.price_rights import keep_right
from apps.marketdata.tests.conftest import at, tick
from apps.marketdata.tests.test_recorder import bus, new_recorder
from qts.domain.portfolio import ActionKind, ActionTerms

__all__ = ["bus"]
pytestmark = pytest.mark.django_db(transaction=True)

DAYS = ("2026-11-19", "2026-11-20", "2026-11-23")
RULES = {"1s": "1s", "1m": "1min", "5m": "5min", "15m": "15min", "1h": "1h", "1d": "1D"}
LUNCH = pd.Timedelta(hours=11, minutes=30)


def matches(seed=5):
    """Of the three days, the last one still trading; one in ten comes minutes late."""
    chance, made, price_vnd = random.Random(seed), [], 25_000
    for day in DAYS:
        seconds = [*range(33_300, 41_401, 31), *range(46_800, 54_001, 37)]
        seconds = [one for one in seconds if day != DAYS[-1] or one < 37_000]
        for second in seconds:
            price_vnd = max(20_000, price_vnd + 50 * chance.randint(-2, 2))
            text = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
            made.append(
                (second + (240 if chance.random() < 0.1 else 0), text, day, price_vnd, 100 * chance.randint(1, 9))
            )
    made.sort(key=lambda one: (one[2], one[0]))
    return [
        tick(text, price_vnd, quantity, position=f"1:{place}", day=day)
        for place, (_, text, day, price_vnd, quantity) in enumerate(made)
    ]


@pytest.fixture
def recorded(bus, settings):
    settings.MARKET_CLOCK = "affine:2026-11-23,10:17:30,10:17:31,9999999999,1"
    recorder, all_of_them = new_recorder(bus), matches()
    for start in range(0, len(all_of_them), 200):
        recorder.take(all_of_them[start : start + 200], minutes_over_at=None)
    recorder.take([], minutes_over_at=at("10:17:00"))


def by_pandas(resolution):
    """From the rows of the table: minutes by the market's time, and in a minute the order of arrival. The lunch break
    cuts the hour that it falls into."""
    names = ("traded_at", "price_vnd", "quantity", "wal_offset")
    rows = pd.DataFrame(Tick.objects.filter(symbol="SSI").values_list(*names), columns=names)
    rows["minute"] = pd.to_datetime(rows["traded_at"]).dt.floor("1min")
    rows = rows.sort_values(["minute", "wal_offset"], ignore_index=True)
    local = pd.to_datetime(rows["traded_at"]).dt.tz_convert("Asia/Ho_Chi_Minh")
    start = local.dt.floor(RULES[resolution])
    cut = local.dt.normalize() + LUNCH
    if resolution != "1d":
        start = start.where((start >= cut) | (local < cut), cut)
    rows["value_vnd"] = rows["price_vnd"] * rows["quantity"]
    made = rows.groupby(start).agg(
        open_vnd=("price_vnd", "first"), high_vnd=("price_vnd", "max"), low_vnd=("price_vnd", "min"),
        close_vnd=("price_vnd", "last"), volume=("quantity", "sum"), value_vnd=("value_vnd", "sum"),
        trade_count=("price_vnd", "size"),
    )  # fmt: skip
    return [(moment, *map(int, row)) for moment, row in zip(made.index, made.to_numpy(), strict=True)]


def read(resolution, **asked):
    asked.setdefault("limit", 5_000)
    names = selectors.SeriesBar.__dataclass_fields__
    return [tuple(getattr(bar, name) for name in names) for bar in bar_series("SSI", Resolution(resolution), **asked)]


def over(bars, resolution):
    """Without the window that the market is in: 10:17:30 of the last day."""
    length = pd.Timedelta(RULES[resolution])
    now = pd.Timestamp("2026-11-23T10:17:30+07:00")
    return [bar for bar in bars if bar[0] + length <= now]


def test_each_length_is_what_pandas_makes_of_the_stored_matches_and_page_by_page_too(recorded):
    assert Bar1m.objects.filter(symbol="SSI").exists()
    for resolution in RULES:
        whole = over(by_pandas(resolution), resolution)
        assert read(resolution) == whole
        since, until = whole[1][0] + timedelta(milliseconds=1), whole[-1][0]
        pages, end = [], until
        while page := read(resolution, since=since, until=end, limit=max(1, len(whole) // 4)):
            pages, end = page + pages, page[0][0]
        assert pages == whole[2:-1]
        assert read(resolution, since=whole[-1][0])[:1] == whole[-1:]


def test_days_that_are_in_the_archive_alone_read_the_same(recorded, tmp_path, settings, monkeypatch):
    before = {resolution: read(resolution) for resolution in RULES}
    settings.ARCHIVE_DIR, settings.TICK_KEEP_DAYS, settings.MINUTE_KEEP_DAYS = tmp_path, 1, 1
    monkeypatch.setattr(archive, "market_today", lambda: date(2026, 11, 23))
    monkeypatch.setattr(archive, "KEEP_DAYS_MIN", 1)
    archive_closed_days()
    assert ArchivedDay.objects.filter(dropped_at__isnull=False).count() == 4
    assert {resolution: read(resolution) for resolution in RULES} == before
    assert read("5m", limit=3) == before["5m"][-3:]


def test_days_are_the_brokers_where_it_told_them(recorded):
    told = {"open_vnd": 1, "high_vnd": 4, "low_vnd": 1, "close_vnd": 3, "volume": 7, "value_vnd": 9}
    DailyBar.objects.create(symbol="SSI", trading_day=DAYS[0], **told)
    first, second = read("1d")
    made = by_pandas("1d")
    assert first == (made[0][0], 1, 4, 1, 3, 7, 9, made[0][-1])
    assert second == made[1]


def test_adjusted_prices_are_those_after_the_right_came_off(recorded):
    close_vnd = by_pandas("1d")[0][4]
    told = {"open_vnd": 1, "high_vnd": close_vnd, "low_vnd": 1, "close_vnd": close_vnd, "volume": 7, "value_vnd": 9}
    DailyBar.objects.create(symbol="SSI", trading_day=DAYS[0], **told)
    keep_right("SSI", date(2026, 11, 20), ActionTerms(ActionKind.BONUS, new_shares=1, old_shares=1))
    keep_right("SSI", date(2027, 1, 4), ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=500))  # not yet
    for resolution in ("1m", "1h"):
        raw, adjusted = read(resolution), read(resolution, is_adjusted=True)
        for before, after in zip(raw, adjusted, strict=True):
            halves = tuple((price + 1) // 2 for price in before[1:5])
            is_old = before[0] < at("00:00:00", DAYS[1])
            assert after == ((before[0], *halves, *before[5:]) if is_old else before)


def test_a_price_that_cannot_be_adjusted_is_refused_and_a_right_told_again_is_one(recorded):
    for cash_vnd in (500, 700):
        keep_right("SSI", date(2026, 11, 20), ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=cash_vnd))
    assert PriceRight.objects.get().cash_per_share_vnd == 700
    with pytest.raises(selectors.AdjustmentUnknown, match="SSI has no stored day before 2026-11-20"):
        read("1m", is_adjusted=True)
    assert read("1m")
