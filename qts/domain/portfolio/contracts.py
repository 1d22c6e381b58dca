"""Futures in one account: the daily mark to market, and the margin that open contracts bind. Whole VND and contracts.

Source: VSDC's rules for derivatives. The clearing house names a settlement price for each contract every evening; what
a position gained or lost against the price at which it was carried is paid in cash, and from then on it is carried at
the settlement price. On the last trading day the final settlement price takes its place, and the position is closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from qts.domain.portfolio.fees import most
from qts.domain.values import Side

PERCENT = 100
BPS = 10_000


@dataclass(frozen=True, slots=True)
class FutureTerms:
    """What contracts cost. `fee_vnd` is of one contract and side, with the exchange's and the clearing house's fees.

    The initial margin is asked for before an order; equity under the maintenance margin is called for. The tax is
    0.1 % of the margin's share of the value, halved (Circular 92/2015 on derivatives).
    """

    initial_margin_percent: int = 17
    maintenance_margin_percent: int = 14
    fee_vnd: int = 5_000
    tax_rate_bps: int = 10
    contracts_max: int = 5_000  # of one investor, over all months together: the clearing house's rule of the day

    def __post_init__(self) -> None:
        if not 0 < self.maintenance_margin_percent <= self.initial_margin_percent <= PERCENT:
            raise ValueError("margin: 0 < maintenance <= initial <= 100 percent")

    def initial_margin_vnd(self, value_vnd: int) -> int:
        """Rounded up: never less than the rate."""
        return -(-value_vnd * self.initial_margin_percent // PERCENT)

    def maintenance_margin_vnd(self, value_vnd: int) -> int:
        return -(-value_vnd * self.maintenance_margin_percent // PERCENT)

    def fees_vnd(self, contracts: int) -> int:
        return contracts * self.fee_vnd

    def tax_vnd(self, value_vnd: int) -> int:
        """Of one side of a trade; rounded down."""
        return value_vnd * self.initial_margin_percent * self.tax_rate_bps // (2 * PERCENT * BPS)


class ContractTrade(NamedTuple):
    """What a trade did: the position afterwards and what the closed contracts gained."""

    holding: "ContractHolding"
    gain_vnd: int


@dataclass(frozen=True, slots=True)
class ContractHolding:
    """Contracts of one month. `cost_vnd` is signed like `net`: what the open ones were traded for, or were carried at
    by the last mark; `due_vnd` is what closed ones gained since then, paid with the next mark."""

    net: int = 0
    cost_vnd: int = 0
    due_vnd: int = 0

    def __post_init__(self) -> None:
        if self.net * self.cost_vnd < 0 or (self.net == 0) is not (self.cost_vnd == 0):
            raise ValueError(f"{self.net} contracts are not carried at {self.cost_vnd} VND")

    def traded(self, side: Side, quantity: int, price_vnd: int) -> ContractTrade:
        """Closes what stands on the other side first, at its average cost rounded down; the rest opens."""
        if quantity <= 0 or price_vnd <= 0:
            raise ValueError(f"not a trade: {quantity} at {price_vnd} VND")
        signed = quantity if side is Side.BUY else -quantity
        closing = min(quantity, abs(self.net)) if self.net * signed < 0 else 0
        closed_cost_vnd = self.cost_vnd * closing // abs(self.net) if closing else 0
        closed_value_vnd = (closing if side is Side.BUY else -closing) * price_vnd
        gain_vnd = -closed_cost_vnd - closed_value_vnd if closing else 0
        opened_vnd = signed * price_vnd - closed_value_vnd
        after = ContractHolding(
            self.net + signed, self.cost_vnd - closed_cost_vnd + opened_vnd, self.due_vnd + gain_vnd
        )
        return ContractTrade(after, gain_vnd)

    def floating_vnd(self, price_vnd: int) -> int:
        """What the open ones gained since the last mark, at this price."""
        return self.net * price_vnd - self.cost_vnd

    def marked(self, settlement_vnd: int) -> tuple["ContractHolding", int]:
        """Carried at the settlement price; and the variation that the clearing house pays, or takes when negative."""
        variation_vnd = self.floating_vnd(settlement_vnd) + self.due_vnd
        return ContractHolding(self.net, self.net * settlement_vnd, 0), variation_vnd

    @property
    def carried_vnd(self) -> int:
        """Value of the open contracts at the price at which the books carry them."""
        return abs(self.cost_vnd)


@dataclass(frozen=True, slots=True)
class OpenContracts:
    """One month with its working orders, at its last price (the reference before the first match)."""

    holding: ContractHolding
    price_vnd: int
    bids: int = 0
    offers: int = 0

    @property
    def worst(self) -> int:
        """The most contracts, long or short, that the position and the working orders can become."""
        net = self.holding.net
        return max(abs(net + self.bids), abs(net - self.offers), abs(net))

    def with_order(self, side: Side, quantity: int) -> "OpenContracts":
        if side is Side.BUY:
            return replace(self, bids=self.bids + quantity)
        return replace(self, offers=self.offers + quantity)

    def closes(self, side: Side) -> int:
        """How many more may be ordered on that side before a position on it could come about."""
        working = self.bids if side is Side.BUY else self.offers
        net = self.holding.net if side is Side.SELL else -self.holding.net
        return max(0, net - working)


@dataclass(frozen=True, slots=True)
class Deposit:
    """A derivatives account at live prices: cash, and every month that it holds or has orders for."""

    cash_vnd: int
    months: Mapping[str, OpenContracts]
    terms: FutureTerms

    @property
    def floating_vnd(self) -> int:
        return sum(one.holding.floating_vnd(one.price_vnd) for one in self.months.values())

    @property
    def due_vnd(self) -> int:
        return sum(one.holding.due_vnd for one in self.months.values())

    @property
    def equity_vnd(self) -> int:
        return self.cash_vnd + self.floating_vnd + self.due_vnd

    @property
    def required_vnd(self) -> int:
        """Initial margin of the worst that the working orders can make of the positions, each month for itself."""
        return sum(self.terms.initial_margin_vnd(one.worst * one.price_vnd) for one in self.months.values())

    @property
    def maintenance_vnd(self) -> int:
        values = (abs(one.holding.net) * one.price_vnd for one in self.months.values())
        return sum(self.terms.maintenance_margin_vnd(value) for value in values)

    @property
    def called_vnd(self) -> int:
        """What has to be paid in to reach the initial margin, once equity is under the maintenance margin."""
        if self.equity_vnd >= self.maintenance_vnd:
            return 0
        return self.required_vnd - self.equity_vnd

    @property
    def free_vnd(self) -> int:
        return self.equity_vnd - self.required_vnd

    @property
    def contracts(self) -> int:
        return sum(one.worst for one in self.months.values())

    def with_order(self, symbol: str, side: Side, quantity: int) -> "Deposit":
        """Raises KeyError for a month without a price."""
        return replace(self, months={**self.months, symbol: self.months[symbol].with_order(side, quantity)})

    def needed_vnd(self, symbol: str, side: Side, quantity: int) -> int:
        """What an order must find free: more margin, fee and tax; 0 where it binds no more than before."""
        more_vnd = self.with_order(symbol, side, quantity).required_vnd - self.required_vnd
        if more_vnd <= 0:
            return 0
        value_vnd = quantity * self.months[symbol].price_vnd
        return more_vnd + self.terms.fees_vnd(quantity) + self.terms.tax_vnd(value_vnd)

    def exceeds_limit(self, symbol: str, side: Side, quantity: int) -> bool:
        """Whether an order that binds more margin could bring more contracts than one investor may hold."""
        after = self.with_order(symbol, side, quantity)
        return after.required_vnd > self.required_vnd and after.contracts > self.terms.contracts_max

    def max_quantity(self, symbol: str, side: Side) -> int:
        """The most contracts that an order may be of: what binds no more margin, and what the free deposit opens."""
        high = 2 * self.terms.contracts_max + abs(self.months[symbol].holding.net)
        return most(high, lambda quantity: self._takes(symbol, side, quantity))

    def _takes(self, symbol: str, side: Side, quantity: int) -> bool:
        needed_vnd = self.needed_vnd(symbol, side, quantity)
        return not needed_vnd or (needed_vnd <= self.free_vnd and not self.exceeds_limit(symbol, side, quantity))
