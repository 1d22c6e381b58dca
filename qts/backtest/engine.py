"""The event loop: each bar first meets the orders that were there before it, then the strategies see it.

What a bar costs is counted in hundreds of nanoseconds here: columns come in slices of plain integers, indicators are
computed over the whole history at once (a value never depends on what comes after its bar; tests hold all of TA-Lib to
that, and to being what the live engine computes), and what happens only sometimes is behind one comparison.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count, repeat
from typing import Any, Final

import numpy as np

from qts.backtest.account import NEVER_MS, Account, Market, Stake
from qts.backtest.moments import Clockwork, Moment
from qts.backtest.result import BacktestResult, DayEquity, Refusal
from qts.backtest.spec import BacktestSpec, BarPeriod, SpecWrong, StrategyPart
from qts.backtest.table import BarTable
from qts.backtest.venue import EPOCH, venue_of
from qts.domain.market import MINUTE_MS, TradingCalendar
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.portfolio import settles_at
from qts.domain.strategy import (
    NO_UNIVERSE,
    Bar,
    Context,
    Fill,
    Intent,
    Intents,
    Strategy,
    SymbolState,
    Timer,
    Wants,
    intents_of,
    parse_parameters,
    strategy_class,
    wants_of,
)
from qts.quant.indicators import batch_values, problems_of

_ROWS: Final = 8_192

_NOTHING: Final = Wants(ticks=False, fills=False, timers=(), sessions=False, universe=False, equity=False)

Progress = Callable[[int, int], None]


def run(spec: BacktestSpec, bars: BarTable | Sequence[Bar], *, progress: Progress | None = None) -> BacktestResult:
    """Deterministic: equal specifications and bars give equal results. `progress` is told bars done and bars there are;
    what it raises ends the run.

    Raises SpecWrong for a strategy that is not known, one that reads an indicator which nobody computes, and a bar of
    another symbol; ParameterError for wrong parameters; what a strategy itself raises passes.
    """
    try:
        table = bars if isinstance(bars, BarTable) else BarTable.of(bars)
    except ValueError as error:
        raise SpecWrong(str(error)) from error
    machine = _Machine(spec, table)
    for done in machine.steps():
        if progress is not None:
            progress(done, len(table))
    return machine.result(spec.fingerprint(table))


class _Seat:
    """One strategy at one symbol; `last` is the symbol's bar before."""

    __slots__ = (
        "before", "last", "market", "names", "on_bar", "stake", "strategy", "universe", "wants_fills", "wants_universe",
    )  # fmt: skip

    def __init__(self, strategy: Strategy[Any], stake: Stake, market: Market) -> None:
        wants = wants_of(strategy)
        self.strategy, self.stake, self.market = strategy, stake, market
        self.on_bar: Callable[[Bar, Context], Intents] = strategy.on_bar
        self.wants_fills, self.wants_universe = wants.fills, wants.universe
        self.names = tuple(dict.fromkeys(strategy.indicator_names()))
        self.before: Mapping[str, float] = {}
        self.universe: Mapping[str, SymbolState] = NO_UNIVERSE
        self.last: Bar | None = None


class _Machine:
    def __init__(self, spec: BacktestSpec, table: BarTable) -> None:
        if strangers := set(table.symbols) - spec.instruments.keys():
            named = ", ".join(sorted(strangers))
            raise SpecWrong(f"the bars hold {named}, which is none of the specification's instruments")
        if not len(table):
            raise SpecWrong("there are no bars")
        self._spec, self._table = spec, table
        self._days = (table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
        self._markets = [Market(symbol) for symbol in table.symbols]
        self._seats = _seats(spec, self._markets)
        everyone = [seat for seats in self._seats for seat in seats]
        self._by_stake = {(seat.stake.part, seat.stake.symbol): seat for seat in everyone}
        self._hears_fills = any(seat.wants_fills for seat in everyone)
        self._clockwork = _clockwork(spec, everyone)
        self._follows = self._hears_fills or self._clockwork.is_needed or any(seat.wants_universe for seat in everyone)
        self._moments: list[Moment] = []
        self._next_moment_ms, self._told_fills = NEVER_MS, 0
        self._names = tuple(dict.fromkeys(name for seats in self._seats for seat in seats for name in seat.names))
        calendar = _calendar_of(self._days)
        settles_ms = None if spec.frictionless is not None else _Settlement(calendar).at_ms
        self._account = Account(spec.cash_vnd, spec.fees, settles_ms)
        self._venue = venue_of(spec, self._account, calendar)
        self._day = -1
        self._equity: list[DayEquity] = []
        self._peak_vnd, self._fall_vnd, self._expired = spec.cash_vnd, 0, 0

    def steps(self) -> Iterator[int]:
        """Run slice by slice; each time how many bars are done."""
        values = _indicator_columns(self._table, self._names, self._spec.period.length_ms)
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
        )

    def _take(self, rows: slice, values: Any) -> None:  # noqa: C901  # each branch is one comparison
        """The loop over one slice of bars; names are local here because looking them up is a tenth of the time."""
        account, venue, markets, seats_at = self._account, self._venue, self._markets, self._seats
        is_shared, today, tuple_of = len(self._spec.parts) == 1, self._day, tuple.__new__
        is_followed, goes_by_clock = self._follows, self._clockwork.is_needed
        trades_from_ms = self._spec.trades_from_ms
        # a strategy is asked when a day's bar is over: what arrives in the course of it is there by then
        span_ms = DAY_MS if self._spec.period is BarPeriod.DAY else 0
        places, days = self._table.place[rows].tolist(), self._days[rows].tolist()
        for place, day, bar, known in zip(
            places, days, self._table.bars_of(rows), _mappings(self._names, values), strict=True
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
            for seat in seats_at[place]:
                seen = known if is_shared else {name: known[name] for name in seat.names if name in known}
                stake = seat.stake
                equity_vnd = account.money_vnd + account.held_value_vnd
                context = tuple_of(Context, (seen, seat.before, stake.held, stake.working, seat.universe, equity_vnd))
                wanted = seat.on_bar(bar, context)
                seat.before = seen
                if wanted is not None and bar[1] >= trades_from_ms:
                    self._act(seat, wanted, bar, day)

    def _act(self, seat: _Seat, wanted: Intents, bar: Bar, day: int) -> None:
        for intent in intents_of(wanted):
            if intent.symbol and intent.symbol != bar.symbol:
                self._act_elsewhere(seat.stake.part, intent, bar.ts_start_ms, day)
            else:
                self._venue.act(seat.market, seat.stake, intent, bar, day)

    def _mark(self) -> None:
        equity_vnd = self._account.money_vnd + self._account.held_value_vnd
        if equity_vnd > self._peak_vnd:
            self._peak_vnd = equity_vnd
        elif self._peak_vnd - equity_vnd > self._fall_vnd:
            self._fall_vnd = self._peak_vnd - equity_vnd

    def _follow(self, seats: Sequence[_Seat], bar: Bar, has_changed: bool) -> None:
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
            context = Context(seat.before, {}, seat.stake.held, seat.stake.working, universe, equity_vnd)
            for intent in intents_of(seat.strategy.on_fill(told, context)):
                self._act_elsewhere(fill.part, intent, bar.ts_start_ms, self._day, fill.symbol)

    def _universe(self, part: int) -> Mapping[str, SymbolState]:
        return {
            symbol: SymbolState(seat.last, seat.stake.held, seat.stake.working)
            for (number, symbol), seat in self._by_stake.items()
            if number == part and seat.last is not None
        }

    def _act_elsewhere(self, part: int, intent: Intent, ts_start_ms: int, day: int, symbol: str = "") -> None:
        """What a strategy wants at another symbol than the bar's, or at no bar: at that symbol's last price."""
        if ts_start_ms < self._spec.trades_from_ms:
            return
        named = intent.symbol or symbol
        seat = self._by_stake.get((part, named))
        if seat is None or seat.last is None:
            why = f"it does not trade {named}" if seat is None else "no price in the market yet"
            self._venue.refusals.append(Refusal(ts_start_ms + MINUTE_MS, named, intent.signal, why))
            return
        if seat.market.day != day:
            self._venue.open(seat.market, day, seat.last.close_vnd)
        self._venue.act(seat.market, seat.stake, intent, seat.last._replace(ts_start_ms=ts_start_ms), day)

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
            for intent in intents_of(wanted):
                self._act_elsewhere(moment.part, intent, moment.ts_ms - MINUTE_MS, self._day)
        self._next_moment_ms = self._moments[0].ts_ms if self._moments else NEVER_MS

    def _end_day(self) -> None:
        if self._day < 0:
            return
        self._tell_moments(NEVER_MS)
        self._expired += sum(self._venue.end_day(market, self._day) for market in self._markets if market.orders)
        self._mark()
        day = EPOCH + timedelta(days=self._day)
        self._equity.append(DayEquity(day, self._account.equity_vnd(), self._account.held_value_vnd))


def _seats(spec: BacktestSpec, markets: Sequence[Market]) -> list[list[_Seat]]:
    strategies = list(zip(count(), spec.parts, strategies_of(spec), strict=False))
    return [
        [
            _Seat(strategy, Stake(number, market.symbol), market)
            for number, part, strategy in strategies
            if not part.symbols or market.symbol in part.symbols
        ]
        for market in markets
    ]


def _clockwork(spec: BacktestSpec, seats: Sequence[_Seat]) -> Clockwork:
    """Raises SpecWrong for a strategy that goes by the clock on bars that are days."""
    at = [[seat for seat in seats if seat.stake.part == part] for part in range(len(spec.parts))]
    found = Clockwork(
        [
            (wants_of(of_part[0].strategy), [spec.instruments[seat.stake.symbol].exchange for seat in of_part])
            if of_part
            else (_NOTHING, ())  # none of its symbols has a bar
            for of_part in at
        ]
    )
    if found.is_needed and spec.period is BarPeriod.DAY:
        raise SpecWrong("a strategy that goes by timers or sessions needs bars of minutes")
    return found


class _Settlement:
    """The moment at which a day's trades arrive, looked up once a day."""

    def __init__(self, calendar: TradingCalendar) -> None:
        self._calendar = calendar
        self._known: dict[int, int] = {}

    def at_ms(self, day: int) -> int:
        if day not in self._known:
            arrives_at = settles_at(EPOCH + timedelta(days=day), self._calendar)
            self._known[day] = round(arrives_at.timestamp() * 1_000)
        return self._known[day]


def strategies_of(spec: BacktestSpec) -> list[Strategy[Any]]:
    """A fresh one for each part. Raises SpecWrong and ParameterError."""
    return [_strategy(part, spec.period.length_ms) for part in spec.parts]


def _strategy(part: StrategyPart, bar_ms: int) -> Strategy[Any]:
    try:
        kind = strategy_class(part.strategy)
    except KeyError:
        raise SpecWrong(f"there is no strategy {part.strategy!r}") from None
    strategy: Strategy[Any] = kind(parse_parameters(kind.parameters_class, part.parameters))
    if problems := problems_of(strategy.indicator_names(), bar_ms):
        raise SpecWrong("; ".join(problems))
    return strategy


def _indicator_columns(table: BarTable, names: tuple[str, ...], bar_ms: int) -> Any:
    """One row a name, one column a bar; each symbol's values are of its own bars."""
    values = np.full((len(names), len(table)), np.nan)
    for place in range(len(table.symbols)):
        rows = table.place == place
        prices = (table.open_vnd, table.high_vnd, table.low_vnd, table.close_vnd, table.volume)
        found = batch_values(names, [column[rows] for column in prices], table.ts_start_ms[rows], bar_ms)
        for number, name in enumerate(names):
            values[number, rows] = found[name]
    return values


def _mappings(names: Sequence[str], values: Any) -> Iterator[Mapping[str, float]]:
    """The indicators of each bar by name, without those that are not there yet."""
    if not names:
        return repeat({}, values.shape[1])
    rows = zip(*values.tolist(), strict=True)
    if np.isfinite(values).all():
        return map(dict, map(zip, repeat(names), rows))
    return ({name: value for name, value in zip(names, row, strict=True) if math.isfinite(value)} for row in rows)


def _calendar_of(days: Any) -> TradingCalendar:
    """Of the days that have bars: a weekday without any was no trading day."""
    traded = np.unique(days).tolist()
    closed = set(range(traded[0], traded[-1])) - set(traded)
    return TradingCalendar(frozenset(EPOCH + timedelta(days=day) for day in closed))
