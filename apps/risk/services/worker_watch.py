"""Workers that watch each other: without one of these, orders could not be taken back or losses would go unseen.

The monitor watches who sends and who acts upon events; the gateway watches the monitor. Strategies need no timer: when
nobody asks them they send nothing, and what they say afterwards is too old for the gate.
"""

from datetime import datetime
from typing import Final

import structlog
from django.conf import settings

from apps.configuration import selectors as configuration
from apps.risk.selectors import FIRM
from apps.risk.services.states import Cause, hold, let_go
from qts.adapters.lease import LeaseWatch
from qts.domain.errors import TransientError

MONITOR_LEASE: Final = "risk-monitor"
GATEWAY_LEASE: Final = "order-gateway"
WORKERS: Final = {
    MONITOR_LEASE: "nobody watches losses and limits",
    GATEWAY_LEASE: "no gateway sends orders or cancels",
    "plans": "nobody watches conditional and sliced orders",
    "eventlog-dispatch": "nobody acts upon events: exits and stops wait",
    "eventlog-relay": "events do not reach the bus",
}

log = structlog.get_logger(__name__)


class WorkerWatch:
    """Holds the firm while one of these leases has no holder; the monitor's look at the others.

    It alone lets go: what the gateway held is over when a monitor runs again.
    """

    lets_go = True

    def __init__(self) -> None:
        self._watch = LeaseWatch(settings.REDIS_URL, settings.WORKER_SILENCE_S_MAX)

    def look(self, now: datetime) -> None:
        try:
            lost = self._watch.lost(self._names())
        except TransientError as error:
            log.warning("risk.workers_unknown", reason=str(error))  # late data hold the firm by themselves
            return
        if lost:
            reason = "; ".join(dict.fromkeys(WORKERS[name.partition(":")[0]] for name in lost))
            hold(scope=FIRM, cause=Cause.LOST_WORKER, reason=reason, now=now)
        elif self.lets_go and self._watch.is_complete:  # each slice watches anew: who is gone for long is not lost yet
            let_go(scope=FIRM, cause=Cause.LOST_WORKER, reason="every worker is there", now=now)

    def _names(self) -> list[str]:
        """One lease for the firm, and a gateway for each broker connection."""
        gateways = [f"{GATEWAY_LEASE}:{connection.id}" for connection in configuration.connections()]
        return [*gateways, *(name for name in WORKERS if name not in {GATEWAY_LEASE, MONITOR_LEASE})]


class MonitorWatch(WorkerWatch):
    """The gateway's look at the monitor, which is one worker of all."""

    lets_go = False

    def _names(self) -> list[str]:
        return [MONITOR_LEASE]
