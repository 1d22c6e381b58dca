"""All running strategies, each in its own process, and the facts they are told."""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog

from apps.accounts import selectors as accounts
from apps.analytics.services import IndicatorEngine
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.strategies.models import Strategy, StrategyStatus
from apps.strategies.services.decisions import Cause, decide
from apps.strategies.services.lifecycle import fail_strategy
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.domain.events import BarClosed, IndicatorCalculated, TickReceived
from qts.domain.strategy import Bar, Context, Intent, TargetPosition, Tick
from qts.domain.strategy.sizing import Holding, NoOrder, TopOfBook, propose
from qts.domain.values import Session
from qts.quant.indicators import problems_of

SIGNAL_AGE_S_MAX = 15.0  # wall clock: a backlog still feeds the indicators, but nobody trades on old news

log = structlog.get_logger(__name__)


def oldest_signal_ms() -> int:
    """Since 1970: what came before that is not acted upon."""
    return round((time.time() - SIGNAL_AGE_S_MAX) * 1_000)


class StrategyDesk:
    """One thread's. `refresh` follows what people start and stop; `begin_batch` forgets what it knew of holdings."""

    def __init__(self, engine: IndicatorEngine) -> None:
        self._engine = engine
        self._strategies: dict[UUID, Strategy] = {}
        self._hosts: dict[UUID, StrategyHost] = {}
        self._exposures: dict[tuple[str, str], orders.StrategyExposure] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for strategy_id in list(self._hosts):
            self._dismiss(strategy_id)

    @property
    def wants_ticks(self) -> bool:
        return any(host.wants_ticks for host in self._hosts.values())

    def refresh(self) -> None:
        """One query; starts the processes of strategies started since, ends those of the stopped ones."""
        running = {one.id: one for one in Strategy.objects.filter(status=StrategyStatus.RUNNING)}
        for strategy_id, known in list(self._strategies.items()):
            if strategy_id not in running or running[strategy_id].run != known.run:
                self._dismiss(strategy_id)
        for strategy_id, strategy in running.items():
            if strategy_id not in self._hosts:
                self._employ(strategy)
        self._engine.follow(self._asked_indicators())

    def begin_batch(self) -> None:
        self._exposures = None

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
        for strategy in self._asked_about(event):
            self._consider(strategy, event, f"bar:{event.symbol}:{event.ts_start_ms}", bar)
        return calculated

    def on_tick(self, event: TickReceived) -> None:
        tick = Tick(
            symbol=event.symbol,
            ts_exchange_ms=event.ts_exchange_ms,
            price_vnd=event.price_vnd,
            quantity=event.quantity,
        )
        for strategy in self._asked_about(event):
            if self._hosts[strategy.id].wants_ticks:
                self._consider(strategy, event, f"tick:{event.wal_position}", tick)

    def _asked_about(self, event: BarClosed | TickReceived) -> Iterator[Strategy]:
        """One by one: what one of them does may be the end of another."""
        if event.ts_received_ns // 1_000_000 < oldest_signal_ms():
            return
        for strategy in list(self._strategies.values()):
            if strategy.id in self._hosts and event.symbol in strategy.symbols:
                yield strategy

    def _consider(
        self, strategy: Strategy, event: BarClosed | TickReceived, event_key: str, question: Bar | Tick
    ) -> None:
        exposure = self._exposure(strategy, event.symbol)
        host = self._hosts[strategy.id]
        context = Context(
            quantity=exposure.held_quantity,
            working_quantity=exposure.working_quantity,
            indicators=_those(host.indicator_names, self._engine.values(event.symbol)),
            previous=_those(host.indicator_names, self._engine.values_before(event.symbol)),
        )
        try:
            intents = host.ask(question, context)
        except StrategyHostError as error:
            log.warning("strategy_failed", strategy=strategy.name, error=str(error))
            self._dismiss(strategy.id)
            fail_strategy(strategy.id, reason=str(error), now=marketdata.market_now())
            return
        for number, intent in enumerate(intents):
            if strategy.id not in self._hosts:
                return  # what it wanted before was its end
            cause = Cause(
                event_key=f"{event_key}:{number}" if number else event_key,
                trigger=question._asdict(),
                indicators=dict(context.indicators),
                indicators_previous=dict(context.previous),
                wal_position=event.wal_position,
                ts_received_ns=event.ts_received_ns,
            )
            self._act(strategy, event.symbol, intent, cause)

    def _act(self, strategy: Strategy, symbol: str, intent: Intent, cause: Cause) -> None:
        now, exposure = marketdata.market_now(), self._exposure(strategy, symbol)
        quote = marketdata.live_quotes([symbol])[symbol]
        security = marketdata.security(symbol)
        holding = Holding(
            held=exposure.held_quantity,
            working=exposure.working_quantity,
            sellable=_sellable(strategy, symbol, now) if _may_sell(intent, exposure) else 0,
            round_lot=security.lot_size if security else 1,
        )
        top = TopOfBook(
            bid_vnd=quote.bids[0][0] if quote.bids else 0,
            ask_vnd=quote.asks[0][0] if quote.asks else 0,
            last_vnd=quote.last_vnd or quote.reference_vnd,
        )
        is_halted = quote.session == Session.HALT
        answer = NoOrder("the exchange has halted it") if is_halted else propose(intent, holding, top)
        decision = decide(strategy, symbol=symbol, intent=intent, answer=answer, cause=cause, now=now)
        if decision is None or decision.strategy.status != StrategyStatus.RUNNING:
            self.refresh()  # it may be off: the next message, not the next second, finds it gone
        self._exposures = None  # an order changes what is held and working

    def _exposure(self, strategy: Strategy, symbol: str) -> orders.StrategyExposure:
        if self._exposures is None:
            self._exposures = orders.strategy_exposures([str(strategy_id) for strategy_id in self._strategies])
        return self._exposures.get((str(strategy.id), symbol), orders.StrategyExposure(0, 0))

    def _employ(self, strategy: Strategy) -> None:
        try:
            host = StrategyHost(strategy.class_key, strategy.parameters)
        except StrategyHostError as error:
            fail_strategy(strategy.id, reason=str(error), now=marketdata.market_now())
            return
        if problems := problems_of(host.indicator_names):
            host.close()
            fail_strategy(strategy.id, reason=" ".join(problems), now=marketdata.market_now())
            return
        self._hosts[strategy.id], self._strategies[strategy.id] = host, strategy

    def _asked_indicators(self) -> dict[str, list[str]]:
        asked: dict[str, list[str]] = {}
        for strategy_id, strategy in self._strategies.items():
            for symbol in strategy.symbols:
                asked.setdefault(symbol, []).extend(self._hosts[strategy_id].indicator_names)
        return asked

    def _dismiss(self, strategy_id: UUID) -> None:
        self._strategies.pop(strategy_id, None)
        host = self._hosts.pop(strategy_id, None)
        if host is not None:
            host.close()


def _those(names: Iterable[str], values: Mapping[str, float]) -> dict[str, float]:
    """What the strategy asked for, as in a backtest; others ask for more."""
    return {name: values[name] for name in names if name in values}


def _may_sell(intent: Intent, exposure: orders.StrategyExposure) -> bool:
    """Only then what can be sold matters: it takes six queries, and orders wait for them."""
    return isinstance(intent, TargetPosition) and intent.quantity < exposure.held_quantity + exposure.working_quantity


def _sellable(strategy: Strategy, symbol: str, now: datetime) -> int:
    position = accounts.account_state(strategy.account_id, now).positions.get(symbol)
    return position.sellable_quantity if position else 0
