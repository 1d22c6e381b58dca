"""A day as an address names it."""

from datetime import date

from qts.domain.market import FIRST_TRADING_DAY


def asked_day(text: str) -> date | None:
    """None for what is no day, or one at which there was no market yet."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= FIRST_TRADING_DAY else None
