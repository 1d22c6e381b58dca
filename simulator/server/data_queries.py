"""What a query of FC Data may ask: pages, dates, order; and how its answers write prices and markets."""

from datetime import date, timedelta
from typing import Any, Final

from qts.domain.market import FUTURE_MULTIPLIER_VND
from qts.domain.values import Exchange, InstrumentKind
from simulator.exchange.security import Security
from simulator.wire.texts import day_of, whole_number

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
    page, size = whole_number(query.get("pageindex", "1")), whole_number(query.get("pagesize", "10"))
    if size is None or size not in _PAGE_SIZES:
        raise BadQuery(PAGE_ERROR)
    if page is None or not 1 <= page <= _PAGES_MAX:
        raise BadQuery("Page index must be from 1 to 10")
    return page, size


def range_of(query: Query, today: date, days_max: int) -> tuple[date, date]:
    """Missing dates mean today. Raises BadQuery."""
    text = RANGE_ERROR.format(days=days_max)
    first, last = (day_of(query[name]) if name in query else today for name in ("fromdate", "todate"))
    if first is None or last is None or first > last or last > today or last - first > timedelta(days=days_max):
        raise BadQuery(text)
    return first, last


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
