"""Events of this app that it answers to itself, after the transaction that made them."""

from uuid import UUID

from apps.eventlog.services import subscribe
from apps.marketdata.selectors import market_now, securities
from apps.orders import services as orders
from apps.risk import selectors as risk
from apps.strategies import selectors, services
from qts.domain.events import KillSwitchChanged, StrategyChanged, TradingStateChanged
from qts.domain.values import Actor, ActorKind

STRATEGY_KIND = "strategy:"
STRATEGY_STOP = Actor(ActorKind.SYSTEM, "strategy-stop")
MARKET_STOP = Actor(ActorKind.SYSTEM, "market-watch")


@subscribe(StrategyChanged.topic)
def cancel_what_it_left(event: StrategyChanged) -> None:
    """Stop means stop: what a stopped or failed strategy has in the market would trade with nobody looking after it.

    One that runs again by now keeps its orders.
    """
    strategy = selectors.strategy(UUID(event.strategy_id))
    if event.status == "RUNNING" or strategy is None or strategy.is_running:
        return
    orders.cancel_scope(
        strategy_id=event.strategy_id,
        reason=f"its strategy is {strategy.status.lower()}",
        actor=STRATEGY_STOP,
        now=market_now(),
    )


@subscribe(KillSwitchChanged.topic)
def stop_what_is_killed(event: KillSwitchChanged) -> None:
    """A strategy whose own switch is engaged would only collect refusals. Starting it again is a person's decision."""
    if not event.engaged or not event.scope.startswith(STRATEGY_KIND):
        return
    strategy = selectors.strategy(UUID(event.scope.removeprefix(STRATEGY_KIND)))
    if strategy is not None and strategy.is_running:
        services.stop_strategy(
            strategy.id, actor=STRATEGY_STOP, now=market_now(), reason=f"kill switch: {event.reason}"
        )


@subscribe(TradingStateChanged.topic)
def leave_a_stopped_market(event: TradingStateChanged) -> None:
    """A market that is halted or falls too far stops the strategies that trade there; a person starts them again. Of a
    halted security only what they have working in it is taken back. What is over by now stops nobody."""
    if event.cause not in risk.MARKET_CAUSES or not risk.market_stop([event.scope]):
        return
    kind, _, name = event.scope.partition(":")
    listed_there = {known.symbol for known in securities() if known.exchange == name}
    for strategy in [one for one in selectors.strategies() if one.is_running]:
        if kind == "exchange" and listed_there & set(strategy.symbols):
            services.stop_strategy(strategy.id, actor=MARKET_STOP, now=market_now(), reason=event.reason)
        elif kind == "symbol" and name in strategy.symbols:
            orders.cancel_scope(
                strategy_id=str(strategy.id), symbol=name, reason=event.reason, actor=MARKET_STOP, now=market_now()
            )
