"""The futures on VN30: which contracts are listed on a day, what they are worth, and their last price.

A contract that has expired leaves at the end of its last day, and the next one is listed in the morning after. Its
final settlement price is the mean of the index in the last thirty minutes of that day, the three highest and the three
lowest values left out (HNX's contract specification; here of one value every fifteen seconds).
"""

import math
from collections.abc import Callable
from datetime import date, time
from fractions import Fraction
from random import Random
from typing import Final

from qts.domain.market import (
    FUTURE_MULTIPLIER_VND,
    FutureContract,
    Instrument,
    front_months,
    rolling_names,
    round_to_tick,
)
from qts.domain.matching import BookOrder, Fill
from qts.domain.values import Exchange as Market
from qts.domain.values import InstrumentKind
from simulator.exchange.exchange import END_OF_TIME_MS, StockExchange
from simulator.exchange.indices import index_state
from simulator.exchange.security import Security, new_security
from simulator.exchange.timetable import at_ms
from simulator.listings import Listing

_INDEX: Final = "VN30"
_SAMPLE_EVERY_MS: Final = 15_000
_SAMPLES_FROM: Final = time(14, 15)
_SAMPLES_UNTIL: Final = time(14, 45)
_LEFT_OUT: Final = 3
_CARRY_PER_DAY: Final = 0.00008  # of the index: three percent a year
_BASIS_SPREAD: Final = 0.0012  # log standard deviation around the carry: the front month was mostly within 5 points
_BASIS_MEMORY_S: Final = 2400.0
_CONTRACTS_A_DAY: Final = (240_000, 1_200, 300, 100)  # VN30F1M in 2025; the later months trade little
_VALUE_A_CONTRACT_VND: Final = 200_000_000
_LATE_MS: Final = 5_000


class FutureMarket:
    """Lists and settles; as a source of the exchange it watches the index on a contract's last day."""

    def __init__(self, exchange: StockExchange) -> None:
        self._exchange = exchange
        self._next_ms = END_OF_TIME_MS
        self._samples: list[int] = []
        self._index_centipoints = 0
        self._index_ms = 0

    # --- listing --------------------------------------------------------------------------------------------------

    def roll(self, day: date) -> None:
        """List the contracts of this day, under their names of this day; drop those that have expired."""
        calendar, securities = self._exchange.calendar, self._exchange.securities
        self._index_centipoints = 0
        names = {contract: name for name, contract in rolling_names(day, calendar).items()}
        wanted = front_months(day, calendar)
        codes = {contract.code for contract in wanted}
        for symbol in [one.symbol for one in securities.values() if one.listing.contract and one.symbol not in codes]:
            del securities[symbol]
        for place, contract in enumerate(wanted):
            listing = _listing(
                contract, (contract.alias, names[contract]), _CONTRACTS_A_DAY[place], self._price(contract, day)
            )
            if contract.code in securities:
                securities[contract.code].listing = listing
            else:
                securities[contract.code] = new_security(listing)

    def _price(self, contract: FutureContract, day: date) -> int:
        """VND a contract: the index with its carry to the last day."""
        days = (contract.expiry_day(self._exchange.calendar) - day).days
        exact = self.index_points() * (1 + _CARRY_PER_DAY * days) * FUTURE_MULTIPLIER_VND
        return self._on_tick(exact, day)

    def _on_tick(self, exact_vnd: float, day: date) -> int:
        rules = self._exchange.history.on(day)
        return round_to_tick(rules, Market.VNFE, InstrumentKind.FUTURE, Fraction(exact_vnd))

    def index_points(self) -> float:
        """VN30, at most five seconds old."""
        now_ms = self._exchange.now_ms
        if not self._index_centipoints or now_ms - self._index_ms >= _LATE_MS:
            self._index_ms = now_ms
            self._index_centipoints = index_state(_INDEX, self._exchange.securities.values()).value_centipoints
        return self._index_centipoints / 100

    def value_of(self, security: Security, rng: Random) -> "FutureValue":
        contract, day = security.listing.contract, self._exchange.day
        if contract is None or day is None:
            raise ValueError(f"{security.symbol} is no future, or no day has begun")
        days = (contract.expiry_day(self._exchange.calendar) - day).days
        return FutureValue(rng, self.index_points, security.reference_vnd, 1 + _CARRY_PER_DAY * days)

    # --- source ---------------------------------------------------------------------------------------------------

    def next_ms(self) -> int:
        return self._next_ms

    def run(self) -> None:
        self._index_centipoints = 0
        self._samples.append(round(self.index_points() * 100))
        self._next_ms = self._exchange.now_ms + _SAMPLE_EVERY_MS
        day = self._exchange.day
        if day is not None and self._next_ms > at_ms(day, _SAMPLES_UNTIL):
            self._next_ms = END_OF_TIME_MS
            self._settle_finally(day)

    def _settle_finally(self, day: date) -> None:
        samples = sorted(self._samples)
        kept = samples[_LEFT_OUT:-_LEFT_OUT] or samples  # a clock that jumped over them leaves the last one
        for security in self._expiring(day):
            exact = sum(kept) / len(kept) / 100 * FUTURE_MULTIPLIER_VND
            security.settlement_vnd = self._on_tick(exact, day)

    def _expiring(self, day: date) -> list[Security]:
        calendar = self._exchange.calendar
        contracts = ((one, one.listing.contract) for one in self._exchange.securities.values())
        return [one for one, contract in contracts if contract and contract.expiry_day(calendar) == day]

    # --- listener -------------------------------------------------------------------------------------------------

    def day_began(self, day: date) -> None:
        self._samples.clear()
        self._index_centipoints = 0
        from_ms = max(at_ms(day, _SAMPLES_FROM), self._exchange.now_ms)
        self._next_ms = from_ms if self._expiring(day) and from_ms < at_ms(day, _SAMPLES_UNTIL) else END_OF_TIME_MS

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def session_changed(self, security: Security, at_ms: int) -> None: ...
    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None: ...
    def day_ended(self, day: date) -> None: ...


class FutureValue:
    """What a contract is worth to the agents, as a multiple of its reference: the index, the carry and a basis."""

    def __init__(self, rng: Random, index_points: Callable[[], float], reference_vnd: int, carry: float) -> None:
        self._rng = rng
        self._index_points = index_points
        self._scale = carry * FUTURE_MULTIPLIER_VND / reference_vnd
        self._basis = rng.gauss(0.0, _BASIS_SPREAD)
        self._updated_ms = 0

    def begin_day(self, now_ms: int) -> None:
        self._updated_ms = now_ms

    def start_from(self, now_ms: int, fraction: float, market_move: float) -> None:
        self._basis = math.log(fraction / (self._index_points() * self._scale))
        self._updated_ms = now_ms

    def at(self, now_ms: int, market_move: float, minute_of_day: int) -> float:
        memory = math.exp(-(now_ms - self._updated_ms) / 1000 / _BASIS_MEMORY_S)
        self._updated_ms = now_ms
        noise = self._rng.gauss(0.0, _BASIS_SPREAD * math.sqrt(1 - memory * memory))
        self._basis = self._basis * memory + noise
        return self._index_points() * self._scale * math.exp(self._basis)


def _listing(contract: FutureContract, aliases: tuple[str, ...], contracts_a_day: int, price_vnd: int) -> Listing:
    return Listing(
        instrument=Instrument(contract.code, Market.VNFE, InstrumentKind.FUTURE, lot_size=1),
        name_vi=f"Hợp đồng tương lai VN30 {contract.month:02}/{contract.year}",
        name_en=f"VN30 index future {contract.month:02}/{contract.year}",
        reference_vnd=price_vnd,
        listed_shares=0,
        foreign_limit_percent=100,
        aliases=aliases,
        daily_value_vnd=contracts_a_day * _VALUE_A_CONTRACT_VND,
        contract=contract,
    )
