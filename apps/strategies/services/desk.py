"""What the running strategies are told, each in its own process, and what becomes of their answers."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from types import TracebackType
from typing import Self
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.analytics.services import IndicatorEngine
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.strategies.models import DecisionOutcome, Mode, Strategy, StrategyStatus
from apps.strategies.services.attendance import AttendanceBook
from apps.strategies.services.decisions import Cause, Conclusion, decide
from apps.strategies.services.exposures import exposures
from apps.strategies.services.known_gaps import KnownGaps, unclear
from apps.strategies.services.questions import PUBLISHED, Question, cause_of, hears, news_ms
from apps.strategies.services.staff import Employed, Staff
from apps.strategies.services.weighing import Weighing
from apps.strategies.services.witness import keep_notes
from qts.domain.events import (
    BarClosed,
    GapDetected,
    IndicatorCalculated,
    OrderBookUpdated,
    OrderFilled,
    SessionChanged,
    SignalGenerated,
    TickReceived,
)
from qts.domain.market import MINUTE_MS, VIETNAM, TradingCalendar, moment_of, session_at, to_vietnam
from qts.domain.strategy import (
    NO_UNIVERSE,
    Act,
    Bar,
    Book,
    Context,
    Fill,
    SessionChange,
    Source,
    SymbolState,
    TargetPosition,
    Tick,
    Timer,
)
from qts.domain.strategy.deciding import Asked, Position, Wish, by_strategy
from qts.domain.strategy.position_size import ATR_NAME, Facts, Peer, facts_of
from qts.domain.strategy.sizing import Holding, NoOrder, Proposal, TopOfBook, propose
from qts.domain.values import Exchange, Session, Side

SIGNAL_AGE_S_MAX = 15.0  # wall clock: a backlog still feeds the indicators, but nobody trades on old news
HAND_OVER_MS = 10_000
_OF_ONE_SECURITY = {Session.HALT, Session.PERIODIC}  # sessions that say nothing about its exchange


def oldest_signal_ms() -> int:
    """Since 1970: what came before that is not acted upon."""
    return round((time.time() - SIGNAL_AGE_S_MAX) * 1_000)


class StrategyDesk:
    """One thread's. `refresh` follows what people start and stop; `begin_batch` forgets what it knew of holdings."""

    def __init__(self, engine: IndicatorEngine, staff: Staff | None = None) -> None:
        self._engine, self._staff, self._weighing = engine, staff or Staff(), Weighing()
        self._attendance = AttendanceBook()
        self._exposures: dict[tuple[str, str], orders.StrategyExposure] | None = None
        self._equities_vnd: dict[UUID, int] = {}
        self._bars: dict[str, Bar] = {}
        self._sessions: dict[str, str] = {}
        self._calendar: tuple[date, TradingCalendar] | None = None
        self._gaps = KnownGaps()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staff.__exit__(kind, error, trace)
        if kind is None:
            self._attendance.write(at_once=True)

    @property
    def wants_ticks(self) -> bool:
        return any(one.host.wants_ticks for one in self._staff)

    @property
    def wants_book(self) -> bool:
        return any(one.host.wants_book for one in self._staff)

    @property
    def wants_fills(self) -> bool:
        return any(one.host.wants_fills for one in self._staff)

    @property
    def wants_sessions(self) -> bool:
        return any(one.host.wants_sessions for one in self._staff)

    @property
    def wants_timers(self) -> bool:
        return any(one.host.timers for one in self._staff)

    def goes_in_order(self, symbol: str) -> bool:
        """Whether its bars wait for those of the same minute: one who trades it would see another order."""
        return any(
            symbol in one.strategy.symbols
            and (len(one.strategy.symbols) > 1 or one.host.timers or one.host.wants_sessions)
            for one in self._staff
        )

    def refresh(self) -> None:
        """One query; starts the processes of strategies started since, ends those of the stopped ones."""
        self._staff.refresh()
        self._weighing.follow([one.strategy for one in self._staff], marketdata.market_now())
        self._engine.follow(self._asked_indicators())
        self._attendance.present([one.strategy for one in self._staff])
        self._attendance.write()

    def begin_batch(self) -> None:
        self._exposures = None
        self._equities_vnd.clear()

    def end_batch(self) -> None:
        """Write down what the strategies saw of themselves."""
        keep_notes(self._staff)

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
        self._ask_all(Question(bar, key, event.symbol, event.wal_position, event.ts_received_ns))
        return calculated

    def on_tick(self, event: TickReceived) -> None:
        tick = Tick(
            symbol=event.symbol,
            ts_exchange_ms=event.ts_exchange_ms,
            price_vnd=event.price_vnd,
            quantity=event.quantity,
        )
        key = f"tick:{event.wal_position}"
        self._ask_all(Question(tick, key, event.symbol, event.wal_position, event.ts_received_ns))

    def on_book(self, event: OrderBookUpdated) -> None:
        book = Book(event.symbol, event.ts_exchange_ms, event.bids, event.asks)
        key = f"book:{event.wal_position}"
        self._ask_all(Question(book, key, event.symbol, event.wal_position, event.ts_received_ns))

    def on_signal(self, event: SignalGenerated) -> None:
        """Nobody is asked: it stands there when a bar closes next, as in a backtest."""
        self._weighing.take(event)

    def on_gap(self, event: GapDetected) -> None:
        self._gaps.take(event)

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
                self._consider(one, Question(fill, f"fill:{event.fill_id}", event.symbol, "", time.time_ns()))

    def on_session(self, event: SessionChanged) -> None:
        """The first security of an exchange that goes over says so for all."""
        if event.session in _OF_ONE_SECURITY:
            return
        before = self._sessions.get(event.exchange) or _session_before(event)
        self._sessions[event.exchange] = event.session
        if before == event.session or self._is_old(event.ts_received_ns // 1_000_000):
            return
        change = SessionChange(event.exchange, event.ts_exchange_ms, Session(event.session))
        key = f"session:{event.exchange}:{event.session}:{event.ts_exchange_ms}"
        listed_there = {known.symbol for known in marketdata.securities() if known.exchange == event.exchange}
        for one in self._staff:
            if one.host.wants_sessions and listed_there & set(one.strategy.symbols):
                self._consider(one, Question(change, key, "", event.wal_position, event.ts_received_ns))

    def on_clock(self, now: datetime) -> None:
        """Timers that have come since the last time; those that came before a start are not made up for. Whoever calls
        has told every bar that was over by then."""
        waiting = [one for one in self._staff if one.host.timers]
        if not waiting:
            return
        day = to_vietnam(now).date()
        midnight = datetime.combine(day, time_of_day(), tzinfo=VIETNAM).astimezone(UTC)
        for one in waiting:
            told_at, one.told_at = one.told_at, max(one.told_at, now)
            for minute in one.host.timers:
                at = midnight + timedelta(minutes=minute)
                if told_at < at <= now and self._is_trading_day(day) and one.strategy in self._staff:
                    timer = Timer(round(at.timestamp() * 1_000), minute)
                    self._consider(one, Question(timer, f"timer:{day}:{minute}", "", "", time.time_ns()))

    def _ask_all(self, question: Question) -> None:
        is_late = self._is_old(news_ms(question))
        for one in self._staff:
            if question.symbol in one.strategy.symbols and hears(one.host, question.event):
                if isinstance(question.event, Bar):
                    one.heard.add(question.symbol)
                if is_late:
                    one.note_old(question.key, question.event)
                    self._attendance.came_too_late(one.strategy, question.event, question.symbol)
                else:
                    self._consider(one, question)

    def _is_old(self, received_ms: int) -> bool:
        return received_ms < oldest_signal_ms()

    def _consider(self, one: Employed, question: Question) -> None:
        """Its answer in its order; then, after a bar, what others have published since the last one."""
        context = self._context(one, question)._replace(is_after_gap=self._is_after_gap(question))
        one.note(question.key, question.event, context)
        self._attendance.heard(one.strategy, question.event, question.symbol, context, one.host.indicator_names)
        engine = self._weighing.engine(one.strategy)
        intents = self._staff.ask(one, question.event, context)
        for wish in engine.take(intents, question.symbol, question.ts_ms, question.key):
            if one.strategy not in self._staff:
                return  # what it wanted before was its end
            key = f"{question.key}:{wish.number}" if wish.number else question.key
            cause = cause_of(question, key, context, wish.symbol, intents[wish.number])
            self._act(one.strategy, wish, question, cause)
        if not isinstance(question.event, Bar) or one.strategy not in self._staff:
            return
        if engine.is_due(question.symbol, question.ts_ms, self._position(one.strategy, question.symbol)):
            self._act(
                one.strategy,
                Wish(0, question.symbol, None),
                question,
                cause_of(question, f"{question.key}:{PUBLISHED}", context, question.symbol),
            )

    def _is_after_gap(self, question: Question) -> bool:
        match question.event:
            case Bar(symbol=symbol, ts_start_ms=starts_ms):
                return self._gaps.is_before(symbol, starts_ms + MINUTE_MS)
            case Tick(symbol=symbol, ts_exchange_ms=at_ms) | Fill(symbol=symbol, ts_exchange_ms=at_ms):
                return self._gaps.is_before(symbol, at_ms)
        return False

    def _context(self, one: Employed, question: Question) -> Context:
        symbol, ts_ms = question.symbol, question.ts_ms
        exposure = self._exposure(one.strategy, symbol)
        return Context(
            quantity=exposure.held_quantity,
            working_quantity=exposure.working_quantity,
            indicators=_those(one.host.indicator_names, self._engine.values(symbol)) if symbol else {},
            previous=_those(one.host.indicator_names, self._engine.values_before(symbol)) if symbol else {},
            universe=self._universe(one) if one.host.wants_universe else NO_UNIVERSE,
            equity_vnd=self._equity_vnd(one.strategy.account_id) if one.host.wants_equity else 0,
            predictions=self._weighing.standing(Source.PREDICTION, symbol, ts_ms),
            sentiments=self._weighing.standing(Source.SENTIMENT, symbol, ts_ms),
        )

    def _equity_vnd(self, account_id: UUID) -> int:
        """0 while a held symbol has no price: then nothing is bought for a share of it."""
        if account_id not in self._equities_vnd:
            self._equities_vnd[account_id] = accounts.portfolio(account_id, marketdata.market_now()).equity_vnd or 0
        return self._equities_vnd[account_id]

    def _universe(self, one: Employed) -> dict[str, SymbolState]:
        found = {symbol: self._exposure(one.strategy, symbol) for symbol in one.strategy.symbols if symbol in one.heard}
        return {
            symbol: SymbolState(self._bars[symbol], exposure.held_quantity, exposure.working_quantity)
            for symbol, exposure in found.items()
        }

    def _act(self, strategy: Strategy, wish: Wish, question: Question, cause: Cause) -> None:
        now = marketdata.market_now()
        conclusion = self._conclude(strategy, wish, question, now)
        decision = decide(strategy, conclusion, cause, now)
        if decision is None or decision.strategy.status != StrategyStatus.RUNNING:
            self.refresh()  # it may be off: the next message, not the next second, finds it gone
        elif decision.outcome in {DecisionOutcome.SUBMITTED, DecisionOutcome.SHADOWED}:
            self._weighing.engine(strategy).note_order(wish.symbol, question.ts_ms, Side(decision.side))
        self._exposures = None  # an order changes what is held and working
        self._equities_vnd.clear()

    def _conclude(self, strategy: Strategy, wish: Wish, question: Question, now: datetime) -> Conclusion:
        engine, ts_ms, symbol = self._weighing.engine(strategy), question.ts_ms, wish.symbol
        if wish.act is not None or symbol not in strategy.symbols:
            signal = wish.act.signal if wish.act is not None else ""
            reasoning = by_strategy(ts_ms, signal, question.key, engine.standing(symbol, ts_ms))
            if symbol not in strategy.symbols:
                answer: Proposal | NoOrder = NoOrder(f"it does not trade {symbol}" if symbol else "it names no symbol")
            elif wish.act is not None:
                answer = self._answer(strategy, symbol, wish.act, now)
            return Conclusion(symbol=symbol[:20], signal=signal, reasoning=reasoning.as_json(), answer=answer)
        decided = engine.decide(
            Asked(symbol, ts_ms, self._position(strategy, symbol), lambda: self._facts(strategy, symbol), _lot(symbol))
        )
        answer = NoOrder(decided.reasoning.outcome.reason)
        if decided.target is not None:
            answer = self._answer(strategy, symbol, decided.target, now)
        reasoned = decided.reasoning.as_json()
        return Conclusion(symbol=symbol, signal=decided.signal, reasoning=reasoned, answer=answer)

    def _facts(self, strategy: Strategy, symbol: str) -> Facts:
        """At the last closes, as a backtest sizes; a symbol that has had no bar goes by its quote."""
        bar = self._bars.get(symbol)
        if bar is None:
            quote = marketdata.live_quotes([symbol])[symbol]
            price_vnd = quote.last_vnd or quote.reference_vnd
        else:
            price_vnd = bar.close_vnd
        peers = [self._peer(other) for other in strategy.symbols if other != symbol]
        return facts_of(price_vnd, self._equity_vnd(strategy.account_id), self._engine.values(symbol), peers)

    def _peer(self, symbol: str) -> Peer:
        bar = self._bars.get(symbol)
        return Peer(bar.close_vnd if bar else None, self._engine.values(symbol).get(ATR_NAME))

    def _position(self, strategy: Strategy, symbol: str) -> Position:
        exposure = self._exposure(strategy, symbol)
        return Position(exposure.held_quantity, exposure.working_quantity)

    def _answer(self, strategy: Strategy, symbol: str, act: Act, now: datetime) -> Proposal | NoOrder:
        exposure = self._exposure(strategy, symbol)
        quote = marketdata.live_quotes([symbol])[symbol]
        if quote.session == Session.HALT:
            return NoOrder("the exchange has halted it")
        if reason := unclear(symbol):
            return reason
        holding = Holding(
            held=exposure.held_quantity,
            working=exposure.working_quantity,
            sellable=_sellable(strategy, symbol, exposure, now) if _may_sell(act, exposure) else 0,
            round_lot=_lot(symbol),
        )
        top = TopOfBook(
            bid_vnd=quote.bids[0][0] if quote.bids else 0,
            ask_vnd=quote.asks[0][0] if quote.asks else 0,
            last_vnd=quote.last_vnd or quote.reference_vnd,
        )
        return propose(act, holding, top)

    def _exposure(self, strategy: Strategy, symbol: str) -> orders.StrategyExposure:
        if self._exposures is None:
            self._exposures = exposures([one.strategy for one in self._staff])
        return self._exposures.get((str(strategy.id), symbol), orders.StrategyExposure(0, 0))

    def _asked_indicators(self) -> dict[str, list[str]]:
        asked: dict[str, list[str]] = {}
        for one in self._staff:
            for symbol in one.strategy.symbols:
                names = (*one.host.indicator_names, *self._weighing.indicator_names(one.strategy))
                asked.setdefault(symbol, []).extend(names)
        return asked

    def _is_trading_day(self, day: date) -> bool:
        if self._calendar is None or self._calendar[0] != day:
            self._calendar = day, marketdata.trading_calendar()
        return self._calendar[1].is_trading_day(day)


def _session_before(event: SessionChanged) -> str:
    """By the timetable, for a new desk: a change during the hand-over is told, one of long ago is not."""
    before = moment_of(event.ts_exchange_ms - HAND_OVER_MS)
    return session_at(marketdata.rules_at(before), Exchange(event.exchange), before).value


def _lot(symbol: str) -> int:
    security = marketdata.security(symbol)
    return security.lot_size if security else 1


def _those(names: Iterable[str], values: Mapping[str, float]) -> dict[str, float]:
    """What the strategy asked for, as in a backtest; others ask for more."""
    return {name: values[name] for name in names if name in values}


def _may_sell(act: Act, exposure: orders.StrategyExposure) -> bool:
    """Only then what can be sold matters: it takes six queries, and orders wait for them."""
    return isinstance(act, TargetPosition) and act.quantity < exposure.held_quantity + exposure.working_quantity


def _sellable(strategy: Strategy, symbol: str, exposure: orders.StrategyExposure, now: datetime) -> int:
    """A shadow has what it wrote down, and no account."""
    if strategy.mode == Mode.SHADOW:
        return exposure.held_quantity
    position = accounts.account_state(strategy.account_id, now).positions.get(symbol)
    return position.sellable_quantity if position else 0
