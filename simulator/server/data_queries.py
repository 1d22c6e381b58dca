"""What a query of FC Data may ask: pages, dates, order; and how its answers write prices and markets."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from qts.domain.market import FUTURE_MULTIPLIER_VND
from qts.domain.values import Exchange, InstrumentKind
from simulator.exchange.security import Security

PAGE_ERROR: Final = "Size of a page must 10, 20, 50, 100 or 1000"
RANGE_ERROR: Final = (
    "Date time format dd/MM/yyyy and ('from date' <= 'to date') < now , max range {days} days"  # as seen live
)
_PAGE_SIZES: Final = frozenset({10, 20, 50, 100, 1000})
_PAGES_MAX: Final = 10

Query = dict[str, str]
Row = dict[str, Any]
Rows = list[Row]


class BadQuery(Exception):
    """The text goes to the caller."""


def page_of(query: Query) -> tuple[int, int]:
    """Number and size. Raises BadQuery."""
    try:
        page, size = int(query.get("pageindex", "1")), int(query.get("pagesize", "10"))
    except ValueError as error:
        raise BadQuery(PAGE_ERROR) from error
    if size not in _PAGE_SIZES:
        raise BadQuery(PAGE_ERROR)
    if not 1 <= page <= _PAGES_MAX:
        raise BadQuery("Page index must be from 1 to 10")
    return page, size


def range_of(query: Query, today: date, days_max: int) -> tuple[date, date]:
    """Missing dates mean today. Raises BadQuery."""
    text = RANGE_ERROR.format(days=days_max)
    try:
        first, last = _date(query.get("fromdate"), today), _date(query.get("todate"), today)
    except ValueError as error:
        raise BadQuery(text) from error
    if first > last or last > today or last - first > timedelta(days=days_max):
        raise BadQuery(text)
    return first, last


def _date(text: str | None, default: date) -> date:
    if text is None:
        return default
    return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  a date has no time zone


def in_order(rows: Rows, query: Query) -> Rows:
    """`ascending` unless it says otherwise."""
    return rows if query.get("ascending", "true").lower() == "true" else rows[::-1]


def market_of(security: Security) -> str:
    exchange = security.listing.instrument.exchange
    return "DER" if exchange is Exchange.VNFE else exchange.value


def price_text(security: Security, price_vnd: int) -> str:
    """Dong for shares, points for futures."""
    if security.listing.instrument.kind is InstrumentKind.FUTURE:
        return f"{price_vnd / FUTURE_MULTIPLIER_VND:g}"
    return str(price_vnd)
