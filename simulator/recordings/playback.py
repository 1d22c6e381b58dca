"""Plays a recording on the exchange: each recorded match becomes a maker and a taker that really meet in the book.

Customers' orders in the book take part by price and time. Between the recorded matches a small quote stands around the
last price, so that a customer's market order finds somebody; it is withdrawn before the next recorded match.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, time
from typing import Final

from qts.domain.market import next_price_down, next_price_up, session_bounds
from qts.domain.matching import BookOrder, Fill, OrderBook
from qts.domain.values import Exchange as Market
from qts.domain.values import InstrumentKind, OrderType, Session, Side
from simulator.exchange.exchange import END_OF_TIME_MS, StockExchange
from simulator.exchange.security import Security
from simulator.exchange.timetable import at_ms
from simulator.recordings.recording import Print, Recording

_QUOTE_LEVELS: Final = 3
_QUOTE_CONTRACTS: Final = 20
_QUOTE_SHARES: Final = 5_000


class Playback:
    """A source and a listener of the exchange. Its days play on the first trading days that it sees.

    Matches at or after the end of the closing auction are its result: they are gathered just before it ends, so that
    customers' orders are part of the same auction. Matches stamped outside continuous trading meet in a book of their
    own, where they cannot touch the orders gathered for an auction.
    """

    def __init__(self, exchange: StockExchange, recording: Recording) -> None:
        self._exchange = exchange
        self._due: list[tuple[int, Print, bool]] = []  # latest first: when, what, whether of the closing auction
        self._days = iter(recording.days)
        self._prints: tuple[Print, ...] = ()
        self._quotes: dict[str, list[int]] = {}
        self._quoted_vnd: dict[str, int] = {}

    # --- source ---------------------------------------------------------------------------------------------------

    def next_ms(self) -> int:
        return self._due[-1][0] if self._due else END_OF_TIME_MS

    def run(self) -> None:
        _, one, is_closing = self._due.pop()
        security = self._exchange.securities[one.symbol]
        self._withdraw_quotes(security)
        maker, taker = self._maker_and_taker(one)
        if security.session is Session.CONTINUOUS:
            self._exchange.submit(security, maker)
            self._exchange.submit(security, taker)
            self._exchange.cancel(security, maker.order_id)
            self._exchange.cancel(security, taker.order_id)
        elif is_closing and security.in_auction:
            self._exchange.submit(security, maker)
            self._exchange.submit(security, taker)
        else:
            apart = OrderBook(security.listing.instrument, security.band, security.rules)
            apart.match(maker)
            self._exchange.report(security, apart.match(taker).fills)

    def resume(self) -> None:
        """What was recorded for before the present moment is not played."""
        self._due = [due for due in self._due if due[0] >= self._exchange.now_ms]

    def refresh_quotes(self) -> None:
        """Stand around the last price again, where it has changed or the quote was withdrawn."""
        for security in self._exchange.securities.values():
            last_vnd = security.totals.last_vnd
            if security.session is not Session.CONTINUOUS or self._quoted_vnd.get(security.symbol) != last_vnd:
                self._withdraw_quotes(security)
            if security.session is Session.CONTINUOUS and last_vnd and security.symbol not in self._quotes:
                self._place_quotes(security, last_vnd)

    # --- listener -------------------------------------------------------------------------------------------------

    def day_began(self, day: date) -> None:
        self._due.clear()
        self._quotes.clear()
        if self._exchange.calendar.is_trading_day(day):
            self._prints = next(self._days, ())
            self._due = sorted(self._schedule(day), key=lambda due: due[0])
            self._due.reverse()

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def session_changed(self, security: Security, at_ms: int) -> None: ...
    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None: ...
    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def day_ended(self, day: date) -> None: ...

    # --- inside ---------------------------------------------------------------------------------------------------

    def _schedule(self, day: date) -> Iterator[tuple[int, Print, bool]]:
        midnight_ms = at_ms(day, time(0, 0))
        rules = self._exchange.history.on(day)
        ends_ms = {market: at_ms(day, session_bounds(rules, market)[1]) for market in Market}
        closing_prices = self._closing_prices(midnight_ms, ends_ms)
        for one in self._prints:
            end_ms = ends_ms[self._market(one.symbol)]
            due_ms = midnight_ms + one.ms_of_day
            if due_ms >= end_ms and one.price_vnd == closing_prices[one.symbol]:
                yield end_ms - 1, one, True
            else:
                yield due_ms, one, False

    def _closing_prices(self, midnight_ms: int, ends_ms: dict[Market, int]) -> dict[str, int]:
        """The price at which most traded at the close; a recording may hold stragglers at others."""
        volumes: dict[str, Counter[int]] = {}
        for one in self._prints:
            if midnight_ms + one.ms_of_day >= ends_ms[self._market(one.symbol)]:
                volumes.setdefault(one.symbol, Counter())[one.price_vnd] += one.quantity
        return {symbol: counted.most_common(1)[0][0] for symbol, counted in volumes.items()}

    def _market(self, symbol: str) -> Market:
        return self._exchange.securities[symbol].listing.instrument.exchange

    def _maker_and_taker(self, one: Print) -> tuple[BookOrder, BookOrder]:
        aggressor = one.aggressor or Side.BUY
        maker, taker = (
            BookOrder(self._exchange.new_order_id(), side, OrderType.LO, one.price_vnd, one.quantity)
            for side in (aggressor.opposite, aggressor)
        )
        return maker, taker

    def _place_quotes(self, security: Security, last_vnd: int) -> None:
        instrument = security.listing.instrument
        quantity = _QUOTE_CONTRACTS if instrument.kind is InstrumentKind.FUTURE else _QUOTE_SHARES
        self._quotes[security.symbol] = placed = []
        self._quoted_vnd[security.symbol] = last_vnd
        for side, step in ((Side.BUY, next_price_down), (Side.SELL, next_price_up)):
            price_vnd = last_vnd
            for _ in range(_QUOTE_LEVELS):
                price_vnd = step(security.rules, instrument.exchange, instrument.kind, price_vnd)
                if not security.band.holds(price_vnd):
                    break
                order = BookOrder(self._exchange.new_order_id(), side, OrderType.LO, price_vnd, quantity)
                self._exchange.submit(security, order)
                placed.append(order.order_id)

    def _withdraw_quotes(self, security: Security) -> None:
        for order_id in self._quotes.pop(security.symbol, ()):
            self._exchange.cancel(security, order_id)
