"""The exchange: securities under their sessions, driven by market time alone.

It reads no clock. `advance(to)` runs, in the order of market time, everything that is due until then: session changes,
the sources of orders (generated flow or a recording), and the change of day. So a seed and a start give one tape, no
matter in which steps time is advanced.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from itertools import count

from qts.domain.market import PloMatching, RuleHistory, TradingCalendar, built_in_history, plo_matching, to_vietnam
from qts.domain.matching import BookOrder, Execution, Fill, OrderBook
from qts.domain.values import Exchange as Market
from qts.domain.values import OrderType, Session
from simulator.exchange.day_end import Actions, next_reference_vnd, settle
from simulator.exchange.decisions import Decisions
from simulator.exchange.listening import Listener, Source, ignore
from simulator.exchange.rooms import ForeignRooms
from simulator.exchange.security import Security, SecurityState
from simulator.exchange.timetable import Change, at_ms, changes_of, is_restricted

END_OF_TIME_MS = 1 << 60
_AT_AUCTION = frozenset({OrderType.ATO, OrderType.ATC})


class StockExchange:
    """See the module. `clock_end` is where the clock leaves a day, so that nothing is generated beyond it."""

    def __init__(
        self,
        securities: Iterable[Security],
        calendar: TradingCalendar,
        clock_end: time | None = None,
        history: RuleHistory | None = None,
    ) -> None:
        self.history = history or built_in_history()
        self.securities = {security.symbol: security for security in securities}
        self.calendar = calendar
        self.listeners: list[Listener] = []
        self.sources: list[Source] = []
        self.rooms = ForeignRooms(self.listeners)
        self.actions: Actions = {}
        self.plo_matching: PloMatching | None = None  # None: as the rules say
        self.list_for: Callable[[date], None] = ignore  # changes what is listed before a day begins
        self.now_ms = 0
        self.is_advancing = False  # while sessions and sources run; otherwise what happens is a customer's doing
        self.day: date | None = None
        self._clock_end = clock_end
        self._order_ids = count(1)
        self._changes: list[Change] = []
        self._matching_after_hours: set[str] = set()
        self._decided = Decisions()
        self.on_decision: Callable[[], None] = ignore
        self.last_begun: date | None = None  # this or another process gave its reference prices

    def decisions(self) -> Decisions:
        """For another process."""
        return self._decided.gather(self.securities.values())

    def take_up(self, decisions: Decisions) -> None:
        """Before the first day is begun: what another process had decided."""
        self._decided = decisions
        decisions.hand_out(self.securities)

    def list_anew(self, symbol: str) -> date:
        """Its next trading day, which is answered, is its first one: with the wide band and without odd lots.

        Raises KeyError for an unknown symbol, ValueError before the exchange's first day.
        """
        if self.day is None:
            raise ValueError("no day has begun")
        day = self._decided.first_days[self.securities[symbol].symbol] = self.calendar.next_trading_day(self.day)
        self.on_decision()
        return day

    def set_state(self, symbol: str, state: SecurityState) -> None:
        """A decision of the exchange that stays. A suspension or its end takes effect at once, a timetable tomorrow.

        Raises KeyError for an unknown symbol, ValueError for HALTED: that is what `halt` is for.
        """
        if state is SecurityState.HALTED:
            raise ValueError("a halt is no standing state: use halt and resume")
        security = self.securities[symbol]
        was_halted = self._is_halted(security)
        if is_restricted(security) is (state is SecurityState.RESTRICTED) or not self._changes:
            security.standing = state
            self._decided.upcoming.pop(symbol, None)
        elif self.day is not None:
            self._decided.upcoming[symbol] = (self.day, state)
        if self._is_halted(security) is not was_halted:
            self._come_back(security)
            self._after_halt_change(security)
        self.on_decision()

    def _come_back(self, security: Security) -> None:
        """From a suspension, or into one. After a long one the day has the wide band: nothing can stand in the book."""
        if self.day is None:
            return
        day = self.day if self._changes else self.calendar.next_trading_day(self.day)
        self._decided.watch_suspension(security, day, self.calendar, self.history)
        if self._decided.first_days.get(security.symbol) == self.day:
            security.become_first_day()

    def find(self, name: str) -> Security | None:
        """By symbol, or by another name under which a future is known."""
        found = self.securities.get(name)
        return found or next((one for one in self.securities.values() if name in one.listing.aliases), None)

    # --- time -----------------------------------------------------------------------------------------------------

    def advance(self, moment: datetime) -> None:
        """Let everything happen that is due until `moment` (aware). Time does not go back."""
        to_ms = int(moment.timestamp() * 1000)
        today = to_vietnam(moment).date()
        self.is_advancing = True
        try:
            if self.day is None or (today > self.day and self.calendar.is_trading_day(today)):
                self._change_day(today)
            self._run_until(to_ms)
        finally:
            self.is_advancing = False

    def skip_to(self, moment: datetime) -> None:
        """As `advance`, but the sources' orders of the time in between never happen: after a pause of the process."""
        sources, self.sources = self.sources, []
        self.advance(moment)
        self.sources = sources

    def _run_until(self, to_ms: int) -> None:
        while True:
            due_ms, source = self._next_source()
            if self._changes and self._changes[0][0] <= min(due_ms, to_ms):
                change = self._changes.pop(0)
                self.now_ms = max(self.now_ms, change.at_ms)
                self._change_session(change)
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
        self._matching_after_hours.clear()
        self.list_for(today)
        self._decided.begin_day(self.securities, today, self.calendar, self.history)
        rules = self.history.on(today)
        before, self.last_begun = self.last_begun, today
        for security in self.securities.values():
            if before == today:
                security.begin_day(security.reference_vnd, rules)
            else:
                security.begin_day(next_reference_vnd(security, before, today, self.actions, rules), rules)
                self.rooms.begin_day(security)
            if self._is_halted(security):
                security.session = Session.HALT
        is_open = self.calendar.is_trading_day(today)
        self._changes = changes_of(today, self.securities.values(), rules, self.plo_matching) if is_open else []
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
        self.settle_futures()
        self.sources = sources
        if self.day is not None:
            for listener in self.listeners:
                listener.day_ended(self.day)

    def settle_futures(self) -> None:
        """After the last session of the day. Done twice it changes nothing more."""
        for security in self.securities.values():
            settle(security)

    def _change_session(self, change: Change) -> None:
        for security in self.securities.values():
            if security.market is not change.market or is_restricted(security) is not change.is_restricted:
                continue
            if not self._is_halted(security):
                self._enter_session(security, change.session)
                continue
            self._expire(security, _AT_AUCTION if change.session is not Session.CLOSED else None)
            if change.session is security.scheduled is Session.PLO:
                self._matching_after_hours.add(security.symbol)
            security.scheduled = change.session

    def _enter_session(self, security: Security, session: Session) -> None:
        if security.in_auction:
            self._uncross(security)
            self._expire(security, _AT_AUCTION)
        if session is security.session is Session.PLO:
            self._match_after_hours(security)
            return
        security.session = security.scheduled = session
        if session is Session.CLOSED:
            self._expire(security, None)
        self._tell_session(security)

    def _match_after_hours(self, security: Security) -> None:
        """The orders at the closing price that were gathered meet; from now on they meet as they come."""
        self._matching_after_hours.add(security.symbol)
        if security.closing_vnd:
            for fill in security.book.uncross_at(security.closing_vnd):
                self._publish(security, fill)

    def _uncross(self, security: Security) -> None:
        for fill in security.book.uncross(security.last_or_reference_vnd):
            self._publish(security, fill)
        for fill in security.odd_book.uncross(security.last_or_reference_vnd):
            self._publish_odd_lot(security, fill)

    def _expire(self, security: Security, order_types: frozenset[OrderType] | None) -> None:
        for book in (security.book, security.odd_book):
            for order in book.expire(order_types):
                for listener in self.listeners:
                    listener.expired(security, order, self.now_ms)

    def _tell_session(self, security: Security) -> None:
        for listener in self.listeners:
            listener.session_changed(security, self.now_ms)

    # --- halts ----------------------------------------------------------------------------------------------------

    def halt(self, target: str) -> None:
        """Stop trading in one symbol or in a whole market (the value of an `Exchange`) at once.

        Orders stay in their books and new ones are refused; matched auctions that fall into the halt do not happen.
        Halting what is halted changes nothing. Raises KeyError for an unknown target.
        """
        for security in self._halt_targets(target, halted=True):
            self._after_halt_change(security)
        self.on_decision()

    def resume(self, target: str) -> None:
        """Take a halt of the same target back, into the session that the timetable has by now.

        Where an auction was due in between, its orders meet at one price first. A symbol stays halted while its
        market is, and the other way round. Raises KeyError for an unknown target.
        """
        for security in self._halt_targets(target, halted=False):
            self._after_halt_change(security)
        self.on_decision()

    def _after_halt_change(self, security: Security) -> None:
        if self._is_halted(security) is (security.session is Session.HALT):
            return
        if security.session is not Session.HALT:
            security.session = Session.HALT
        else:
            if security.scheduled is Session.CONTINUOUS:
                self._uncross(security)
            elif security.symbol in self._matching_after_hours:
                self._match_after_hours(security)
            security.session = security.scheduled
        self._tell_session(security)

    def _halt_targets(self, target: str, *, halted: bool) -> list[Security]:
        if target not in Market.__members__:
            security = self.find(target)
            if security is None:
                raise KeyError(target)
            security.is_halted = halted
            return [security]
        market = Market(target)
        (self._decided.halted_markets.add if halted else self._decided.halted_markets.discard)(market)
        return [security for security in self.securities.values() if security.market is market]

    def _is_halted(self, security: Security) -> bool:
        is_suspended = security.standing is SecurityState.SUSPENDED
        return security.is_halted or is_suspended or security.market in self._decided.halted_markets

    # --- orders ---------------------------------------------------------------------------------------------------

    def new_order_id(self) -> int:
        """Taken before the order is sent, so that its owner knows it when the first fill arrives."""
        return next(self._order_ids)

    def submit(self, security: Security, order: BookOrder) -> Execution:
        """Match in continuous trading, gather in auctions; an odd lot does so in a book of its own.

        The caller has checked that the session admits the type. Raises ValueError in a session without trading.
        """
        book = security.book_for(order.remaining)
        if security.in_auction:
            book.collect(order)
            execution = Execution([], order.remaining, rests=True)
        elif security.session is Session.CONTINUOUS:
            execution = book.match(order)
        elif security.session is Session.PLO:
            execution = self._enter_after_hours(security, order)
        else:
            raise ValueError(f"{security.symbol} does not trade in session {security.session}")
        self._after_change(security, book, execution.fills)
        return execution

    def _enter_after_hours(self, security: Security, order: BookOrder) -> Execution:
        if not security.closing_vnd:
            raise ValueError(f"{security.symbol} has no closing price today")
        matching, _ = plo_matching(security.rules, security.market)
        if (self.plo_matching or matching) is PloMatching.AT_ONCE or security.symbol in self._matching_after_hours:
            return security.book.match_at(order, security.closing_vnd)
        security.book.collect_at(order)
        return Execution([], order.remaining, rests=True)

    def restore(self, security: Security, order: BookOrder) -> None:
        """Put an order back that stood in the book before the process was restarted."""
        is_after_hours = security.session is Session.PLO and order.order_type is OrderType.PLO
        if security.session is Session.CONTINUOUS or (is_after_hours and security.closing_vnd):
            self.submit(security, order)
            return
        book = security.book_for(order.remaining)
        (book.collect_at if order.order_type is OrderType.PLO else book.collect)(order)
        self._after_change(security, book, [])

    def cancel(self, security: Security, order_id: int) -> int:
        """The open quantity taken off."""
        book = security.book_holding(order_id)
        open_quantity = book.cancel(order_id) if book is not None else 0
        if book is not None and open_quantity:
            self._after_change(security, book, [])
        return open_quantity

    def amend(
        self, security: Security, order_id: int, *, price_vnd: int | None = None, remaining: int | None = None
    ) -> Execution:
        """The changed order trades at once in continuous trading only, otherwise it waits for its auction.

        Raises KeyError for an order that does not rest, ValueError for a change that the book refuses and for one
        between round lots and odd lots.
        """
        book = security.book_holding(order_id)
        if book is None:
            raise KeyError(order_id)
        if remaining is not None and security.book_for(remaining) is not book:
            raise ValueError(f"order {order_id} stays in its book: an open quantity of {remaining} does not go there")
        collecting = security.session is not Session.CONTINUOUS
        execution = book.amend(order_id, price_vnd=price_vnd, remaining=remaining, collecting=collecting)
        self._after_change(security, book, execution.fills)
        return execution

    def report(self, security: Security, fills: Iterable[Fill]) -> None:
        """Matches that came about outside the security's own book."""
        for fill in fills:
            self._publish(security, fill)

    def _after_change(self, security: Security, book: OrderBook, fills: list[Fill]) -> None:
        publish = self._publish if book is security.book else self._publish_odd_lot
        for fill in fills:
            publish(security, fill)
        for listener in self.listeners:
            listener.book_changed(security)

    def _publish(self, security: Security, fill: Fill) -> None:
        security.totals.add(fill, self.now_ms)
        for listener in self.listeners:
            listener.traded(security, fill, self.now_ms)

    def _publish_odd_lot(self, security: Security, fill: Fill) -> None:
        """An odd lot is no price of the day: it moves neither the last price nor the day's range."""
        security.odd_totals.add(fill, self.now_ms)
        for listener in self.listeners:
            listener.odd_lot_traded(security, fill, self.now_ms)
