"""When what was traded arrives, by the days that have bars."""

from datetime import timedelta
from typing import Any

import numpy as np

from qts.backtest.venue import EPOCH
from qts.domain.market import RuleHistory, TradingCalendar
from qts.domain.portfolio import settles_at


class Settlement:
    """The moment at which a day's trades arrive, looked up once a day."""

    def __init__(self, calendar: TradingCalendar, rules: RuleHistory) -> None:
        self._rules = rules
        self._calendar = calendar
        self._known: dict[int, int] = {}

    def at_ms(self, day: int) -> int:
        if day not in self._known:
            arrives_at = settles_at(self._rules, EPOCH + timedelta(days=day), self._calendar)
            self._known[day] = round(arrives_at.timestamp() * 1_000)
        return self._known[day]


def calendar_of(days: Any) -> TradingCalendar:
    """Of the days that have bars: a weekday without any was no trading day."""
    traded = np.unique(days).tolist()
    closed = set(range(traded[0], traded[-1])) - set(traded)
    return TradingCalendar(frozenset(EPOCH + timedelta(days=day) for day in closed))
