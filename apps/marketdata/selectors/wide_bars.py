"""Stored minutes as wider bars, and stored days. Days that are in the archive alone come from there.

Only minutes are stored: a wider bar is made of them when it is read, so a late match that corrects its minute has
corrected every bar around it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

from apps.marketdata.selectors.archive import MinuteRow, archived_minutes
from apps.marketdata.selectors.history import bars, daily_bars
from qts.domain.market import MINUTE_MS, Timeframe, WideBar, to_vietnam, window_of
from qts.domain.market.timeframes import DAY_MS, DAY_OVER_MS, LUNCH_MS, VIETNAM_AHEAD_MS

MINUTES_MAX: Final = 60_000  # a year of trading
_WINDOWS: Final = """
    WITH minutes AS (
        SELECT *, (extract(epoch FROM starts_at) * 1000)::bigint + %(ahead)s AS local_ms
        FROM marketdata_bar1m
        WHERE symbol = %(symbol)s AND starts_at < %(until)s
          AND starts_at >= coalesce(%(since)s::timestamptz, '-infinity')
        ORDER BY starts_at DESC LIMIT %(rows)s
    )
    SELECT min(local_ms) - %(ahead)s, (array_agg(open_vnd ORDER BY local_ms))[1], max(high_vnd), min(low_vnd),
           (array_agg(close_vnd ORDER BY local_ms DESC))[1], sum(volume)::bigint, sum(value_vnd)::bigint,
           sum(trade_count)::bigint, (SELECT count(*) FROM minutes)
    FROM minutes WHERE local_ms %% %(day)s < %(over)s
    GROUP BY local_ms / %(length)s, local_ms %% %(day)s < %(cut)s
    ORDER BY 1
"""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Window = tuple[int, ...]  # start and end in Unix ms, open, high, low, close in VND, volume, value in VND, matches


def wide_bars(symbol: str, timeframe: Timeframe, *, until: datetime, limit: int) -> list[WideBar]:
    """The latest `limit` bars that began before `until`, the beginning of such a bar, oldest first.

    They are made of the latest 60,000 stored minutes. Days are those that the broker told, unadjusted, and where it
    told none, made of minutes.
    """
    return [WideBar(*window[:7]) for window in windows(symbol, timeframe, since=None, until=until, limit=limit)]


def windows(symbol: str, timeframe: Timeframe, *, since: datetime | None, until: datetime, limit: int) -> list[Window]:
    """The same with what was paid and how many matches there were (0 where nobody told); `since`: began then or later,
    and is the beginning of a bar like `until`."""
    made = {window[0]: window for window in _of_minutes(symbol, timeframe, since, until, limit)}
    if timeframe is Timeframe.DAY:
        first = to_vietnam(since).date() if since else None
        for day in daily_bars(symbol, since=first, until=to_vietnam(until).date(), limit=limit):
            midnight = datetime.combine(day.trading_day, datetime.min.time(), tzinfo=to_vietnam(until).tzinfo)
            start_ms, end_ms = window_of(timeframe, _ms(midnight))
            prices = (day.open_vnd, day.high_vnd, day.low_vnd, day.close_vnd)
            matches = made[start_ms][8] if start_ms in made else 0
            made[start_ms] = (start_ms, end_ms, *prices, day.volume, day.value_vnd, matches)
    return [made[start_ms] for start_ms in sorted(made)][-limit:]


def bars_of_length(symbol: str, timeframe: Timeframe, *, until: datetime, limit: int) -> list[WideBar]:
    """The same for any length, minutes included."""
    if timeframe is not Timeframe.MINUTE:
        return wide_bars(symbol, timeframe, until=until, limit=limit)
    return [
        WideBar(
            bar.ts_start_ms, bar.ts_start_ms + MINUTE_MS,
            bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd, bar.volume,
        )
        for bar in bars(symbol, until=until, limit=limit)
    ]  # fmt: skip


def _of_minutes(symbol: str, timeframe: Timeframe, since: datetime | None, until: datetime, limit: int) -> list[Window]:
    rows_max = min(MINUTES_MAX, (limit + 1) * timeframe.length_ms // MINUTE_MS)  # one may be cut off
    rows, read = _in_database(symbol, timeframe, since, until, rows_max)
    if len(rows) < limit and read < rows_max:
        archived = archived_minutes(symbol, since=since, until=until, limit=rows_max - read)
        read += len(archived)
        rows = sorted([*rows, *_grouped(archived, timeframe)])
    if rows and read >= rows_max:
        rows = rows[1:]  # the first one may have begun before the rows that were read
    return rows[-limit:]


def _in_database(
    symbol: str, timeframe: Timeframe, since: datetime | None, until: datetime, rows_max: int
) -> tuple[list[Window], int]:
    """And of how many minutes they were made."""
    is_day = timeframe is Timeframe.DAY
    asked: dict[str, str | int | datetime | None] = {
        "symbol": symbol,
        "since": since.astimezone(UTC) if since else None,
        "until": until.astimezone(UTC),
        "rows": rows_max,
        "ahead": VIETNAM_AHEAD_MS,
        "day": DAY_MS,
        "length": timeframe.length_ms,
        "over": DAY_OVER_MS if is_day else DAY_MS,
        "cut": DAY_MS if is_day else LUNCH_MS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WINDOWS, asked)
        rows = cursor.fetchall()
    return [(*window_of(timeframe, row[0]), *row[1:8]) for row in rows], rows[0][8] if rows else 0


def _grouped(minutes: Sequence[MinuteRow], timeframe: Timeframe) -> Iterable[Window]:
    """The same of minutes that come newest first."""
    made: dict[int, list[Any]] = {}
    for starts_at, opened, high, low, close, volume, value_vnd, matches, _ in minutes:
        at_ms = _ms(starts_at)
        start_ms, end_ms = window_of(timeframe, at_ms)
        if at_ms >= end_ms:
            continue
        window = made.setdefault(start_ms, [start_ms, end_ms, opened, high, low, close, 0, 0, 0])
        window[2:5] = opened, max(window[3], high), min(window[4], low)
        window[6:] = window[6] + volume, window[7] + value_vnd, window[8] + matches
    return [tuple(window) for window in made.values()]


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
