"""What is stored: bars, dead letters. Bars and matches of days that are in the archive alone come from there."""

from collections.abc import Collection
from datetime import date, datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count

from apps.marketdata.models import Bar1m, DailyBar, DeadLetter, IngestCheckpoint, Tick
from apps.marketdata.selectors.archive import archived_minutes, archived_ticks
from apps.marketdata.selectors.clock import day_bounds_ms
from apps.marketdata.selectors.types import Bar, DayBar, DeadLetterView, TickView

BARS_MAX = 5_000
PriceRow = tuple[int, ...]  # start in Unix ms, then open, high, low, close in VND and volume
_PRICES = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume")


def bars(symbol: str, *, since: datetime | None = None, until: datetime | None = None, limit: int = 500) -> list[Bar]:
    """The latest `limit` minutes with since <= start < until, oldest first. A minute without a match has no bar."""
    rows = Bar1m.objects.filter(symbol=symbol)
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    limit = min(limit, BARS_MAX)
    newest = list(rows.order_by("-starts_at").values_list(*Bar.__dataclass_fields__)[:limit])
    older = archived_minutes(symbol, since=since, until=until, limit=limit - len(newest))
    newest += [(symbol, *row) for row in older]
    return [Bar(*row) for row in reversed(newest)]


def daily_bars(symbol: str, *, since: date | None = None, until: date | None = None, limit: int = 500) -> list[DayBar]:
    """The latest `limit` days with since <= day < until, oldest first, unadjusted."""
    rows = DailyBar.objects.filter(symbol=symbol)
    if since is not None:
        rows = rows.filter(trading_day__gte=since)
    if until is not None:
        rows = rows.filter(trading_day__lt=until)
    newest = rows.order_by("-trading_day").values_list(*DayBar.__dataclass_fields__)[: min(limit, BARS_MAX)]
    return [DayBar(*row) for row in reversed(newest)]


def closes_since(symbols: Collection[str], since: date) -> dict[str, list[int]]:
    """By symbol the closes of each day since then, oldest first, unadjusted; in one query. None of days without a
    match."""
    rows = DailyBar.objects.filter(symbol__in=symbols, trading_day__gte=since, close_vnd__gt=0).order_by()
    return dict(rows.values_list("symbol").annotate(closes=ArrayAgg("close_vnd", order_by="trading_day")))


def minute_rows(symbol: str, *, since: datetime | None, until: datetime | None, limit: int) -> list[PriceRow]:
    """The latest `limit` minutes with since <= start < until, oldest first, as plain rows."""
    rows = Bar1m.objects.filter(symbol=symbol, low_vnd__gt=0)
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    newest = list(rows.order_by("-starts_at").values_list("starts_at", *_PRICES)[:limit])
    older = archived_minutes(symbol, since=since, until=until, limit=limit - len(newest))
    newest += [row[:6] for row in older if row[3] > 0]
    return [(round(at.timestamp() * 1_000), *prices) for at, *prices in reversed(newest)]


def day_rows(symbol: str, *, since: date | None, until: date | None, limit: int) -> list[PriceRow]:
    """The same of days, each at its midnight in Ho Chi Minh City."""
    rows = DailyBar.objects.filter(symbol=symbol, low_vnd__gt=0)
    if since is not None:
        rows = rows.filter(trading_day__gte=since)
    if until is not None:
        rows = rows.filter(trading_day__lt=until)
    newest = rows.order_by("-trading_day").values_list("trading_day", *_PRICES)[:limit]
    return [(day_bounds_ms(day)[0], *prices) for day, *prices in reversed(newest)]


def tick_rows(symbol: str, *, since: date | None, until: date | None, limit: int) -> list[tuple[int, int, int]]:
    """The latest `limit` matches of since <= trading day < until in the order of their receipt: exchange's time in Unix
    ms, price and quantity."""
    rows = Tick.objects.filter(symbol=symbol)
    if since is not None:
        rows = rows.filter(trading_day__gte=since)
    if until is not None:
        rows = rows.filter(trading_day__lt=until)
    newest = rows.order_by("-traded_at", "-received_at_ns", "-wal_segment", "-wal_offset", "-wal_part")
    told = newest.values_list("traded_at", "price_vnd", "quantity")[:limit]
    return [(round(at.timestamp() * 1_000), price_vnd, quantity) for at, price_vnd, quantity in reversed(told)]


def bars_complete_until() -> datetime | None:
    """Every bar that ended by then is on the bus; None while some that are stored have not reached it yet."""
    recorded = IngestCheckpoint.objects.filter(name="recorder").values_list("closed_until", flat=True).first()
    return None if Bar1m.objects.filter(is_announced=False).exists() else recorded


def symbols_with_days() -> dict[str, int]:
    """How many days of each symbol are stored."""
    counted = DailyBar.objects.values_list("symbol").annotate(Count("id")).order_by("symbol")
    return dict(counted)


def latest_ticks(symbol: str, trading_day: date, limit: int = 50) -> list[TickView]:
    """The newest matches of one trading day, oldest first."""
    rows = Tick.objects.filter(symbol=symbol, trading_day=trading_day).order_by("-traded_at", "-received_at_ns")
    newest = list(rows.values_list("traded_at", "price_vnd", "quantity")[:limit])
    newest = newest or archived_ticks(symbol, trading_day, limit)
    return [
        TickView(symbol, round(traded_at.timestamp() * 1000), price_vnd, quantity)
        for traded_at, price_vnd, quantity in reversed(newest)
    ]


def average_day_volume(symbol: str, *, before: date, days: int = 20) -> int | None:
    """Shares a day over the latest trading days on record, rounded down; None when there is none."""
    rows = DailyBar.objects.filter(symbol=symbol, trading_day__lt=before).order_by("-trading_day")
    volumes = list(rows.values_list("volume", flat=True)[:days])
    return sum(volumes) // len(volumes) if volumes else None


def dead_letter_count(*, since: datetime) -> int:
    return DeadLetter.objects.filter(received_at__gte=since).count()


def dead_letters(*, limit: int) -> list[DeadLetterView]:
    """Newest first."""
    rows = DeadLetter.objects.order_by("-received_at", "-pk").values_list(*DeadLetterView.__dataclass_fields__)
    return [DeadLetterView(*row) for row in rows[:limit]]


def recorded_wal_position() -> str:
    """The last match that is surely in the tick table; empty when there is none."""
    row = IngestCheckpoint.objects.filter(name="recorder").values_list("wal_position", flat=True).first()
    return row or ""


def bar_counts(symbols: Collection[str], *, since: datetime, until: datetime) -> dict[str, int]:
    """How many minutes with since <= start < until are stored of each; a symbol without any is left out. One query."""
    rows = Bar1m.objects.filter(symbol__in=symbols, starts_at__gte=since, starts_at__lt=until)
    return dict(rows.values_list("symbol").annotate(Count("starts_at")).order_by("symbol"))
