"""One account's books by whose the shares are. Made from the ledger alone, so they cannot drift from it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.accounts.models import LedgerEntry, TradeBooking
from apps.accounts.selectors.types import PortfolioView
from qts.domain.portfolio import BY_HAND, Holding, OwnedChange, OwnedMove, sub_books

Kind = LedgerEntry.Kind
_CHANGES: Final = {
    Kind.OPENING: OwnedChange.PURCHASE,
    Kind.PURCHASE: OwnedChange.PURCHASE,
    Kind.RIGHTS: OwnedChange.PURCHASE,
    Kind.SALE: OwnedChange.SALE,
}


@dataclass(frozen=True, slots=True)
class SubPosition:
    """Shares of one symbol that are one strategy's, or people's (`strategy_id` ""). Money is VND, profit net of fees
    and tax, by the owner's own average cost. `unrealised_pnl_vnd` is None where the symbol has no price."""

    strategy_id: str
    symbol: str
    quantity: int
    cost_total_vnd: int
    realised_pnl_vnd: int
    unrealised_pnl_vnd: int | None

    @property
    def pnl_vnd(self) -> int | None:
        return None if self.unrealised_pnl_vnd is None else self.realised_pnl_vnd + self.unrealised_pnl_vnd


@dataclass(frozen=True, slots=True)
class SubBook:
    """All that one owner has in an account. A total is None where a price is missing."""

    strategy_id: str
    positions: tuple[SubPosition, ...]

    @property
    def realised_pnl_vnd(self) -> int:
        return sum(one.realised_pnl_vnd for one in self.positions)

    @property
    def unrealised_pnl_vnd(self) -> int | None:
        known = [one.unrealised_pnl_vnd for one in self.positions if one.unrealised_pnl_vnd is not None]
        return sum(known) if len(known) == len(self.positions) else None

    @property
    def pnl_vnd(self) -> int | None:
        return None if self.unrealised_pnl_vnd is None else self.realised_pnl_vnd + self.unrealised_pnl_vnd


def owned_holdings(account_id: UUID) -> dict[str, dict[str, Holding]]:
    """By symbol and owner. Purchases of an instant count before its sales."""
    trades = {
        fill_id: (strategy_id, quantity * price - fee - tax)
        for fill_id, strategy_id, quantity, price, fee, tax in TradeBooking.objects.filter(account_id=account_id)
        .order_by()
        .values_list("fill_id", "strategy_id", "quantity", "price_vnd", "fee_vnd", "tax_vnd")
    }
    entries = LedgerEntry.objects.filter(account_id=account_id, ledger=LedgerEntry.Ledger.SECURITIES)
    moves: dict[str, list[tuple[datetime, OwnedChange, int, OwnedMove]]] = defaultdict(list)
    fields = ("id", "symbol", "kind", "quantity", "amount_vnd", "reference", "occurred_at")
    for number, symbol, kind, quantity, amount_vnd, reference, at in entries.order_by().values_list(*fields):
        change = _CHANGES.get(kind, OwnedChange.ACTION)
        owner, net_vnd = trades.get(reference, (BY_HAND, 0))
        amount = net_vnd if change is OwnedChange.SALE else amount_vnd
        moves[symbol].append((at, change, number, OwnedMove(change, owner, quantity, amount)))
    return {symbol: sub_books(move for *_, move in sorted(found)) for symbol, found in moves.items()}


def account_sub_books(view: PortfolioView) -> list[SubBook]:
    """People's first, then the strategies', at the marks of the view."""
    marks = {position.symbol: position.mark_vnd for position in view.positions}
    found: dict[str, list[SubPosition]] = defaultdict(list)
    for symbol, owners in sorted(owned_holdings(view.account.id).items()):
        for owner, holding in owners.items():
            found[owner].append(_sub_position(owner, symbol, holding, marks.get(symbol)))
    return [SubBook(owner, tuple(found[owner])) for owner in sorted(found)]


def sub_book_differences(view: PortfolioView, books: Iterable[SubBook]) -> dict[str, tuple[int, int]]:
    """By symbol where the parts are not the whole: shares and dong that are missing. Empty, or something is broken."""
    missing: Mapping[str, list[int]] = defaultdict(lambda: [0, 0])
    for position in view.positions:
        missing[position.symbol][0] += position.quantity
        missing[position.symbol][1] += position.realised_pnl_vnd - position.cost_total_vnd
    for one in (position for book in books for position in book.positions):
        missing[one.symbol][0] -= one.quantity
        missing[one.symbol][1] -= one.realised_pnl_vnd - one.cost_total_vnd
    return {symbol: (shares, dong) for symbol, (shares, dong) in missing.items() if shares or dong}


def _sub_position(owner: str, symbol: str, holding: Holding, mark_vnd: int | None) -> SubPosition:
    open_pnl_vnd = None
    if not holding.quantity:
        open_pnl_vnd = 0
    elif mark_vnd is not None:
        open_pnl_vnd = holding.quantity * mark_vnd - holding.cost_total_vnd
    return SubPosition(
        strategy_id=owner,
        symbol=symbol,
        quantity=holding.quantity,
        cost_total_vnd=holding.cost_total_vnd,
        realised_pnl_vnd=holding.realised_pnl_vnd,
        unrealised_pnl_vnd=open_pnl_vnd,
    )


def fees_of_orders(order_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Fee and tax in VND that the fills of each order have cost; an order without fills is left out."""
    found: dict[UUID, tuple[int, int]] = {}
    rows = TradeBooking.objects.filter(order_id__in=list(order_ids)).order_by()
    for order_id, fee_vnd, tax_vnd in rows.values_list("order_id", "fee_vnd", "tax_vnd"):
        fee_before, tax_before = found.get(order_id, (0, 0))
        found[order_id] = (fee_before + fee_vnd, tax_before + tax_vnd)
    return found
