"""The event loop: each bar first meets the orders that were there before it, then the strategy sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from qts.backtest.book import Account, WorkingOrder
from qts.backtest.desk import Desk, Quote
from qts.backtest.fills import meet
from qts.backtest.result import BacktestResult, DayEquity, Fill
from qts.backtest.spec import PERCENT_WHOLE, BacktestSpec, SpecWrong
from qts.domain.market import MINUTE_MS, Band, TradingCalendar, price_band, round_to_tick, to_vietnam
from qts.domain.strategy import Bar, Context, Strategy, parse_parameters, strategy_class
from qts.quant.indicators import IndicatorSet, problems_of

_DAY: Final = timedelta(days=1)


def run(spec: BacktestSpec, bars: Sequence[Bar]) -> BacktestResult:
    """Deterministic: equal specifications and bars give equal results.

    Raises SpecWrong for a strategy that is not known, one that reads an indicator which nobody computes, and a bar of
    another symbol; ParameterError for wrong parameters; what the strategy itself raises passes.
    """
    strategy = _strategy(spec)
    machine = _Machine(spec, strategy, _calendar_of(bars))
    for bar in bars:
        machine.take(bar)
    machine.end_day()
    return machine.result(spec.fingerprint(bars), len(bars))


@dataclass(slots=True)
class _Market:
    """One symbol as it stands."""

    indicators: IndicatorSet
    values: dict[str, float] = field(default_factory=dict)
    close_vnd: int = 0
    band: Band = field(default_factory=lambda: Band(0, 0))
    reference_vnd: int = 0


class _Machine:
    def __init__(self, spec: BacktestSpec, strategy: Strategy[Any], calendar: TradingCalendar) -> None:
        self._spec, self._strategy = spec, strategy
        self._account = Account(spec.cash_vnd, spec.fees, calendar)
        self._desk = Desk(spec, self._account)
        self._markets = {symbol: _Market(IndicatorSet(strategy.indicator_names())) for symbol in spec.instruments}
        self._day: date | None = None
        self._held_value_vnd = 0
        self._peak_vnd = spec.cash_vnd
        self._fills: list[Fill] = []
        self._equity: list[DayEquity] = []
        self._lowest_from_peak_vnd = self._locked_bars = self._expired = 0
        self._largest_share_percent = 0.0

    def take(self, bar: Bar) -> None:
        if bar.symbol not in self._markets:
            raise SpecWrong(f"the bars hold {bar.symbol}, which is none of the specification's instruments")
        begins_at = to_vietnam(datetime.fromtimestamp(bar.ts_start_ms / 1_000, tz=UTC))
        if begins_at.date() != self._day:
            self.end_day()
            self._begin_day(begins_at.date())
        self._account.settle(begins_at)
        market = self._markets[bar.symbol]
        if not market.reference_vnd:
            self._open(bar.symbol, market, market.close_vnd or bar.open_vnd)
        self._meet(bar, market, begins_at)
        self._mark(bar, market)
        self._ask(bar, market, begins_at)

    def end_day(self) -> None:
        if self._day is not None:
            self._expired += self._account.expire()
            self._equity.append(DayEquity(self._day, self._equity_vnd(), self._held_value_vnd))

    def result(self, fingerprint: str, bar_count: int) -> BacktestResult:
        return BacktestResult(
            fingerprint=fingerprint,
            bar_count=bar_count,
            cash_vnd=self._account.cash_vnd + self._account.unsettled_cash_vnd,
            first_equity_vnd=self._spec.cash_vnd,
            fills=self._fills,
            refusals=self._desk.refusals,
            equity=self._equity,
            lowest_from_peak_vnd=self._lowest_from_peak_vnd,
            largest_share_percent=self._largest_share_percent,
            locked_bars=self._locked_bars,
            expired_orders=self._expired,
        )

    def _begin_day(self, day: date) -> None:
        self._day = day
        for market in self._markets.values():
            market.reference_vnd = 0  # its first bar of the day says that it trades

    def _open(self, symbol: str, market: _Market, close_before_vnd: int) -> None:
        """The day's reference is the close before; on the very first day, what it opens at."""
        instrument = self._spec.instruments[symbol]
        reference_vnd = round_to_tick(instrument.exchange, instrument.kind, Fraction(close_before_vnd))
        market.reference_vnd = reference_vnd
        market.band = price_band(instrument.exchange, instrument.kind, reference_vnd)

    def _meet(self, bar: Bar, market: _Market, at: datetime) -> None:
        allowed = bar.volume * self._spec.participation_percent // PERCENT_WHOLE
        for order in self._account.working.get(bar.symbol, ()):
            met = meet(order.side, order.price_vnd, order.left, bar, market.band, volume_left=allowed)
            self._locked_bars += met.is_locked
            if met.quantity:
                allowed -= met.quantity
                self._largest_share_percent = max(
                    self._largest_share_percent, met.quantity * PERCENT_WHOLE / bar.volume
                )
                self._book(order, met.quantity, met.price_vnd, bar, at)
        self._account.drop_done(bar.symbol)

    def _book(self, order: WorkingOrder, quantity: int, price_vnd: int, bar: Bar, at: datetime) -> None:
        before = self._account.held(bar.symbol)
        fee_vnd, tax_vnd, realised_vnd = self._account.book(order, quantity, price_vnd, at)
        last_vnd = self._markets[bar.symbol].close_vnd or price_vnd
        self._held_value_vnd += (self._account.held(bar.symbol) - before) * last_vnd
        fill = Fill(
            bar.ts_start_ms, bar.symbol, order.side, quantity, price_vnd, fee_vnd, tax_vnd, realised_vnd, order.signal
        )
        self._fills.append(fill)

    def _mark(self, bar: Bar, market: _Market) -> None:
        held = self._account.held(bar.symbol)
        self._held_value_vnd += held * (bar.close_vnd - (market.close_vnd or bar.close_vnd))
        market.close_vnd = bar.close_vnd
        equity_vnd = self._equity_vnd()
        self._peak_vnd = max(self._peak_vnd, equity_vnd)
        self._lowest_from_peak_vnd = max(self._lowest_from_peak_vnd, self._peak_vnd - equity_vnd)

    def _ask(self, bar: Bar, market: _Market, begins_at: datetime) -> None:
        before = market.values
        market.indicators.update(bar)
        market.values = dict(market.indicators.values())
        context = Context(
            quantity=self._account.held(bar.symbol),
            working_quantity=self._desk.working(bar.symbol),
            indicators=market.values,
            previous=before,
        )
        intent = self._strategy.on_bar(bar, context)
        if intent is not None:
            ends_at = begins_at + timedelta(milliseconds=MINUTE_MS)
            quote = Quote(bar.close_vnd, market.reference_vnd, market.band, self._equity_vnd())
            self._desk.act(bar.symbol, intent, quote, ends_at)

    def _equity_vnd(self) -> int:
        return self._account.cash_vnd + self._account.unsettled_cash_vnd + self._held_value_vnd


def _strategy(spec: BacktestSpec) -> Strategy[Any]:
    try:
        kind = strategy_class(spec.strategy)
    except KeyError:
        raise SpecWrong(f"there is no strategy {spec.strategy!r}") from None
    strategy: Strategy[Any] = kind(parse_parameters(kind.parameters_class, spec.parameters))
    if problems := problems_of(strategy.indicator_names()):
        raise SpecWrong("; ".join(problems))
    return strategy


def _calendar_of(bars: Sequence[Bar]) -> TradingCalendar:
    """Of the days that have bars: a weekday without any was no trading day."""
    traded = {to_vietnam(datetime.fromtimestamp(bar.ts_start_ms / 1_000, tz=UTC)).date() for bar in bars}
    if not traded:
        raise SpecWrong("there are no bars")
    first, last = min(traded), max(traded)
    days = (first + _DAY * number for number in range((last - first).days + 1))
    return TradingCalendar(frozenset(day for day in days if day not in traded))
