"""When a trade settles, and from when bought shares may be sold."""

from datetime import date, datetime

from qts.domain.market.calendar import TradingCalendar
from qts.domain.market.rule_book import RuleHistory
from qts.domain.market.sessions import VIETNAM


def settlement_day(history: RuleHistory, trade_day: date, calendar: TradingCalendar) -> date:
    """So many trading days later, by the rules of the day of the trade."""
    return calendar.add_trading_days(trade_day, history.on(trade_day).settlement.trading_days)


def sellable_at(history: RuleHistory, trade_day: date, calendar: TradingCalendar) -> datetime:
    """The moment (aware, Vietnam's time) from which shares bought on `trade_day` may be sold: the time of day is by the
    rules of the day on which they arrive."""
    arrives_on = settlement_day(history, trade_day, calendar)
    return datetime.combine(arrives_on, history.on(arrives_on).settlement.sellable_from, tzinfo=VIETNAM)
