"""How good the stored data of a day is, symbol by symbol."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from apps.marketdata.models import DailyBar, DeadLetter
from apps.marketdata.selectors.clock import day_bounds, market_today
from apps.marketdata.selectors.gaps import gaps_of_day
from apps.marketdata.selectors.live import told_volumes
from apps.marketdata.selectors.types import ALL_SYMBOLS

_STORED = """
    SELECT symbol, sum(ticks), sum(volume), sum(minutes), sum(filled), sum(filled_volume) FROM (
      SELECT symbol, count(*) AS ticks, sum(quantity) AS volume, 0 AS minutes, 0 AS filled, 0 AS filled_volume
      FROM marketdata_tick WHERE trading_day = %s GROUP BY symbol
      UNION ALL
      SELECT symbol, 0, 0, count(*), count(*) FILTER (WHERE is_filled),
        coalesce(sum(volume) FILTER (WHERE is_filled), 0)
      FROM marketdata_bar1m WHERE trading_day = %s GROUP BY symbol
    ) AS parts GROUP BY symbol ORDER BY symbol
"""


@dataclass(frozen=True, slots=True)
class SymbolQuality:
    """Of one symbol on one day. `told_volume` is the exchange's volume of the day, None where nobody has told it."""

    symbol: str
    ticks: int
    tick_volume: int
    minutes: int
    filled_minutes: int
    filled_volume: int
    told_volume: int | None
    gap_count: int
    gap_s: float

    @property
    def missing(self) -> int | None:
        """What the matches that came lack of the volume that was told."""
        return None if self.told_volume is None else max(0, self.told_volume - self.tick_volume)

    @property
    def share_permille(self) -> int | None:
        """Thousandths of the told volume that came as matches, rounded down."""
        if not self.told_volume:
            return None
        return min(1_000, self.tick_volume * 1_000 // self.told_volume)


def day_quality(day: date) -> list[SymbolQuality]:
    """Of every symbol with a match or a bar that day."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [day, day])
        stored = {symbol: [int(number) for number in numbers] for symbol, *numbers in cursor.fetchall()}
    told = _told(day, list(stored))
    found = gaps_of_day(day)
    everywhere = [gap for gap in found if gap.symbols == ALL_SYMBOLS]
    rows = []
    for symbol, (ticks, volume, minutes, filled, filled_volume) in stored.items():
        mine = everywhere + [gap for gap in found if gap.symbols != ALL_SYMBOLS and gap.touches(symbol)]
        gap_s = sum(gap.length_s for gap in mine)
        told_volume = told.get(symbol)
        rows.append(SymbolQuality(symbol, ticks, volume, minutes, filled, filled_volume, told_volume, len(mine), gap_s))
    return rows


def dead_letters_of_day(day: date) -> int:
    first, last = day_bounds(day)
    return DeadLetter.objects.filter(received_at__range=(first, last)).count()


def _told(day: date, symbols: list[str]) -> dict[str, int]:
    """Today's by the stream, an earlier day's by its daily bar."""
    if day == market_today():
        return {symbol: one.quantity for symbol, one in told_volumes(symbols).items()}
    rows = DailyBar.objects.filter(trading_day=day, symbol__in=symbols)
    return dict(rows.values_list("symbol", "volume"))
