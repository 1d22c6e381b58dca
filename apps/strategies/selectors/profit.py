"""What a strategy's own matches have earned: today, and since its first one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveQuote
from apps.orders import selectors as orders
from apps.orders.selectors import StrategyBook, StrategyExposure
from apps.strategies.selectors.strategies import StrategyView
from qts.domain.market import to_vietnam

_NONE_WORKING = StrategyExposure(0, 0)


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One symbol that it holds, trades or traded. Profits are None where there is no price to value it at."""

    symbol: str
    held_quantity: int
    working_quantity: int
    mark_vnd: int
    profit_vnd: int | None
    day_profit_vnd: int | None
    fill_count: int


@dataclass(frozen=True, slots=True)
class ProfitView:
    """Net of fees and tax. Totals are None while a symbol that counts has no price."""

    day_profit_vnd: int | None
    profit_vnd: int | None
    costs_vnd: int
    fill_count: int
    lines: tuple[HeldLine, ...]


def strategy_profit(strategy: StrategyView, now: datetime) -> ProfitView:
    """Of its matches alone: in shadow it has none. Raises TransientError while the live prices are away."""
    return strategy_profits([strategy], now)[strategy.id]


def strategy_profits(found: Iterable[StrategyView], now: datetime) -> dict[UUID, ProfitView]:
    """The same of many strategies, in as many queries as of one."""
    names = {strategy.id: str(strategy.id) for strategy in found}
    books = orders.strategy_books(names.values(), to_vietnam(now).date(), accounts.fee_schedule())
    working = orders.strategy_exposures(list(names.values()))
    quotes = marketdata.live_quotes(sorted({book.symbol for of_one in books.values() for book in of_one}))
    return {
        strategy_id: _profit(
            books.get(name, []), {symbol: one for (owner, symbol), one in working.items() if owner == name}, quotes
        )
        for strategy_id, name in names.items()
    }


def _profit(
    books: list[StrategyBook], working: Mapping[str, StrategyExposure], quotes: Mapping[str, LiveQuote]
) -> ProfitView:
    lines = []
    for book in books:
        quote, exposure = quotes[book.symbol], working.get(book.symbol, _NONE_WORKING)
        lines.append(_line(book, exposure.working_quantity, quote.last_vnd or quote.reference_vnd, quote.reference_vnd))
    return ProfitView(
        day_profit_vnd=_total([line.day_profit_vnd for line in lines]),
        profit_vnd=_total([line.profit_vnd for line in lines]),
        costs_vnd=sum(book.costs_vnd for book in books),
        fill_count=sum(book.fill_count for book in books),
        lines=tuple(lines),
    )


def _line(book: StrategyBook, working_quantity: int, mark_vnd: int, reference_vnd: int) -> HeldLine:
    is_flat = book.held_quantity == 0
    is_known = bool(mark_vnd) or is_flat
    was_flat = book.held_quantity == book.day_bought_quantity
    is_day_known = is_known and (bool(reference_vnd) or was_flat)
    return HeldLine(
        symbol=book.symbol,
        held_quantity=book.held_quantity,
        working_quantity=working_quantity,
        mark_vnd=mark_vnd,
        profit_vnd=book.profit_vnd(mark_vnd) if is_known else None,
        day_profit_vnd=book.day_profit_vnd(mark_vnd, reference_vnd) if is_day_known else None,
        fill_count=book.fill_count,
    )


def _total(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
