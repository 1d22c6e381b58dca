"""Market time and trading days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from django.conf import settings

from apps.marketdata.selectors.rules import rule_history, rules_at
from qts.adapters.clock import market_clock
from qts.domain.market import VIETNAM, AffineSchedule, TradingCalendar, parse_clock, session_at, to_vietnam
from qts.domain.ports import MarketClock
from qts.domain.values import Exchange, Session


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
    """Of every day by the rules of that day. At most one query a second."""
    return rule_history().calendar


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
