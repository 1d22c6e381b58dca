"""Trades and what they earned, by average cost and first in, first out; lots that are still held."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import LedgerEntry, TradeBooking
from qts.domain.portfolio import (
    FifoBook,
    LotChange,
    MatchedLine,
    ProfitTotals,
    ShareMove,
    StatementTrade,
    TradeResult,
    fifo,
    match_statement,
    totals_by,
)
from qts.domain.values import Side

TRADES_MAX: Final = 50_000
Kind = LedgerEntry.Kind
_CHANGES: Final = {Kind.PURCHASE: LotChange.PURCHASE, Kind.RIGHTS: LotChange.PURCHASE, Kind.SALE: LotChange.SALE}


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One fill with its result; `fifo_cost_vnd` beside the average cost that the books took out."""

    fill_id: str
    account_id: UUID
    order_id: UUID
    symbol: str
    side: Side
    quantity: int
    price_vnd: int
    cost_vnd: int
    fifo_cost_vnd: int
    trading_day: date
    booked_at: datetime
    strategy_id: str
    result: TradeResult


@dataclass(frozen=True, slots=True)
class TradeChoice:
    """Empty narrows nothing; days are trading days, both included."""

    since: date | None = None
    until: date | None = None
    symbol: str = ""
    side: str = ""
    strategy_id: str | None = None  # "" are people's


def fifo_books(account_id: UUID, symbols: Collection[str] | None = None) -> dict[str, FifoBook]:
    """Made from the ledger alone, so they cannot drift from it. Purchases of an instant count before its sales."""
    entries = LedgerEntry.objects.filter(account_id=account_id, ledger=LedgerEntry.Ledger.SECURITIES)
    if symbols is not None:
        entries = entries.filter(symbol__in=symbols)
    proceeds = _proceeds(account_id, symbols)
    moves: dict[str, list[tuple[datetime, LotChange, int, ShareMove]]] = defaultdict(list)
    fields = ("id", "symbol", "kind", "quantity", "amount_vnd", "reference", "trading_day", "occurred_at")
    for number, symbol, kind, quantity, amount_vnd, reference, day, at in entries.order_by().values_list(*fields):
        change = _CHANGES.get(kind, LotChange.ACTION)
        if change is LotChange.SALE:
            move = ShareMove(change, -quantity, proceeds[reference], reference, day)
        else:
            move = ShareMove(change, quantity, max(amount_vnd, 0), reference, day)
        moves[symbol].append((at, change, number, move))
    return {symbol: fifo(move for *_, move in sorted(found)) for symbol, found in moves.items()}


def _proceeds(account_id: UUID, symbols: Collection[str] | None) -> dict[str, int]:
    """What each sale brought, net of fee and tax."""
    sales = TradeBooking.objects.filter(account_id=account_id, side=Side.SELL)
    if symbols is not None:
        sales = sales.filter(symbol__in=symbols)
    rows = sales.order_by().values_list("fill_id", "quantity", "price_vnd", "fee_vnd", "tax_vnd")
    return {fill_id: quantity * price - fee - tax for fill_id, quantity, price, fee, tax in rows}


def traded_symbol(account_id: UUID, order_id: UUID) -> str | None:
    """What the order has traded on this account; None where it has not traded."""
    rows = TradeBooking.objects.filter(account_id=account_id, order_id=order_id)
    return rows.values_list("symbol", flat=True).first()


def trades(account_ids: Iterable[UUID], choice: TradeChoice, *, limit: int = TRADES_MAX) -> list[TradeRow]:
    """The newest first."""
    narrowed = Q(account_id__in=list(account_ids))
    if choice.since:
        narrowed &= Q(trading_day__gte=choice.since)
    if choice.until:
        narrowed &= Q(trading_day__lte=choice.until)
    if choice.symbol:
        narrowed &= Q(symbol=choice.symbol)
    if choice.side:
        narrowed &= Q(side=choice.side)
    if choice.strategy_id is not None:
        narrowed &= Q(strategy_id=choice.strategy_id)
    rows = list(TradeBooking.objects.filter(narrowed).order_by("-booked_at", "-fill_id")[:limit])
    sold: dict[UUID, set[str]] = defaultdict(set)
    for row in rows:
        if row.side == Side.SELL:
            sold[row.account_id].add(row.symbol)
    costs: dict[str, int] = {}
    for account_id, symbols in sold.items():
        for book in fifo_books(account_id, symbols).values():
            costs |= book.sale_costs_vnd
    return [_trade(row, costs.get(row.fill_id, 0)) for row in rows]


def _trade(row: TradeBooking, fifo_cost_vnd: int) -> TradeRow:
    value, is_sale = row.quantity * row.price_vnd, row.side == Side.SELL
    return TradeRow(
        fill_id=row.fill_id,
        account_id=row.account_id,
        order_id=row.order_id,
        symbol=row.symbol,
        side=Side(row.side),
        quantity=row.quantity,
        price_vnd=row.price_vnd,
        cost_vnd=row.cost_vnd,
        fifo_cost_vnd=fifo_cost_vnd,
        trading_day=row.trading_day,
        booked_at=row.booked_at,
        strategy_id=row.strategy_id,
        result=TradeResult(
            is_sale=is_sale,
            value_vnd=value,
            fee_vnd=row.fee_vnd,
            tax_vnd=row.tax_vnd,
            average_pnl_vnd=row.realised_pnl_vnd,
            fifo_pnl_vnd=_fifo_pnl_vnd(row, fifo_cost_vnd),
        ),
    )


def _fifo_pnl_vnd(row: TradeBooking, fifo_cost_vnd: int) -> int:
    """Contracts are carried at each evening's price: they have no lots, and one profit."""
    if row.is_future:
        return row.realised_pnl_vnd
    if row.side == Side.BUY:
        return 0
    return row.quantity * row.price_vnd - row.fee_vnd - row.tax_vnd - fifo_cost_vnd


GROUPINGS: Final[Mapping[str, Callable[[TradeRow], str]]] = {
    "day": lambda trade: trade.trading_day.isoformat(),
    "month": lambda trade: f"{trade.trading_day:%Y-%m}",
    "symbol": lambda trade: trade.symbol,
}


def profit_by(
    found: Iterable[TradeRow],
    grouping: str,
    *,
    names: Mapping[UUID, str] | None = None,
    strategies: Mapping[str, str] | None = None,
    portfolios: Mapping[UUID, Collection[str]] | None = None,
) -> dict[str, ProfitTotals]:
    """`names` are of accounts, `strategies` of strategies, `portfolios` of those that an account is in. A person's
    trades count under "", a trade of an account in two portfolios in both. Raises KeyError for an unknown grouping."""
    if grouping == "account":
        return totals_by(((names or {}).get(trade.account_id, ""), trade.result) for trade in found)
    if grouping == "strategy":
        known = strategies or {}
        return totals_by((known.get(trade.strategy_id, trade.strategy_id), trade.result) for trade in found)
    if grouping == "portfolio":
        holders = portfolios or {}
        return totals_by((name, trade.result) for trade in found for name in holders.get(trade.account_id, ()))
    key = GROUPINGS[grouping]
    return totals_by((key(trade), trade.result) for trade in found)


def booked_lines(account_id: UUID, *, since: date, until: date) -> list[StatementTrade]:
    """Our bookings as a statement has them."""
    rows = TradeBooking.objects.filter(account_id=account_id, trading_day__gte=since, trading_day__lte=until)
    return [
        StatementTrade(
            day=row.trading_day,
            symbol=row.symbol,
            side=Side(row.side),
            price_vnd=row.price_vnd,
            quantity=row.quantity,
            fee_vnd=row.fee_vnd,
            tax_vnd=row.tax_vnd,
        )
        for row in rows
    ]


def compare_statement(account_id: UUID, theirs: Sequence[StatementTrade]) -> list[MatchedLine]:
    """The broker's lines beside ours of the same days; nothing is corrected."""
    if not theirs:
        return []
    days = [line.day for line in theirs]
    return match_statement(booked_lines(account_id, since=min(days), until=max(days)), theirs)
