"""The agents' side of one security: what it is worth to them, how much they trade, what they have resting."""

from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from qts.domain.market import (
    max_order_quantity,
    next_price_down,
    next_price_up,
    round_down_to_tick,
    round_lot,
    tick_size_vnd,
)
from qts.domain.values import InstrumentKind, Side
from simulator.exchange.calibrated import CLOSING_PERCENT, OPENING_PERCENT, Population, volume_share
from simulator.exchange.fair_value import FairValue
from simulator.exchange.security import Security
from simulator.listings import Listing

_WELL_TRADED_VND: Final = 30_000_000_000  # a day; less of it means wider spreads and emptier books
_STEPS_WIDE_MAX: Final = 4.0
_FUTURES_VND_A_CONTRACT: Final = 200_000_000  # as if a contract were so much of a stock's value, for the pace alone


_WARRANT_DELTA: Final = 0.5


def liquidity(listing: Listing) -> float:
    """How often the security is acted on: 1 for a middling member of VN30, with the root of the value traded."""
    return float((listing.daily_value_vnd / 215_000_000_000) ** 0.5)


@dataclass(slots=True)
class Desk:
    """`resting` holds the agents' open orders in order of age; `drift` is which side the takers prefer for a while."""

    security: Security
    rng: Random
    population: Population
    value: "Value"
    acts_per_minute: float  # at the mean pace of the day
    day_quantity: float
    steps_wide: float
    resting: dict[int, tuple[Side, int]] = field(default_factory=dict)
    drift: float = 0.0
    drift_ms: int = 0
    anchor_vnd: float = 0.0
    foreign_side: Side = Side.BUY

    @property
    def lot(self) -> int:
        instrument = self.security.listing.instrument
        return round_lot(self.security.rules, instrument.exchange, instrument.kind)

    @property
    def order_quantity_max(self) -> int:
        instrument = self.security.listing.instrument
        return max_order_quantity(self.security.rules, instrument.exchange, instrument.kind)

    # --- prices ---------------------------------------------------------------------------------------------------

    def step_vnd(self, price_vnd: float) -> int:
        instrument = self.security.listing.instrument
        return tick_size_vnd(self.security.rules, instrument.exchange, instrument.kind, int(price_vnd))

    def beyond(self, side: Side, price_vnd: int, steps: int) -> int:
        """So many steps away from the market."""
        instrument = self.security.listing.instrument
        step = next_price_down if side is Side.BUY else next_price_up
        for _ in range(steps):
            price_vnd = step(self.security.rules, instrument.exchange, instrument.kind, price_vnd)
        return self._inside(price_vnd)

    def towards(self, side: Side, price_vnd: int) -> int:
        """One step into the spread."""
        return self.beyond(side.opposite, price_vnd, 1)

    def valid(self, side: Side, wanted_vnd: float) -> int:
        """The nearest valid price that is no worse for this side, inside the band."""
        instrument, band = self.security.listing.instrument, self.security.band
        whole_vnd = min(max(int(wanted_vnd), band.floor_vnd), band.ceiling_vnd)
        price_vnd = round_down_to_tick(self.security.rules, instrument.exchange, instrument.kind, whole_vnd)
        if side is Side.SELL and price_vnd < wanted_vnd:
            price_vnd = next_price_up(self.security.rules, instrument.exchange, instrument.kind, price_vnd)
        return self._inside(price_vnd)

    def _inside(self, price_vnd: int) -> int:
        band = self.security.band
        return min(max(price_vnd, band.floor_vnd), band.ceiling_vnd)

    # --- quantities -----------------------------------------------------------------------------------------------

    def level_quantity(self) -> float:
        return self.day_quantity * self.population.level_share

    def taken_quantity(self, minute_of_day: int, pace: float) -> int:
        """So that the takings of a minute are that minute's share of the day."""
        share = volume_share(self.security.market, minute_of_day)
        takings = self.acts_per_minute * pace * _TAKINGS_PER_ACT
        return self.sized(self.day_quantity * share / takings) if takings else self.lot

    def auction_quantity(self, *, is_opening: bool, pace: float) -> int:
        percent = (OPENING_PERCENT if is_opening else CLOSING_PERCENT).get(self.security.market, 0.0)
        acts = max(1.0, self.acts_per_minute * pace * _AUCTION_MINUTES)
        return self.sized(self.day_quantity * percent / 100 * _ENTERED_PER_MATCHED[is_opening] / acts)

    def sized(self, mean: float) -> int:
        """Whole lots, spread around the mean as sizes are; 0 for nothing this time."""
        spread = self.population.size_spread
        quantity = mean * self.rng.lognormvariate(-spread * spread / 2, spread)
        lots, rest = divmod(min(quantity, self.order_quantity_max), self.lot)
        return (int(lots) + (self.rng.random() * self.lot < rest)) * self.lot


_AUCTION_MINUTES: Final = 15
_ENTERED_PER_MATCHED: Final = {True: 2.3, False: 3.3}  # opening, closing: measured on simulated days
_TAKINGS_PER_ACT: Final = 0.375  # acts that take, times how much of what they want they get; measured likewise


class Value(Protocol):
    """What a security is worth to the agents, as a multiple of its reference price."""

    def begin_day(self, now_ms: int) -> None: ...

    def start_from(self, now_ms: int, fraction: float, market_move: float) -> None:
        """Go on from where the security stands."""
        ...

    def at(self, now_ms: int, market_move: float, minute_of_day: int) -> float: ...


class WarrantValue:
    """A covered warrant follows the half of its underlying's moves."""

    def __init__(self, security: Security, underlying: Security, ratio: tuple[int, int]) -> None:
        self._security = security
        self._underlying = underlying
        self._share = _WARRANT_DELTA * ratio[1] / ratio[0]

    def begin_day(self, now_ms: int) -> None: ...
    def start_from(self, now_ms: int, fraction: float, market_move: float) -> None: ...

    def at(self, now_ms: int, market_move: float, minute_of_day: int) -> float:
        moved_vnd = self._underlying.last_or_reference_vnd - self._underlying.reference_vnd
        return max(0.05, 1 + moved_vnd * self._share / self._security.reference_vnd)


def value_of(security: Security, rng: Random, population: Population) -> Value:
    """Of a stock, a fund or a covered warrant."""
    listing, underlying = security.listing, security.underlying
    if listing.warrant is not None and underlying is not None:
        return WarrantValue(security, underlying, listing.warrant.ratio)
    nature = Random(listing.symbol)  # what stays the same from day to day
    return FairValue(rng, population, listing.volatility * nature.uniform(0.8, 1.25), nature.uniform(0.7, 1.3))


def new_desk(security: Security, rng: Random, population: Population, *, value: Value, acts_per_minute: float) -> Desk:
    """For one day, which may be a busy or a quiet one for the security."""
    listing = security.listing
    busy = rng.lognormvariate(-0.06, 0.35)
    is_future = listing.instrument.kind is InstrumentKind.FUTURE
    price_vnd = _FUTURES_VND_A_CONTRACT if is_future else security.reference_vnd
    emptiness = _WELL_TRADED_VND / max(1, listing.daily_value_vnd)
    return Desk(
        security=security,
        rng=rng,
        population=population,
        value=value,
        acts_per_minute=acts_per_minute,
        day_quantity=max(listing.instrument.lot_size, busy * listing.daily_value_vnd / price_vnd),
        steps_wide=min(_STEPS_WIDE_MAX, max(1.0, emptiness**0.25)),
        foreign_side=rng.choice((Side.BUY, Side.SELL)),
        anchor_vnd=float(security.reference_vnd),
    )
