"""Stored minutes as wider bars, and stored days."""

from datetime import UTC, datetime
from typing import Final

from django.db import connection

from apps.marketdata.selectors.history import daily_bars
from qts.domain.market import MINUTE_MS, Timeframe, WideBar, to_vietnam, window_of
from qts.domain.market.timeframes import DAY_MS, DAY_OVER_MS, LUNCH_MS, VIETNAM_AHEAD_MS

MINUTES_MAX: Final = 60_000  # a year of trading
_WINDOWS: Final = """
    WITH minutes AS (
        SELECT *, (extract(epoch FROM starts_at) * 1000)::bigint + %(ahead)s AS local_ms
        FROM marketdata_bar1m WHERE symbol = %(symbol)s AND starts_at < %(until)s ORDER BY starts_at DESC LIMIT %(rows)s
    )
    SELECT min(local_ms) - %(ahead)s, (array_agg(open_vnd ORDER BY local_ms))[1], max(high_vnd), min(low_vnd),
           (array_agg(close_vnd ORDER BY local_ms DESC))[1], sum(volume)::bigint, (SELECT count(*) FROM minutes)
    FROM minutes WHERE local_ms %% %(day)s < %(over)s
    GROUP BY local_ms / %(length)s, local_ms %% %(day)s < %(cut)s
    ORDER BY 1
"""


def wide_bars(symbol: str, timeframe: Timeframe, *, until: datetime, limit: int) -> list[WideBar]:
    """The latest `limit` bars that began before `until`, the beginning of such a bar, oldest first.

    They are made of the latest 60,000 stored minutes. Days are those that the broker told, unadjusted, and where it
    told none, made of minutes.
    """
    if timeframe is not Timeframe.DAY:
        return _of_minutes(symbol, timeframe, until, limit)
    made = {day.ts_start_ms: day for day in _of_minutes(symbol, timeframe, until, limit)}
    for day in daily_bars(symbol, until=to_vietnam(until).date(), limit=limit):
        midnight = datetime.combine(day.trading_day, datetime.min.time(), tzinfo=to_vietnam(until).tzinfo)
        start_ms, end_ms = window_of(timeframe, round(midnight.timestamp() * 1_000))
        prices = (day.open_vnd, day.high_vnd, day.low_vnd, day.close_vnd)
        made[start_ms] = WideBar(start_ms, end_ms, *prices, day.volume)
    return [made[start_ms] for start_ms in sorted(made)][-limit:]


def _of_minutes(symbol: str, timeframe: Timeframe, until: datetime, limit: int) -> list[WideBar]:
    rows_max = min(MINUTES_MAX, (limit + 1) * timeframe.length_ms // MINUTE_MS)  # one may be cut off
    is_day = timeframe is Timeframe.DAY
    asked: dict[str, str | int | datetime] = {
        "symbol": symbol,
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
    if rows and rows[0][6] >= rows_max:
        rows = rows[1:]  # the first one may have begun before the rows that were read
    return [WideBar(*window_of(timeframe, row[0]), *row[1:6]) for row in rows][-limit:]
