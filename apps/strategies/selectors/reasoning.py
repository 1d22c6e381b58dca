"""What a decision was made from, as a page draws it.

`Decision.reasoning` holds one JSON object, written by `qts/domain/strategy/deciding/reasoning.py`, the same in a
backtest, on paper, in shadow and live, for decisions that came to an order and for those that came to nothing:

{
  "version": 1,
  "ts_ms": 1763690460000,                    market time of the question (a bar's end)
  "inputs": [                                every signal that was looked at, and every source that said nothing
    {"source": "technical",                  technical, prediction or sentiment
     "name": "ema_9",                        the rule, the model or the score; "" where a source said nothing at all
     "signal_id": "bar:SSI:1763690400000:0",
     "direction": 1,                         1 speaks for holding, -1 against it, 0 for neither
     "strength_percent": 70,                 how sure it is, 0 to 100
     "value": 0.63,                          the number that was published with it; null for what the strategy said
     "ts_ms": 1763690460000,                 when it was made
     "age_s": 0, "age_s_max": 900,           age_s is null where there is no signal, age_s_max where no policy asks
     "weight": 60, "strength_percent_min": 50,
     "state": "COUNTED",                     COUNTED, TOO_OLD, BELOW_CONFIDENCE, DUPLICATE, MISSING, NOT_ASKED
     "reason": "ema_9 crossed above ema_21"}],
  "policy": {"resolution": "weighted_vote", "score_percent_min": 30, ...} or null: the strategy decided by itself,
  "outcome": {"code": "ENTER",               a Ruling of the domain, BY_STRATEGY where there was no policy
              "direction": 1,                what the sources came to
              "score_percent": 44,           -100 to 100; null where nothing was counted together
              "reason": "44 % speak for it, 30 % are needed"},
  "size": {"method": "volatility_target", "numbers": {"risk_bps": 50, "atrs": 2, "percent_of_equity_max": 20},
           "price_vnd": 25000, "equity_vnd": 1000000000, "atr_vnd": 210.5, "round_lot": 100,
           "wanted": 11904, "quantity": 8000,  before and after the caps and the round lots
           "reason": ""} or null: no size was asked for
}

What became of it (order, refusal, or skipped and why) stands in the decision's own columns. An empty object is a
decision from before there were any.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InputView:
    """One signal that was looked at, or one source that said nothing."""

    source: str
    name: str
    signal_id: str
    direction: int
    strength_percent: int
    value: float | None
    ts_ms: int | None
    age_s: int | None
    age_s_max: int | None
    weight: int | None
    strength_percent_min: int | None
    state: str
    reason: str

    @property
    def is_counted(self) -> bool:
        return self.state == "COUNTED"


@dataclass(frozen=True, slots=True)
class OutcomeView:
    code: str
    direction: int
    score_percent: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class SizeView:
    """`wanted` is what the method came to, `quantity` what was left of it under the caps and in whole lots."""

    method: str
    numbers: Mapping[str, int]
    price_vnd: int
    equity_vnd: int
    atr_vnd: float | None
    round_lot: int
    wanted: int
    quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReasoningView:
    """`policy` is that of the strategy as it was then; None where the strategy named its target by itself."""

    ts_ms: int
    inputs: tuple[InputView, ...]
    policy: Mapping[str, Any] | None
    outcome: OutcomeView
    size: SizeView | None


def reasoning_view(stored: Mapping[str, Any]) -> ReasoningView | None:
    """None for a decision from before reasoning was kept."""
    if not stored:
        return None
    return ReasoningView(
        ts_ms=stored["ts_ms"],
        inputs=tuple(InputView(**one) for one in stored["inputs"]),
        policy=stored["policy"],
        outcome=OutcomeView(**stored["outcome"]),
        size=SizeView(**stored["size"]) if stored["size"] else None,
    )
