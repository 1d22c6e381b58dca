"""What a backtest is: all that its result depends on, apart from the code."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qts.domain.market import Instrument
from qts.domain.portfolio import FeeSchedule
from qts.domain.strategy import Bar

PERCENT_WHOLE = 100


class SpecWrong(ValueError):
    """What cannot be run, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestSpec:
    """`participation_percent` is the largest share of a bar's volume that is ours; `spread_ticks` is how far beyond the
    close an order of the strategy's reaches to meet the other side, as a live one crosses the spread."""

    strategy: str
    instruments: Mapping[str, Instrument]
    parameters: Mapping[str, int] = field(default_factory=dict)
    cash_vnd: int = 1_000_000_000
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    participation_percent: int = 10
    spread_ticks: int = 1

    def __post_init__(self) -> None:
        if self.cash_vnd <= 0:
            raise SpecWrong("a backtest begins with money")
        if not 1 <= self.participation_percent <= PERCENT_WHOLE:
            raise SpecWrong("participation is 1 to 100 percent of a bar's volume")
        if self.spread_ticks < 0:
            raise SpecWrong("a spread is not negative")
        if not self.instruments:
            raise SpecWrong("a backtest needs a symbol")

    def fingerprint(self, bars: Sequence[Bar]) -> str:
        """SHA-256 over the specification and every bar: equal fingerprints and equal code give equal results."""
        told: dict[str, Any] = {
            "strategy": self.strategy,
            "parameters": dict(sorted(self.parameters.items())),
            "instruments": sorted(repr(instrument) for instrument in self.instruments.values()),
            "cash_vnd": self.cash_vnd,
            "fees": [self.fees.fee_rate_bps, self.fees.sale_tax_rate_bps],
            "participation_percent": self.participation_percent,
            "spread_ticks": self.spread_ticks,
        }
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for bar in bars:
            digest.update(
                f"{bar.symbol},{bar.ts_start_ms},{bar.open_vnd},{bar.high_vnd},{bar.low_vnd},{bar.close_vnd},"
                f"{bar.volume};".encode()
            )
        return digest.hexdigest()
