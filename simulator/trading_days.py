"""The calendar of the simulated exchanges, and how the wire writes a day."""

from datetime import date

from qts.domain.market import TradingCalendar, built_in_history


def vietnam_calendar() -> TradingCalendar:
    """As the market's clock goes; rules of the simulator's own may close further days."""
    return built_in_history().calendar


def day_text(day: date) -> str:
    """As the wire writes a date."""
    return day.strftime("%d/%m/%Y")
