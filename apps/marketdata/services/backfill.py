"""The broker's history, backwards in parts of 30 days, all symbols' newest part first. What nothing else keeps up to
date, indices and daily prices, goes forwards too, each day's once it is over.

Each part is stored before the row says so: a killed run asks for one part again. The client's calls are few a second,
whoever else asks with the same key; when a limit is met all the same, the next slice goes on from there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from apps.marketdata import selectors
from apps.marketdata.models import ArchivedDay, HistoryBackfill
from apps.marketdata.services.bar_files import store_told_bars
from apps.marketdata.services.daily_store import store_daily_prices, store_index_days
from apps.marketdata.services.master_data import data_client, store_days
from qts.adapters.lease import Lease, slice_of
from qts.adapters.ssi.market_data import RANGE_DAYS_MAX, MarketDataClient
from qts.backtest import BarPeriod
from qts.domain.errors import TerminalError, TransientError
from qts.domain.market import MINUTE_MS, to_vietnam

log = structlog.get_logger(__name__)

NAME = "history"
LEASE_TTL_S = 120  # of one part, with its repetitions
SLICE_S = 50
Kind = HistoryBackfill.Kind


@dataclass(frozen=True, slots=True)
class _Part:
    """Both days included."""

    row: HistoryBackfill
    since: date
    until: date


def run_backfill_slice(*, seconds_max: float = SLICE_S) -> None:
    """Returns at once when nothing is asked for, all of it is there, or another worker is at it."""
    if not any(days for _, days, _ in _wishes()):
        return
    with slice_of(Lease(settings.REDIS_URL, NAME, LEASE_TTL_S), seconds_max) as turn:
        if not turn.goes_on() or _next_part(selectors.market_today()) is None:
            return
        client = data_client()
        try:
            backfill(client, today=selectors.market_today(), goes_on=turn.goes_on)
        except TransientError as error:
            log.warning("history_interrupted", reason=str(error))
        finally:
            client.close()


def backfill(
    client: MarketDataClient,
    *,
    today: date,
    goes_on: Callable[[], bool] = lambda: True,
) -> int:
    """How many bars came until all was there or the turn ended. Raises TransientError of the client."""
    came = 0
    while goes_on() and (part := _next_part(today)) is not None:
        row = part.row
        try:
            bars = _load(client, part)
            row.bar_count, row.refusal = row.bar_count + bars, ""
            row.done_from = min(row.done_from, part.since)
            row.done_until = max(row.done_until or part.until, part.until)
            came += bars
        except TerminalError as error:
            row.refusal = str(error)[:300]
            log.warning("history_refused", kind=row.kind, symbol=row.symbol, reason=row.refusal)
        row.asked_at = timezone.now()
        row.save()
    return came


def _wishes() -> list[tuple[HistoryBackfill.Kind, int, bool]]:
    """Each kind, how many days of it, and whether it goes forwards too."""
    return [
        (Kind.INDICES, settings.HISTORY_INDEX_DAYS, True),
        (Kind.DAYS, settings.HISTORY_DAYS, False),
        (Kind.MINUTES, settings.HISTORY_MINUTE_DAYS, False),
        (Kind.PRICES, settings.HISTORY_PRICE_DAYS, True),
    ]


def _next_part(today: date) -> _Part | None:
    """The part with the newest day that is missing; None when all is there."""
    symbols = [one.symbol for one in selectors.securities()]
    known = {(row.kind, row.symbol): row for row in HistoryBackfill.objects.all()}
    wanted: list[_Part] = []
    for kind, days, is_forwards in _wishes():
        first = today - timedelta(days=days)
        for symbol in (settings.HISTORY_INDICES if kind is Kind.INDICES else symbols) if days else ():
            row = known.get((kind.value, symbol)) or HistoryBackfill(kind=kind, symbol=symbol, done_from=today)
            if row.refusal and timezone.now() - row.asked_at < timedelta(days=1):
                continue
            if part := (is_forwards and _part_after(row, today)) or _part_before(row, first):
                wanted.append(part)
    return max(wanted, key=lambda part: part.until, default=None)


def _part_before(row: HistoryBackfill, first: date) -> _Part | None:
    if row.done_from <= first:
        return None
    since = max(first, row.done_from - timedelta(days=RANGE_DAYS_MAX))
    return _Part(row, since, row.done_from - timedelta(days=1))


def _part_after(row: HistoryBackfill, today: date) -> _Part | None:
    if row.done_until is None or row.done_until >= today - timedelta(days=1):
        return None
    since = row.done_until + timedelta(days=1)
    return _Part(row, since, min(today - timedelta(days=1), since + timedelta(days=RANGE_DAYS_MAX - 1)))


def _load(client: MarketDataClient, part: _Part) -> int:
    match part.row.kind:
        case Kind.DAYS:
            return store_days(part.row.symbol, client.daily_ohlc(part.row.symbol, part.since, part.until))
        case Kind.MINUTES:
            return _load_minutes(client, part)
        case Kind.INDICES:
            return store_index_days(client.daily_index(part.row.symbol, part.since, part.until))
        case _:
            return store_daily_prices(client.daily_stock_price(part.row.symbol, part.since, part.until))


def _load_minutes(client: MarketDataClient, part: _Part) -> int:
    symbol = part.row.symbol
    dropped = ArchivedDay.objects.filter(kind="minutes", dropped_at__isnull=False)
    gone = set(dropped.values_list("trading_day", flat=True))
    rows = {}
    for bar in client.intraday_ohlc(symbol, part.since, part.until):
        starts_at = datetime.fromtimestamp(bar.ts_last_trade_ms // MINUTE_MS * MINUTE_MS / 1_000, tz=UTC)
        if bar.low_vnd > 0 and to_vietnam(starts_at).date() not in gone:
            prices = (bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd, bar.volume)
            rows[starts_at] = (symbol, starts_at, *prices)
    if rows:
        store_told_bars(BarPeriod.MINUTE, list(rows.values()), is_replacing=False)
    return len(rows)
