"""Daily bars before the first simulated day: invented, but the same for a seed, and ending at the reference price."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from random import Random
from typing import Final

from qts.domain.market import RuleBook, RuleHistory, TradingCalendar, price_band, round_down_to_tick, tick_size_vnd
from qts.domain.values import InstrumentKind
from simulator.listings import Listing

HISTORY_DAYS: Final = 260
_DAILY_VOLATILITY: Final = 0.016


@dataclass(frozen=True, slots=True)
class DailyBar:
    """Prices in VND; `volume` in shares."""

    day: date
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    value_vnd: int


def invented_history(
    listing: Listing, first_day: date, calendar: TradingCalendar, seed: int, history: RuleHistory
) -> list[DailyBar]:
    """The `HISTORY_DAYS` trading days before `first_day`, oldest first; the last close is the reference price."""
    rng = Random(f"{seed}:history:{listing.symbol}")
    days = list(_days_before(first_day, calendar))
    closes = [listing.reference_vnd]
    for day in days:
        closes.append(_close_before(closes[-1], listing, rng, history.on(day)))
    closes.reverse()
    days.reverse()
    bars = zip(days, pairwise(closes), strict=True)
    return [_bar(day, listing, (before_vnd, close_vnd), rng, history.on(day)) for day, (before_vnd, close_vnd) in bars]


def _days_before(first_day: date, calendar: TradingCalendar) -> Iterator[date]:
    day = first_day
    for _ in range(HISTORY_DAYS):
        day = calendar.previous_trading_day(day)
        yield day


def _close_before(close_vnd: int, listing: Listing, rng: Random, rules: RuleBook) -> int:
    """A close of the day before from which `close_vnd` could be reached inside the band."""
    instrument = listing.instrument
    move = 1 + max(-0.05, min(0.05, rng.gauss(0.0004, _DAILY_VOLATILITY)))
    exchange, kind = instrument.exchange, instrument.kind
    step_vnd = tick_size_vnd(rules, exchange, kind, close_vnd)
    return max(step_vnd, round_down_to_tick(rules, exchange, kind, int(close_vnd / move) + step_vnd // 2))


def _bar(day: date, listing: Listing, closes: tuple[int, int], rng: Random, rules: RuleBook) -> DailyBar:
    """`closes` are those of the day before and of the day, in VND."""
    (before_vnd, close_vnd), instrument = closes, listing.instrument
    exchange, kind = instrument.exchange, instrument.kind
    ruled = InstrumentKind.STOCK if kind is InstrumentKind.WARRANT else kind  # its underlying's past is another story
    band = price_band(rules, exchange, ruled, before_vnd)

    def near(price_vnd: int, spread: float) -> int:
        moved = round_down_to_tick(rules, exchange, kind, int(price_vnd * (1 + spread)))
        return min(max(moved, band.floor_vnd), band.ceiling_vnd)

    open_vnd = near(before_vnd, rng.gauss(0.0, _DAILY_VOLATILITY / 3))
    high_vnd = max(open_vnd, close_vnd, near(max(open_vnd, close_vnd), abs(rng.gauss(0.0, _DAILY_VOLATILITY / 2))))
    low_vnd = min(open_vnd, close_vnd, near(min(open_vnd, close_vnd), -abs(rng.gauss(0.0, _DAILY_VOLATILITY / 2))))
    volume = max(1, round(listing.daily_value_vnd * rng.lognormvariate(0.0, 0.5) / close_vnd / 100)) * 100
    value_vnd = volume * (open_vnd + high_vnd + low_vnd + close_vnd) // 4
    return DailyBar(day, open_vnd, high_vnd, low_vnd, close_vnd, volume, value_vnd)
