"""When what is on its way arrives, in trading days from today: the buckets that a broker shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from qts.domain.market import TradingCalendar


class Arrival(StrEnum):
    """Of a trade: bought or sold two trading days ago, on the last one, today. LATER is not from a trade."""

    TODAY = "TODAY"
    T1 = "T1"
    T2 = "T2"
    LATER = "LATER"


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """An amount of VND or a number of shares, and the day in Vietnam on which it arrives."""

    amount: int
    day: date


def arrival(day: date, today: date, calendar: TradingCalendar) -> Arrival:
    """What should have arrived before today arrives today."""
    if day <= today:
        return Arrival.TODAY
    if day <= calendar.add_trading_days(today, 1):
        return Arrival.T1
    return Arrival.T2 if day <= calendar.add_trading_days(today, 2) else Arrival.LATER


def by_arrival(items: Iterable[OnItsWay], today: date, calendar: TradingCalendar) -> dict[Arrival, int]:
    """Each bucket's sum, all four of them; together they are the whole."""
    sums = dict.fromkeys(Arrival, 0)
    for item in items:
        sums[arrival(item.day, today, calendar)] += item.amount
    return sums
