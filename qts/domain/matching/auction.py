"""The price of a call auction, by the trading rules of HOSE and HNX."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from qts.domain.market import Band, Instrument, RuleBook, next_price_down, next_price_up, round_down_to_tick
from qts.domain.matching.orders import Level


class Clearing(NamedTuple):
    """`imbalance` is the demand at the price less the supply."""

    price_vnd: int
    volume: int
    imbalance: int


class _Curves:
    """Demand at or above, and supply at or below, any price."""

    def __init__(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        self._bid_keys = [-level.price_vnd for level in bids]  # best first, so ascending
        self._demand = [0, *accumulate(level.quantity for level in bids)]
        self._ask_keys = [level.price_vnd for level in asks]
        self._supply = [0, *accumulate(level.quantity for level in asks)]

    def at(self, price_vnd: int) -> Clearing:
        demand = self._demand[bisect_right(self._bid_keys, -price_vnd)]
        supply = self._supply[bisect_right(self._ask_keys, price_vnd)]
        return Clearing(price_vnd, min(demand, supply), demand - supply)

    def crossed(self) -> bool:
        return bool(self._bid_keys and self._ask_keys) and -self._bid_keys[0] >= self._ask_keys[0]


def clearing_price(
    bids: Sequence[Level],
    asks: Sequence[Level],
    *,
    nearest_to_vnd: int,
    instrument: Instrument,
    band: Band,
    rules: RuleBook,
) -> Clearing | None:
    """The price of largest volume, then of least imbalance, then nearest to the last (or reference) price, then higher.

    Both sides come best first. None when nothing can match.
    """
    curves = _Curves(bids, asks)
    if not curves.crossed():
        return None
    order_prices = {level.price_vnd for level in (*bids, *asks)}
    clearings = (curves.at(price_vnd) for price_vnd in _candidates(order_prices, nearest_to_vnd, instrument, rules))
    return max(
        (one for one in clearings if band.holds(one.price_vnd)),
        key=lambda one: (one.volume, -abs(one.imbalance), -abs(one.price_vnd - nearest_to_vnd), one.price_vnd),
        default=None,
    )


def clearing_at(bids: Sequence[Level], asks: Sequence[Level], price_vnd: int) -> Clearing:
    """What would match at this price, whether or not it is the auction's. Both sides come best first."""
    return _Curves(bids, asks).at(price_vnd)


def _candidates(order_prices: set[int], nearest_to_vnd: int, instrument: Instrument, rules: RuleBook) -> set[int]:
    """Volume and imbalance are constant between two neighbouring order prices, so of each such gap only its ends and
    the valid prices around the wanted one can win: no need to walk every tick of the band."""
    exchange, kind = instrument.exchange, instrument.kind
    below_vnd = round_down_to_tick(rules, exchange, kind, nearest_to_vnd)
    candidates = {below_vnd, next_price_up(rules, exchange, kind, below_vnd)}
    for price_vnd in order_prices:
        candidates.add(price_vnd)
        candidates.add(next_price_up(rules, exchange, kind, price_vnd))
        candidates.add(next_price_down(rules, exchange, kind, price_vnd))
    return candidates
