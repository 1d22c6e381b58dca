"""What a backtest is: all that its result depends on, apart from the code."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qts.backtest.table import BarTable
from qts.domain.market import Instrument, Timeframe
from qts.domain.portfolio import FeeSchedule

PERCENT_WHOLE = 100


class SpecWrong(ValueError):
    """What cannot be run, in one sentence."""


class BarPeriod(StrEnum):
    MINUTE = "MINUTE"
    DAY = "DAY"

    @property
    def length_ms(self) -> int:
        return (Timeframe.DAY if self is BarPeriod.DAY else Timeframe.MINUTE).length_ms


class FillAt(StrEnum):
    """Where a frictionless order fills: at the close of the bar that caused it, or at the next bar's open or close."""

    CLOSE = "CLOSE"
    NEXT_OPEN = "NEXT_OPEN"
    NEXT_CLOSE = "NEXT_CLOSE"


@dataclass(frozen=True, slots=True)
class StrategyPart:
    """One strategy of the portfolio, on some of the symbols; none named means all of them."""

    strategy: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    symbols: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestSpec:
    """`participation_percent` is the largest share of a bar's volume that is ours; `spread_ticks` is how far beyond the
    close an order of the strategy's reaches to meet the other side, as a live one crosses the spread.

    `frictionless` leaves the market's rules out, but for the fees: every order fills whole, at that price. It is for
    comparing with other engines, not for judging a strategy.

    Before `trades_from_ms` strategies see the bars and what they want is not done: a run that begins in the middle of
    a history knows its past.
    """

    parts: Sequence[StrategyPart]
    instruments: Mapping[str, Instrument]
    period: BarPeriod = BarPeriod.MINUTE
    cash_vnd: int = 1_000_000_000
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    participation_percent: int = 10
    spread_ticks: int = 1
    frictionless: FillAt | None = None
    trades_from_ms: int = 0

    def __post_init__(self) -> None:
        if self.cash_vnd <= 0:
            raise SpecWrong("a backtest begins with money")
        if not 1 <= self.participation_percent <= PERCENT_WHOLE:
            raise SpecWrong("participation is 1 to 100 percent of a bar's volume")
        if self.spread_ticks < 0:
            raise SpecWrong("a spread is not negative")
        if not self.instruments:
            raise SpecWrong("a backtest needs a symbol")
        if not self.parts:
            raise SpecWrong("a backtest needs a strategy")
        for part in self.parts:
            if strangers := set(part.symbols) - self.instruments.keys():
                raise SpecWrong(f"{part.strategy} is to trade {', '.join(sorted(strangers))}, which is no instrument")

    def fingerprint(self, table: BarTable) -> str:
        """SHA-256 over the specification and every bar: equal fingerprints and equal code give equal results."""
        told: dict[str, Any] = {
            "parts": [[one.strategy, sorted(one.parameters.items()), sorted(one.symbols)] for one in self.parts],
            "instruments": sorted(repr(instrument) for instrument in self.instruments.values()),
            "period": self.period,
            "cash_vnd": self.cash_vnd,
            "fees": [self.fees.fee_rate_bps, self.fees.sale_tax_rate_bps],
            "participation_percent": self.participation_percent,
            "spread_ticks": self.spread_ticks,
            "frictionless": self.frictionless,
            "trades_from_ms": self.trades_from_ms,
            "bars": table.digest(),
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
