"""Generated order flow: a population of agents that trades every security, busier or quieter by the time of day.

Seeded per day, so a seed and a clock give the same orders again. At clock speeds above ten the acts get rarer in
market time, so that the work per wall second stays the same; the quantities grow to make up for it.
"""

import math
from bisect import bisect
from collections import Counter
from datetime import date
from itertools import accumulate
from random import Random
from typing import Final

from qts.domain.matching import BookOrder, Fill
from qts.domain.values import OrderType, Session, Side
from simulator.exchange.agents import act_after_hours, act_in_auction, act_in_continuous, fill_book
from simulator.exchange.calibrated import Population, pace
from simulator.exchange.desk import Desk, Value, liquidity, new_desk, value_of
from simulator.exchange.exchange import END_OF_TIME_MS, StockExchange
from simulator.exchange.fair_value import MarketFactor
from simulator.exchange.futures import FutureMarket
from simulator.exchange.security import Security

ACTS_PER_S: Final = 0.3  # of a middling member of VN30, up to clock speed 10 and at activity 1
_GAP_MS_MAX: Final = 60_000.0
_PACE_MIN: Final = 0.02  # keeps the flow awake through the lunch break
_AUCTIONS: Final = frozenset({Session.ATO, Session.ATC, Session.PERIODIC})
_MINUTE_MS: Final = 60_000
_VIETNAM_MS: Final = 7 * 3_600_000
_DAY_MINUTES: Final = 24 * 60


class OrderFlow:
    """A source of the exchange that keeps every security's book alive; also a listener, to see days and sessions."""

    def __init__(
        self,
        exchange: StockExchange,
        seed: int,
        clock_speed: float,
        *,
        activity: float = 1.0,
        futures: FutureMarket | None = None,
    ) -> None:
        self._exchange = exchange
        self._seed = seed
        self._population = Population()
        self._futures = futures
        self._acts_per_s = ACTS_PER_S * activity / max(1.0, clock_speed / 10)
        self._next_ms = END_OF_TIME_MS
        self._next_at = 0.0  # the same to a fraction of a millisecond: a busy market acts several times in one
        self._rng = Random(seed)
        self._market = MarketFactor(self._rng, self._population, 0)
        self._desks: dict[str, Desk] = {}
        self._by_weight: list[Desk] = []
        self._weights: list[float] = []
        self._foreign: dict[int, tuple[Desk, Side, int]] = {}  # open foreign orders and what is left of them
        self.now_ms = self.minute = 0
        self.pace = _PACE_MIN

    # --- source ---------------------------------------------------------------------------------------------------

    def next_ms(self) -> int:
        return self._next_ms

    def run(self) -> None:
        self._tell_time()
        gap_ms = 1000 / (self._weights[-1] * self._acts_per_s * self.pace)
        self._next_at = max(self._next_at, self.now_ms - 1.0) + min(self._rng.expovariate(1 / gap_ms), _GAP_MS_MAX)
        self._next_ms = math.ceil(self._next_at)
        desk = self._by_weight[bisect(self._weights, self._rng.random() * self._weights[-1])]
        session = desk.security.session
        if session is Session.CONTINUOUS:
            act_in_continuous(self, desk, self._fair_vnd(desk))
        elif session in _AUCTIONS:
            act_in_auction(self, desk, self._fair_vnd(desk))
        elif session is Session.PLO:
            act_after_hours(self, desk)

    def resume(self) -> None:
        """Begin in the middle of a day: values start where the securities stand, books are filled."""
        self._tell_time()
        market = self._market.at(self.now_ms, self.minute)
        for desk in self._desks.values():
            security = desk.security
            desk.value.start_from(self.now_ms, security.last_or_reference_vnd / security.reference_vnd, market)
            desk.anchor_vnd = float(security.last_or_reference_vnd)
            self._fill_book(desk)
        self._next_ms = self.now_ms + 1

    # --- listener -------------------------------------------------------------------------------------------------

    def day_began(self, day: date) -> None:
        self._rng = Random(f"{self._seed}:{day.isoformat()}")
        self._tell_time()
        self._market = MarketFactor(self._rng, self._population, self.now_ms)
        self._foreign.clear()
        self._desks = {one.symbol: self._new_desk(one) for one in self._exchange.securities.values()}
        for desk in self._desks.values():
            desk.value.begin_day(self.now_ms)
        self._by_weight = list(self._desks.values())
        self._weights = list(accumulate(liquidity(desk.security.listing) for desk in self._by_weight))
        self._next_ms = self.now_ms if self._by_weight else END_OF_TIME_MS

    def session_changed(self, security: Security, at_ms: int) -> None:
        if self in self._exchange.sources and security.session in (Session.ATO, Session.CONTINUOUS):
            self._tell_time()
            self._fill_book(self._desks[security.symbol])

    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None:
        desk = self._desks.get(security.symbol)
        if desk is not None:
            desk.resting.pop(order.order_id, None)
            self._forget_foreign(order.order_id)

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        for order_id in (fill.buy_order_id, fill.sell_order_id):
            known = self._foreign.get(order_id)
            if known is None:
                continue
            desk, side, left = known
            if left > fill.quantity:
                self._foreign[order_id] = (desk, side, left - fill.quantity)
            else:
                del self._foreign[order_id]
            self._exchange.rooms.trade(security, side, (fill,))

    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def day_ended(self, day: date) -> None: ...

    # --- for the agents -------------------------------------------------------------------------------------------

    def send(self, desk: Desk, side: Side, order_type: OrderType, price_vnd: int, quantity: int) -> None:
        if not quantity:
            return
        order = BookOrder(self._exchange.new_order_id(), side, order_type, price_vnd, quantity)
        lean = 1.5 if side is desk.foreign_side else 0.5
        if quantity >= desk.lot > 1 and desk.rng.random() < self._population.foreigners * lean:
            self._enter_foreign(desk, order)
        execution = self._exchange.submit(desk.security, order)
        if execution.rests:
            desk.resting[order.order_id] = (side, order.price_vnd)
        else:
            self._forget_foreign(order.order_id)

    def withdraw(self, desk: Desk, order_id: int) -> None:
        del desk.resting[order_id]
        self._exchange.cancel(desk.security, order_id)
        self._forget_foreign(order_id)

    def held_room(self) -> Counter[str]:
        """By symbol, what open foreign purchases hold of the rooms: it comes free when the agents' orders are lost."""
        held: Counter[str] = Counter()
        for desk, side, left in self._foreign.values():
            if side is Side.BUY:
                held[desk.security.symbol] += left
        return held

    # --- inside ---------------------------------------------------------------------------------------------------

    def _tell_time(self) -> None:
        self.now_ms = self._exchange.now_ms
        self.minute = (self.now_ms + _VIETNAM_MS) // _MINUTE_MS % _DAY_MINUTES
        self.pace = max(_PACE_MIN, pace(self.minute))

    def _new_desk(self, security: Security) -> Desk:
        acts_per_minute = self._acts_per_s * 60 * liquidity(security.listing)
        if security.listing.contract is not None and self._futures is not None:
            value: Value = self._futures.value_of(security, self._rng)
        else:
            value = value_of(security, self._rng, self._population)
        return new_desk(security, self._rng, self._population, value=value, acts_per_minute=acts_per_minute)

    def _fair_vnd(self, desk: Desk) -> float:
        security = desk.security
        market = self._market.at(self.now_ms, self.minute)
        fair_vnd = security.reference_vnd * desk.value.at(self.now_ms, market, self.minute)
        return min(max(fair_vnd, security.band.floor_vnd), security.band.ceiling_vnd)

    def _fill_book(self, desk: Desk) -> None:
        if desk.security.session in (Session.ATO, Session.CONTINUOUS, Session.ATC):
            fill_book(self, desk, self._fair_vnd(desk))

    def _enter_foreign(self, desk: Desk, order: BookOrder) -> None:
        """A purchase needs room; where there is none, a local stands in."""
        if order.side is Side.SELL or self._exchange.rooms.hold(desk.security, order.remaining):
            self._foreign[order.order_id] = (desk, order.side, order.remaining)

    def _forget_foreign(self, order_id: int) -> None:
        known = self._foreign.pop(order_id, None)
        if known is not None and known[1] is Side.BUY:
            self._exchange.rooms.free(known[0].security, known[2])
