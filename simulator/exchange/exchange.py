"""The exchange: securities under their sessions, driven by market time alone.

It reads no clock. `advance(to)` runs, in the order of market time, everything that is due until then: session changes,
the sources of orders (generated flow or a recording), and the change of day. So a seed and a start give one tape, no
matter in which steps time is advanced.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from itertools import count
from typing import Protocol

from qts.domain.market import VIETNAM, TradingCalendar, session_schedule, to_vietnam
from qts.domain.matching import BookOrder, Execution, Fill
from qts.domain.values import Exchange as Market
from qts.domain.values import OrderType, Session, Side
from simulator.exchange.security import Security

END_OF_TIME_MS = 1 << 60


class Listener(Protocol):
    """Who watches the exchange; called in the order in which things happen."""

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def session_changed(self, security: Security, at_ms: int) -> None: ...
    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None: ...
    def day_ended(self, day: date) -> None: ...
    def day_began(self, day: date) -> None: ...


class Source(Protocol):
    """Something that sends orders at moments of its own choice."""

    def next_ms(self) -> int:
        """When it wants to run next, in market time."""
        ...

    def run(self) -> None: ...


def at_ms(day: date, at: time) -> int:
    """Vietnam's local time as milliseconds since the epoch."""
    return int(datetime.combine(day, at, tzinfo=VIETNAM).timestamp() * 1000)


class StockExchange:
    """See the module. `clock_end` is where the clock leaves a day, so that nothing is generated beyond it."""

    def __init__(
        self, securities: Iterable[Security], calendar: TradingCalendar, clock_end: time | None = None
    ) -> None:
        self.securities = {security.symbol: security for security in securities}
        self.calendar = calendar
        self.listeners: list[Listener] = []
        self.sources: list[Source] = []
        self.now_ms = 0
        self.day: date | None = None
        self._clock_end = clock_end
        self._order_ids = count(1)
        self._changes: list[tuple[int, Market, Session]] = []

    # --- time -----------------------------------------------------------------------------------------------------

    def advance(self, moment: datetime) -> None:
        """Let everything happen that is due until `moment` (aware). Time does not go back."""
        to_ms = int(moment.timestamp() * 1000)
        today = to_vietnam(moment).date()
        if self.day is None or (today > self.day and self.calendar.is_trading_day(today)):
            self._change_day(today)
        self._run_until(to_ms)

    def skip_to(self, moment: datetime) -> None:
        """As `advance`, but the sources' orders of the time in between never happen: after a pause of the process."""
        sources, self.sources = self.sources, []
        self.advance(moment)
        self.sources = sources

    def _run_until(self, to_ms: int) -> None:
        while True:
            due_ms, source = self._next_source()
            if self._changes and self._changes[0][0] <= min(due_ms, to_ms):
                change_ms, market, session = self._changes.pop(0)
                self.now_ms = max(self.now_ms, change_ms)
                self._change_session(market, session)
            elif source is not None and due_ms <= to_ms:
                self.now_ms = max(self.now_ms, due_ms)
                source.run()
            else:
                self.now_ms = max(self.now_ms, to_ms)
                return

    def _next_source(self) -> tuple[int, Source | None]:
        due_ms, first = END_OF_TIME_MS, None
        for source in self.sources:
            next_ms = source.next_ms()
            if next_ms < due_ms:
                due_ms, first = next_ms, source
        return due_ms, first

    # --- days and sessions ----------------------------------------------------------------------------------------

    def _change_day(self, today: date) -> None:
        if self.day is not None:
            if self._clock_end is not None:
                self._run_until(at_ms(self.day, self._clock_end))
            self.close_day()
        self.day = today
        for security in self.securities.values():
            security.begin_day(security.last_or_reference_vnd)
        self._changes = self._session_changes(today) if self.calendar.is_trading_day(today) else []
        self.now_ms = max(self.now_ms, at_ms(today, time(0, 0)))
        for listener in self.listeners:
            listener.day_began(today)

    def close_day(self) -> None:
        """What is left of the day's sessions happens without further orders; then no order is alive."""
        sources, self.sources = self.sources, []
        if self._changes:
            self._run_until(self._changes[-1][0])
        for security in self.securities.values():
            self._expire(security, None)
        self.sources = sources
        if self.day is not None:
            for listener in self.listeners:
                listener.day_ended(self.day)

    def _session_changes(self, day: date) -> list[tuple[int, Market, Session]]:
        changes = []
        for market in {security.listing.instrument.exchange for security in self.securities.values()}:
            spans = session_schedule(market)
            changes += [(at_ms(day, span.start), market, span.session) for span in spans]
            changes.append((at_ms(day, spans[-1].end), market, Session.CLOSED))
        return sorted(changes, key=lambda change: (change[0], change[1]))

    def _change_session(self, market: Market, session: Session) -> None:
        for security in self.securities.values():
            if security.listing.instrument.exchange is not market:
                continue
            self._leave_session(security)
            security.session = session
            if session is Session.CLOSED:
                self._expire(security, None)
            for listener in self.listeners:
                listener.session_changed(security, self.now_ms)

    def _leave_session(self, security: Security) -> None:
        if not security.in_auction:
            return
        for fill in security.book.uncross(security.last_or_reference_vnd):
            self._publish(security, fill)
        self._expire(security, {OrderType.ATO, OrderType.ATC})

    def _expire(self, security: Security, order_types: set[OrderType] | None) -> None:
        for order in security.book.expire(order_types):
            for listener in self.listeners:
                listener.expired(security, order, self.now_ms)

    # --- orders ---------------------------------------------------------------------------------------------------

    def new_order_id(self) -> int:
        """Taken before the order is sent, so that its owner knows it when the first fill arrives."""
        return next(self._order_ids)

    def submit(self, security: Security, order: BookOrder) -> Execution:
        """Match in continuous trading, gather in auctions. The caller has checked that the session admits the type."""
        if security.in_auction:
            security.book.collect(order)
            execution = Execution([], order.remaining, rests=True)
        else:
            execution = security.book.match(order)
        self._after_change(security, execution.fills)
        return execution

    def restore(self, security: Security, order: BookOrder) -> None:
        """Put a limit order back that stood in the book before the process was restarted."""
        if security.session is Session.CONTINUOUS:
            self.submit(security, order)
            return
        security.book.collect(order)
        self._after_change(security, [])

    def cancel(self, security: Security, order_id: int) -> int:
        """The open quantity taken off."""
        open_quantity = security.book.cancel(order_id)
        if open_quantity:
            self._after_change(security, [])
        return open_quantity

    def amend(
        self, security: Security, order_id: int, *, price_vnd: int | None = None, remaining: int | None = None
    ) -> Execution:
        execution = security.book.amend(order_id, price_vnd=price_vnd, remaining=remaining)
        self._after_change(security, execution.fills)
        return execution

    def report(self, security: Security, fills: Iterable[Fill]) -> None:
        """Matches that came about outside the security's own book."""
        for fill in fills:
            self._publish(security, fill)

    def trade_by_foreigner(self, security: Security, side: Side, fills: Iterable[Fill]) -> None:
        for fill in fills:
            security.trade_by_foreigner(side, fill)
        for listener in self.listeners:
            listener.room_changed(security)

    def _after_change(self, security: Security, fills: list[Fill]) -> None:
        for fill in fills:
            self._publish(security, fill)
        for listener in self.listeners:
            listener.book_changed(security)

    def _publish(self, security: Security, fill: Fill) -> None:
        security.totals.add(fill, self.now_ms)
        for listener in self.listeners:
            listener.traded(security, fill, self.now_ms)
