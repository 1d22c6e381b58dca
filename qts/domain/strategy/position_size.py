"""How much to hold while in: a method with its numbers, and what it comes to at one moment.

Every method answers whole shares, never negative ones, and more equity never makes it less. `lots_of` has the last
word: whole lots, and never worth more than the account, whatever the method came to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from qts.domain.errors import Said

NUMBER_MAX: Final = 10_000_000
ATR_NAME: Final = "atr_14"  # what a size by volatility is measured with
BPS_WHOLE: Final = 10_000
PERCENT_WHOLE: Final = 100
KELLY_DIVISOR: Final = 2  # its inputs are estimates, and too much costs more than too little
_PARITY_PARTS: Final = 10**12  # what the inverse of a volatility is counted in
_MILLI: Final = 1_000
# Each way of sizing with the numbers that it takes: least, most.
SIZES: Final[Mapping[str, Mapping[str, tuple[int, int]]]] = {
    "fixed": {"quantity": (1, NUMBER_MAX)},
    "percent_of_equity": {"percent": (1, 100)},
    "volatility_target": {"risk_bps": (1, 1_000), "atrs": (1, 20), "percent_of_equity_max": (1, 100)},
    "kelly": {"win_percent": (1, 99), "payoff_percent": (1, 10_000), "percent_of_equity_max": (1, 100)},
    "risk_parity": {"percent_of_equity": (1, 100)},
}
BY_VOLATILITY: Final = frozenset({"volatility_target", "risk_parity"})
OVER_ALL_SYMBOLS: Final = frozenset({"risk_parity"})


@dataclass(frozen=True, slots=True)
class Size:
    """`numbers` as SIZES names them."""

    method: str
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def indicator_names(self) -> tuple[str, ...]:
        return (ATR_NAME,) if self.method in BY_VOLATILITY else ()


@dataclass(frozen=True, slots=True)
class Peer:
    """Another symbol of the same strategy; what is not known yet is None."""

    price_vnd: int | None
    atr_vnd: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`equity_vnd` is what the strategy's account is worth; `atr_vnd` the mean true range of a bar, None where it is
    not known yet; `peers` are the strategy's other symbols."""

    price_vnd: int
    equity_vnd: int
    atr_vnd: float | None = None
    peers: Sequence[Peer] = ()


@dataclass(frozen=True, slots=True)
class Sized:
    """`wanted` is what the method came to; `reason` says why `quantity` is less, empty where it is the same."""

    wanted: int
    quantity: int
    reason: str = ""


def quantity_of(size: Size, facts: Facts) -> int:
    """0 where it cannot be told, or where it is less than a share."""
    if facts.price_vnd <= 0:
        return 0
    return max(0, _METHODS[size.method](size.numbers, facts))


def lots_of(size: Size, facts: Facts, round_lot: int) -> Sized:
    """In whole lots, and never worth more than the equity."""
    wanted = quantity_of(size, facts)
    if wanted == 0:
        return Sized(0, 0, _why_nothing(size, facts))
    affordable = max(0, facts.equity_vnd) // facts.price_vnd
    capped = min(wanted, affordable)
    quantity = capped - capped % round_lot
    if quantity == wanted:
        return Sized(wanted, quantity)
    if quantity == 0 and capped == wanted:
        return Sized(wanted, 0, f"{wanted} is less than a round lot of {round_lot}")
    if capped < wanted:
        return Sized(wanted, quantity, f"the account is worth {affordable} at this price")
    return Sized(wanted, quantity, f"whole lots of {round_lot}")


def facts_of(price_vnd: int, equity_vnd: int, values: Mapping[str, float], peers: Sequence[Peer] = ()) -> Facts:
    return Facts(price_vnd, equity_vnd, values.get(ATR_NAME), peers)


def parse_size(given: object, place: str, allowed: Sequence[str] = tuple(SIZES)) -> Size | list[tuple[str, str]]:
    """What a document says about size, or a sentence for each thing that is wrong with it, by its place."""
    method = given.get("method") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(method, str) or method not in allowed:
        return [(place, Said("its method is one of {names}", names=", ".join(allowed)))]
    wanted = SIZES[method]
    found = {name: value for name, value in given.items() if name != "method"}
    problems: list[tuple[str, str]] = [
        (f"{place}.{name}", Said("{method} does not take it", method=method)) for name in found if name not in wanted
    ]
    for name, (least, most) in wanted.items():
        if not is_whole(found.get(name), least, most):
            problems.append(
                (f"{place}.{name}", Said("it is a whole number from {least:,} to {most:,}", least=least, most=most))
            )
    return problems or Size(method, found)


def is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _why_nothing(size: Size, facts: Facts) -> str:
    if facts.price_vnd <= 0:
        return "there is no price yet"
    if size.method in BY_VOLATILITY and _milli(facts.atr_vnd) == 0:
        return f"{ATR_NAME} is not known yet"
    if facts.equity_vnd <= 0:
        return "what the account is worth is not known"
    if size.method == "kelly" and _kelly_bps(size.numbers) == 0:
        return "the odds are against it"
    return "it comes to less than a share"


def _fixed(numbers: Mapping[str, int], _: Facts) -> int:
    return numbers["quantity"]


def _percent_of_equity(numbers: Mapping[str, int], facts: Facts) -> int:
    return facts.equity_vnd * numbers["percent"] // PERCENT_WHOLE // facts.price_vnd


def _volatility_target(numbers: Mapping[str, int], facts: Facts) -> int:
    """As much as loses `risk_bps` of the equity when the price falls by `atrs` mean true ranges; never worth more than
    `percent_of_equity_max` (the unit of C. M. Faith, Way of the Turtle, chapter 8, with a cap)."""
    atr_milli_vnd = _milli(facts.atr_vnd)
    if atr_milli_vnd == 0:
        return 0
    risk_vnd = facts.equity_vnd * numbers["risk_bps"] // BPS_WHOLE
    most = facts.equity_vnd * numbers["percent_of_equity_max"] // PERCENT_WHOLE // facts.price_vnd
    return min(most, risk_vnd * _MILLI // (atr_milli_vnd * numbers["atrs"]))


def _kelly(numbers: Mapping[str, int], facts: Facts) -> int:
    """Half of (p b - (1 - p)) / b of the equity, b the mean gain over the mean loss (J. L. Kelly, 1956), at most
    `percent_of_equity_max`; nothing where the odds are against it."""
    most_bps = numbers["percent_of_equity_max"] * BPS_WHOLE // PERCENT_WHOLE
    return facts.equity_vnd * min(_kelly_bps(numbers), most_bps) // BPS_WHOLE // facts.price_vnd


def _kelly_bps(numbers: Mapping[str, int]) -> int:
    wins, payoff = numbers["win_percent"], numbers["payoff_percent"]
    share_bps = (wins * payoff - (PERCENT_WHOLE - wins) * PERCENT_WHOLE) * BPS_WHOLE // (PERCENT_WHOLE * payoff)
    return max(0, share_bps) // KELLY_DIVISOR


def _risk_parity(numbers: Mapping[str, int], facts: Facts) -> int:
    """`percent_of_equity` of the account shared out so that every symbol brings the same risk: a share goes with the
    inverse of its volatility, ATR over price. A symbol whose volatility is not known keeps an average share free."""
    own = _calmness(facts.price_vnd, facts.atr_vnd)
    if own == 0:
        return 0
    others = [found for peer in facts.peers if (found := _calmness(peer.price_vnd, peer.atr_vnd))]
    total, known = own + sum(others), 1 + len(others)
    budget_vnd = facts.equity_vnd * numbers["percent_of_equity"] // PERCENT_WHOLE
    return budget_vnd * own * known // (total * (1 + len(facts.peers))) // facts.price_vnd


def _calmness(price_vnd: int | None, atr_vnd: float | None) -> int:
    """Price over range, in whole parts; 0 where it cannot be told."""
    atr_milli_vnd = _milli(atr_vnd)
    return price_vnd * _PARITY_PARTS // atr_milli_vnd if price_vnd and price_vnd > 0 and atr_milli_vnd else 0


def _milli(atr_vnd: float | None) -> int:
    """From here on in whole thousandths of a dong; 0 where there is no range."""
    return round(atr_vnd * _MILLI) if atr_vnd is not None and isfinite(atr_vnd) and atr_vnd > 0 else 0


_METHODS: Final[Mapping[str, Callable[[Mapping[str, int], Facts], int]]] = {
    "fixed": _fixed,
    "percent_of_equity": _percent_of_equity,
    "volatility_target": _volatility_target,
    "kelly": _kelly,
    "risk_parity": _risk_parity,
}
