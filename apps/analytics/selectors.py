"""Reading indicator values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.analytics.models import IndicatorSnapshot

HISTORY_MAX = 5_000


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """Indicator values (decimal text by name) of one symbol after the minute that began at `starts_at`."""

    symbol: str
    starts_at: datetime
    values: Mapping[str, str]
    wal_position: str


_FIELDS = ("symbol", "starts_at", "values", "wal_position")


def latest_indicators(symbols: Sequence[str]) -> dict[str, IndicatorView]:
    """The newest values of each symbol in one query; a symbol without any is left out."""
    rows = IndicatorSnapshot.objects.filter(symbol__in=symbols).order_by("symbol", "-starts_at").distinct("symbol")
    return {row[0]: IndicatorView(*row) for row in rows.values_list(*_FIELDS)}


def indicators_at(symbol: str, starts_at: datetime) -> IndicatorView | None:
    """The values after the bar that began at `starts_at`."""
    row = IndicatorSnapshot.objects.filter(symbol=symbol, starts_at=starts_at).values_list(*_FIELDS).first()
    return IndicatorView(*row) if row else None


def indicator_history(
    symbol: str, *, since: datetime | None = None, until: datetime | None = None, limit: int = 500
) -> list[IndicatorView]:
    """The latest `limit` values with since <= start < until, oldest first."""
    rows = IndicatorSnapshot.objects.filter(symbol=symbol)
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    newest = rows.order_by("-starts_at").values_list(*_FIELDS)[: min(limit, HISTORY_MAX)]
    return [IndicatorView(*row) for row in reversed(newest)]
