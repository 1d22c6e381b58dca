"""What accounts are worth while prices move: a price moves each of its holders by one step, and nothing is added up
again."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LiveTotals:
    """In VND. None where a price is missing that it needs: unknown is not zero."""

    market_value_vnd: int | None
    unrealised_pnl_vnd: int | None
    equity_vnd: int | None
    day_pnl_vnd: int | None


@dataclass(frozen=True, slots=True)
class ValuedBooks:
    """What does not move with prices. `held`: quantity and total cost by symbol; `opening_…`: as the day began;
    `contracts`: of futures, short below zero, how many and what they are carried at. What they have gained since the
    last mark is worth something, they themselves are not; as the day began they were carried at the last evening's
    price."""

    cash_vnd: int
    held: Mapping[str, tuple[int, int]]
    opening_cash_vnd: int
    opening_quantities: Mapping[str, int]
    contracts: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Account:
    books: ValuedBooks
    cost_vnd: int
    held: "_Sum"
    opening: "_Sum"
    contracts: "_Sum"
    carried_vnd: int


class _Sum:
    """Quantity times price over the symbols of one account, kept up to date; `unknown` of them have no price."""

    __slots__ = ("quantities", "unknown", "value_vnd")

    def __init__(self, quantities: dict[str, int], prices: Mapping[str, int]) -> None:
        self.quantities = quantities
        self.value_vnd = sum(quantity * prices.get(symbol, 0) for symbol, quantity in quantities.items())
        self.unknown = sum(not prices.get(symbol) for symbol in quantities)


class _Prices:
    """The price of each symbol and the sums that it moves. 0 is a price that nobody knows."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self._holders: dict[str, list[tuple[_Sum, int]]] = defaultdict(list)

    def follow(self, quantities: dict[str, int]) -> _Sum:
        found = _Sum(quantities, self.known)
        for symbol, quantity in quantities.items():
            self._holders[symbol].append((found, quantity))
        return found

    def forget(self, gone: _Sum) -> None:
        for symbol in gone.quantities:
            self._holders[symbol] = [pair for pair in self._holders[symbol] if pair[0] is not gone]

    def move(self, symbol: str, price_vnd: int) -> bool:
        """False when it is what it was."""
        before = self.known.get(symbol, 0)
        step = price_vnd - before
        if not step:
            return False
        self.known[symbol] = price_vnd
        for holder, quantity in self._holders.get(symbol, ()):
            holder.value_vnd += step * quantity
        if not before or not price_vnd:
            for holder, _quantity in self._holders.get(symbol, ()):
                holder.unknown += -1 if price_vnd else 1
        return True


class LiveValues:
    """Any number of accounts under names of the caller's choice."""

    def __init__(self) -> None:
        self._marks, self._references = _Prices(), _Prices()
        self._accounts: dict[Hashable, _Account] = {}

    def put(self, name: Hashable, books: ValuedBooks) -> None:
        """A new account, or a known one after a booking."""
        self.drop(name)
        held = {symbol: quantity for symbol, (quantity, _cost) in books.held.items() if quantity}
        opening = {symbol: quantity for symbol, quantity in books.opening_quantities.items() if quantity}
        open_contracts = {symbol: net for symbol, (net, _cost) in books.contracts.items() if net}
        self._accounts[name] = _Account(
            books,
            cost_vnd=sum(cost for quantity, cost in books.held.values() if quantity),
            held=self._marks.follow(held),
            opening=self._references.follow(opening),
            contracts=self._marks.follow(open_contracts),
            carried_vnd=sum(cost for net, cost in books.contracts.values() if net),
        )

    def drop(self, name: Hashable) -> None:
        gone = self._accounts.pop(name, None)
        if gone is not None:
            self._marks.forget(gone.held)
            self._marks.forget(gone.contracts)
            self._references.forget(gone.opening)

    def price(self, symbol: str, *, mark_vnd: int, reference_vnd: int) -> bool:
        """The last price of the day, or the reference before the first match; whether either is new. 0 = not known."""
        is_marked = self._marks.move(symbol, mark_vnd)
        return self._references.move(symbol, reference_vnd) or is_marked

    def totals(self, name: Hashable) -> LiveTotals:
        """Raises KeyError for a name that nobody has put."""
        account = self._accounts[name]
        books, held = account.books, account.held
        if held.unknown or account.contracts.unknown:
            return LiveTotals(None, None, None, None)
        floating_vnd = account.contracts.value_vnd - account.carried_vnd
        equity_vnd = books.cash_vnd + held.value_vnd + floating_vnd
        open_pnl_vnd = held.value_vnd - account.cost_vnd + floating_vnd
        opening_vnd = books.opening_cash_vnd + account.opening.value_vnd
        day_pnl_vnd = None if account.opening.unknown else equity_vnd - opening_vnd
        return LiveTotals(held.value_vnd, open_pnl_vnd, equity_vnd, day_pnl_vnd)
