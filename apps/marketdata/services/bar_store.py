"""One-minute bars into PostgreSQL and out to the bus."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Max

from apps.marketdata.models import Bar1m
from apps.marketdata.services.tick_store import Minute, minute_of, moment, ticks_of_minutes
from qts.adapters.bus import publish_events
from qts.domain.events import BarClosed
from qts.domain.market import MINUTE_MS, BarBuilder, to_vietnam
from qts.domain.ports import Bus

_PRICES = ("open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume", "value_vnd", "trade_count")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def store_bars(bars: Iterable[BarClosed]) -> None:
    """Insert or replace, in one statement; they count as not announced until `announce_bars` has published them."""
    rows = {(bar.symbol, bar.ts_start_ms): _row(bar) for bar in bars}  # the last form of a bar wins
    Bar1m.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["symbol", "starts_at"],
        update_fields=[*_PRICES, "received_at_ns", "wal_position", "is_announced"],
    )


def announce_bars(bus: Bus) -> int:
    """Publish every bar that has not reached the bus yet, oldest first; after a crash some may come twice."""
    rows = list(Bar1m.objects.filter(is_announced=False).order_by("starts_at", "symbol"))
    if rows:
        publish_events(bus, [_event(row) for row in rows])
        Bar1m.objects.filter(id__in=[row.id for row in rows]).update(is_announced=True)
    return len(rows)


def announce_again(*, since: datetime) -> None:
    """To a bus that was emptied: who reads it is safe to be told twice."""
    Bar1m.objects.filter(starts_at__gte=since, is_announced=True).update(is_announced=False)


def last_starts_ms(symbols: Collection[str], *, since: datetime) -> dict[str, int]:
    """When the newest stored bar of each symbol began; a symbol without a bar since then is left out."""
    newest = Bar1m.objects.filter(symbol__in=symbols, starts_at__gte=since).values_list("symbol")
    return {symbol: _ms(starts_at) for symbol, starts_at in newest.annotate(Max("starts_at"))}


def rebuilt_bars(minutes: Collection[Minute]) -> list[BarClosed]:
    """The bars of these minutes from their stored ticks."""
    builders: dict[Minute, BarBuilder] = {}
    for tick in ticks_of_minutes(minutes):
        builders.setdefault(minute_of(tick), BarBuilder()).add(tick)
    return [bar for (_, starts_ms), one in builders.items() for bar in one.close_until(starts_ms + MINUTE_MS)]


def not_filled(minutes: set[Minute]) -> set[Minute]:
    """Without those whose bars are the broker's history: it counts a late match already."""
    if not minutes:
        return minutes
    starts = {moment(starts_ms) for _, starts_ms in minutes}
    filled = Bar1m.objects.filter(is_filled=True, starts_at__in=starts).values_list("symbol", "starts_at")
    return minutes - {(symbol, _ms(starts_at)) for symbol, starts_at in filled}


def store_filled(bars: Iterable[BarClosed]) -> None:
    """The same of bars from the broker's history; the recorder leaves them as they are."""
    rows = [_row(bar) for bar in bars]
    for row in rows:
        row.is_filled = True
    Bar1m.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["symbol", "starts_at"],
        update_fields=[*_PRICES, "is_announced", "is_filled"],
    )


def _row(bar: BarClosed) -> Bar1m:
    starts_at = moment(bar.ts_start_ms)
    return Bar1m(
        symbol=bar.symbol,
        starts_at=starts_at,
        trading_day=to_vietnam(starts_at).date(),
        received_at_ns=bar.ts_received_ns,
        wal_position=bar.wal_position,
        is_announced=False,
        **_prices(bar),
    )


def _event(row: Bar1m) -> BarClosed:
    return BarClosed(
        symbol=row.symbol,
        ts_start_ms=_ms(row.starts_at),
        ts_received_ns=row.received_at_ns,
        wal_position=row.wal_position,
        **_prices(row),
    )


def _prices(source: BarClosed | Bar1m) -> dict[str, Any]:
    return {name: getattr(source, name) for name in _PRICES}


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
