"""A broker's statement of trades against our bookings, line by line, to the dong.

A broker prints one line for all fills of a day at one price; so both sides are added up by day, symbol, side and price
before they are compared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from qts.domain.values import Side


class Cause(StrEnum):
    """What a difference most likely comes from."""

    NOT_HERE = "NOT_HERE"  # traded elsewhere, or a fill that never arrived
    NOT_THERE = "NOT_THERE"  # another day on the statement, or a fill that the broker took back
    QUANTITY = "QUANTITY"  # a fill is missing on one side
    FEE = "FEE"  # another fee rate, or rounded per order and not per fill
    TAX = "TAX"  # tax on shares that were a dividend, or rounded otherwise


@dataclass(frozen=True, slots=True)
class StatementTrade:
    day: date
    symbol: str
    side: Side
    price_vnd: int
    quantity: int
    fee_vnd: int
    tax_vnd: int

    @property
    def key(self) -> tuple[date, str, Side, int]:
        return (self.day, self.symbol, self.side, self.price_vnd)


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """One day, symbol, side and price; None where that side knows nothing of it. No causes: equal to the dong."""

    ours: StatementTrade | None
    theirs: StatementTrade | None
    causes: tuple[Cause, ...]

    @property
    def either(self) -> StatementTrade:
        found = self.ours or self.theirs
        if found is None:
            raise ValueError("a line is of somebody")
        return found


def match_statement(ours: Iterable[StatementTrade], theirs: Iterable[StatementTrade]) -> list[MatchedLine]:
    """Every line of either side once, in the order of days and symbols."""
    mine, other = _added_up(ours), _added_up(theirs)
    return [
        MatchedLine(mine.get(key), other.get(key), _causes(mine.get(key), other.get(key)))
        for key in sorted({*mine, *other})
    ]


def _added_up(trades: Iterable[StatementTrade]) -> dict[tuple[date, str, Side, int], StatementTrade]:
    found: dict[tuple[date, str, Side, int], StatementTrade] = {}
    for trade in trades:
        before = found.get(trade.key)
        found[trade.key] = trade if before is None else _sum(before, trade)
    return found


def _sum(one: StatementTrade, other: StatementTrade) -> StatementTrade:
    return StatementTrade(
        one.day,
        one.symbol,
        one.side,
        one.price_vnd,
        one.quantity + other.quantity,
        one.fee_vnd + other.fee_vnd,
        one.tax_vnd + other.tax_vnd,
    )


def _causes(ours: StatementTrade | None, theirs: StatementTrade | None) -> tuple[Cause, ...]:
    if ours is None:
        return (Cause.NOT_HERE,)
    if theirs is None:
        return (Cause.NOT_THERE,)
    if ours.quantity != theirs.quantity:  # then fee and tax differ because of it
        return (Cause.QUANTITY,)
    pairs = ((Cause.FEE, ours.fee_vnd, theirs.fee_vnd), (Cause.TAX, ours.tax_vnd, theirs.tax_vnd))
    return tuple(cause for cause, mine, other in pairs if mine != other)
