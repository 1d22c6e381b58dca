"""T+2: what was bought on T can be sold, and what was sold on T can be spent, from 13:00 of the second trading day."""

from datetime import UTC, date, datetime

from qts.domain.market import TradingCalendar, sellable_at


def settles_at(trade_day: date, calendar: TradingCalendar) -> datetime:
    """Aware UTC moment at which shares and cash of a trade of that day arrive.

    One moment for both (VSDC's cycle since 2022-08-29): the cash of a sale is not counted earlier than the shares.
    """
    return sellable_at(trade_day, calendar).astimezone(UTC)


def sellable_quantity(*, quantity: int, unsettled: int, reserved_quantity: int) -> int:
    """Shares that a new sale may use: held, arrived, and not promised to another order; never negative."""
    return max(0, quantity - unsettled - reserved_quantity)
