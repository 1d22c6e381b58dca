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

from qts.backtest.account import Account, Market, Stake
from qts.backtest.result import BacktestResult, DayEquity
from qts.backtest.spec import BacktestSpec, BarPeriod, SpecWrong, StrategyPart
from qts.backtest.table import BarTable
from qts.backtest.venue import EPOCH, venue_of
from qts.domain.market import TradingCalendar
from qts.domain.portfolio import settles_at
from qts.domain.strategy import Bar, Context, Intents, Strategy, intents_of, parse_parameters, strategy_class
from qts.quant.indicators import batch_values, problems_of

_ROWS: Final = 8_192
_HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * _HOUR_MS
VIETNAM_AHEAD_MS: Final = 7 * _HOUR_MS

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
    """One strategy at one symbol."""

    __slots__ = ("before", "names", "on_bar", "stake")

    def __init__(self, strategy: Strategy[Any], stake: Stake) -> None:
        self.on_bar: Callable[[Bar, Context], Intents] = strategy.on_bar
        self.names = tuple(dict.fromkeys(strategy.indicator_names()))
        self.stake = stake
        self.before: Mapping[str, float] = {}


class _Machine:
    def __init__(self, spec: BacktestSpec, table: BarTable) -> None:
        if strangers := set(table.symbols) - spec.instruments.keys():
            named = ", ".join(sorted(strangers))
            raise SpecWrong(f"the bars hold {named}, which is none of the specification's instruments")
        if not len(table):
            raise SpecWrong("there are no bars")
        self._spec, self._table = spec, table
        self._days = (table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
        strategies = list(zip(count(), spec.parts, strategies_of(spec), strict=False))
        self._seats = [
            [
                _Seat(strategy, Stake(number, symbol))
                for number, part, strategy in strategies
                if not part.symbols or symbol in part.symbols
            ]
            for symbol in table.symbols
        ]
        self._names = tuple(dict.fromkeys(name for seats in self._seats for seat in seats for name in seat.names))
        calendar = _calendar_of(self._days)
        settles_ms = None if spec.frictionless is not None else _Settlement(calendar).at_ms
        self._account = Account(spec.cash_vnd, spec.fees, settles_ms)
        self._venue = venue_of(spec, self._account, calendar)
        self._markets = [Market(symbol) for symbol in table.symbols]
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

    def _take(self, rows: slice, values: Any) -> None:
        """The loop over one slice of bars; names are local here because looking them up is a tenth of the time."""
        account, venue, markets, seats_at = self._account, self._venue, self._markets, self._seats
        is_shared, today, tuple_of = len(self._spec.parts) == 1, self._day, tuple.__new__
        # a strategy is asked when a day's bar is over: what arrives in the course of it is there by then
        span_ms = DAY_MS if self._spec.period is BarPeriod.DAY else 0
        places, days = self._table.place[rows].tolist(), self._days[rows].tolist()
        for place, day, bar, known in zip(
            places, days, self._table.bars_of(rows), _mappings(self._names, values), strict=True
        ):
            if day != today:
                self._end_day()
                today = self._day = day
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
            for seat in seats_at[place]:
                seen = known if is_shared else {name: known[name] for name in seat.names if name in known}
                stake = seat.stake
                wanted = seat.on_bar(bar, tuple_of(Context, (seen, seat.before, stake.held, stake.working)))
                seat.before = seen
                if wanted is not None:
                    for intent in intents_of(wanted):
                        venue.act(market, stake, intent, bar, day)

    def _mark(self) -> None:
        equity_vnd = self._account.money_vnd + self._account.held_value_vnd
        if equity_vnd > self._peak_vnd:
            self._peak_vnd = equity_vnd
        elif self._peak_vnd - equity_vnd > self._fall_vnd:
            self._fall_vnd = self._peak_vnd - equity_vnd

    def _end_day(self) -> None:
        if self._day < 0:
            return
        self._expired += sum(self._venue.end_day(market, self._day) for market in self._markets if market.orders)
        self._mark()
        day = EPOCH + timedelta(days=self._day)
        self._equity.append(DayEquity(day, self._account.equity_vnd(), self._account.held_value_vnd))


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
