"""The event loop on matches: each first meets the orders that were there before it, then the strategies see it.

Minute bars are built by the market's own builder, as the live recorder does, and told when their minute is over: after
it, before any later match, and before a timer of that moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from qts.backtest.account import NEVER_MS
from qts.backtest.columns import indicator_columns, mappings
from qts.backtest.engine import Machine, Seat
from qts.backtest.spec import BacktestSpec
from qts.backtest.table import BarTable, TickTable
from qts.domain.events import BarClosed, TickReceived
from qts.domain.market import MINUTE_MS
from qts.domain.market.bars import BarBuilder
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.strategy import NO_UNIVERSE, Bar, Book, Context, Strategy, Tick, wants_of

_ROWS: Final = 8_192
_Key = tuple[int, str]


def minutes_of(table: TickTable) -> BarTable:
    """The minute bars of the matches."""
    builder, closed = BarBuilder(), []
    for match in table.bars():
        closed += builder.close_until(match.ts_start_ms)
        builder.add(
            TickReceived(
                symbol=match.symbol, price_vnd=match.close_vnd, quantity=match.volume,
                ts_exchange_ms=match.ts_start_ms, ts_received_ns=0, wal_position="",
            )
        )  # fmt: skip
    closed += builder.close_until(NEVER_MS)
    return BarTable.of(map(_bar, closed))


class TickMachine(Machine):
    """`_told` counts the bars that strategies have seen, `_heard` the matches."""

    def __init__(
        self, spec: BacktestSpec, table: TickTable, books: Sequence[Book], strategies: Sequence[Strategy[Any]]
    ) -> None:
        super().__init__(spec, table, books, strategies)
        self._minutes = minutes_of(table)
        self._ends_ms = np.append(self._minutes.ts_start_ms + MINUTE_MS, NEVER_MS).tolist()
        self._bars = list(self._minutes.bars())
        self._places = [table.symbols.index(symbol) for symbol in self._minutes.symbols]
        values = indicator_columns(self._minutes, self._names, MINUTE_MS)
        self._known = list(_first(mappings(self._names, values), len(self._bars)))
        self._told = self._heard = 0
        self._previous: dict[_Key, Mapping[str, float]] = {}
        self._hears_books = [[seat for seat in seats if seat.wants_book] for seats in self._seats]
        self._hears_ticks = [[seat for seat in seats if wants_of(seat.strategy).ticks] for seats in self._seats]

    def steps(self) -> Iterator[int]:
        for start in range(0, len(self._table), _ROWS):
            rows = slice(start, start + _ROWS)
            places, days = self._table.place[rows].tolist(), self._days[rows].tolist()
            for place, day, match in zip(places, days, self._table.bars_of(rows), strict=True):
                self._take_match(place, day, match)
            yield min(start + _ROWS, len(self._table))
        self._end_day()

    def _take_match(self, place: int, day: int, match: Bar) -> None:
        ts_ms, market = match.ts_start_ms, self._markets[place]
        self._heard += 1
        if day != self._day:
            self._turn_day(day)
        if ts_ms >= self._next_moment_ms:
            self._tell_moments(ts_ms)
        if ts_ms >= self._ends_ms[self._told]:
            self._tell_bars(ts_ms)
        if ts_ms >= self._account.next_arrival_ms:
            self._account.settle(ts_ms)
        if market.day != day:
            self._venue.open(market, day, match.open_vnd)
        self._venue.meet(market, match, day)
        self._account.held_value_vnd += market.held * (match.close_vnd - market.close_vnd)
        market.close_vnd = match.close_vnd
        self._mark()
        decided_at = match._replace(ts_start_ms=ts_ms - MINUTE_MS)  # an order is judged a minute after a bar began
        if self._hears_fills:
            self._tell_fills(decided_at)
        for seat in self._hears_books[place]:
            self._ask_about_book(seat, decided_at)
        for seat in self._hears_ticks[place]:
            self._ask_about_match(seat, match, decided_at)

    def _ask_about_match(self, seat: Seat, match: Bar, decided_at: Bar) -> None:
        tick = Tick(match.symbol, match.ts_start_ms, match.close_vnd, match.volume)
        before = self._previous.get(_key(seat), {})
        wanted = seat.strategy.on_tick(tick, self._context(seat, seat.before, before, match.ts_start_ms))
        self._act_apart(seat.stake.part, wanted, decided_at.ts_start_ms, f"tick:{self._heard}", match.symbol)

    def _ask_about_book(self, seat: Seat, decided_at: Bar) -> None:
        """The latest that was there at the match, before the match itself."""
        ts_ms = decided_at.ts_start_ms + MINUTE_MS
        book = self._books.take(seat.stake, ts_ms)
        if book is not None:
            context = self._context(seat, seat.before, self._previous.get(_key(seat), {}), ts_ms)
            wanted = seat.strategy.on_book(book, context)
            self._act_apart(seat.stake.part, wanted, decided_at.ts_start_ms, f"book:{self._heard}", book.symbol)

    def _tell_bars(self, until_ms: int) -> None:
        """Those that are over by then, in the order in which they ended."""
        while self._ends_ms[self._told] <= until_ms:
            bar, known = self._bars[self._told], self._known[self._told]
            self._told += 1
            place = self._places[self._minutes.symbols.index(bar.symbol)]
            if bar.ts_start_ms + MINUTE_MS >= self._account.next_arrival_ms:
                self._account.settle(bar.ts_start_ms + MINUTE_MS)
            for seat in self._seats[place]:
                seat.last = bar
            for seat in self._seats[place]:
                self._ask_about_bar(seat, bar, known)

    def _ask_about_bar(self, seat: Seat, bar: Bar, known: Mapping[str, float]) -> None:
        seen = {name: known[name] for name in seat.names if name in known}
        wanted = seat.on_bar(bar, self._context(seat, seen, seat.before, bar.ts_start_ms + MINUTE_MS))
        self._previous[_key(seat)], seat.before = seat.before, seen
        if seat.weighs:
            self._weigh(seat, wanted, bar, known)
        elif wanted is not None and bar.ts_start_ms >= self._spec.trades_from_ms:
            self._act(seat, wanted, bar, self._day)

    def _context(self, seat: Seat, seen: Mapping[str, float], before: Mapping[str, float], ts_ms: int) -> Context:
        universe = self._universe(seat.stake.part) if seat.wants_universe else NO_UNIVERSE
        standing = self._weighing.standing(seat.stake.symbol, ts_ms)
        return Context(
            seen, before, seat.stake.held, seat.stake.working, universe, self._account.equity_vnd(), *standing
        )

    def _last_known(self, seat: Seat) -> Bar | None:
        price_vnd = seat.market.close_vnd
        return Bar(seat.market.symbol, 0, price_vnd, price_vnd, price_vnd, price_vnd, 0) if price_vnd else None

    def _tell_moments(self, until_ms: int) -> None:
        while self._moments and self._moments[0].ts_ms <= until_ms:
            at_ms = self._moments[0].ts_ms
            self._tell_bars(at_ms)
            super()._tell_moments(at_ms)
        self._next_moment_ms = self._moments[0].ts_ms if self._moments else NEVER_MS

    def _end_day(self) -> None:
        """The day's last minutes end with it, its moments among them."""
        if self._day < 0:
            return
        self._tell_moments(NEVER_MS - 1)
        self._tell_bars(_day_ends_ms(self._day))
        for market in self._markets:
            if not market.orders:  # the others are told in any case
                self._venue.end_day(market, self._day)
        super()._end_day()


def _day_ends_ms(day: int) -> int:
    return (day + 1) * DAY_MS - VIETNAM_AHEAD_MS


def _bar(closed: BarClosed) -> Bar:
    return Bar(
        closed.symbol, closed.ts_start_ms, closed.open_vnd, closed.high_vnd, closed.low_vnd, closed.close_vnd,
        closed.volume,
    )  # fmt: skip


def _key(seat: Seat) -> _Key:
    return seat.stake.part, seat.stake.symbol


def _first(endless: Iterator[Any], count: int) -> Iterator[Any]:
    for _, one in zip(range(count), endless, strict=False):
        yield one
