"""The books made again from nothing but the entries of the ledger."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

SECURITIES = "SECURITIES"
RIGHTS = "RIGHTS"
CONTRACTS = "CONTRACTS"
VARIATION_DUE = "VARIATION_DUE"
RESULT_LEDGERS = frozenset({"TRADING_RESULT", "FEES", "TAXES", "FUTURES"})
SETTLING_LEDGERS = frozenset({"RECEIVABLE", "PAYABLE", "DIVIDENDS_DUE"})


class Line(NamedTuple):
    """One entry. Debits are positive; `due_at` is when cash or shares that it puts on their way arrive."""

    ledger: str
    symbol: str
    quantity: int
    amount_vnd: int
    reference: str
    due_at: datetime | None


@dataclass(slots=True)
class RebuiltBooks:
    """`on_its_way`: cash by (ledger, reference) that has not settled. `arriving`: shares by (symbol, due at).
    `contracts`, `carried_vnd` and `variation_vnd` are of futures: how many are open, at what, and gains to be paid."""

    balances_vnd: Counter[str] = field(default_factory=Counter)
    shares: Counter[str] = field(default_factory=Counter)
    costs_vnd: Counter[str] = field(default_factory=Counter)
    results_vnd: Counter[str] = field(default_factory=Counter)
    rights: Counter[str] = field(default_factory=Counter)
    on_its_way: Counter[tuple[str, str]] = field(default_factory=Counter)
    arriving: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    contracts: Counter[str] = field(default_factory=Counter)
    carried_vnd: Counter[str] = field(default_factory=Counter)
    variation_vnd: Counter[str] = field(default_factory=Counter)
    line_count: int = 0

    @property
    def realised_pnl_vnd(self) -> int:
        return -sum(self.balances_vnd[ledger] for ledger in RESULT_LEDGERS)

    def arriving_after(self, now: datetime) -> dict[str, int]:
        """Shares by symbol that may not be sold yet."""
        found: Counter[str] = Counter()
        for (symbol, due_at), quantity in self.arriving.items():
            if due_at > now:
                found[symbol] += quantity
        return dict(found)


def rebuild(lines: Iterable[Line]) -> RebuiltBooks:
    """Sums only, so the order of the entries cannot matter."""
    books = RebuiltBooks()
    for ledger, symbol, quantity, amount_vnd, reference, due_at in lines:
        books.line_count += 1
        books.balances_vnd[ledger] += amount_vnd
        if ledger == SECURITIES:
            books.shares[symbol] += quantity
            books.costs_vnd[symbol] += amount_vnd
            if due_at is not None:
                books.arriving[symbol, due_at] += quantity
        elif ledger == RIGHTS:
            books.rights[reference] += quantity
        elif ledger in SETTLING_LEDGERS:
            books.on_its_way[ledger, reference] += amount_vnd
        elif ledger in RESULT_LEDGERS:
            books.results_vnd[symbol] -= amount_vnd
        else:
            _take_futures(books, ledger, symbol, quantity, amount_vnd)
    return books


def _take_futures(books: RebuiltBooks, ledger: str, symbol: str, quantity: int, amount_vnd: int) -> None:
    if ledger == CONTRACTS:
        books.contracts[symbol] += quantity
        books.carried_vnd[symbol] += amount_vnd
    elif ledger == VARIATION_DUE:
        books.variation_vnd[symbol] += amount_vnd
