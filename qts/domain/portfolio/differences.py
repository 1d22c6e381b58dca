"""Where a difference between our books and the broker's most likely comes from, told by what else differs."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Likely(StrEnum):
    """The most likely cause. One look is not a proof: a person follows it."""

    FILL = "FILL"  # shares and cash differ: a fill that one side does not know (yet)
    CASH_EVENT = "CASH_EVENT"  # cash alone: a deposit, withdrawal, interest or charge that was not entered
    COSTS = "COSTS"  # cash alone, and little of it: another fee rate, tax, or rounding
    SETTLEMENT = "SETTLEMENT"  # one side has settled what the other still expects
    CORPORATE_ACTION = "CORPORATE_ACTION"  # shares alone: an action or a transfer of shares that was not entered
    WORKING_ORDER = "WORKING_ORDER"  # sellable shares alone: an order from elsewhere
    INTEREST = "INTEREST"  # the loan's interest: another rate, or a night too many
    SETTLEMENT_PRICE = "SETTLEMENT_PRICE"  # futures are carried at another price: the evening's mark is missing
    TERMS = "TERMS"  # ratios or limits of the margin loan are not the broker's


class Item(StrEnum):
    """What is compared."""

    CASH = "cash"
    COMING = "cash of sales on its way"
    ADVANCED = "advanced"
    LOAN = "loan"
    DEBT = "loan with its interest"
    INTEREST = "interest due"
    EXCESS = "free own means"
    QUANTITY = "quantity"
    UNLISTED = "not listed yet"
    SELLABLE = "sellable"
    CONTRACTS = "contracts"
    CARRIED = "carried at"
    VARIATION = "gain to be paid"


@dataclass(frozen=True, slots=True)
class Compared:
    """`symbol` is "" for what is of the whole account."""

    item: Item
    symbol: str
    ours: int
    theirs: int

    @property
    def what(self) -> str:
        return f"{self.symbol} {self.item}".strip()

    @property
    def gap(self) -> int:
        return self.ours - self.theirs


WIRE_UNIT_VND = 1_000  # a hundredth of an index point: as far as the broker writes an average


def average_as_written_vnd(cost_vnd: int, net: int, told_vnd: int) -> int:
    """The price of one open contract as a broker writes it who says `told_vnd`: that, where it is the nearest hundredth
    of a point. Of a half either neighbour is, whichever way its program rounds."""
    contracts = abs(net)
    if 2 * abs(abs(cost_vnd) - told_vnd * contracts) <= WIRE_UNIT_VND * contracts:
        return told_vnd
    return (2 * abs(cost_vnd) + WIRE_UNIT_VND * contracts) // (2 * contracts * WIRE_UNIT_VND) * WIRE_UNIT_VND


SMALL_VND = 1_000_000  # more than the fee and tax of a day's ordinary trade is no rounding


def likely_causes(found: Collection[Compared]) -> dict[Compared, Likely]:
    """Of everything that differs; `found` are the differences alone."""
    items = {one.item for one in found}
    cash_gap_vnd = sum(one.gap for one in found if one.item is Item.CASH)
    signs = _Signs(
        shares=bool(items & {Item.QUANTITY, Item.CONTRACTS}),
        cash=bool(items & {Item.CASH, Item.COMING}),
        swapped=cash_gap_vnd != 0 and cash_gap_vnd + sum(one.gap for one in found if one.item is Item.COMING) == 0,
        carried=bool(items & {Item.CARRIED, Item.VARIATION}),
        interest=Item.INTEREST in items and Item.LOAN not in items,
    )
    return {one: _cause(one, signs) for one in found}


@dataclass(frozen=True, slots=True)
class _Signs:
    shares: bool
    cash: bool
    swapped: bool
    carried: bool
    interest: bool  # and not the loan


_ALONE: Final = {
    Item.CONTRACTS: Likely.FILL,
    Item.UNLISTED: Likely.CORPORATE_ACTION,
    Item.ADVANCED: Likely.CASH_EVENT,
    Item.INTEREST: Likely.INTEREST,
    Item.EXCESS: Likely.TERMS,
}


def _cause(one: Compared, signs: _Signs) -> Likely:
    match one.item:
        case Item.CASH | Item.COMING:
            return _of_cash(one, signs)
        case Item.QUANTITY:
            return Likely.FILL if signs.cash else Likely.CORPORATE_ACTION
        case Item.SELLABLE:
            return Likely.FILL if signs.shares else Likely.WORKING_ORDER
        case Item.CARRIED | Item.VARIATION:
            return Likely.FILL if signs.shares else Likely.SETTLEMENT_PRICE
        case Item.LOAN | Item.DEBT:
            return Likely.INTEREST if signs.interest else Likely.FILL if signs.shares else Likely.CASH_EVENT
        case _:
            return _ALONE[one.item]


def _of_cash(one: Compared, signs: _Signs) -> Likely:
    if signs.swapped:
        return Likely.SETTLEMENT
    if signs.shares:
        return Likely.FILL
    if signs.carried:
        return Likely.SETTLEMENT_PRICE
    if signs.interest:
        return Likely.INTEREST
    return Likely.COSTS if abs(one.gap) < SMALL_VND else Likely.CASH_EVENT
