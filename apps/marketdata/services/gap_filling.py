"""Gaps in the bars, filled from the broker's minute history where that has more matches than came.

The measure is the volume of the day that the exchange tells: what the stored matches and the filled minutes lack of it
is missing. So a gap in which nothing was traded costs no request, and one that history cannot fill says by how much.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day

import structlog
from django.conf import settings
from django.db import connection, transaction

from apps.marketdata.locks import lock_gap
from apps.marketdata.models import Bar1m, IngestCheckpoint, MarketGap
from apps.marketdata.selectors import ToldVolume, market_today, securities, told_volumes
from apps.marketdata.selectors.types import ALL_SYMBOLS
from apps.marketdata.services.bar_store import store_filled
from apps.marketdata.services.master_data import data_client
from apps.marketdata.services.tick_store import moment
from qts.adapters.lease import Lease, slice_of
from qts.adapters.ssi.market_data import IntradayBar, MarketDataClient
from qts.adapters.wal import Position
from qts.domain.events import BarClosed
from qts.domain.market import MINUTE_MS, to_vietnam

log = structlog.get_logger(__name__)

LEASE_TTL_S = 60
SECONDS_MAX = 600
ATTEMPTS_MAX = 8  # the broker's history comes a little after the market
RECORDED_AFTER_S = 1.0  # by then the matches are stored that a volume of the day counts
LAST_MATCH = time_of_day(15, 0)
_MINUTE = timedelta(minutes=1)

History = Callable[[str], Sequence[IntradayBar]]


def fill_gaps() -> int:
    """Every gap whose minutes are over and that waits for history; returns how many are settled now.

    Raises TransientError or TerminalError of the client; what was filled until then stays.
    """
    with slice_of(Lease(settings.REDIS_URL, "gap-fill", LEASE_TTL_S), SECONDS_MAX) as turn:
        if not turn.goes_on() or not (waiting := _waiting()):
            return 0
        client, settled = data_client(), 0
        try:
            for gap in waiting:
                if not turn.goes_on():
                    break
                settled += fill_gap(gap, _history_of(client, gap))
        finally:
            client.close()
        return settled


def fill_gap(gap: MarketGap, history: History, *, recorded_after_s: float = RECORDED_AFTER_S) -> bool:
    """Whether it needs no further look."""
    listed = [one.symbol for one in securities() if one.is_active]
    symbols = listed if gap.symbols == ALL_SYMBOLS else gap.symbols.split(",")
    missing = _missing(symbols, recorded_after_s)
    found = _Found()
    for symbol in symbols:
        is_unknown = symbol not in missing and gap.symbols != ALL_SYMBOLS
        if missing.get(symbol) or is_unknown or _is_of_an_earlier_day(gap):
            found.add(_better_bars(gap, symbol, history(symbol)))
    left = sum(_missing(symbols, 0).values()) if found.bars else sum(missing.values())
    if (found.bars or gap.filled_minutes) and _others_wait(gap):
        left = 0  # it may be theirs: the last of them says what nobody has
    _settle(gap, found, left)
    return gap.fill != MarketGap.Fill.WAITING


@dataclass(slots=True)
class _Found:
    bars: list[BarClosed] = field(default_factory=list)
    quantity: int = 0

    def add(self, better: tuple[list[BarClosed], int]) -> None:
        """Stored at once, so that what is missing can be counted anew."""
        bars, quantity = better
        store_filled(bars)
        self.bars += bars
        self.quantity += quantity


def _others_wait(gap: MarketGap) -> bool:
    """Whether another gap of these symbols has not been looked at to the end."""
    others = MarketGap.objects.filter(fill=MarketGap.Fill.WAITING).exclude(pk=gap.pk).values_list("symbols", flat=True)
    mine = set(gap.symbols.split(","))
    return any(ALL_SYMBOLS in {symbols, gap.symbols} or mine & set(symbols.split(",")) for symbols in others)


def _waiting() -> list[MarketGap]:
    """Oldest first; of minutes that the recorder has closed."""
    closed_until = IngestCheckpoint.objects.filter(name="recorder").values_list("closed_until", flat=True).first()
    if closed_until is None:
        return []
    rows = MarketGap.objects.filter(fill=MarketGap.Fill.WAITING, market_to_at__lt=closed_until - _MINUTE)
    return list(rows.order_by("from_at"))


def _history_of(client: MarketDataClient, gap: MarketGap) -> History:
    first, last = to_vietnam(gap.market_from_at).date(), to_vietnam(gap.market_to_at).date()

    return lambda symbol: client.intraday_ohlc(symbol, first, last)


def _is_of_an_earlier_day(gap: MarketGap) -> bool:
    """Then no volume of the day says any more what is missing."""
    began = to_vietnam(gap.market_from_at)
    return began.date() < market_today() and began.time() < LAST_MATCH


def _missing(symbols: Collection[str], recorded_after_s: float) -> dict[str, int]:
    """What the stored matches and the filled minutes of today lack of the volume that was told, by symbol; a symbol of
    which none was told is left out."""
    told = told_volumes(symbols)
    time.sleep(recorded_after_s)
    stored = _stored(told)
    return {symbol: max(0, volume.quantity - stored.get(symbol, 0)) for symbol, volume in told.items()}


def _stored(told: Mapping[str, ToldVolume]) -> dict[str, int]:
    """Matches up to the place in the log at which the volume was told; a filled minute counts instead of its own."""
    if not told:
        return {}
    places = [Position.parse(volume.wal_position) for volume in told.values()]
    segments, offsets, today = [place.segment for place in places], [place.offset for place in places], market_today()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH told AS (
              SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS t(symbol, segment, place)
            ), filled AS (
              SELECT symbol, starts_at, volume FROM marketdata_bar1m
              WHERE is_filled AND trading_day = %s AND symbol IN (SELECT symbol FROM told)
            ), parts AS (
              SELECT symbol, volume FROM filled
              UNION ALL
              SELECT tick.symbol, tick.quantity FROM marketdata_tick tick JOIN told ON told.symbol = tick.symbol
              WHERE tick.trading_day = %s AND (tick.wal_segment, tick.wal_offset) <= (told.segment, told.place)
                AND NOT EXISTS (
                  SELECT 1 FROM filled WHERE filled.symbol = tick.symbol
                  AND filled.starts_at = date_trunc('minute', tick.traded_at))
            )
            SELECT symbol, sum(volume)::bigint FROM parts GROUP BY symbol
            """,
            [list(told), segments, offsets, today, today],
        )
        return dict(cursor.fetchall())


def _better_bars(gap: MarketGap, symbol: str, history: Sequence[IntradayBar]) -> tuple[list[BarClosed], int]:
    """The gap's minutes of which history has more volume than we, and how much more."""
    first, last = _minute_of(gap.market_from_at), _minute_of(gap.market_to_at)
    own = {row.starts_at: row for row in Bar1m.objects.filter(symbol=symbol, starts_at__range=(first, last))}
    bars, quantity = [], 0
    for told in history:
        starts_at = moment(told.ts_last_trade_ms - told.ts_last_trade_ms % MINUTE_MS)
        mine = own.get(starts_at)
        more = told.volume - (mine.volume if mine else 0)
        if first <= starts_at <= last and more > 0:
            bars.append(_bar(gap, told, mine, more))
            quantity += more
    return bars, quantity


def _bar(gap: MarketGap, told: IntradayBar, mine: Bar1m | None, more: int) -> BarClosed:
    """History tells no value: what is missing of it is taken at the close. It counts as received before the gap, so
    that nobody takes it for news."""
    return BarClosed(
        symbol=told.symbol,
        ts_start_ms=told.ts_last_trade_ms - told.ts_last_trade_ms % MINUTE_MS,
        open_vnd=told.open_vnd,
        high_vnd=told.high_vnd,
        low_vnd=told.low_vnd,
        close_vnd=told.close_vnd,
        volume=told.volume,
        value_vnd=(mine.value_vnd if mine else 0) + more * told.close_vnd,
        trade_count=mine.trade_count if mine else 0,
        ts_received_ns=mine.received_at_ns if mine else round(gap.from_at.timestamp() * 1e9),
        wal_position=mine.wal_position if mine else "",
    )


def _settle(gap: MarketGap, found: _Found, left: int) -> None:
    with transaction.atomic():
        row = lock_gap(gap.pk)
        row.fill_attempts += 1
        row.filled_minutes += len(found.bars)
        row.filled_quantity += found.quantity
        row.missing_quantity = left
        if row.to_at == gap.to_at:  # else it has grown meanwhile, and is looked at again
            row.fill = _state(row)
        row.save()
    gap.fill = row.fill
    log.info("gap_looked_at", gap=str(row), fill=row.fill, minutes=len(found.bars), missing=left)


def _state(row: MarketGap) -> MarketGap.Fill:
    if not row.missing_quantity:
        return MarketGap.Fill.FILLED if row.filled_minutes else MarketGap.Fill.COMPLETE
    if row.fill_attempts < ATTEMPTS_MAX:
        return MarketGap.Fill.WAITING
    return MarketGap.Fill.PARTIAL if row.filled_minutes else MarketGap.Fill.IMPOSSIBLE


def _minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
