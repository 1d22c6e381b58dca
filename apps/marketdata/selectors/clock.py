"""Market time and trading days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from django.conf import settings
from django.db import connection

from apps.marketdata.selectors.rules import note_newest_rule, rules_at
from qts.adapters.clock import market_clock
from qts.adapters.vietnam_holidays import YEARS, vietnam_holidays
from qts.domain.market import VIETNAM, AffineSchedule, TradingCalendar, parse_clock, session_at, to_vietnam
from qts.domain.ports import MarketClock
from qts.domain.values import Exchange, Session

# what the rules are is asked along with it
_OVERRIDES: Final = """
    SELECT day, is_trading_day, NULL FROM marketdata_marketholiday
    UNION ALL SELECT NULL, NULL, COALESCE(max(id), 0) FROM marketdata_tradingrule
"""


@cache
def _clock(spec: str) -> MarketClock:
    return market_clock(spec)


def market_now() -> datetime:
    """The market's time, aware UTC; the wall clock in production."""
    return _clock(settings.MARKET_CLOCK).now()


def market_at(wall_s: float) -> datetime:
    """What the market's clock showed at that moment of the wall clock, seconds since 1970."""
    return _clock(settings.MARKET_CLOCK).at(wall_s)


def wall_at(moment: datetime) -> float:
    """When the market's clock shows that moment, in seconds of the wall clock since 1970."""
    return _clock(settings.MARKET_CLOCK).wall_at(moment)


def market_today() -> date:
    return _clock(settings.MARKET_CLOCK).trading_day()


def trading_calendar() -> TradingCalendar:
    """Public holidays with the overrides that an operator entered. One query."""
    holidays = set(vietnam_holidays(YEARS))
    with connection.cursor() as cursor:
        cursor.execute(_OVERRIDES)
        rows = cursor.fetchall()
    for day, is_trading_day, newest_rule in rows:
        if day is None:
            note_newest_rule(newest_rule)
        elif is_trading_day:
            holidays.discard(day)
        else:
            holidays.add(day)
    return TradingCalendar(frozenset(holidays))


def board_day() -> date:
    """The trading day that a price board shows: today, or the last one before when the market is closed all day."""
    today, calendar = market_today(), trading_calendar()
    return today if calendar.is_trading_day(today) else calendar.previous_trading_day(today)


@dataclass(frozen=True, slots=True)
class MarketMoment:
    """Market time, how fast it passes, and the session of HOSE."""

    now: datetime
    speed: float
    session: Session

    @property
    def local(self) -> datetime:
        return to_vietnam(self.now)

    @property
    def now_ms(self) -> int:
        return round(self.now.timestamp() * 1000)


def market_moment() -> MarketMoment:
    now = market_now()
    calendar = trading_calendar()
    is_trading_day = calendar.is_trading_day(to_vietnam(now).date())
    session = session_at(rules_at(now), Exchange.HOSE, now) if is_trading_day else Session.CLOSED
    schedule = parse_clock(settings.MARKET_CLOCK, calendar)
    return MarketMoment(now, schedule.speed if isinstance(schedule, AffineSchedule) else 1.0, session)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """First and last moment of a day in Asia/Ho_Chi_Minh."""
    first_ms, last_ms = day_bounds_ms(day)
    return datetime.fromtimestamp(first_ms / 1000, tz=UTC), datetime.fromtimestamp(last_ms / 1000, tz=UTC)


def day_bounds_ms(day: date) -> tuple[int, int]:
    """First and last millisecond of a day in Asia/Ho_Chi_Minh, since the Unix epoch."""
    starts_at = datetime(day.year, day.month, day.day, tzinfo=VIETNAM).astimezone(UTC)
    first_ms = round(starts_at.timestamp() * 1000)
    return first_ms, first_ms + round(timedelta(days=1).total_seconds() * 1000) - 1
