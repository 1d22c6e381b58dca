"""When the exchange next takes an order: for those that are entered while it does not."""

from datetime import datetime

from qts.domain.market.calendar import TradingCalendar
from qts.domain.market.rule_book import RuleHistory
from qts.domain.market.sessions import VIETNAM, admits, session_schedule, to_vietnam
from qts.domain.values import Exchange, OrderType


def next_admission(
    history: RuleHistory, exchange: Exchange, order_type: OrderType, now: datetime, calendar: TradingCalendar
) -> datetime | None:
    """The first moment from `now` on, today or on the next trading day; None for a type that the exchange never takes.

    By the schedule of each of the two days: what a halt or a special day does is found out when the moment has come.
    """
    local = to_vietnam(now)
    today = local.date()
    for day in (today, calendar.next_trading_day(today, exchange)):
        if not calendar.is_trading_day(day, exchange):
            continue
        rules = history.on(day)
        for span in session_schedule(rules, exchange):
            ends_at = datetime.combine(day, span.end, VIETNAM)
            if ends_at > local and admits(rules, exchange, span.session, order_type):
                return max(datetime.combine(day, span.start, VIETNAM), local)
    return None
