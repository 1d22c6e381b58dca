"""What came of a backtest. Money is whole VND, moments are Unix milliseconds of the market."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from qts.backtest.spec import BacktestSpec
from qts.backtest.table import BarTable
from qts.domain.strategy.deciding import Decided
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


class Asked(NamedTuple):
    """What was run, so that its result can be examined and drawn without being told again."""

    spec: BacktestSpec
    table: BarTable


@dataclass(frozen=True, slots=True, repr=False)
class BacktestResult:
    """`locked_bars` counts bars on which an order of ours met a price locked at its limit and was not filled;
    `decisions` are what the decision engine came to, with its reasoning.

    A notebook shows it as its report.
    """

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
    decisions: Sequence[Decided] = ()
    asked: Asked | None = field(default=None, compare=False)

    @property
    def last_equity_vnd(self) -> int:
        return self.equity[-1].equity_vnd if self.equity else self.first_equity_vnd

    def __repr__(self) -> str:
        """One line: a terminal does not want each fill."""
        days = f"{self.first_equity_vnd:,} -> {self.last_equity_vnd:,} VND in {len(self.equity):,} days"
        return f"<BacktestResult {days}, {len(self.fills):,} fills, {self.fingerprint[:8]}>"

    def _repr_html_(self) -> str:
        from qts.backtest.picture import picture  # it reads results itself

        return picture(self)
