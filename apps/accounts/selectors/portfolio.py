"""What an account is worth, at live prices."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from apps.accounts.selectors.access import account
from apps.accounts.selectors.state import account_state
from apps.accounts.selectors.types import AccountState, PortfolioView, PositionState, PositionView, Valuation
from apps.marketdata.selectors import LiveQuote, live_quotes
from qts.domain.errors import TerminalError
from qts.domain.portfolio import Holding, Valued, day_pnl_vnd, market_value_vnd, unrealised_pnl_vnd


def portfolio(account_id: UUID, now: datetime) -> PortfolioView:
    """The account with its value. Raises TerminalError when there is no such account, TransientError without Redis."""
    found = account(account_id)
    if found is None:
        raise TerminalError(f"there is no account {account_id}")
    state = account_state(account_id, now)
    quotes = live_quotes(sorted(valued_symbols(state)))
    positions = tuple(_view(position, quotes.get(symbol)) for symbol, position in state.positions.items())
    equity = equity_vnd(state, quotes)
    return PortfolioView(
        account=found,
        state=state,
        positions=positions,
        market_value_vnd=_total([view.market_value_vnd for view in positions if view.quantity]),
        unrealised_pnl_vnd=_total([view.unrealised_pnl_vnd for view in positions if view.quantity]),
        equity_vnd=equity,
        day_pnl_vnd=_day_pnl(state, quotes, equity),
    )


def day_pnl(state: AccountState) -> int | None:
    """Realised and open profit since yesterday's close in VND; None when a held symbol has no price."""
    return valuation_at(state, live_quotes(sorted(valued_symbols(state)))).day_pnl_vnd


def valuation_at(state: AccountState, quotes: Mapping[str, LiveQuote]) -> Valuation:
    """The account at these prices, which have to cover its `valued_symbols`."""
    equity = equity_vnd(state, quotes)
    return Valuation(equity_vnd=equity, day_pnl_vnd=_day_pnl(state, quotes, equity), quotes=quotes)


def equity_vnd(state: AccountState, quotes: Mapping[str, LiveQuote]) -> int | None:
    """Cash and shares at their marks; None when a held symbol has no price."""
    holdings = []
    for symbol, position in state.positions.items():
        mark = _mark(quotes.get(symbol))
        if position.quantity and mark is None:
            return None
        holdings.append(Valued(position.quantity, position.cost_total_vnd, mark or 0))
    return state.cash_vnd + market_value_vnd(holdings)


def valued_symbols(state: AccountState) -> set[str]:
    """What is held, and what was as the day began: without their prices nobody knows the day's profit."""
    held = {symbol for symbol, position in state.positions.items() if position.quantity}
    return held | {symbol for symbol, quantity in state.opening_quantities.items() if quantity}


def _mark(quote: LiveQuote | None) -> int | None:
    return (quote.last_vnd or quote.reference_vnd or None) if quote else None


def _day_pnl(state: AccountState, quotes: Mapping[str, LiveQuote], equity: int | None) -> int | None:
    references = {symbol: quote.reference_vnd for symbol, quote in quotes.items() if quote.reference_vnd}
    if equity is None or any(held and symbol not in references for symbol, held in state.opening_quantities.items()):
        return None
    return day_pnl_vnd(
        equity_vnd=equity,
        opening_cash_vnd=state.opening_cash_vnd,
        opening_quantities=state.opening_quantities,
        reference_vnd=references,
    )


def _view(position: PositionState, quote: LiveQuote | None) -> PositionView:
    mark = _mark(quote)
    valued = Valued(position.quantity, position.cost_total_vnd, mark or 0)
    return PositionView(
        symbol=position.symbol,
        quantity=position.quantity,
        sellable_quantity=position.sellable_quantity,
        reserved_sell_quantity=position.reserved_sell_quantity,
        pending_buy_quantity=position.pending_buy_quantity,
        cost_total_vnd=position.cost_total_vnd,
        average_cost_vnd=Holding(position.quantity, position.cost_total_vnd).average_cost_vnd,
        realised_pnl_vnd=position.realised_pnl_vnd,
        mark_vnd=mark,
        reference_vnd=(quote.reference_vnd or None) if quote else None,
        market_value_vnd=None if mark is None else market_value_vnd([valued]),
        unrealised_pnl_vnd=None if mark is None else unrealised_pnl_vnd(valued),
    )


def _total(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
