"""Events of other apps that orders answer to."""

from uuid import UUID

from apps.eventlog.services import subscribe
from apps.marketdata.selectors import market_now
from apps.orders import services
from qts.domain.events import ExitRequested, KillSwitchChanged


@subscribe(KillSwitchChanged.topic)
def cancel_what_works(event: KillSwitchChanged) -> None:
    """And what QTS keeps: it would come out into a market that was stopped."""
    if event.engaged:
        services.cancel_for_kill_switch(scope=event.scope, reason=event.reason, now=market_now())


@subscribe(ExitRequested.topic)
def sell_what_must_go(event: ExitRequested) -> None:
    services.submit_exit(
        account_id=UUID(event.account_id),
        symbol=event.symbol,
        quantity=event.quantity,
        reason=event.reason,
        wish=str(event.ts_market_ms),
        now=market_now(),
    )
