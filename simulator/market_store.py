"""Keeps the market's state across restarts, and its bars for history queries.

Written every few seconds, not at every match: after a kill the day's totals may be some seconds old. Customers' orders
and fills are the broker's journal's and are never old; so a foreign room is kept as it would be without them, and what
they hold and have used of it is worked out anew. Halts and states of securities are written when they are decided.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

import msgspec

from qts.domain.events import BarClosed, TickReceived
from qts.domain.market import MINUTE_MS, BarBuilder, TradingCalendar
from qts.domain.matching import BookOrder, Fill
from simulator.broker.journal import Journal
from simulator.exchange.decisions import Decisions
from simulator.exchange.exchange import StockExchange
from simulator.exchange.history import DailyBar, invented_history
from simulator.exchange.security import DayTotals, Security

SAVE_EVERY_WALL_S: Final = 3.0
RoomUse = tuple[Counter[str], Counter[str]]
_DECISIONS: Final = "decisions"


class _Stored(msgspec.Struct):
    """The room, and what sales add to it tomorrow: as if no customer had traded that day and nothing were open."""

    day: date
    reference_vnd: int
    room_left: int
    totals: DayTotals
    room_due: int = 0
    settlement_vnd: int = 0
    prior_close_vnd: int = 0
    odd_totals: DayTotals = msgspec.field(default_factory=DayTotals)


class MinuteBar(msgspec.Struct):
    """`last_ms` is when the minute's last match was."""

    start_ms: int
    last_ms: int
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int


class MarketStore:
    """A listener of the exchange."""

    def __init__(self, exchange: StockExchange, journal: Journal, seed: int) -> None:
        self._exchange = exchange
        self._journal = journal
        self._seed = seed
        self._bars = BarBuilder()
        self._closed: list[BarClosed] = []
        self._known_day: date | None = None
        self.room_used: Callable[[], RoomUse] = _nothing_used  # by customers, and what they add tomorrow
        self.room_held: Callable[[], Counter[str]] = Counter  # by orders that do not outlive the process
        exchange.on_decision = self.save

    # --- restarts -------------------------------------------------------------------------------------------------

    def restore_references(self, today: date) -> None:
        """Before the exchange starts: prices where they were left; a day that was not finished becomes history."""
        if (decisions := self._journal.fact(_DECISIONS)) is not None:
            self._exchange.take_up(msgspec.convert(decisions, Decisions))
        used, due = self.room_used()
        for symbol, stored in self._stored():
            security = self._exchange.securities[symbol]
            self._exchange.rooms.take_up(
                security, left=stored.room_left - used[symbol], due=stored.room_due + due[symbol]
            )
            self._known_day = self._exchange.last_begun = stored.day
            security.begin_day(stored.reference_vnd, self._exchange.history.on(stored.day))
            security.prior_close_vnd = stored.prior_close_vnd or stored.reference_vnd
            if stored.day != today:
                security.totals, security.settlement_vnd = stored.totals, stored.settlement_vnd
                self._put_daily_bar(symbol, stored.day, stored.totals)

    def restore_totals(self, today: date) -> None:
        """After the exchange has reached the present moment of a day that it knew."""
        for symbol, stored in self._stored():
            if stored.day == today:
                security = self._exchange.securities[symbol]
                security.totals, security.odd_totals = stored.totals, stored.odd_totals

    def save(self) -> None:
        day = self._exchange.day
        if day is None:
            return
        self._closed += self._bars.close_until(self._exchange.now_ms)
        for bar in self._closed:
            self._put_minute_bar(bar, day)
        self._closed.clear()
        self._put_securities(day)
        self._journal.put_fact(_DECISIONS, self._exchange.decisions())
        self._journal.commit()

    def _put_securities(self, day: date) -> None:
        (used, customers_due), held = self.room_used(), self.room_held()
        for security in self._exchange.securities.values():
            symbol = security.symbol
            room_left = security.room_left + used[symbol] + held[symbol]
            due = self._exchange.rooms.due(security) - customers_due[symbol]
            stored = _Stored(
                day,
                security.reference_vnd,
                room_left,
                security.totals,
                due,
                security.settlement_vnd,
                security.prior_close_vnd,
                security.odd_totals,
            )
            self._journal.put_security(symbol, stored)

    # --- listener -------------------------------------------------------------------------------------------------

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        tick = TickReceived(
            symbol=security.symbol,
            price_vnd=fill.price_vnd,
            quantity=fill.quantity,
            ts_exchange_ms=at_ms,
            ts_received_ns=at_ms,
            wal_position="",
        )
        closed = self._bars.add(tick)
        if closed is not None:
            self._closed.append(closed)

    def day_ended(self, day: date) -> None:
        for security in self._exchange.securities.values():
            self._put_daily_bar(security.symbol, day, security.totals)
        self.save()

    def day_began(self, day: date) -> None:
        """The invented history ends where the first simulated day begins. A new day's beginning is kept at once."""
        if self._journal.fact("first_day") is None:
            self._journal.put_fact("first_day", day)
            self._journal.put_fact("seed", self._seed)
        if day != self._known_day:
            self._known_day = day
            self.save()

    def session_changed(self, security: Security, at_ms: int) -> None: ...
    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None: ...

    # --- history --------------------------------------------------------------------------------------------------

    def daily_bars(self, symbol: str, first: date, last: date) -> list[DailyBar]:
        """Invented days, simulated days, and today as it stands."""
        security = self._exchange.securities.get(symbol)
        began = self._journal.fact("first_day")
        if security is None or began is None:
            return []
        bars = self._invented(security, date.fromisoformat(began), self._exchange.calendar)
        bars += [msgspec.json.decode(body, type=DailyBar) for body in self._journal.daily_bars(symbol, first, last)]
        today = self._exchange.day
        if today is not None and security.totals.quantity:
            bars = [bar for bar in bars if bar.day != today]
            bars.append(_daily_bar(today, security.totals))
        return [bar for bar in bars if first <= bar.day <= last]

    def minute_bars(self, symbol: str, first: date, last: date) -> list[MinuteBar]:
        """Of simulated days only, the running minute included."""
        self.save()
        bars = [msgspec.json.decode(body, type=MinuteBar) for body in self._journal.minute_bars(symbol, first, last)]
        today = self._exchange.day
        if today is not None and first <= today <= last:
            bars += [_minute_bar(bar) for bar in self._bars.open_bars() if bar.symbol == symbol]
        return bars

    # --- inside ---------------------------------------------------------------------------------------------------

    def _invented(self, security: Security, first_day: date, calendar: TradingCalendar) -> list[DailyBar]:
        if not security.listing.listed_shares:
            return []  # nothing is known of a recording's past
        seed = self._journal.fact("seed")
        return invented_history(security.listing, first_day, calendar, seed, self._exchange.history)

    def _stored(self) -> Iterator[tuple[str, _Stored]]:
        for symbol, body in self._journal.securities().items():
            if symbol in self._exchange.securities:
                yield symbol, msgspec.json.decode(body, type=_Stored)

    def _put_daily_bar(self, symbol: str, day: date, totals: DayTotals) -> None:
        if totals.quantity:
            self._journal.put_daily_bar(symbol, day, _daily_bar(day, totals))

    def _put_minute_bar(self, bar: BarClosed, day: date) -> None:
        self._journal.put_minute_bar(bar.symbol, bar.ts_start_ms, day, _minute_bar(bar))


def _nothing_used() -> RoomUse:
    return Counter(), Counter()


def _daily_bar(day: date, totals: DayTotals) -> DailyBar:
    return DailyBar(
        day=day,
        open_vnd=totals.open_vnd,
        high_vnd=totals.high_vnd,
        low_vnd=totals.low_vnd,
        close_vnd=totals.last_vnd,
        volume=totals.quantity,
        value_vnd=totals.value_vnd,
    )


def _minute_bar(bar: BarClosed) -> MinuteBar:
    """`ts_received_ns` carries the market time of the last match here."""
    return MinuteBar(
        start_ms=bar.ts_start_ms,
        last_ms=min(bar.ts_received_ns, bar.ts_start_ms + MINUTE_MS - 1),
        open_vnd=bar.open_vnd,
        high_vnd=bar.high_vnd,
        low_vnd=bar.low_vnd,
        close_vnd=bar.close_vnd,
        volume=bar.volume,
    )
