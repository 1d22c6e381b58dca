"""What is it worth now, and what did it earn since yesterday's close."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Valued:
    """A holding with its mark: the last price of the day, or the reference price before the first match."""

    quantity: int
    cost_total_vnd: int
    mark_vnd: int


def market_value_vnd(holdings: Iterable[Valued]) -> int:
    return sum(holding.quantity * holding.mark_vnd for holding in holdings)


def unrealised_pnl_vnd(holding: Valued) -> int:
    """Against the stored cost (purchase fees inside); the fee and tax of a later sale are not in it."""
    return holding.quantity * holding.mark_vnd - holding.cost_total_vnd


def day_pnl_vnd(
    *, equity_vnd: int, opening_cash_vnd: int, opening_quantities: Mapping[str, int], reference_vnd: Mapping[str, int]
) -> int:
    """Equity now less equity at the day's start, whose shares are valued at today's reference prices.

    Raises KeyError for a held symbol without a reference price: an unknown profit must not look like none.
    """
    opening = opening_cash_vnd + sum(
        held * reference_vnd[symbol] for symbol, held in opening_quantities.items() if held
    )
    return equity_vnd - opening
