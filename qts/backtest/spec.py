"""What a backtest is: all that its result depends on, apart from the code."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from qts.adapters.sandbox.source import StrategySource
from qts.backtest.table import BarTable
from qts.domain.errors import Said
from qts.domain.market import Instrument, RuleHistory, Timeframe, built_in_history, moment_of
from qts.domain.portfolio import FeeSchedule
from qts.domain.strategy import PublishedSignal
from qts.domain.strategy.deciding import USUAL_POLICY, DecisionPolicy, policy_json

PERCENT_WHOLE = 100
LATENCY_MS_MAX = 60_000
SLIPPAGE_TICKS_MAX = 100
_A_DAY = timedelta(days=1)


class SpecWrong(ValueError):
    """What cannot be run, in one sentence."""


class BarPeriod(StrEnum):
    """What the data are; of matches (TICK) the bars that strategies see are made, minute by minute."""

    TICK = "TICK"
    MINUTE = "MINUTE"
    DAY = "DAY"

    @property
    def length_ms(self) -> int:
        """Of a bar."""
        return (Timeframe.DAY if self is BarPeriod.DAY else Timeframe.MINUTE).length_ms


class FillAt(StrEnum):
    """Where a frictionless order fills: at the close of the bar that caused it, or at the next bar's open or close."""

    CLOSE = "CLOSE"
    NEXT_OPEN = "NEXT_OPEN"
    NEXT_CLOSE = "NEXT_CLOSE"


@dataclass(frozen=True, slots=True)
class StrategyPart:
    """One strategy of the portfolio, on some of the symbols; none named means all of them.

    `source` is the text of a person's own file, Python or rules: it is what runs, whatever `strategy` names by then.
    `policy` is how its signals are weighed and sized, if it gives any.
    """

    strategy: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    symbols: Sequence[str] = ()
    source: StrategySource | None = None
    policy: DecisionPolicy = USUAL_POLICY

    def told(self) -> list[Any]:
        """What a fingerprint knows of it."""
        known: list[Any] = [self.strategy, sorted(self.parameters.items()), sorted(self.symbols)]
        if self.source is not None:
            known.append(self.source.content_hash)
        return known if self.policy == USUAL_POLICY else [*known, policy_json(self.policy)]


@dataclass(frozen=True, slots=True)
class IndexHistory:
    """Closes of an index by day since 1970, in order; in whatever unit, of which only changes count."""

    symbol: str
    days: Sequence[int]
    closes: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestSpec:
    """`participation_percent` is the largest share of a bar's volume that is ours; `spread_ticks` is how far beyond the
    close an order of the strategy's reaches to meet the other side, as a live one crosses the spread.

    An order is in the market `latency_ms` after its decision; on bars it meets those that begin later. A fill is
    `slippage_ticks` worse than the price that was seen, never beyond the order's own. `queue_quantity` is what stands
    before an order at its price; only matches tell when it has gone. `foreign_room` has the shares that a foreign
    owner may hold of a symbol; the account is one where it is given.

    `frictionless` leaves the market's rules out, but for the fees: every order fills whole, at that price. It is for
    comparing with other engines, not for judging a strategy.

    `signals` are what others had published, each of them seen from its `ts_known_ms` on.

    `rules` are the market's, dated: each day is under its own.

    `index` is what the report compares with; no result depends on it.

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
    latency_ms: int = 0
    slippage_ticks: int = 0
    queue_quantity: int = 10_000
    foreign_room: Mapping[str, int] = field(default_factory=dict)
    frictionless: FillAt | None = None
    trades_from_ms: int = 0
    signals: Sequence[PublishedSignal] = ()
    index: IndexHistory | None = None
    rules: RuleHistory = field(default_factory=built_in_history)

    def __post_init__(self) -> None:
        if self.cash_vnd <= 0:
            raise SpecWrong(Said("A backtest begins with money."))
        if not 1 <= self.participation_percent <= PERCENT_WHOLE:
            raise SpecWrong(Said("Participation is 1 to 100 percent of a bar's volume."))
        if self.spread_ticks < 0:
            raise SpecWrong(Said("A spread is not negative."))
        self._check_market()
        if not self.instruments:
            raise SpecWrong(Said("A backtest needs a symbol."))
        if not self.parts:
            raise SpecWrong(Said("A backtest needs a strategy."))
        for part in self.parts:
            if strangers := set(part.symbols) - self.instruments.keys():
                raise SpecWrong(
                    Said(
                        "{strategy} is to trade {strangers}, which is no instrument.",
                        strategy=part.strategy,
                        strangers=", ".join(sorted(strangers)),
                    )
                )

    def _check_market(self) -> None:
        if not 0 <= self.latency_ms <= LATENCY_MS_MAX:
            raise SpecWrong(Said("A latency is 0 to {latency_ms_max:,} ms.", latency_ms_max=LATENCY_MS_MAX))
        if not 0 <= self.slippage_ticks <= SLIPPAGE_TICKS_MAX:
            raise SpecWrong(Said("Slippage is 0 to {slippage_ticks_max} ticks.", slippage_ticks_max=SLIPPAGE_TICKS_MAX))
        if self.queue_quantity < 0 or min(self.foreign_room.values(), default=0) < 0:
            raise SpecWrong(Said("A queue and a foreign room are not negative."))
        if strangers := self.foreign_room.keys() - self.instruments.keys():
            raise SpecWrong(
                Said(
                    "There is a foreign room of {strangers}, which is no instrument.",
                    strangers=", ".join(sorted(strangers)),
                )
            )
        if self.frictionless is None:
            return
        if self.period is BarPeriod.TICK:
            raise SpecWrong(Said("Matches are for the market's rules: without friction there are bars."))
        if self.latency_ms or self.slippage_ticks or self.foreign_room:
            raise SpecWrong(Said("Without friction there is no latency, no slippage and no foreign room."))

    def fingerprint(self, table: BarTable) -> str:
        """SHA-256 over the specification and every bar: equal fingerprints and equal code give equal results."""
        told: dict[str, Any] = {
            "parts": [one.told() for one in self.parts],
            "instruments": sorted(repr(instrument) for instrument in self.instruments.values()),
            "period": self.period,
            "cash_vnd": self.cash_vnd,
            "fees": [self.fees.fee_rate_bps, self.fees.sale_tax_rate_bps],
            "participation_percent": self.participation_percent,
            "spread_ticks": self.spread_ticks,
            "latency_ms": self.latency_ms,
            "slippage_ticks": self.slippage_ticks,
            "queue_quantity": self.queue_quantity,
            "foreign_room": sorted(self.foreign_room.items()),
            "frictionless": self.frictionless,
            "trades_from_ms": self.trades_from_ms,
            "bars": table.digest(),
        }
        if self.frictionless is None:
            told["rules"] = self.rule_versions(table)
        if self.signals:
            told["signals"] = [list(one) for one in self.signals]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def rule_versions(self, table: BarTable) -> list[str]:
        """Of the books of all days from the first bar's to that after the last one's: a later change is none of it."""
        if not len(table):
            return []
        first, last = (moment_of(int(ts_ms)).date() for ts_ms in (table.ts_start_ms[0], table.ts_start_ms[-1]))
        changes = [day for day in self.rules.change_days if first < day <= last + _A_DAY]
        return [self.rules.on(day).version for day in (first, *changes)]
