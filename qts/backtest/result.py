"""What came of a backtest. Money is whole VND, moments are Unix milliseconds of the market."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class Fill:
    """`realised_pnl_vnd` is of a sale, net of its fee and tax and of the purchases' fees; `part` is the place
    of its strategy in the specification."""

    ts_ms: int
    symbol: str
    side: Side
    quantity: int
    price_vnd: int
    fee_vnd: int
    tax_vnd: int
    realised_pnl_vnd: int
    signal: str
    part: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An intent that became no order: the gate's codes, or why there was nothing to order."""

    ts_ms: int
    symbol: str
    signal: str
    reason: str


@dataclass(frozen=True, slots=True)
class DayEquity:
    """At the last bar of a trading day."""

    day: date
    equity_vnd: int
    exposure_vnd: int


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """`locked_bars` counts bars on which an order of ours met a price locked at its limit and was not filled."""

    fingerprint: str
    bar_count: int
    cash_vnd: int
    first_equity_vnd: int
    fills: Sequence[Fill]
    refusals: Sequence[Refusal]
    equity: Sequence[DayEquity]
    lowest_from_peak_vnd: int
    largest_share_percent: float
    locked_bars: int
    expired_orders: int

    @property
    def last_equity_vnd(self) -> int:
        return self.equity[-1].equity_vnd if self.equity else self.first_equity_vnd
