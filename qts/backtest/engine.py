"""The event loop: each bar first meets the orders that were there before it, then the strategies see it.

What a bar costs is counted in hundreds of nanoseconds here: columns come in slices of plain integers, indicators are
computed over the whole history at once (a value never depends on what comes after its bar; tests hold all of TA-Lib to
that, and to being what the live engine computes), and what happens only sometimes is behind one comparison.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, Final, cast

from qts.backtest.account import NEVER_MS, Account, Market, Stake
from qts.backtest.columns import indicator_columns, mappings
from qts.backtest.loading import strategies_of
from qts.backtest.moments import Clockwork, Moment
from qts.backtest.result import Asked, BacktestResult, DayEquity, Refusal
from qts.backtest.settlement import Settlement, calendar_of
from qts.backtest.spec import BacktestSpec, BarPeriod, SpecWrong
from qts.backtest.table import BarTable, TickTable
from qts.backtest.venue import EPOCH, venue_of
from qts.backtest.weighing import Books, Weighing
from qts.domain.errors import Said, said_by
from qts.domain.market import MINUTE_MS
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.portfolio import Holding
from qts.domain.strategy import (
    NO_SIGNALS,
    NO_UNIVERSE,
    Act,
    Bar,
    Book,
    Context,
    Fill,
    Intents,
    Signal,
    Strategy,
    SymbolState,
    Timer,
    Wants,
    intents_of,
    wants_of,
)
from qts.domain.strategy.deciding import USUAL_POLICY, DecisionPolicy
from qts.domain.strategy.position_size import ATR_NAME

_ROWS: Final = 8_192

_NOTHING: Final = Wants(ticks=False, fills=False, timers=(), sessions=False, universe=False, equity=False)

Progress = Callable[[int, int], None]


def run(
    spec: BacktestSpec,
    bars: BarTable | Sequence[Bar],
    *,
    progress: Progress | None = None,
    books: Sequence[Book] = (),
    strategies: Sequence[Strategy[Any]] | None = None,
    held: Mapping[str, int] | None = None,
) -> BacktestResult:
    """Deterministic: equal specifications and bars give equal results. `progress` is told bars done and bars there are;
    what it raises ends the run. Of recorded `books` each bar brings the latest of its symbol; without any, whoever
    wants them is told of none. `strategies` take the place of those that the parts name, one for each; `held` is what
    the first part holds of each symbol before the first bar, all of it settled.

    Raises SpecWrong for a strategy that is not known, one that reads an indicator which nobody computes, and a bar of
    another symbol; ParameterError for wrong parameters; what a strategy itself raises passes.
    """
    try:
        table = bars if isinstance(bars, BarTable) else BarTable.of(bars)
    except ValueError as error:
        raise SpecWrong(said_by(error)) from error
    if (spec.period is BarPeriod.TICK) != isinstance(table, TickTable):
        raise SpecWrong(Said("matches and only they are run with the period TICK"))
    machine = _machine(spec, table, books, strategies if strategies is not None else strategies_of(spec))
    machine.hold(held or {})
    for done in machine.steps():
        if progress is not None:
            progress(done, len(table))
    return machine.result(spec.fingerprint(table))


class Seat:
    """One strategy at one symbol; `last` is the symbol's bar before."""

    __slots__ = (
        "atr_vnd", "before", "last", "market", "names", "on_bar", "stake", "strategy", "universe", "wants_book",
        "wants_fills", "wants_universe", "weighs",
    )  # fmt: skip

    def __init__(self, strategy: Strategy[Any], stake: Stake, market: Market, policy: DecisionPolicy) -> None:
        wants = wants_of(strategy)
        self.weighs = policy != USUAL_POLICY
        self.strategy, self.stake, self.market = strategy, stake, market
        self.on_bar: Callable[[Bar, Context], Intents] = strategy.on_bar
        self.wants_fills, self.wants_universe, self.wants_book = wants.fills, wants.universe, wants.book
        self.names = tuple(dict.fromkeys(strategy.indicator_names()))
        self.before: Mapping[str, float] = {}
        self.universe: Mapping[str, SymbolState] = NO_UNIVERSE
        self.last: Bar | None = None
        self.atr_vnd: float | None = None


class Machine:
    def __init__(
        self, spec: BacktestSpec, table: BarTable, books: Sequence[Book], strategies: Sequence[Strategy[Any]]
    ) -> None:
        if strangers := set(table.symbols) - spec.instruments.keys():
            named = ", ".join(sorted(strangers))
            raise SpecWrong(
                Said("the bars hold {named}, which is none of the specification's instruments", named=named)
            )
        if not len(table):
            raise SpecWrong(Said("there are no bars"))
        self._spec, self._table = spec, table
        self._days = (table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
        self._markets = [Market(symbol) for symbol in table.symbols]
        self._seats = _seats(spec, self._markets, strategies)
        everyone = [seat for seats in self._seats for seat in seats]
        self._by_stake = {(seat.stake.part, seat.stake.symbol): seat for seat in everyone}
        self._hears_fills = any(seat.wants_fills for seat in everyone)
        self._clockwork = _clockwork(spec, everyone)
        self._follows = self._hears_fills or self._clockwork.is_needed or any(seat.wants_universe for seat in everyone)
        self._moments: list[Moment] = []
        self._next_moment_ms, self._told_fills = NEVER_MS, 0
        asked = tuple(dict.fromkeys(name for seats in self._seats for seat in seats for name in seat.names))
        calendar = calendar_of(self._days)
        settles_ms = None if spec.frictionless is not None else Settlement(calendar, spec.rules).at_ms
        self._account = Account(spec.cash_vnd, spec.fees, settles_ms)
        self._venue = venue_of(spec, self._account, calendar)
        self._weighing = Weighing(spec, self._by_stake, self._account, self._venue, self._act_elsewhere)
        self._names = tuple(dict.fromkeys((*asked, *self._weighing.indicator_names)))
        self._is_shared = len(spec.parts) == 1 and self._names == asked
        self._books = Books(books)
        self._day = -1
        self._equity: list[DayEquity] = []
        self._peak_vnd, self._fall_vnd, self._expired = spec.cash_vnd, 0, 0

    def hold(self, held: Mapping[str, int]) -> None:
        """Of the first part, before the first bar."""
        for (part, symbol), seat in self._by_stake.items():
            if part == 0 and (quantity := held.get(symbol, 0)):
                seat.stake.held = seat.market.held = quantity
                seat.stake.holding = Holding(quantity)

    def steps(self) -> Iterator[int]:
        """Run slice by slice; each time how many bars are done."""
        values = indicator_columns(self._table, self._names, self._spec.period.length_ms)
        for start in range(0, len(self._table), _ROWS):
            rows = slice(start, start + _ROWS)
            self._take(rows, values[:, rows])
            yield min(start + _ROWS, len(self._table))
        self._end_day()

    def result(self, fingerprint: str) -> BacktestResult:
        return BacktestResult(
            fingerprint=fingerprint,
            bar_count=len(self._table),
            cash_vnd=self._account.money_vnd,
            first_equity_vnd=self._spec.cash_vnd,
            fills=self._account.fills,
            refusals=self._venue.refusals,
            equity=self._equity,
            lowest_from_peak_vnd=self._fall_vnd,
            largest_share_percent=self._venue.largest_share_percent,
            locked_bars=self._venue.locked_bars,
            expired_orders=self._expired,
            decisions=self._weighing.decisions,
            asked=Asked(self._spec, self._table),
        )

    def _take(self, rows: slice, values: Any) -> None:  # noqa: C901, PLR0912  # each is one comparison
        """The loop over one slice of bars; names are local here because looking them up is a tenth of the time."""
        account, venue, markets, seats_at = self._account, self._venue, self._markets, self._seats
        is_shared, today, tuple_of, weighing = self._is_shared, self._day, tuple.__new__, self._weighing
        is_fed, length_ms = weighing.is_fed, self._spec.period.length_ms
        predictions = sentiments = NO_SIGNALS
        is_followed, goes_by_clock = self._follows, self._clockwork.is_needed
        trades_from_ms = self._spec.trades_from_ms
        # a strategy is asked when a day's bar is over: what arrives in the course of it is there by then
        span_ms = DAY_MS if self._spec.period is BarPeriod.DAY else 0
        places, days = self._table.place[rows].tolist(), self._days[rows].tolist()
        for place, day, bar, known in zip(
            places, days, self._table.bars_of(rows), mappings(self._names, values), strict=True
        ):
            if day != today:
                today = self._turn_day(day)
            if goes_by_clock and bar[1] >= self._next_moment_ms:
                self._tell_moments(bar[1])
            if bar[1] + span_ms >= account.next_arrival_ms:
                account.settle(bar[1] + span_ms)
            market = markets[place]
            if market.day != day:
                venue.open(market, day, bar.open_vnd)
            has_changed = market.held
            if market.orders:
                venue.meet(market, bar, day)
                has_changed = True
            if has_changed:
                account.held_value_vnd += market.held * (bar.close_vnd - market.close_vnd)
                market.close_vnd = bar.close_vnd
                self._mark()
            else:
                market.close_vnd = bar.close_vnd
            if is_followed:
                self._follow(seats_at[place], bar, has_changed)
            if is_fed:
                predictions, sentiments = weighing.standing(bar[0], bar[1] + length_ms)
            for seat in seats_at[place]:
                seen = known if is_shared else {name: known[name] for name in seat.names if name in known}
                stake = seat.stake
                equity_vnd = account.money_vnd + account.held_value_vnd
                context = tuple_of(
                    Context,
                    (
                        seen, seat.before, stake.held, stake.working, seat.universe, equity_vnd, predictions,
                        sentiments, False,
                    ),
                )  # fmt: skip
                if seat.wants_book:
                    self._tell_book(seat, bar, context, day)
                wanted = seat.on_bar(bar, context)
                seat.before = seen
                if seat.weighs:
                    self._weigh(seat, wanted, bar, known)
                elif wanted is not None and bar[1] >= trades_from_ms:
                    self._act(seat, wanted, bar, day)

    def _act(self, seat: Seat, wanted: Intents, bar: Bar, day: int) -> None:
        intents, part = intents_of(wanted), seat.stake.part
        if seat.weighs or any(isinstance(intent, Signal) for intent in intents):
            seat.last = bar
            self._weighing.act(part, intents, bar.symbol, bar.ts_start_ms, f"bar:{bar.symbol}:{bar.ts_start_ms}")
            return
        for act in cast("tuple[Act, ...]", intents):
            if act.symbol and act.symbol != bar.symbol:
                self._act_elsewhere(part, act, bar.ts_start_ms)
            else:
                self._venue.act(seat.market, seat.stake, act, bar, day)

    def _weigh(self, seat: Seat, wanted: Intents, bar: Bar, known: Mapping[str, float]) -> None:
        """For whoever has a policy: what it wants, and what others have published that changes what is done."""
        seat.last, seat.atr_vnd = bar, known.get(ATR_NAME)
        if bar.ts_start_ms < self._spec.trades_from_ms:
            return
        if wanted is not None:
            self._act(seat, wanted, bar, self._day)
        self._weighing.look_again(seat.stake, bar.ts_start_ms)

    def _tell_book(self, seat: Seat, bar: Bar, context: Context, day: int) -> None:
        """The latest of the bar's time; it is asked before the bar and sees the indicators of the bar before."""
        book = self._books.take(seat.stake, bar.ts_start_ms + self._spec.period.length_ms)
        if book is not None:
            wanted = seat.strategy.on_book(book, context._replace(indicators=seat.before, previous={}))
            if wanted is not None and bar.ts_start_ms >= self._spec.trades_from_ms:
                self._act(seat, wanted, bar, day)

    def _mark(self) -> None:
        equity_vnd = self._account.money_vnd + self._account.held_value_vnd
        if equity_vnd > self._peak_vnd:
            self._peak_vnd = equity_vnd
        elif self._peak_vnd - equity_vnd > self._fall_vnd:
            self._fall_vnd = self._peak_vnd - equity_vnd

    def _follow(self, seats: Sequence[Seat], bar: Bar, has_changed: bool) -> None:
        """For whoever is told of more than bars: what stands at each symbol, and the fills of this bar."""
        for seat in seats:
            seat.last = bar
        if has_changed and self._hears_fills:
            self._tell_fills(bar)
        for seat in seats:
            if seat.wants_universe:
                seat.universe = self._universe(seat.stake.part)

    def _tell_fills(self, bar: Bar) -> None:
        fills = self._account.fills
        begun, self._told_fills = self._told_fills, len(fills)
        for fill in fills[begun : self._told_fills]:
            seat = self._by_stake[fill.part, fill.symbol]
            if not seat.wants_fills:
                continue
            told = Fill(fill.symbol, fill.ts_ms, fill.side, fill.quantity, fill.price_vnd)
            universe = self._universe(fill.part) if seat.wants_universe else NO_UNIVERSE
            equity_vnd = self._account.equity_vnd()
            standing = self._weighing.standing(fill.symbol, fill.ts_ms)
            context = Context(seat.before, {}, seat.stake.held, seat.stake.working, universe, equity_vnd, *standing)
            wanted = seat.strategy.on_fill(told, context)
            self._act_apart(fill.part, wanted, bar.ts_start_ms, f"fill:{fill.ts_ms}", fill.symbol)

    def _universe(self, part: int) -> Mapping[str, SymbolState]:
        return {
            symbol: SymbolState(seat.last, seat.stake.held, seat.stake.working)
            for (number, symbol), seat in self._by_stake.items()
            if number == part and seat.last is not None
        }

    def _act_apart(self, part: int, wanted: Intents, ts_start_ms: int, key: str, symbol: str = "") -> None:
        """What a strategy wants at no bar."""
        if ts_start_ms < self._spec.trades_from_ms:
            return
        self._weighing.act(part, intents_of(wanted), symbol, ts_start_ms, key)

    def _act_elsewhere(self, part: int, intent: Act, ts_start_ms: int, symbol: str = "") -> None:
        """What a strategy wants at another symbol than the bar's, or at no bar: at that symbol's last price."""
        if ts_start_ms < self._spec.trades_from_ms:
            return
        named = intent.symbol or symbol
        seat = self._by_stake.get((part, named))
        last = self._last_known(seat) if seat is not None else None
        if seat is None or last is None:
            why = f"it does not trade {named}" if seat is None else "no price in the market yet"
            self._venue.refusals.append(Refusal(ts_start_ms + MINUTE_MS, named, intent.signal, why))
            return
        if seat.market.day != self._day:
            self._venue.open(seat.market, self._day, last.close_vnd)
        self._venue.act(seat.market, seat.stake, intent, last._replace(ts_start_ms=ts_start_ms), self._day)

    def _last_known(self, seat: Seat) -> Bar | None:
        """What an order at the seat's symbol goes by."""
        return seat.last

    def _turn_day(self, day: int) -> int:
        self._end_day()
        self._day = day
        if self._clockwork.is_needed:
            self._moments = self._clockwork.of_day(day)
            self._next_moment_ms = self._moments[0].ts_ms
        return day

    def _tell_moments(self, until_ms: int) -> None:
        """Each of them comes after the bars that were over by then, and is judged by the rules of its own moment."""
        while self._moments and self._moments[0].ts_ms <= until_ms:
            moment = self._moments.pop(0)
            if moment.ts_ms >= self._account.next_arrival_ms:
                self._account.settle(moment.ts_ms)
            seats = [seat for (part, _), seat in self._by_stake.items() if part == moment.part]
            strategy = seats[0].strategy
            universe = self._universe(moment.part) if seats[0].wants_universe else NO_UNIVERSE
            context = Context({}, {}, 0, 0, universe, self._account.equity_vnd())
            event = moment.event
            wanted = (
                strategy.on_timer(event, context) if isinstance(event, Timer) else strategy.on_session(event, context)
            )
            self._act_apart(moment.part, wanted, moment.ts_ms - MINUTE_MS, f"moment:{moment.ts_ms}")
        self._next_moment_ms = self._moments[0].ts_ms if self._moments else NEVER_MS

    def _end_day(self) -> None:
        if self._day < 0:
            return
        self._tell_moments(NEVER_MS)
        self._expired += sum(self._venue.end_day(market, self._day) for market in self._markets if market.orders)
        self._mark()
        day = EPOCH + timedelta(days=self._day)
        self._equity.append(DayEquity(day, self._account.equity_vnd(), self._account.held_value_vnd))


def _machine(
    spec: BacktestSpec, table: BarTable, books: Sequence[Book], strategies: Sequence[Strategy[Any]]
) -> Machine:
    if not isinstance(table, TickTable):
        return Machine(spec, table, books, strategies)
    from qts.backtest.tick_engine import TickMachine  # it is made of what stands here

    return TickMachine(spec, table, books, strategies)


def _seats(spec: BacktestSpec, markets: Sequence[Market], strategies: Sequence[Strategy[Any]]) -> list[list[Seat]]:
    numbered = list(zip(count(), spec.parts, strategies, strict=False))
    return [
        [
            Seat(strategy, Stake(number, market.symbol), market, part.policy)
            for number, part, strategy in numbered
            if not part.symbols or market.symbol in part.symbols
        ]
        for market in markets
    ]


def _clockwork(spec: BacktestSpec, seats: Sequence[Seat]) -> Clockwork:
    """Raises SpecWrong for a strategy that goes by the clock on bars that are days."""
    at = [[seat for seat in seats if seat.stake.part == part] for part in range(len(spec.parts))]
    found = Clockwork(
        [
            (wants_of(of_part[0].strategy), [spec.instruments[seat.stake.symbol].exchange for seat in of_part])
            if of_part
            else (_NOTHING, ())  # none of its symbols has a bar
            for of_part in at
        ],
        spec.rules,
    )
    if found.is_needed and spec.period is BarPeriod.DAY:
        raise SpecWrong(Said("a strategy that goes by timers or sessions needs bars of minutes"))
    return found
