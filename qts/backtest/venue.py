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
    TradingCalendar,
    next_price_down,
    next_price_up,
    price_band,
    round_down_to_tick,
    round_to_tick,
)
from qts.domain.market.timeframes import DAY_MS
from qts.domain.portfolio import cash_needed_vnd
from qts.domain.strategy import Bar, Intent
from qts.domain.strategy.sizing import Holding, NoOrder, Proposal, TopOfBook, propose
from qts.domain.values import Side

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

    def act(self, market: Market, stake: Stake, intent: Intent, bar: Bar, day: int) -> None:
        """What a strategy wants after a bar."""

    def end_day(self, market: Market, day: int) -> int:
        """How many orders ended unfilled."""


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

    def act(self, market: Market, stake: Stake, intent: Intent, bar: Bar, day: int) -> None:
        close_vnd = bar.close_vnd
        holding = Holding(held=stake.held, working=stake.working, sellable=stake.held, round_lot=1)
        top = TopOfBook(bid_vnd=close_vnd, ask_vnd=close_vnd, last_vnd=close_vnd)
        proposal = propose(intent, holding, top)
        if isinstance(proposal, NoOrder):
            self.refusals.append(Refusal(bar.ts_start_ms, market.symbol, intent.signal, proposal.reason))
            return
        order = WorkingOrder(stake, proposal.side, close_vnd, proposal.quantity, intent.signal, 0, day)
        self._account.work(market, order)
        if self._fill_at is FillAt.CLOSE:
            self.meet(market, bar, day)

    def end_day(self, market: Market, day: int) -> int:
        return 0

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
    """Sessions, bands, ticks, lots and the live gate; an order fills as far as a bar of the real market tells."""

    def __init__(self, spec: BacktestSpec, account: Account, calendar: TradingCalendar) -> None:
        self._spec, self._account, self._calendar = spec, account, calendar
        self.refusals: list[Refusal] = []
        self.locked_bars = 0
        self.largest_share_percent = 0.0

    def open(self, market: Market, day: int, open_vnd: int) -> None:
        """The day's reference is the close before; on the very first day, what it opens at."""
        market.day = day
        market.reference_vnd, market.band = self._reference(market.symbol, market.close_vnd or open_vnd)

    def meet(self, market: Market, bar: Bar, day: int) -> None:
        allowed = bar.volume * self._spec.participation_percent // PERCENT_WHOLE
        for order in market.orders:
            met = meet(order.side, order.price_vnd, order.left, bar, market.band, volume_left=allowed)
            self.locked_bars += met.is_locked
            if met.quantity:
                allowed -= met.quantity
                share_percent = met.quantity * PERCENT_WHOLE / bar.volume
                self.largest_share_percent = max(self.largest_share_percent, share_percent)
                self._account.book(
                    market, order, quantity=met.quantity, price_vnd=met.price_vnd, ts_ms=bar.ts_start_ms, day=day
                )
        self._account.drop(market, [order for order in market.orders if not order.left])

    def act(self, market: Market, stake: Stake, intent: Intent, bar: Bar, day: int) -> None:
        instrument = self._spec.instruments[market.symbol]
        at, reference_vnd, band = self._as_judged(market, bar, day)
        holding = Holding(
            held=stake.held,
            working=stake.working,
            sellable=self._account.sellable(market),
            round_lot=instrument.lot_size,
        )
        proposal = propose(intent, holding, _top(instrument, bar.close_vnd, band, self._spec.spread_ticks))
        if isinstance(proposal, NoOrder):
            self._refuse(market, intent, proposal.reason, bar)
            return
        codes = breaches_of(
            proposal, instrument, market, self._account, self._spec.fees, reference_vnd=reference_vnd, band=band, at=at
        )
        if codes:
            self._refuse(market, intent, ", ".join(dict.fromkeys(codes)), bar)
            return
        self._account.work(market, self._order(proposal, stake, band, intent.signal, day))

    def end_day(self, market: Market, day: int) -> int:
        """A minute's order works until its day ends, a day's order through the day after."""
        if self._spec.period is BarPeriod.DAY:
            return self._account.drop(market, [order for order in market.orders if order.day < day])
        return self._account.drop(market, market.orders)

    def _as_judged(self, market: Market, bar: Bar, day: int) -> tuple[datetime, int, Band]:
        """Moment, reference and band that an order after this bar meets: of the next day, after a bar of a day."""
        if self._spec.period is BarPeriod.MINUTE:
            ends_at = datetime.fromtimestamp((bar.ts_start_ms + MINUTE_MS) / 1_000, tz=UTC)
            return ends_at, market.reference_vnd, market.band
        next_day = self._calendar.next_trading_day(EPOCH + timedelta(days=day))
        reference_vnd, band = self._reference(market.symbol, bar.close_vnd)
        return datetime.combine(next_day, _OPENS, tzinfo=VIETNAM), reference_vnd, band

    def _reference(self, symbol: str, close_vnd: int) -> tuple[int, Band]:
        instrument = self._spec.instruments[symbol]
        reference_vnd = round_to_tick(instrument.exchange, instrument.kind, Fraction(close_vnd))
        return reference_vnd, price_band(instrument.exchange, instrument.kind, reference_vnd)

    def _order(self, proposal: Proposal, stake: Stake, band: Band, signal: str, day: int) -> WorkingOrder:
        """An order without a limit price reaches as far as the band lets it."""
        widest_vnd = band.ceiling_vnd if proposal.side is Side.BUY else band.floor_vnd
        price_vnd = proposal.price_vnd or widest_vnd
        reserved_vnd = 0
        if proposal.side is Side.BUY:
            reserved_vnd = cash_needed_vnd(quantity=proposal.quantity, price_vnd=price_vnd, fees=self._spec.fees)
        return WorkingOrder(stake, proposal.side, price_vnd, proposal.quantity, signal, reserved_vnd, day)

    def _refuse(self, market: Market, intent: Intent, reason: str, bar: Bar) -> None:
        ends_ms = bar.ts_start_ms + (MINUTE_MS if self._spec.period is BarPeriod.MINUTE else DAY_MS)
        self.refusals.append(Refusal(ends_ms, market.symbol, intent.signal, reason))


def _top(instrument: Instrument, close_vnd: int, band: Band, spread_ticks: int) -> TopOfBook:
    """Both sides so many steps away from the close, inside of the day's band."""
    exchange, kind = instrument.exchange, instrument.kind
    bid_vnd = round_down_to_tick(exchange, kind, close_vnd)
    ask_vnd = bid_vnd if bid_vnd == close_vnd else next_price_up(exchange, kind, bid_vnd)
    for _ in range(spread_ticks):
        bid_vnd = next_price_down(exchange, kind, bid_vnd)
        ask_vnd = next_price_up(exchange, kind, ask_vnd)
    return TopOfBook(
        bid_vnd=max(bid_vnd, band.floor_vnd),
        ask_vnd=min(ask_vnd, band.ceiling_vnd),
        last_vnd=close_vnd,
    )


def venue_of(spec: BacktestSpec, account: Account, calendar: TradingCalendar) -> Venue:
    if spec.frictionless is not None:
        return Frictionless(account, spec.frictionless)
    return UnderTheRules(spec, account, calendar)
