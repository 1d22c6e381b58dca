"""Generated order flow: makers around a drifting fair value, takers, auction orders, foreigners.

Seeded per day, so a seed and a clock give the same orders again. One act every few seconds a symbol; at clock speeds
above ten the acts get rarer in market time, so that the work per wall second stays the same.
"""

import math
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Final

from qts.domain.market import is_on_tick, next_price_down, next_price_up, round_down_to_tick
from qts.domain.matching import BookOrder, Fill
from qts.domain.values import OrderType, Session, Side
from simulator.exchange.exchange import END_OF_TIME_MS, StockExchange
from simulator.exchange.fair_value import FairValue, market_volatility
from simulator.exchange.security import Security

ACT_EVERY_S: Final = 6.0  # a symbol, up to clock speed 10
_ORDER_VALUE_VND: Final = 60_000_000  # of a middling order
_LOTS_MAX: Final = 150
_RESTING_MAX: Final = 44  # own orders of one symbol before old ones are taken back
_LADDER_LEVELS: Final = 6
_FOREIGN_SHARE: Final = 0.12


@dataclass(slots=True)
class _Desk:
    """The flow's side of one security. `resting` holds the ids of its orders in order of age."""

    security: Security
    fair: FairValue
    middling_lots: float
    resting: dict[int, None] = field(default_factory=dict)


class OrderFlow:
    """A source of the exchange that keeps every security's book alive; also a listener, to see days and sessions."""

    def __init__(self, exchange: StockExchange, seed: int, clock_speed: float) -> None:
        self._exchange = exchange
        self._seed = seed
        self._gap_ms = ACT_EVERY_S * 1000 * max(1.0, clock_speed / 10) / max(1, len(exchange.securities))
        self._next_ms = END_OF_TIME_MS
        self._rng = Random(seed)
        self._desks: list[_Desk] = []
        self._market_move = 0.0
        self._market_updated_ms = 0

    # --- source ---------------------------------------------------------------------------------------------------

    def next_ms(self) -> int:
        return self._next_ms

    def run(self) -> None:
        self._next_ms = self._exchange.now_ms + 1 + int(self._rng.expovariate(1 / self._gap_ms))
        desk = self._rng.choice(self._desks)
        if desk.security.in_auction:
            self._act_in_auction(desk, self._fair_vnd(desk))
        elif desk.security.session is Session.CONTINUOUS:
            self._act_in_continuous(desk, self._fair_vnd(desk))

    def resume(self) -> None:
        """Begin in the middle of a day: fair values start where the securities stand, books are filled."""
        for desk in self._desks:
            security = desk.security
            desk.fair.begin_day(self._exchange.now_ms, security.last_or_reference_vnd / security.reference_vnd - 1)
            self._fill_book(desk)
        self._next_ms = self._exchange.now_ms + 1

    # --- listener -------------------------------------------------------------------------------------------------

    def day_began(self, day: date) -> None:
        self._rng = Random(f"{self._seed}:{day.isoformat()}")
        self._desks = [self._desk(security) for security in self._exchange.securities.values()]
        self._market_move = 0.0
        self._market_updated_ms = self._next_ms = self._exchange.now_ms
        for desk in self._desks:
            desk.fair.begin_day(self._exchange.now_ms)

    def session_changed(self, security: Security, at_ms: int) -> None:
        if self not in self._exchange.sources:
            return  # the exchange is skipping time: nothing is generated
        for desk in self._desks:
            if desk.security is security and security.session in (Session.ATO, Session.CONTINUOUS):
                self._fill_book(desk)

    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None:
        for desk in self._desks:
            if desk.security is security:
                desk.resting.pop(order.order_id, None)

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def day_ended(self, day: date) -> None: ...

    # --- acts -----------------------------------------------------------------------------------------------------

    def _desk(self, security: Security) -> _Desk:
        volatility = self._rng.uniform(0.014, 0.026)
        lots = max(1.0, _ORDER_VALUE_VND / (security.reference_vnd * 100))
        return _Desk(security, FairValue(Random(self._rng.random()), volatility), lots)

    def _fair_vnd(self, desk: _Desk) -> float:
        now_ms, security = self._exchange.now_ms, desk.security
        elapsed_s = min((now_ms - self._market_updated_ms) / 1000, 60.0)
        self._market_updated_ms = now_ms
        self._market_move += self._rng.gauss(0.0, market_volatility()) * math.sqrt(elapsed_s)
        fair_vnd = security.reference_vnd * desk.fair.at(now_ms, self._market_move)
        return min(max(fair_vnd, security.band.floor_vnd), security.band.ceiling_vnd)

    def _act_in_continuous(self, desk: _Desk, fair_vnd: float) -> None:
        book, rng = desk.security.book, self._rng
        thin = [side for side in Side if len(book.depth(side, 3)) < 3]
        chance = rng.random()
        if len(desk.resting) > _RESTING_MAX:
            self._take_back(desk)
        elif thin:
            self._make(desk, rng.choice(thin), fair_vnd)
        elif chance < 0.22:
            self._take_back(desk)
        elif chance < 0.66:
            self._make(desk, rng.choice((Side.BUY, Side.SELL)), fair_vnd)
        else:
            self._take(desk, fair_vnd)

    def _act_in_auction(self, desk: _Desk, fair_vnd: float) -> None:
        rng, security = self._rng, desk.security
        side = rng.choice((Side.BUY, Side.SELL))
        if rng.random() < 0.08:
            at_auction = OrderType.ATO if security.session is Session.ATO else OrderType.ATC
            self._send(desk, side, at_auction, 0)
            return
        away = rng.gauss(1.2, 3.0)  # in steps from the fair value; negative ones are willing to cross
        self._send(desk, side, OrderType.LO, self._price_vnd(security, side, fair_vnd, away))

    def _fill_book(self, desk: _Desk) -> None:
        if desk.security.session not in (Session.ATO, Session.CONTINUOUS, Session.ATC):
            return
        fair_vnd = self._fair_vnd(desk)
        for side in Side:
            for level in range(_LADDER_LEVELS - len(desk.security.book.depth(side, _LADDER_LEVELS))):
                self._send(desk, side, OrderType.LO, self._price_vnd(desk.security, side, fair_vnd, level + 0.5))

    def _make(self, desk: _Desk, side: Side, fair_vnd: float) -> None:
        away = 0.5 + min(8, int(self._rng.expovariate(0.55)))
        self._send(desk, side, OrderType.LO, self._price_vnd(desk.security, side, fair_vnd, away))

    def _take(self, desk: _Desk, fair_vnd: float) -> None:
        security, rng = desk.security, self._rng
        bid_vnd, ask_vnd = security.book.best_bid(), security.book.best_ask()
        if bid_vnd is None or ask_vnd is None:
            return
        pressure = (fair_vnd - (bid_vnd + ask_vnd) / 2) / (ask_vnd - bid_vnd)
        side = Side.BUY if rng.random() < 1 / (1 + math.exp(-2 * max(-20.0, min(20.0, pressure)))) else Side.SELL
        if rng.random() < 0.15:
            self._send(desk, side, OrderType.MTL, 0)
        else:
            self._send(desk, side, OrderType.LO, ask_vnd if side is Side.BUY else bid_vnd)

    def _take_back(self, desk: _Desk) -> None:
        """Mostly old orders; one that has traded meanwhile is only forgotten."""
        if desk.resting:
            index = int(len(desk.resting) * self._rng.random() ** 2)
            order_id = list(desk.resting)[index]
            del desk.resting[order_id]
            self._exchange.cancel(desk.security, order_id)

    def _send(self, desk: _Desk, side: Side, order_type: OrderType, price_vnd: int) -> None:
        lots = min(_LOTS_MAX, max(1, round(desk.middling_lots * self._rng.lognormvariate(0.0, 0.9))))
        order = BookOrder(self._exchange.new_order_id(), side, order_type, price_vnd, lots * 100)
        execution = self._exchange.submit(desk.security, order)
        if execution.rests:
            desk.resting[order.order_id] = None
        if execution.fills and self._rng.random() < _FOREIGN_SHARE:
            bought = sum(fill.quantity for fill in execution.fills) if side is Side.BUY else 0
            if self._exchange.hold_room(desk.security.symbol, bought):
                self._exchange.trade_by_foreigner(desk.security, side, execution.fills)

    def _price_vnd(self, security: Security, side: Side, fair_vnd: float, away: float) -> int:
        """A valid price `away` steps from the fair value, inside the band."""
        instrument, band = security.listing.instrument, security.band
        exchange, kind = instrument.exchange, instrument.kind
        at_fair_vnd = round_down_to_tick(exchange, kind, int(fair_vnd))
        step_vnd = next_price_up(exchange, kind, at_fair_vnd) - at_fair_vnd
        wanted_vnd = fair_vnd - away * step_vnd if side is Side.BUY else fair_vnd + away * step_vnd
        price_vnd = round_down_to_tick(exchange, kind, max(int(wanted_vnd), band.floor_vnd))
        if side is Side.SELL and price_vnd < wanted_vnd:
            price_vnd = next_price_up(exchange, kind, price_vnd)
        while not is_on_tick(exchange, kind, price_vnd):
            price_vnd = next_price_down(exchange, kind, price_vnd)
        return min(max(price_vnd, band.floor_vnd), band.ceiling_vnd)
