"""Turns what happens on the exchange into messages of the FC Data stream.

Matches become messages at once, each with the totals after it. Order books, estimated prices and foreign rooms are
marked and become one message per security a little later in market time, so that the same orders give the same
messages however time is advanced; what customers' orders have changed in between is told when the feed is drained.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from qts.domain.matching import BookOrder, Fill
from qts.domain.values import Session
from simulator.exchange.exchange import END_OF_TIME_MS, StockExchange
from simulator.exchange.indices import IndexState, index_codes, index_members, index_state
from simulator.exchange.security import Security
from simulator.wire import market_records as records

INDEX_EVERY_MS: Final = 5_000
BOOKS_EVERY_MS: Final = 50  # at the speed of the wall clock
ROOMS_EVERY_MS: Final = 1_000
_QUIET: Final = frozenset({Session.PRE_OPEN, Session.CLOSED, Session.BREAK})


class Message(NamedTuple):
    """`argument` is ready to stand in a frame; `symbol` may be an index code."""

    data_type: str
    symbol: str
    argument: str


class MarketFeed:
    """A listener of the exchange and, for the index values, a source that sends no orders."""

    def __init__(self, exchange: StockExchange, clock_speed: float) -> None:
        self._exchange = exchange
        self.wanted: frozenset[str] = frozenset()  # message types that somebody has subscribed to
        self._pending: list[Message] = []
        self._books: dict[str, Security] = {}
        self._rooms: dict[str, Security] = {}
        self._touched: dict[str, Security] = {}  # books changed by customers' orders, and rooms likewise
        self._touched_rooms: dict[str, Security] = {}
        self._estimates_vnd: dict[str, int] = {}
        self._odd_boards: dict[str, tuple[object, ...]] = {}
        self._index_quantity: dict[str, int] = {}
        self._index_codes: list[str] = []
        self._books_every_ms = int(BOOKS_EVERY_MS * max(1.0, clock_speed))
        self._rooms_every_ms = int(ROOMS_EVERY_MS * max(1.0, clock_speed / 10))
        self._index_every_ms = int(INDEX_EVERY_MS * max(1.0, clock_speed / 10))
        self._books_ms = self._rooms_ms = self._index_ms = END_OF_TIME_MS

    def drain(self) -> list[Message]:
        """What has happened since the last call, in the order in which it is to be sent."""
        self._tell_books(self._touched)
        self._tell_rooms(self._touched_rooms)
        drained, self._pending = self._pending, []
        return drained

    def snapshot(self, data_type: str, symbols: Iterable[str] | None) -> list[Message]:
        """The state as it stands, for a new subscription; None is everything. B has no state: a match is an event."""
        now_ms = self._exchange.now_ms
        if data_type == "MI":
            codes = [code for code in self._index_codes if symbols is None or code.upper() in symbols]
            return [self._message("MI", code, self._index(code)[1]) for code in codes]
        make = {
            "F": records.status_record,
            "X-QUOTE": records.quote_record,
            "X-TRADE": records.trade_record,
            "X": records.snapshot_record,
            "R": records.room_record,
            "OL": records.odd_lot_record,
        }.get(data_type)
        if make is None:
            return []
        wanted = self._exchange.securities.values()
        return [
            self._message(data_type, one.symbol, make(one, now_ms))
            for one in wanted
            if symbols is None or one.symbol in symbols
        ]

    def last_ticks(self, symbols: Iterable[str] | None) -> list[Message]:
        """The last match of each security again, as the live service has sent it to new subscribers."""
        found = []
        for one in self._exchange.securities.values():
            totals = one.totals
            if totals.quantity and (symbols is None or one.symbol in symbols):
                fill = Fill(totals.last_vnd, totals.last_quantity, 0, 0, None)
                found.append(self._message("B", one.symbol, records.tick_record(one, fill, totals.last_trade_ms)))
        return found

    # --- listener -------------------------------------------------------------------------------------------------

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        if "B" in self.wanted:
            self._add("B", security.symbol, records.tick_record(security, fill, at_ms))
        if "X-TRADE" in self.wanted:
            self._add("X-TRADE", security.symbol, records.trade_record(security, at_ms))
        self._mark_book(security)

    def book_changed(self, security: Security) -> None:
        self._mark_book(security)

    def room_changed(self, security: Security) -> None:
        if not self._exchange.is_advancing:
            self._touched_rooms[security.symbol] = security
        elif security.symbol not in self._rooms:
            self._rooms[security.symbol] = security
            self._rooms_ms = min(self._rooms_ms, _later(self._exchange.now_ms, self._rooms_every_ms))

    def session_changed(self, security: Security, at_ms: int) -> None:
        self._add("F", security.symbol, records.status_record(security, at_ms))
        self._mark_book(security)

    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None:
        self._mark_book(security)

    def day_began(self, day: date) -> None:
        """New reference prices, ceilings and floors."""
        now_ms = self._exchange.now_ms
        self._index_ms = now_ms + self._index_every_ms
        self._estimates_vnd.clear()
        self._index_quantity.clear()
        self._odd_boards.clear()
        self._index_codes = index_codes(self._exchange.securities.values())
        for security in self._exchange.securities.values():
            self._add("F", security.symbol, records.status_record(security, now_ms))
            self._add("X-TRADE", security.symbol, records.trade_record(security, now_ms))
            self._touched[security.symbol] = self._touched_rooms[security.symbol] = security
        self._add_indices()
        self._tell_books(self._touched)
        self._tell_rooms(self._touched_rooms)

    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        self._mark_book(security)

    def day_ended(self, day: date) -> None:
        self._books.clear()
        self._rooms.clear()
        self._books_ms = self._rooms_ms = END_OF_TIME_MS

    # --- source ---------------------------------------------------------------------------------------------------

    def next_ms(self) -> int:
        return min(self._books_ms, self._rooms_ms, self._index_ms)

    def run(self) -> None:
        now_ms = self._exchange.now_ms
        if self._books_ms <= now_ms:
            self._books_ms = END_OF_TIME_MS
            self._tell_books(self._books)
        if self._rooms_ms <= now_ms:
            self._rooms_ms = END_OF_TIME_MS
            self._tell_rooms(self._rooms)
        if self._index_ms <= now_ms:
            self._index_ms = now_ms + self._index_every_ms
            if any(security.session not in _QUIET for security in self._exchange.securities.values()):
                self._add_indices()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _mark_book(self, security: Security) -> None:
        if not self._exchange.is_advancing:
            self._touched[security.symbol] = security
        elif security.symbol not in self._books:
            self._books[security.symbol] = security
            if self._books_ms == END_OF_TIME_MS:
                self._books_ms = _later(self._exchange.now_ms, self._books_every_ms)

    def _tell_books(self, books: dict[str, Security]) -> None:
        for security in books.values():
            self._add_book(security)
        books.clear()

    def _tell_rooms(self, rooms: dict[str, Security]) -> None:
        for security in rooms.values():
            self._add("R", security.symbol, records.room_record(security, self._exchange.now_ms))
        rooms.clear()

    def _message(self, data_type: str, symbol: str, record: records.Record) -> Message:
        return Message(data_type, symbol, records.broadcast_argument(data_type, record))

    def _add(self, data_type: str, symbol: str, record: records.Record) -> None:
        if data_type in self.wanted:
            self._pending.append(self._message(data_type, symbol, record))

    def _add_book(self, security: Security) -> None:
        now_ms = self._exchange.now_ms
        if "X-QUOTE" in self.wanted:
            self._add("X-QUOTE", security.symbol, records.quote_record(security, now_ms))
        if "X" in self.wanted:
            self._add("X", security.symbol, records.snapshot_record(security, now_ms))
        if "OL" in self.wanted:
            self._add_odd_lots(security)
        estimate_vnd = security.estimated_match_vnd()
        if estimate_vnd != self._estimates_vnd.get(security.symbol, 0):
            self._estimates_vnd[security.symbol] = estimate_vnd
            self._add("X-TRADE", security.symbol, records.trade_record(security, now_ms))

    def _add_odd_lots(self, security: Security) -> None:
        """Where the odd-lot board has changed: most changes are of round lots."""
        shown = records.odd_lot_board(security)
        if self._odd_boards.get(security.symbol) != shown:
            self._odd_boards[security.symbol] = shown
            self._add("OL", security.symbol, records.odd_lot_record(security, self._exchange.now_ms))

    def _index(self, code: str) -> tuple[IndexState, records.Record]:
        members = index_members(code, self._exchange.securities.values())
        state = index_state(code, members)
        session = next((security.session for security in members), Session.CLOSED)
        return state, records.index_record(state, session, self._exchange.now_ms)

    def _add_indices(self) -> None:
        if not self.wanted & {"MI", "B"}:
            return
        for code in self._index_codes:
            state, record = self._index(code)
            self._add("MI", code, record)
            added = state.total_quantity - self._index_quantity.get(code, 0)
            self._index_quantity[code] = state.total_quantity
            if added > 0:
                self._add("B", code, records.index_tick_record(state, added, self._exchange.now_ms))


def _later(now_ms: int, every_ms: int) -> int:
    """The next moment of a grid, so that what changes together is told together."""
    return (now_ms // every_ms + 1) * every_ms
