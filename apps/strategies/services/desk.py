"""What the running strategies are told, each in its own process, and what becomes of their answers."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.analytics.services import IndicatorEngine
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.strategies.models import Mode, Strategy, StrategyStatus
from apps.strategies.services.decisions import Cause, decide
from apps.strategies.services.exposures import exposures
from apps.strategies.services.staff import Employed, Staff
from qts.adapters.sandbox.messages import Event
from qts.domain.events import BarClosed, IndicatorCalculated, OrderFilled, SessionChanged, TickReceived
from qts.domain.market import VIETNAM, TradingCalendar, to_vietnam
from qts.domain.strategy import (
    NO_UNIVERSE,
    Bar,
    Context,
    Fill,
    Intent,
    SessionChange,
    SymbolState,
    TargetPosition,
    Tick,
    Timer,
)
from qts.domain.strategy.sizing import Holding, NoOrder, TopOfBook, propose
from qts.domain.values import Session, Side

SIGNAL_AGE_S_MAX = 15.0  # wall clock: a backlog still feeds the indicators, but nobody trades on old news
_OF_ONE_SECURITY = {Session.HALT, Session.PERIODIC}  # sessions that say nothing about its exchange


def oldest_signal_ms() -> int:
    """Since 1970: what came before that is not acted upon."""
    return round((time.time() - SIGNAL_AGE_S_MAX) * 1_000)


@dataclass(frozen=True, slots=True)
class _Question:
    """What a strategy is asked, and where it comes from. The symbol is empty for timers and sessions."""

    event: Event
    key: str
    symbol: str = ""
    wal_position: str = ""
    ts_received_ns: int = 0


class StrategyDesk:
    """One thread's. `refresh` follows what people start and stop; `begin_batch` forgets what it knew of holdings."""

    def __init__(self, engine: IndicatorEngine) -> None:
        self._engine, self._staff = engine, Staff()
        self._exposures: dict[tuple[str, str], orders.StrategyExposure] | None = None
        self._equities_vnd: dict[UUID, int] = {}
        self._bars: dict[str, Bar] = {}
        self._sessions: dict[str, str] = {}
        self._calendar: tuple[date, TradingCalendar] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staff.__exit__(kind, error, trace)

    @property
    def wants_ticks(self) -> bool:
        return any(one.host.wants_ticks for one in self._staff)

    @property
    def wants_fills(self) -> bool:
        return any(one.host.wants_fills for one in self._staff)

    @property
    def wants_sessions(self) -> bool:
        return any(one.host.wants_sessions for one in self._staff)

    def refresh(self) -> None:
        """One query; starts the processes of strategies started since, ends those of the stopped ones."""
        self._staff.refresh()
        self._engine.follow(self._asked_indicators())

    def begin_batch(self) -> None:
        self._exposures = None
        self._equities_vnd.clear()

    def on_bar(self, event: BarClosed) -> IndicatorCalculated:
        calculated = self._engine.on_bar(event)
        bar = Bar(
            symbol=event.symbol,
            ts_start_ms=event.ts_start_ms,
            open_vnd=event.open_vnd,
            high_vnd=event.high_vnd,
            low_vnd=event.low_vnd,
            close_vnd=event.close_vnd,
            volume=event.volume,
        )
        self._bars[event.symbol] = bar
        key = f"bar:{event.symbol}:{event.ts_start_ms}"
        self._ask_all(_Question(bar, key, event.symbol, event.wal_position, event.ts_received_ns))
        return calculated

    def on_tick(self, event: TickReceived) -> None:
        tick = Tick(
            symbol=event.symbol,
            ts_exchange_ms=event.ts_exchange_ms,
            price_vnd=event.price_vnd,
            quantity=event.quantity,
        )
        key = f"tick:{event.wal_position}"
        self._ask_all(_Question(tick, key, event.symbol, event.wal_position, event.ts_received_ns))

    def on_fill(self, event: OrderFilled) -> None:
        """Its own matches alone: whose order it was is in the book of orders."""
        order = orders.order(UUID(event.order_id))
        owner = order.strategy_id if order is not None else ""
        fill = Fill(
            event.symbol, event.ts_market_ms, Side(event.side), event.fill_quantity, event.fill_price_vnd
        )  # what one wanted at a match before this one is in its orders by now
        self._exposures = None
        self._equities_vnd.clear()
        for one in self._staff:
            if one.host.wants_fills and str(one.strategy.id) == owner:
                self._consider(one, _Question(fill, f"fill:{event.fill_id}", event.symbol, "", time.time_ns()))

    def on_session(self, event: SessionChanged) -> None:
        """The first security of an exchange that goes over says so for all; the one before the first is not known."""
        if event.session in _OF_ONE_SECURITY:
            return
        before, self._sessions[event.exchange] = self._sessions.get(event.exchange), event.session
        if before in {None, event.session} or event.ts_received_ns // 1_000_000 < oldest_signal_ms():
            return
        change = SessionChange(event.exchange, event.ts_exchange_ms, Session(event.session))
        key = f"session:{event.exchange}:{event.session}:{event.ts_exchange_ms}"
        listed_there = {known.symbol for known in marketdata.securities() if known.exchange == event.exchange}
        for one in self._staff:
            if one.host.wants_sessions and listed_there & set(one.strategy.symbols):
                self._consider(one, _Question(change, key, "", event.wal_position, event.ts_received_ns))

    def on_clock(self, now: datetime) -> None:
        """Timers that have come since the last time; those that came before a start are not made up for."""
        waiting = [one for one in self._staff if one.host.timers]
        if not waiting:
            return
        day = to_vietnam(now).date()
        midnight = datetime.combine(day, time_of_day(), tzinfo=VIETNAM).astimezone(UTC)
        for one in waiting:
            told_at, one.told_at = one.told_at, now
            for minute in one.host.timers:
                at = midnight + timedelta(minutes=minute)
                if told_at < at <= now and self._is_trading_day(day) and one.strategy in self._staff:
                    timer = Timer(round(at.timestamp() * 1_000), minute)
                    self._consider(one, _Question(timer, f"timer:{day}:{minute}", "", "", time.time_ns()))

    def _ask_all(self, question: _Question) -> None:
        if question.ts_received_ns // 1_000_000 < oldest_signal_ms():
            return
        for one in self._staff:
            if question.symbol in one.strategy.symbols and (isinstance(question.event, Bar) or one.host.wants_ticks):
                self._consider(one, question)

    def _consider(self, one: Employed, question: _Question) -> None:
        context = self._context(one, question.symbol)
        for number, intent in enumerate(self._staff.ask(one, question.event, context)):
            if one.strategy not in self._staff:
                return  # what it wanted before was its end
            cause = Cause(
                event_key=f"{question.key}:{number}" if number else question.key,
                trigger=_as_json(question.event),
                indicators=dict(context.indicators),
                indicators_previous=dict(context.previous),
                wal_position=question.wal_position,
                ts_received_ns=question.ts_received_ns,
            )
            self._act(one.strategy, intent.symbol or question.symbol, intent, cause)

    def _context(self, one: Employed, symbol: str) -> Context:
        exposure = self._exposure(one.strategy, symbol)
        return Context(
            quantity=exposure.held_quantity,
            working_quantity=exposure.working_quantity,
            indicators=_those(one.host.indicator_names, self._engine.values(symbol)) if symbol else {},
            previous=_those(one.host.indicator_names, self._engine.values_before(symbol)) if symbol else {},
            universe=self._universe(one.strategy) if one.host.wants_universe else NO_UNIVERSE,
            equity_vnd=self._equity_vnd(one.strategy.account_id) if one.host.wants_equity else 0,
        )

    def _equity_vnd(self, account_id: UUID) -> int:
        """0 while a held symbol has no price: then nothing is bought for a share of it."""
        if account_id not in self._equities_vnd:
            self._equities_vnd[account_id] = accounts.portfolio(account_id, marketdata.market_now()).equity_vnd or 0
        return self._equities_vnd[account_id]

    def _universe(self, strategy: Strategy) -> dict[str, SymbolState]:
        found = {symbol: self._exposure(strategy, symbol) for symbol in strategy.symbols if symbol in self._bars}
        return {
            symbol: SymbolState(self._bars[symbol], exposure.held_quantity, exposure.working_quantity)
            for symbol, exposure in found.items()
        }

    def _act(self, strategy: Strategy, symbol: str, intent: Intent, cause: Cause) -> None:
        now = marketdata.market_now()
        if symbol in strategy.symbols:
            answer = self._answer(strategy, symbol, intent, now)
        else:
            answer = NoOrder(f"it does not trade {symbol}" if symbol else "it names no symbol")
        decision = decide(strategy, symbol=symbol[:20], intent=intent, answer=answer, cause=cause, now=now)
        if decision is None or decision.strategy.status != StrategyStatus.RUNNING:
            self.refresh()  # it may be off: the next message, not the next second, finds it gone
        self._exposures = None  # an order changes what is held and working
        self._equities_vnd.clear()

    def _answer(self, strategy: Strategy, symbol: str, intent: Intent, now: datetime) -> Any:
        exposure = self._exposure(strategy, symbol)
        quote = marketdata.live_quotes([symbol])[symbol]
        if quote.session == Session.HALT:
            return NoOrder("the exchange has halted it")
        security = marketdata.security(symbol)
        holding = Holding(
            held=exposure.held_quantity,
            working=exposure.working_quantity,
            sellable=_sellable(strategy, symbol, exposure, now) if _may_sell(intent, exposure) else 0,
            round_lot=security.lot_size if security else 1,
        )
        top = TopOfBook(
            bid_vnd=quote.bids[0][0] if quote.bids else 0,
            ask_vnd=quote.asks[0][0] if quote.asks else 0,
            last_vnd=quote.last_vnd or quote.reference_vnd,
        )
        return propose(intent, holding, top)

    def _exposure(self, strategy: Strategy, symbol: str) -> orders.StrategyExposure:
        if self._exposures is None:
            self._exposures = exposures([one.strategy for one in self._staff])
        return self._exposures.get((str(strategy.id), symbol), orders.StrategyExposure(0, 0))

    def _asked_indicators(self) -> dict[str, list[str]]:
        asked: dict[str, list[str]] = {}
        for one in self._staff:
            for symbol in one.strategy.symbols:
                asked.setdefault(symbol, []).extend(one.host.indicator_names)
        return asked

    def _is_trading_day(self, day: date) -> bool:
        if self._calendar is None or self._calendar[0] != day:
            self._calendar = day, marketdata.trading_calendar()
        return self._calendar[1].is_trading_day(day)


def _those(names: Iterable[str], values: Mapping[str, float]) -> dict[str, float]:
    """What the strategy asked for, as in a backtest; others ask for more."""
    return {name: values[name] for name in names if name in values}


def _as_json(event: Event) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Side | Session) else value for name, value in event._asdict().items()}


def _may_sell(intent: Intent, exposure: orders.StrategyExposure) -> bool:
    """Only then what can be sold matters: it takes six queries, and orders wait for them."""
    return isinstance(intent, TargetPosition) and intent.quantity < exposure.held_quantity + exposure.working_quantity


def _sellable(strategy: Strategy, symbol: str, exposure: orders.StrategyExposure, now: datetime) -> int:
    """A shadow has what it wrote down, and no account."""
    if strategy.mode == Mode.SHADOW:
        return exposure.held_quantity
    position = accounts.account_state(strategy.account_id, now).positions.get(symbol)
    return position.sellable_quantity if position else 0
