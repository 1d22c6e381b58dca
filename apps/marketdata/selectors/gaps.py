"""Where market messages may be missing."""

from datetime import date, datetime

from django.db.models import QuerySet

from apps.marketdata.models import MarketGap
from apps.marketdata.selectors.clock import day_bounds
from apps.marketdata.selectors.live import is_suspect
from apps.marketdata.selectors.types import Gap

_FIELDS = tuple(Gap.__dataclass_fields__)


def gaps(*, since: datetime, limit: int = 100) -> list[Gap]:
    """Those that had not ended at `since`, a moment of the wall clock; newest first."""
    return _gaps(MarketGap.objects.filter(to_at__gte=since).order_by("-from_at")[:limit])


def gaps_of_day(day: date, symbol: str = "") -> list[Gap]:
    """Of a day of the market, and of one symbol if it is named; oldest first."""
    first, last = day_bounds(day)
    rows = MarketGap.objects.filter(market_to_at__gte=first, market_from_at__lte=last).order_by("market_from_at", "id")
    return [gap for gap in _gaps(rows) if not symbol or gap.touches(symbol)]


def gap_count(symbol: str, *, since: datetime) -> int:
    """How many gaps touch the symbol and did not end before `since`, a moment of the wall clock; one more while matches
    of it are missing and no gap says so yet."""
    rows = _gaps(MarketGap.objects.filter(to_at__gte=since))
    return sum(gap.touches(symbol) for gap in rows) + is_suspect(symbol)


def _gaps(rows: QuerySet[MarketGap]) -> list[Gap]:
    return [Gap(*row) for row in rows.values_list(*_FIELDS)]
