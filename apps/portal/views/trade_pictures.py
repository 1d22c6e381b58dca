"""The market at the moment of a trade: the day's minutes with the fills in them, for the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.accounts.selectors import TradeChoice, TradeRow
from apps.marketdata import selectors as marketdata
from qts.domain.market import VIETNAM
from qts.domain.values import Side

WIDTH, HEIGHT = 800, 180
MARGIN: Final = 12
MINUTES_MAX: Final = 400
OPENS: Final = time(9, 0)
DAY: Final = timedelta(hours=6)  # to the close at 15:00


@dataclass(frozen=True, slots=True)
class Mark:
    """One fill in the picture."""

    x: str
    y: str
    side: Side


@dataclass(frozen=True, slots=True)
class Picture:
    """`points` is empty where no minutes of the day are stored."""

    is_entry: bool
    day: date
    points: str
    marks: tuple[Mark, ...]
    low_vnd: int
    high_vnd: int


def pictures(account_id: UUID, order_id: UUID) -> list[Picture]:
    """How it was bought and how it was sold: the order's own day, and that of the nearest order the other way round,
    the last purchase before a sale, the first sale after a purchase."""
    symbol = accounts.traded_symbol(account_id, order_id)
    if symbol is None:
        return []
    told = accounts.trades([account_id], TradeChoice(symbol=symbol))[::-1]
    mine = [trade for trade in told if trade.order_id == order_id]
    others = _other_way(told, mine)
    entry, leave = (mine, others) if mine[0].side is Side.BUY else (others, mine)
    return [_picture(fills, is_entry=fills is entry) for fills in (entry, leave) if fills]


def _other_way(told: Sequence[TradeRow], mine: Sequence[TradeRow]) -> list[TradeRow]:
    is_purchase = mine[0].side is Side.BUY
    rest = [trade for trade in told if trade.side is not mine[0].side]
    near = [
        trade
        for trade in (rest if is_purchase else rest[::-1])
        if (trade.booked_at >= mine[0].booked_at if is_purchase else trade.booked_at <= mine[-1].booked_at)
    ]
    return [trade for trade in rest if trade.order_id == near[0].order_id] if near else []


def _picture(fills: Sequence[TradeRow], *, is_entry: bool) -> Picture:
    day = fills[0].trading_day
    opens = datetime.combine(day, OPENS, VIETNAM)
    bars = marketdata.bars(fills[0].symbol, since=opens, until=opens + DAY, limit=MINUTES_MAX)
    prices = [bar.close_vnd for bar in bars] + [trade.price_vnd for trade in fills]
    low, high = min(prices), max(prices)

    def place(at: datetime, price_vnd: int) -> tuple[str, str]:
        share = (at - opens) / DAY
        rise = (price_vnd - low) / ((high - low) or 1)
        x = MARGIN + min(max(share, 0.0), 1.0) * (WIDTH - 2 * MARGIN)
        return f"{x:.1f}", f"{HEIGHT - MARGIN - rise * (HEIGHT - 2 * MARGIN):.1f}"

    points = " ".join(",".join(place(bar.starts_at, bar.close_vnd)) for bar in bars)
    marks = tuple(Mark(*place(trade.booked_at, trade.price_vnd), trade.side) for trade in fills)
    return Picture(is_entry, day, points, marks, low, high)
