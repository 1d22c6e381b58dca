"""What was bought on T can be sold, and what was sold on T can be spent, as of the settlement of the rules: T+2, from
13:00, since 2022-08-29."""

from datetime import UTC, date, datetime, time
from typing import Final

from qts.domain.market import VIETNAM, RuleHistory, TradingCalendar, sellable_at

PAID_FROM: Final = time(9, 0)


def settles_at(rules: RuleHistory, trade_day: date, calendar: TradingCalendar) -> datetime:
    """Aware UTC moment at which shares and cash of a trade of that day arrive.

    One moment for both (VSDC's cycle since 2022-08-29): the cash of a sale is not counted earlier than the shares.
    """
    return sellable_at(rules, trade_day, calendar).astimezone(UTC)


def paid_at(day: date) -> datetime:
    """Aware UTC moment at which a dividend of that day is there and new shares may be sold: as the market opens."""
    return datetime.combine(day, PAID_FROM, tzinfo=VIETNAM).astimezone(UTC)


def sellable_quantity(*, quantity: int, unsettled: int, reserved_quantity: int) -> int:
    """Shares that a new sale may use: held, arrived, and not promised to another order; never negative."""
    return max(0, quantity - unsettled - reserved_quantity)
