"""What sales earned, added up by whatever somebody asks for; average cost and FIFO side by side."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TradeResult:
    """One fill: what it moved and what it earned. A purchase earns nothing; its fee is in the cost."""

    is_sale: bool
    value_vnd: int
    fee_vnd: int
    tax_vnd: int
    average_pnl_vnd: int
    fifo_pnl_vnd: int


@dataclass(slots=True)
class ProfitTotals:
    trade_count: int = 0
    sale_count: int = 0
    bought_vnd: int = 0
    sold_vnd: int = 0
    fee_vnd: int = 0
    tax_vnd: int = 0
    average_pnl_vnd: int = 0
    fifo_pnl_vnd: int = 0

    def add(self, trade: TradeResult) -> None:
        self.trade_count += 1
        self.sale_count += trade.is_sale
        self.bought_vnd += 0 if trade.is_sale else trade.value_vnd
        self.sold_vnd += trade.value_vnd if trade.is_sale else 0
        self.fee_vnd += trade.fee_vnd
        self.tax_vnd += trade.tax_vnd
        self.average_pnl_vnd += trade.average_pnl_vnd
        self.fifo_pnl_vnd += trade.fifo_pnl_vnd


def totals_by(trades: Iterable[tuple[str, TradeResult]]) -> dict[str, ProfitTotals]:
    """Of trades with the key that each one counts under, in the order of the keys."""
    found: dict[str, ProfitTotals] = {}
    for key, trade in trades:
        found.setdefault(key, ProfitTotals()).add(trade)
    return dict(sorted(found.items()))
