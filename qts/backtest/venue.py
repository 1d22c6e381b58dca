"""Where a backtest's orders go: under the rules of the market, or to a place without friction."""

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Final, Protocol

from qts.backtest.account import Account, Market, Stake, WorkingOrder
from qts.backtest.fills import meet
from qts.backtest.gate import breaches_of
from qts.backtest.result import Refusal
from qts.backtest.spec import PERCENT_WHOLE, BacktestSpec, BarPeriod, FillAt
from qts.domain.market import (
    MINUTE_MS,
    VIETNAM,
    Band,
    Instrument,
    RuleBook,
    TradingCalendar,
    next_price_down,
    next_price_up,
    price_band,
    round_down_to_tick,
    round_lot,
    round_to_tick,
)
from qts.domain.market.timeframes import DAY_MS
from qts.domain.portfolio import cash_needed_vnd
from qts.domain.strategy import Act, Bar
from qts.domain.strategy.sizing import Holding, NoOrder, Proposal, TopOfBook, propose
from qts.domain.values import Side

Judged = tuple[datetime, RuleBook, int, Band]  # moment, rules of that day, reference in VND and band
EPOCH: Final = date(1970, 1, 1)
_OPENS: Final = time(9, 15)  # continuous trading begins everywhere


class Venue(Protocol):
    """`refusals` are the intents that became no order."""

    refusals: list[Refusal]
    locked_bars: int
    largest_share_percent: float

    def open(self, market: Market, day: int, open_vnd: int) -> None:
        """The symbol's first bar of a day."""

    def meet(self, market: Market, bar: Bar, day: int) -> None:
        """A bar comes upon the orders that were there before it."""

    def act(self, market: Market, stake: Stake, act: Act, bar: Bar, day: int) -> None:
        """What a strategy wants after a bar."""

    def end_day(self, market: Market, day: int) -> int:
        """How many orders ended unfilled."""

    def lot(self, market: Market) -> int:
        """Of an order after the latest bar."""


class Frictionless:
    """Every order fills whole, at the one price that was agreed on; only fees are taken and money has to be there."""

    def __init__(self, account: Account, fill_at: FillAt) -> None:
        self._account, self._fill_at = account, fill_at
        self.refusals: list[Refusal] = []
        self.locked_bars = 0
        self.largest_share_percent = 0.0

    def open(self, market: Market, day: int, open_vnd: int) -> None:
        market.day = day

    def meet(self, market: Market, bar: Bar, day: int) -> None:
        price_vnd = bar.open_vnd if self._fill_at is FillAt.NEXT_OPEN else bar.close_vnd
        for order in market.orders:
            self._fill(market, order, price_vnd, bar, day)
        self._account.drop(market, market.orders)

    def act(self, market: Market, stake: Stake, act: Act, bar: Bar, day: int) -> None:
        close_vnd = bar.close_vnd
        holding = Holding(held=stake.held, working=stake.working, sellable=stake.held, round_lot=1)
        top = TopOfBook(bid_vnd=close_vnd, ask_vnd=close_vnd, last_vnd=close_vnd)
        proposal = propose(act, holding, top)
        if isinstance(proposal, NoOrder):
            self.refusals.append(Refusal(bar.ts_start_ms, market.symbol, act.signal, proposal.reason))
            return
        order = WorkingOrder(stake, proposal.side, close_vnd, proposal.quantity, act.signal, 0, day)
        self._account.work(market, order)
        if self._fill_at is FillAt.CLOSE:
            self.meet(market, bar, day)

    def end_day(self, market: Market, day: int) -> int:
        return 0

    def lot(self, market: Market) -> int:
        return 1

    def _fill(self, market: Market, order: WorkingOrder, price_vnd: int, bar: Bar, day: int) -> None:
        if order.side is Side.SELL and order.left > order.stake.held:
            reason = f"{order.left} are to be sold and {order.stake.held} are held"
        elif order.side is Side.BUY and order.left * price_vnd > self._account.buying_power_vnd():
            reason = "there is not enough money"
        else:
            self._account.book(market, order, quantity=order.left, price_vnd=price_vnd, ts_ms=bar.ts_start_ms, day=day)
            return
        self.refusals.append(Refusal(bar.ts_start_ms, market.symbol, order.signal, reason))


class UnderTheRules:
    """The rules of each day: sessions, bands, ticks, lots and the live gate; an order fills as far as a bar of the real
    market tells."""

    def __init__(self, spec: BacktestSpec, account: Account, calendar: TradingCalendar) -> None:
        self._spec, self._account, self._calendar = spec, account, calendar
        self.refusals: list[Refusal] = []
        self.locked_bars = 0
        self.largest_share_percent = 0.0
        self._known: tuple[date, RuleBook] | None = None

    def open(self, market: Market, day: int, open_vnd: int) -> None:
        """The day's reference is the close before; on the very first day, what it opens at."""
        rules = self._rules_of(EPOCH + timedelta(days=day))
        market.day, market.rules = day, rules
        market.reference_vnd, market.band = self._reference(market.symbol, market.close_vnd or open_vnd, rules)

    def meet(self, market: Market, bar: Bar, day: int) -> None:
        allowed = bar.volume * self._spec.participation_percent // PERCENT_WHOLE
        for order in market.orders:
            if order.live_from_ms > bar.ts_start_ms:
                continue
            met = meet(order.side, order.price_vnd, order.left, bar, market.band, volume_left=allowed)
            self.locked_bars += met.is_locked
            if met.quantity:
                price_vnd = worse_by(self._spec, market, order, met.price_vnd)
                allowed -= met.quantity
                share_percent = met.quantity * PERCENT_WHOLE / bar.volume
                self.largest_share_percent = max(self.largest_share_percent, share_percent)
                self._account.book(
                    market, order, quantity=met.quantity, price_vnd=price_vnd, ts_ms=bar.ts_start_ms, day=day
                )
        self._account.drop(market, [order for order in market.orders if not order.left])

    def act(self, market: Market, stake: Stake, act: Act, bar: Bar, day: int) -> None:
        instrument = self._spec.instruments[market.symbol]
        at, rules, reference_vnd, band = self._as_judged(market, bar, day)
        holding = Holding(
            held=stake.held,
            working=stake.working,
            sellable=self._account.sellable(market),
            round_lot=round_lot(rules, instrument.exchange, instrument.kind),
        )
        proposal = propose(act, holding, _top(rules, instrument, bar.close_vnd, band, self._spec.spread_ticks))
        if isinstance(proposal, NoOrder):
            self._refuse(market, act, proposal.reason, bar)
            return
        codes = breaches_of(
            proposal,
            instrument,
            market,
            self._account,
            self._spec.fees,
            rules=rules,
            reference_vnd=reference_vnd,
            band=band,
            at=at,
            foreign_room_left=self._room_left(market),
        )
        if codes:
            self._refuse(market, act, ", ".join(dict.fromkeys(codes)), bar)
            return
        order = self._order(proposal, stake, band, act.signal, day)
        if self._spec.latency_ms and self._spec.period is not BarPeriod.DAY:  # a day's order is given before it opens
            order.live_from_ms = bar.ts_start_ms + MINUTE_MS + self._spec.latency_ms
        self._account.work(market, order)

    def _room_left(self, market: Market) -> int | None:
        room = self._spec.foreign_room.get(market.symbol)
        return None if room is None else room - market.held - market.working_quantity(Side.BUY)

    def end_day(self, market: Market, day: int) -> int:
        """A minute's order works until its day ends, a day's order through the day after."""
        if self._spec.period is BarPeriod.DAY:
            return self._account.drop(market, [order for order in market.orders if order.day < day])
        return self._account.drop(market, market.orders)

    def lot(self, market: Market) -> int:
        instrument, rules = self._spec.instruments[market.symbol], self._rules_next(market)
        return round_lot(rules, instrument.exchange, instrument.kind)

    def _as_judged(self, market: Market, bar: Bar, day: int) -> Judged:
        """What an order after this bar meets: that of the next day, after a bar of a day."""
        if self._spec.period is not BarPeriod.DAY:
            ends_at = datetime.fromtimestamp((bar.ts_start_ms + MINUTE_MS) / 1_000, tz=UTC)
            return ends_at, market.rules or self._rules_next(market), market.reference_vnd, market.band
        next_day = self._next_day(day)
        rules = self._rules_of(next_day)
        reference_vnd, band = self._reference(market.symbol, bar.close_vnd, rules)
        return datetime.combine(next_day, _OPENS, tzinfo=VIETNAM), rules, reference_vnd, band

    def _next_day(self, day: int) -> date:
        return self._calendar.next_trading_day(EPOCH + timedelta(days=day))

    def _rules_next(self, market: Market) -> RuleBook:
        """Of the day on which an order after the latest bar works."""
        if self._spec.period is BarPeriod.DAY or market.rules is None:
            return self._rules_of(self._next_day(market.day))
        return market.rules

    def _rules_of(self, day: date) -> RuleBook:
        if self._known is None or self._known[0] != day:
            self._known = day, self._spec.rules.on(day)
        return self._known[1]

    def _reference(self, symbol: str, close_vnd: int, rules: RuleBook) -> tuple[int, Band]:
        instrument = self._spec.instruments[symbol]
        reference_vnd = round_to_tick(rules, instrument.exchange, instrument.kind, Fraction(close_vnd))
        return reference_vnd, price_band(rules, instrument.exchange, instrument.kind, reference_vnd)

    def _order(self, proposal: Proposal, stake: Stake, band: Band, signal: str, day: int) -> WorkingOrder:
        """An order without a limit price reaches as far as the band lets it."""
        widest_vnd = band.ceiling_vnd if proposal.side is Side.BUY else band.floor_vnd
        price_vnd = proposal.price_vnd or widest_vnd
        reserved_vnd = 0
        if proposal.side is Side.BUY:
            reserved_vnd = cash_needed_vnd(quantity=proposal.quantity, price_vnd=price_vnd, fees=self._spec.fees)
        return WorkingOrder(stake, proposal.side, price_vnd, proposal.quantity, signal, reserved_vnd, day)

    def _refuse(self, market: Market, act: Act, reason: str, bar: Bar) -> None:
        ends_ms = bar.ts_start_ms + (DAY_MS if self._spec.period is BarPeriod.DAY else MINUTE_MS)
        self.refusals.append(Refusal(ends_ms, market.symbol, act.signal, reason))


def worse_by(spec: BacktestSpec, market: Market, order: WorkingOrder, price_vnd: int) -> int:
    """The price after slippage: so many steps against the order, but not beyond its own."""
    rules = market.rules
    if not spec.slippage_ticks or rules is None:
        return price_vnd
    instrument = spec.instruments[order.stake.symbol]
    for _ in range(spec.slippage_ticks):
        step = next_price_up if order.side is Side.BUY else next_price_down
        price_vnd = step(rules, instrument.exchange, instrument.kind, price_vnd)
    return min(price_vnd, order.price_vnd) if order.side is Side.BUY else max(price_vnd, order.price_vnd)


def _top(rules: RuleBook, instrument: Instrument, close_vnd: int, band: Band, spread_ticks: int) -> TopOfBook:
    """Both sides so many steps away from the close, inside of the day's band."""
    exchange, kind = instrument.exchange, instrument.kind
    bid_vnd = round_down_to_tick(rules, exchange, kind, close_vnd)
    ask_vnd = bid_vnd if bid_vnd == close_vnd else next_price_up(rules, exchange, kind, bid_vnd)
    for _ in range(spread_ticks):
        bid_vnd = next_price_down(rules, exchange, kind, bid_vnd)
        ask_vnd = next_price_up(rules, exchange, kind, ask_vnd)
    return TopOfBook(
        bid_vnd=max(bid_vnd, band.floor_vnd),
        ask_vnd=min(ask_vnd, band.ceiling_vnd),
        last_vnd=close_vnd,
    )


def venue_of(spec: BacktestSpec, account: Account, calendar: TradingCalendar) -> Venue:
    if spec.frictionless is not None:
        return Frictionless(account, spec.frictionless)
    if spec.period is BarPeriod.TICK:
        from qts.backtest.tick_venue import OnMatches  # it is made of what stands here

        return OnMatches(spec, account, calendar)
    return UnderTheRules(spec, account, calendar)
