"""Events of this app that it answers to itself, after the transaction that made them."""

from uuid import UUID

from apps.eventlog.services import subscribe
from apps.marketdata.selectors import market_now
from apps.orders import services as orders
from apps.strategies import selectors, services
from qts.domain.events import KillSwitchChanged, StrategyChanged
from qts.domain.values import Actor, ActorKind

STRATEGY_KIND = "strategy:"
STRATEGY_STOP = Actor(ActorKind.SYSTEM, "strategy-stop")


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
