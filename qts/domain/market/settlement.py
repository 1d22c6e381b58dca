"""When a trade settles: T+2 in trading days, and bought shares sell from 13:00 of that day (since 2022-08-29)."""

from datetime import date, datetime, time
from typing import Final

from qts.domain.market.calendar import TradingCalendar
from qts.domain.market.sessions import VIETNAM

SETTLEMENT_TRADING_DAYS: Final = 2
SELLABLE_FROM: Final = time(13, 0)


def settlement_day(trade_day: date, calendar: TradingCalendar) -> date:
    return calendar.add_trading_days(trade_day, SETTLEMENT_TRADING_DAYS)


def sellable_at(trade_day: date, calendar: TradingCalendar) -> datetime:
    """The moment (aware, Vietnam's time) from which shares bought on `trade_day` may be sold."""
    return datetime.combine(settlement_day(trade_day, calendar), SELLABLE_FROM, tzinfo=VIETNAM)
