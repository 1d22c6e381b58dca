"""What is stored: bars, gaps, dead letters."""

from datetime import date, datetime

from django.db.models import Count

from apps.marketdata.models import Bar1m, DailyBar, DeadLetter, IngestCheckpoint, MarketGap, Tick
from apps.marketdata.selectors.clock import day_bounds_ms
from apps.marketdata.selectors.types import Bar, DayBar, Gap, TickView

BARS_MAX = 5_000
PriceRow = tuple[int, ...]  # start in Unix ms, then open, high, low, close in VND and volume
_PRICES = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume")
ALL_SYMBOLS = "*"


def bars(symbol: str, *, since: datetime | None = None, until: datetime | None = None, limit: int = 500) -> list[Bar]:
    """The latest `limit` minutes with since <= start < until, oldest first. A minute without a match has no bar."""
    rows = Bar1m.objects.filter(symbol=symbol)
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    fields = Bar.__dataclass_fields__
    newest = rows.order_by("-starts_at").values_list(*fields)[: min(limit, BARS_MAX)]
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


def minute_rows(symbol: str, *, since: datetime | None, until: datetime | None, limit: int) -> list[PriceRow]:
    """The latest `limit` minutes with since <= start < until, oldest first, as plain rows."""
    rows = Bar1m.objects.filter(symbol=symbol, low_vnd__gt=0)
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    newest = rows.order_by("-starts_at").values_list("starts_at", *_PRICES)[:limit]
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


def symbols_with_days() -> dict[str, int]:
    """How many days of each symbol are stored."""
    counted = DailyBar.objects.values_list("symbol").annotate(Count("id")).order_by("symbol")
    return dict(counted)


def latest_ticks(symbol: str, trading_day: date, limit: int = 50) -> list[TickView]:
    """The newest matches of one trading day, oldest first."""
    rows = Tick.objects.filter(symbol=symbol, trading_day=trading_day).order_by("-traded_at", "-received_at_ns")
    newest = rows.values_list("traded_at", "price_vnd", "quantity")[:limit]
    return [
        TickView(symbol, round(traded_at.timestamp() * 1000), price_vnd, quantity)
        for traded_at, price_vnd, quantity in reversed(newest)
    ]


def gaps(*, since: datetime, limit: int = 100) -> list[Gap]:
    """Newest first."""
    rows = MarketGap.objects.filter(to_at__gte=since).order_by("-from_at")
    return [Gap(*row) for row in rows.values_list("symbols", "from_at", "to_at", "reason")[:limit]]


def gap_count(symbol: str, *, since: datetime) -> int:
    """How many gaps touch the symbol and did not end before `since`, a moment of the wall clock."""
    listed = MarketGap.objects.filter(to_at__gte=since).values_list("symbols", flat=True)
    return sum(symbols == ALL_SYMBOLS or symbol in symbols.split(",") for symbols in listed)


def average_day_volume(symbol: str, *, before: date, days: int = 20) -> int | None:
    """Shares a day over the latest trading days on record, rounded down; None when there is none."""
    rows = DailyBar.objects.filter(symbol=symbol, trading_day__lt=before).order_by("-trading_day")
    volumes = list(rows.values_list("volume", flat=True)[:days])
    return sum(volumes) // len(volumes) if volumes else None


def dead_letter_count(*, since: datetime) -> int:
    return DeadLetter.objects.filter(received_at__gte=since).count()


def recorded_wal_position() -> str:
    """The last match that is surely in the tick table; empty when there is none."""
    row = IngestCheckpoint.objects.filter(name="recorder").values_list("wal_position", flat=True).first()
    return row or ""
