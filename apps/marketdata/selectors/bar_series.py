"""Bars of any length by range, newest first limited, raw or adjusted. One way in for whoever reads history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from apps.marketdata.selectors.adjusting import price_factors
from apps.marketdata.selectors.archive import archived_seconds
from apps.marketdata.selectors.clock import market_now
from apps.marketdata.selectors.history import bars
from apps.marketdata.selectors.wide_bars import windows
from qts.domain.market import Timeframe, to_vietnam, window_of
from qts.domain.portfolio.price_adjusting import adjusted_vnd

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS: Final = """
    SELECT traded_at, (array_agg(price_vnd ORDER BY wal_segment, wal_offset, wal_part))[1], max(price_vnd),
           min(price_vnd), (array_agg(price_vnd ORDER BY wal_segment DESC, wal_offset DESC, wal_part DESC))[1],
           sum(quantity)::bigint, sum(price_vnd * quantity)::bigint, count(*)
    FROM marketdata_tick
    WHERE symbol = %(symbol)s AND trading_day BETWEEN %(first)s AND %(last)s
      AND traded_at >= %(since)s AND traded_at < %(until)s
    GROUP BY traded_at ORDER BY traded_at DESC LIMIT %(limit)s
"""
SECONDS_DAYS_MAX: Final = 31  # of one question: seconds are made of matches


class Resolution(StrEnum):
    """How long a bar is."""

    SECOND = "1s"
    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    DAY = "1d"


_TIMEFRAMES: Final = {
    Resolution.FIVE_MINUTES: Timeframe.FIVE_MINUTES,
    Resolution.QUARTER: Timeframe.QUARTER,
    Resolution.HOUR: Timeframe.HOUR,
    Resolution.DAY: Timeframe.DAY,
}


@dataclass(frozen=True, slots=True)
class SeriesBar:
    """Prices in VND; value and matches are 0 where the broker's history does not tell them."""

    starts_at: datetime
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    value_vnd: int
    trade_count: int


def bar_series(
    symbol: str,
    resolution: Resolution,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 500,
    is_adjusted: bool = False,
) -> list[SeriesBar]:
    """The latest `limit` bars with since <= start < until that are over, oldest first. A window without a match has no
    bar. Adjusted: as of today, prices only. Raises AdjustmentUnknown."""
    now = market_now()
    until = min(until or now, now)
    if resolution is Resolution.SECOND:
        found = _seconds(symbol, since, until, limit)
    elif resolution is Resolution.MINUTE:
        found = [SeriesBar(*_columns(one)) for one in bars(symbol, since=since, until=until, limit=limit)]
    else:
        span = _whole_windows(_TIMEFRAMES[resolution], since, until)
        rows = windows(symbol, _TIMEFRAMES[resolution], since=span[0], until=span[1], limit=limit + 1)
        over = [row for row in rows if row[1] <= _ms(now)]
        found = [SeriesBar(_moment(row[0]), *row[2:9]) for row in over[-limit:]]
    return _adjusted(symbol, found) if is_adjusted else found


def _columns(bar: object) -> list[Any]:
    return [getattr(bar, name) for name in SeriesBar.__dataclass_fields__]


def _seconds(symbol: str, since: datetime | None, until: datetime, limit: int) -> list[SeriesBar]:
    """The exchange's times are whole seconds, so a second is what bears its time."""
    since = max(since or _EPOCH, until - timedelta(days=SECONDS_DAYS_MAX))
    asked: dict[str, Any] = {"symbol": symbol, "since": since, "until": until, "limit": limit}
    asked |= {"first": to_vietnam(since).date(), "last": to_vietnam(until).date()}
    with connection.cursor() as cursor:
        cursor.execute(_SECONDS, asked)
        rows = cursor.fetchall()
    rows += archived_seconds(symbol, since=since, until=until, limit=limit - len(rows))
    return [SeriesBar(*row) for row in sorted(rows)]


def _whole_windows(timeframe: Timeframe, since: datetime | None, until: datetime) -> tuple[datetime | None, datetime]:
    """From the first window that begins at `since` or later to the end of the last that begins before `until`."""
    last_ms, end_ms = window_of(timeframe, _ms(until) - 1)
    end = _moment(last_ms) + timedelta(days=1) if timeframe is Timeframe.DAY else _moment(end_ms)
    if since is None:
        return None, end
    start_ms, after_ms = window_of(timeframe, _ms(since))
    if timeframe is Timeframe.DAY:
        after_ms = _ms(_moment(start_ms) + timedelta(days=1))
    return (since if start_ms == _ms(since) else _moment(after_ms)), end


def _adjusted(symbol: str, raw: Sequence[SeriesBar]) -> list[SeriesBar]:
    factors = price_factors(symbol, until=to_vietnam(market_now()).date())
    made = []
    for bar in raw:
        factor = factors.of(to_vietnam(bar.starts_at).date())
        prices: dict[str, Any] = {name: adjusted_vnd(getattr(bar, name), factor) for name in _PRICES}
        made.append(bar if factor == 1 else replace(bar, **prices))
    return made


_PRICES: Final = ("open_vnd", "high_vnd", "low_vnd", "close_vnd")


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
