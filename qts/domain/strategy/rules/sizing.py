"""How much a rule wants to hold. Whole shares; the desk rounds down to lots, and the gate has the last word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from qts.domain.strategy.rules.document import ATR_NAME, Size

BPS_WHOLE: Final = 10_000
PERCENT_WHOLE: Final = 100
KELLY_DIVISOR: Final = 2  # its inputs are estimates, and too much costs more than too little


@dataclass(frozen=True, slots=True)
class Facts:
    """`equity_vnd` is what the strategy's account is worth; `atr_vnd` the mean true range of a bar, None where it is
    not known yet."""

    price_vnd: int
    equity_vnd: int
    atr_vnd: float | None = None


def quantity_of(size: Size, facts: Facts) -> int:
    """0 where it cannot be told, or where it is less than a share."""
    if facts.price_vnd <= 0:
        return 0
    return max(0, _METHODS[size.method](size.numbers, facts))


def facts_of(price_vnd: int, equity_vnd: int, values: Mapping[str, float]) -> Facts:
    return Facts(price_vnd, equity_vnd, values.get(ATR_NAME))


def _fixed(numbers: Mapping[str, int], _: Facts) -> int:
    return numbers["quantity"]


def _percent_of_equity(numbers: Mapping[str, int], facts: Facts) -> int:
    return facts.equity_vnd * numbers["percent"] // PERCENT_WHOLE // facts.price_vnd


def _volatility_target(numbers: Mapping[str, int], facts: Facts) -> int:
    """As much as loses `risk_bps` of the equity when the price falls by `atrs` mean true ranges; never worth more than
    `percent_of_equity_max` (the unit of C. M. Faith, Way of the Turtle, chapter 8, with a cap)."""
    if not facts.atr_vnd or facts.atr_vnd <= 0:
        return 0
    risk_vnd = facts.equity_vnd * numbers["risk_bps"] // BPS_WHOLE
    most = facts.equity_vnd * numbers["percent_of_equity_max"] // PERCENT_WHOLE // facts.price_vnd
    return min(most, int(risk_vnd / (facts.atr_vnd * numbers["atrs"])))


def _kelly(numbers: Mapping[str, int], facts: Facts) -> int:
    """Half of (p b - (1 - p)) / b of the equity, b the mean gain over the mean loss (J. L. Kelly, 1956), at most
    `percent_of_equity_max`; nothing where the odds are against it."""
    wins, payoff = numbers["win_percent"], numbers["payoff_percent"]
    share_bps = (wins * payoff - (PERCENT_WHOLE - wins) * PERCENT_WHOLE) * BPS_WHOLE // (PERCENT_WHOLE * payoff)
    most_bps = numbers["percent_of_equity_max"] * BPS_WHOLE // PERCENT_WHOLE
    return facts.equity_vnd * min(max(0, share_bps) // KELLY_DIVISOR, most_bps) // BPS_WHOLE // facts.price_vnd


_METHODS: Final[Mapping[str, Callable[[Mapping[str, int], Facts], int]]] = {
    "fixed": _fixed,
    "percent_of_equity": _percent_of_equity,
    "volatility_target": _volatility_target,
    "kelly": _kelly,
}
