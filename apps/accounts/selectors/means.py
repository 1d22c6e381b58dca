"""What an account may spend, at live prices, as its broker will answer: used by ticket, API and gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from apps.accounts.models import BrokerageAccount, Reservation
from apps.accounts.selectors.fees import ROUND_LOT
from apps.accounts.selectors.terms import fee_schedule, future_terms, loan_percents, loan_terms
from apps.accounts.selectors.types import AccountState
from apps.marketdata.selectors import LiveQuote, live_quotes, market_today
from qts.domain.portfolio import (
    ContractHolding,
    Deposit,
    MarginBooks,
    Means,
    OpenContracts,
    Pledged,
    max_purchase_quantity,
    own_need_vnd,
)
from qts.domain.values import Side

Kind: Final = BrokerageAccount.Kind


@dataclass(frozen=True, slots=True)
class MaxQuantity:
    """What an order may be of, and what pays for it: the buying power in VND, and what is lent, in percent."""

    quantity: int
    buying_power_vnd: int
    loan_percent: int = 0


def max_quantity(
    state: AccountState,
    symbol: str,
    side: Side,
    *,
    price_vnd: int,
    lot: int = ROUND_LOT,
    quotes: Mapping[str, LiveQuote] | None = None,
) -> MaxQuantity:
    """As the broker's maxBuyQty and maxSellQty: the most that an order for `symbol` may be of, in whole lots.

    For a purchase without a limit, `price_vnd` is the ceiling. Raises LookupError where a price is not known that an
    account on margin or for derivatives is valued at. `quotes` are those of `needed_symbols`.
    """
    if state.kind == Kind.DERIVATIVES:
        deposit = deposit_of(state, symbol, quotes)
        return MaxQuantity(deposit.max_quantity(symbol, side), deposit.free_vnd)
    if side is Side.SELL:
        return MaxQuantity(state.position(symbol).sellable_quantity // lot * lot, state.buying_power_vnd)
    means = means_of(state, symbol, quotes)
    quantity = max_purchase_quantity(
        free_vnd=state.buying_power_vnd, price_vnd=price_vnd, fees=fee_schedule(), lot=lot, means=means
    )
    return MaxQuantity(quantity, means.own_vnd, means.loan_percent)


def needed_symbols(state: AccountState, symbol: str) -> set[str]:
    """Whose prices say what the account may spend on `symbol`."""
    if state.kind == Kind.DERIVATIVES:
        live = (name for name, one in state.contracts.items() if one.holding.net or one.bids or one.offers)
        return {symbol, *live}
    if state.kind == Kind.MARGIN:
        return {symbol, *(name for name, held in state.positions.items() if held.quantity)}
    return {symbol} if state.is_foreign else set()


def quotes_for(state: AccountState, symbol: str) -> dict[str, LiveQuote]:
    """Of `needed_symbols`."""
    wanted = needed_symbols(state, symbol)
    return live_quotes(sorted(wanted)) if wanted else {}


def means_of(
    state: AccountState,
    symbol: str,
    quotes: Mapping[str, LiveQuote] | None = None,
    *,
    without: UUID | None = None,
) -> Means:
    """For a purchase of shares; `without` is an order whose place it takes. Raises LookupError without a price."""
    quotes = _quotes(state, symbol, quotes)
    room_left = _room_left(state, symbol, quotes)
    if state.kind != Kind.MARGIN:
        return Means.of_cash(state.buying_power_vnd, room_left=room_left)
    percents = loan_percents(state.account_id, market_today())
    books = _margin_books(state, quotes, percents, without)
    return Means(books.excess_vnd, books.spendable_vnd, percents.get(symbol, 0), room_left)


def margin_books(state: AccountState, quotes: Mapping[str, LiveQuote] | None = None) -> MarginBooks:
    """Of a margin account: equity, excess and what is called for. Raises LookupError without a price."""
    return _margin_books(state, _quotes(state, "", quotes), loan_percents(state.account_id, market_today()), None)


def deposit_of(state: AccountState, symbol: str = "", quotes: Mapping[str, LiveQuote] | None = None) -> Deposit:
    """Of a derivatives account, with `symbol` among its months. Raises LookupError without a price."""
    quotes = _quotes(state, symbol, quotes)
    months = {}
    for name in sorted(needed_symbols(state, symbol) - {""}):
        held = state.contracts.get(name)
        price_vnd = _mark(name, quotes)
        if held is None:
            months[name] = OpenContracts(ContractHolding(), price_vnd)
        else:
            months[name] = OpenContracts(held.holding, price_vnd, held.bids, held.offers)
    closed_vnd = sum(one.holding.due_vnd for name, one in state.contracts.items() if name not in months)
    return Deposit(state.at_broker_vnd + closed_vnd, months, future_terms())


def _margin_books(
    state: AccountState, quotes: Mapping[str, LiveQuote], percents: Mapping[str, int], without: UUID | None
) -> MarginBooks:
    held_vnd, held_cost_vnd = _held_for_orders(state.account_id, percents, without)
    shares = tuple(
        Pledged(held.quantity - held.unlisted_quantity, _mark(symbol, quotes), percents.get(symbol, 0))
        for symbol, held in state.positions.items()
        if held.quantity > held.unlisted_quantity
    )
    return MarginBooks(
        cash_vnd=state.at_broker_vnd,
        coming_vnd=state.cash_pending_vnd,
        owed_vnd=state.loan_vnd + state.interest_due_vnd + state.advanced_vnd,
        debt_vnd=state.loan_vnd,
        held_vnd=held_vnd,
        held_cost_vnd=held_cost_vnd,
        shares=shares,
        terms=loan_terms(state.account_id, market_today()),
    )


def _held_for_orders(account_id: UUID, percents: Mapping[str, int], without: UUID | None) -> tuple[int, int]:
    """Own means and all cash that working purchases may still take; each is rounded for itself, as the broker does."""
    rows = Reservation.objects.filter(account_id=account_id, state=Reservation.State.PENDING, side=Side.BUY)
    if without is not None:
        rows = rows.exclude(order_id=without)
    own_vnd = cost_vnd = 0
    for symbol, quantity, price_vnd, amount_vnd in rows.values_list("symbol", "quantity", "price_vnd", "amount_vnd"):
        cost_vnd += amount_vnd
        if price_vnd:
            loan = percents.get(symbol, 0)
            own_vnd += own_need_vnd(quantity=quantity, price_vnd=price_vnd, loan_percent=loan, fees=fee_schedule())
        else:
            own_vnd += amount_vnd
    return own_vnd, cost_vnd


def _quotes(state: AccountState, symbol: str, given: Mapping[str, LiveQuote] | None) -> Mapping[str, LiveQuote]:
    wanted = needed_symbols(state, symbol) - {""}
    return given if given is not None else live_quotes(sorted(wanted)) if wanted else {}


def _mark(symbol: str, quotes: Mapping[str, LiveQuote]) -> int:
    quote = quotes.get(symbol)
    mark = quote.last_vnd or quote.reference_vnd if quote else 0
    if not mark:
        raise LookupError(f"{symbol} has no price today")
    return mark


def _room_left(state: AccountState, symbol: str, quotes: Mapping[str, LiveQuote]) -> int | None:
    """None for a domestic owner, and while the exchange has not told the room."""
    quote = quotes.get(symbol)
    if not state.is_foreign or quote is None or not quote.foreign_room_total:
        return None
    return quote.foreign_room_left
