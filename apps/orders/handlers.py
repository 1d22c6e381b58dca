"""Events of other apps that orders answer to."""

from apps.eventlog.services import subscribe
from apps.marketdata.selectors import market_now
from apps.orders import services
from qts.domain.events import KillSwitchChanged


@subscribe(KillSwitchChanged.topic)
def cancel_what_works(event: KillSwitchChanged) -> None:
    if event.engaged:
        services.cancel_for_kill_switch(scope=event.scope, reason=event.reason, now=market_now())
