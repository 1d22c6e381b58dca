"""What an account is worth, at live prices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from apps.accounts.selectors.access import account
from apps.accounts.selectors.state import account_state, account_states
from apps.accounts.selectors.types import (
    AccountState,
    AccountView,
    ContractState,
    ContractView,
    PortfolioView,
    PositionState,
    PositionView,
    Valuation,
)
from apps.marketdata.selectors import LiveQuote, live_quotes
from qts.domain.errors import TerminalError
from qts.domain.portfolio import (
    Holding,
    LiveTotals,
    LiveValues,
    Valued,
    ValuedBooks,
    day_pnl_vnd,
    market_value_vnd,
    unrealised_pnl_vnd,
)


def portfolio(account_id: UUID, now: datetime) -> PortfolioView:
    """The account with its value. Raises TerminalError when there is no such account, TransientError without Redis."""
    return live_portfolio(account_id, now).view()


def live_portfolio(account_id: UUID, now: datetime) -> "LivePortfolio":
    """The same, to be moved on by what the market says next."""
    found = account(account_id)
    if found is None:
        raise TerminalError(f"there is no account {account_id}")
    state = account_state(account_id, now)
    return LivePortfolio(found, state, live_quotes(sorted(valued_symbols(state))))


def portfolios(accounts: Sequence[AccountView], now: datetime) -> list[PortfolioView]:
    """Of many accounts with one statement and one look at the prices. TransientError without Redis."""
    states = account_states([found.id for found in accounts], now)
    quotes = live_quotes(sorted({symbol for state in states.values() for symbol in valued_symbols(state)}))
    return [
        LivePortfolio(found, states[found.id], {one: quotes[one] for one in valued_symbols(states[found.id])}).view()
        for found in accounts
    ]


def totals_of(views: Iterable[PortfolioView]) -> LiveTotals:
    """Added up. None where one of them is not known."""
    told = list(views)

    def added(name: str) -> int | None:
        known = [value for view in told if (value := getattr(view, name)) is not None]
        return sum(known) if len(known) == len(told) else None

    names = ("market_value_vnd", "unrealised_pnl_vnd", "equity_vnd", "day_pnl_vnd")
    return LiveTotals(*(added(name) for name in names))


class LivePortfolio:
    """An account at live prices: a quote moves its position and the totals, and nothing else is worked out again."""

    def __init__(self, found: AccountView, state: AccountState, quotes: Mapping[str, LiveQuote]) -> None:
        self._account, self._state = found, state
        self._values = LiveValues()
        self._symbols = frozenset(quotes)
        self._heard_ns = {symbol: quote.ts_received_ns for symbol, quote in quotes.items()}
        self._positions = {symbol: _view(held, quotes.get(symbol)) for symbol, held in state.positions.items()}
        self._contracts = {symbol: _contract(one, quotes.get(symbol)) for symbol, one in state.contracts.items()}
        for symbol, quote in quotes.items():
            self._values.price(symbol, mark_vnd=_mark(quote) or 0, reference_vnd=quote.reference_vnd)
        held = {symbol: (position.quantity, position.cost_total_vnd) for symbol, position in state.positions.items()}
        opening_cash_vnd, opening = state.opening_cash_vnd, state.opening_quantities
        carried = {symbol: (one.holding.net, one.holding.cost_vnd) for symbol, one in state.contracts.items()}
        self._values.put(found.id, ValuedBooks(state.cash_vnd, held, opening_cash_vnd, opening, carried))

    @property
    def symbols(self) -> frozenset[str]:
        """Those whose prices it needs."""
        return self._symbols

    def hear(self, quote: LiveQuote) -> bool:
        """Whether anything is new; False for a symbol that no figure needs, and for what was known when it began."""
        known_ns = self._heard_ns.get(quote.symbol)
        if known_ns is None or quote.ts_received_ns < known_ns:
            return False
        mark_vnd = _mark(quote) or 0
        if not self._values.price(quote.symbol, mark_vnd=mark_vnd, reference_vnd=quote.reference_vnd):
            return False
        held = self._state.positions.get(quote.symbol)
        if held is not None:
            self._positions[quote.symbol] = _view(held, quote)
        contracts = self._state.contracts.get(quote.symbol)
        if contracts is not None:
            self._contracts[quote.symbol] = _contract(contracts, quote)
        return True

    def view(self) -> PortfolioView:
        totals = self._values.totals(self._account.id)
        return PortfolioView(
            account=self._account,
            state=self._state,
            positions=tuple(self._positions.values()),
            contracts=tuple(self._contracts.values()),
            market_value_vnd=totals.market_value_vnd,
            unrealised_pnl_vnd=totals.unrealised_pnl_vnd,
            equity_vnd=totals.equity_vnd,
            day_pnl_vnd=totals.day_pnl_vnd,
        )


def day_pnl(state: AccountState) -> int | None:
    """Realised and open profit since yesterday's close in VND; None when a held symbol has no price."""
    return valuation_at(state, live_quotes(sorted(valued_symbols(state)))).day_pnl_vnd


def valuation_at(state: AccountState, quotes: Mapping[str, LiveQuote]) -> Valuation:
    """The account at these prices, which have to cover its `valued_symbols`."""
    equity = equity_vnd(state, quotes)
    return Valuation(equity_vnd=equity, day_pnl_vnd=_day_pnl(state, quotes, equity), quotes=quotes)


def equity_vnd(state: AccountState, quotes: Mapping[str, LiveQuote]) -> int | None:
    """Cash, shares and futures at their marks; None when a held symbol has no price."""
    holdings = []
    for symbol, position in state.positions.items():
        mark = _mark(quotes.get(symbol))
        if position.quantity and mark is None:
            return None
        holdings.append(Valued(position.quantity, position.cost_total_vnd, mark or 0))
    floating_vnd = 0
    for symbol, contracts in state.contracts.items():
        mark = _mark(quotes.get(symbol))
        if contracts.holding.net and mark is None:
            return None
        floating_vnd += contracts.holding.floating_vnd(mark or 0)
    return state.cash_vnd + market_value_vnd(holdings) + floating_vnd


def valued_symbols(state: AccountState) -> set[str]:
    """What is held, and what was as the day began: without their prices nobody knows the day's profit."""
    held = {symbol for symbol, position in state.positions.items() if position.quantity}
    held |= {symbol for symbol, contracts in state.contracts.items() if contracts.holding.net}
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


def _contract(one: ContractState, quote: LiveQuote | None) -> ContractView:
    mark = _mark(quote)
    return ContractView(
        symbol=one.symbol,
        net=one.holding.net,
        cost_vnd=one.holding.cost_vnd,
        due_vnd=one.holding.due_vnd,
        realised_pnl_vnd=one.realised_pnl_vnd,
        bids=one.bids,
        offers=one.offers,
        mark_vnd=mark,
        floating_vnd=None if mark is None and one.holding.net else one.holding.floating_vnd(mark or 0),
    )
